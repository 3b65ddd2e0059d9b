#!/usr/bin/python

# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: revocation_list
short_description: What is revoked of a cluster's certificates, up to date in its directory
version_added: 1.1.0
description:
  - Revokes every certificate that is still good of a node that was taken out of the cluster, as C(issued.jsonl) in the cluster's directory knows them, and
    writes them down in C(revoked.jsonl), each with the digest of its public key. Nodes refuse these keys, whoever signs.
  - Adds to that record the certificates that M(beam.tls_distribution.host_survey) found on hosts of the play and that are not in it.
    A warning names nodes that were taken out and of which it has none.
  - Makes C(crl.pem) as well where O(lists) says so, a list for each CA of the cluster, signed by it, where there is none, where other certificates are
    revoked than are in it, and where more than half of its time is over. What a former list holds that is in no record stays revoked.
  - A list holds for twice O(days), and for 400 days at least. So it has at least as long left as a certificate of the same run, and is never what runs out
    first. A node takes no certificate without a list that is in date.
  - Brings nothing to the hosts.
author:
  - "beam.tls_distribution contributors (@beam-tls-distribution)"
extends_documentation_fragment: [beam.tls_distribution.attributes.controller, beam.tls_distribution.attributes.directory]
attributes:
  idempotent:
    description: Lists that do are kept.
    support: full
options:
  topology:
    description: The topology, as M(beam.tls_distribution.cluster_topology) sets it.
    type: dict
    required: true
  signer:
    description: Who signs, as for M(beam.tls_distribution.node_certificate).
    type: str
    default: private_ca
  passphrase:
    description: Passphrase of C(ca.key). C(erlang_certs_ca_passphrase), or what is in C(ca.passphrase) in the cluster's directory if it is not given.
    type: str
  days:
    description: Days that a node's certificate is valid.
    type: int
    required: true
  lists:
    description: Whether lists of revoked certificates are made. Only the cluster's own CA signs such lists.
    type: bool
    default: true
seealso:
  - module: beam.tls_distribution.node_certificate
  - module: beam.tls_distribution.node_files
"""

EXAMPLES = r"""
- name: Bring the lists of revoked certificates up to date
  beam.tls_distribution.revocation_list:
    topology: "{{ erlang_cluster_topology }}"
    days: 800
  run_once: true
"""

RETURN = r"""
revoked:
  description: Serial numbers of the certificates that were revoked in this run, in hexadecimal.
  returned: success
  type: list
  elements: str
reasons:
  description: Why new lists were made, or would be in check mode; empty if those there are do.
  returned: success
  type: list
  elements: str
"""
