#!/usr/bin/python

# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_report
short_description: The certificates of all nodes, as a table or in one line
version_added: 1.1.0
description:
  - Prints the certificates of all nodes on the terminal, and fails if a person has to see to something, such as a certificate that is due to be renewed,
    a node that shows its peers another certificate than the one in its file, or a host that could not be asked.
  - Runs on the controller only, and writes nothing.
author:
  - "beam.tls_distribution contributors (@beam-tls-distribution)"
extends_documentation_fragment: [beam.tls_distribution.attributes.controller]
attributes:
  check_mode:
    description: Nothing is changed, so that it does the same in check mode.
    support: full
  diff_mode:
    description: Nothing is changed.
    support: none
  idempotent:
    description: Never changed.
    support: full
options:
  certificates:
    description: What P(beam.tls_distribution.certificate_rows#filter) returns.
    type: list
    elements: dict
    required: true
  due_days:
    description: A certificate with fewer days left is due to be renewed.
    type: int
    required: true
  renews:
    description: Whether the run is one that renews certificates. One line is printed instead of the table, and in check mode what is due is no failure.
    type: bool
    default: false
  signer:
    description: Who signs, as C(erlang_certs_signer) says. Certificates that nobody signs here are renewed by a person.
    type: str
    default: private_ca
  renewed:
    description: The hosts whose certificate was renewed in this run.
    type: list
    elements: str
    default: []
  revocations:
    description: The lists of revoked certificates in PEM. The line says until when they hold, and one in the last quarter of its time needs a person.
    type: str
    default: ""
  revocations_needed:
    description: Whether nodes hold certificates against these lists. Nothing is said of them otherwise.
    type: bool
    default: false
seealso:
  - plugin: beam.tls_distribution.certificate_rows
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show the certificates of all nodes
  beam.tls_distribution.certificate_report:
    certificates: "{{ erlang_cluster_topology | beam.tls_distribution.certificate_rows(ansible_play_hosts_all, answers) }}"
    due_days: 30
  run_once: true
"""

RETURN = r"""
needs:
  description: A sentence for each thing that a person has to see to.
  returned: always
  type: list
  elements: str
  sample: ["alpha: the certificate of guard@alpha.example.net has 12 days left, and is due to be renewed; run the playbook renew."]
"""
