#!/usr/bin/python

# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_certificate
short_description: A node's certificate, from the signer of its cluster
version_added: 1.0.0
description:
  - Takes from a certificate request its public key, and the proof that its sender holds the private key. Nothing else that the request asks for
    is heeded, since the host that sent it may be hostile.
  - The subject is the name of the node, and the one subject alternative name is the host part of it. The certificate is that of no CA, for digital
    signatures, and for server and client.
  - Another signer than a CA of the cluster's own may add what it likes, as long as the certificate serves the node and allows nothing beyond.
  - A request that is none, is not signed by its own key, or is for another kind of key than ECDSA with P-256 is refused.
  - What was signed is held to what was asked for before it is returned.
  - Every certificate is written down before it is returned, in C(issued.jsonl) in O(directory), with host, node, serial number, SHA-256, issuer, and how
    long it is valid.
author:
  - "beam.tls_distribution contributors (@beam-tls-distribution)"
extends_documentation_fragment: [beam.tls_distribution.attributes.controller]
attributes:
  check_mode:
    description: Skipped in check mode, since each certificate that is issued is written down.
    support: none
  diff_mode:
    description: Nothing is written on a host.
    support: none
  idempotent:
    description: Never changed. Every certificate has a serial number of its own.
    support: full
options:
  request:
    description: The certificate request in PEM, or what M(community.crypto.openssl_csr_pipe) answered with it. Needed unless the user gives the certificate.
    type: raw
  signing:
    description:
      - Who signs, as C(cluster.signing) of the topology has it. C(signer) is a value of C(erlang_certs_signer), C(trust) the files with the certificates of
        roots that nodes trust, in PEM, and the rest is what the signer reads.
      - With V(own_certificates) nobody signs, and what the user gives is held to what a node takes.
    type: dict
    default: {signer: private_ca, trust: []}
    version_added: 1.1.0
  own:
    description: The host's key without passphrase, its certificate, and the CAs behind it, in PEM, for V(own_certificates).
    type: str
    version_added: 1.1.0
  directory:
    description: The cluster's directory on the controller, which holds C(ca.key) and C(ca.pem).
    type: path
    required: true
  passphrase:
    description:
      - Passphrase of the key of the CA that signs. The signer's variable, if it is not given here.
      - That of C(ca.key) is read from C(ca.passphrase) in the directory if there is none.
    type: str
  node:
    description: Name of the node.
    type: str
    required: true
  days:
    description: Days that the certificate is valid.
    type: int
    required: true
  renew_before_days:
    description: Days before its end from which the certificate counts as expiring.
    type: int
    required: true
seealso:
  - plugin: beam.tls_distribution.certificate_faults
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Sign a certificate for the key on the node
  beam.tls_distribution.node_certificate:
    request: "{{ request.csr }}"
    directory: "{{ erlang_cluster_topology.cluster.directory }}"
    node: "{{ erlang_cluster_node.node }}"
    days: 800
    renew_before_days: 400
  register: signed
"""

RETURN = r"""
certificate:
  description: The certificate in PEM, and behind it those that it was issued by, without the CA that nodes trust.
  returned: success
  type: str
"""
