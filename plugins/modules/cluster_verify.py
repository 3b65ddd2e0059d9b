#!/usr/bin/python

# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_verify
short_description: Prove the edges and walls of a cluster that one host can prove
version_added: 1.1.0
description:
  - Works out from the topology what this host has to prove, and has M(beam.tls_distribution.node_verify) try it there. Returns what that module returns.
  - A host of the topology proves its edges and the walls that a peer can prove. Any other host proves the walls of the outside, V(packet_filter) and
    V(epmd), the latter only where nodes are found through a port mapper.
author:
  - "beam.tls_distribution contributors (@beam-tls-distribution)"
extends_documentation_fragment:
  - beam.tls_distribution.attributes
  - beam.tls_distribution.attributes.looks
attributes:
  action:
    description: Works out the options on the controller, and has a module try what they say.
    support: full
options:
  topology:
    description: The topology, as M(beam.tls_distribution.cluster_topology) sets it.
    type: dict
    required: true
  host:
    description:
      - The host that tries, by its inventory name; the host of the task by default.
      - V(controller) stands for the controller. It is skipped if it has no wall to prove.
    type: str
  walls:
    description: The walls that are to be proven, as O(beam.tls_distribution.node_verify#module:walls) describes them.
    type: list
    elements: str
    choices: [plain, no_certificate, foreign_ca, wrong_cookie, wrong_name, local_account, packet_filter, epmd]
    required: true
  authorities:
    description: The CAs that nodes are to trust, each in PEM form. Without any, what nodes trust is taken as it is.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds that one attempt may take.
    type: float
    default: 5.0
  retry_seconds:
    description: How long an edge that failed for a reason that may pass is tried again. In check mode it is not tried again.
    type: float
    default: 10.0
  rotation:
    description:
      - While the CA is rotated, also tries whether peers let in who shows a certificate of the CA that does not sign, as the wall V(foreign_ca). The
        certificate is good for a day, for the name of the host that shows it, and written down as every other one.
    type: bool
    default: false
  passphrase:
    description: Passphrase of that CA's key. C(erlang_certs_ca_passphrase), or what is in C(ca.passphrase) in the cluster's directory if it is not given.
    type: str
seealso:
  - module: beam.tls_distribution.node_verify
  - module: beam.tls_distribution.mesh_report
"""

EXAMPLES = r"""
- name: Prove all edges, and all walls but that of local accounts
  beam.tls_distribution.cluster_verify:
    topology: "{{ erlang_cluster_topology }}"
    walls: [plain, no_certificate, foreign_ca, wrong_cookie, wrong_name, packet_filter]
"""

RETURN = r"""
node:
  description: This host's node, null if it has none.
  returned: success
  type: str
edges:
  description: One entry per peer, as M(beam.tls_distribution.node_ping) returns it.
  returned: success
  type: list
  elements: dict
walls:
  description: One entry per node and wall, as M(beam.tls_distribution.node_verify) returns it.
  returned: success
  type: list
  elements: dict
running:
  description: What the running node of this host says, as M(beam.tls_distribution.node_verify) returns it; null if it was not asked.
  returned: success
  type: dict
findings:
  description: What is wrong with this host's own node, as M(beam.tls_distribution.node_verify) returns it.
  returned: success
  type: list
  elements: dict
facts:
  description: Public facts of the node, as M(beam.tls_distribution.node_verify) returns them.
  returned: success
  type: dict
"""
