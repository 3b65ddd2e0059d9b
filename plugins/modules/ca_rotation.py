#!/usr/bin/python

# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ca_rotation
short_description: The rotation of a cluster's CA, phase by phase
version_added: 1.1.0
description:
  - Says and writes down, in C(rotation.json) in the cluster's directory, how far the rotation of the private CA is. What nodes trust and who signs follows
    from that everywhere.
  - The phases are V(trust), in which nodes come to trust the CA and the next one, V(leaves), in which they get certificates of the next one, and
    V(drop), in which they come to trust that alone. On the way back they are V(leaves), V(trust) and V(keep), in which nodes come to trust the former CA alone.
  - The next phase is entered only when all nodes were proven to be in the one before.
  - Where the inventory has another signer, or has nodes trust others, than what was put into force last (C(signing.json) in that directory), it is a rotation
    from the one to the other, in the same phases. The fact C(erlang_cluster_topology) then says in each phase who signs and what nodes trust.
author:
  - "beam.tls_distribution contributors (@beam-tls-distribution)"
extends_documentation_fragment: [beam.tls_distribution.attributes.controller, beam.tls_distribution.attributes.directory]
attributes:
  check_mode:
    description: With O(state=begun) nothing is changed in check mode. The other states are for runs that change something.
    support: partial
  idempotent:
    description: A rotation that is through is followed by another one.
    support: none
options:
  topology:
    description: The topology, as M(beam.tls_distribution.cluster_topology) sets it.
    type: dict
    required: true
  state:
    description:
      - V(begun) tells whether another CA has to be made, and its name. V(entered) enters the phase that comes next, or ends the rotation. V(proven) fails
        with a sentence for each thing that keeps the phase in force from being proven on all nodes.
    type: str
    choices: [begun, entered, proven]
    required: true
  answers:
    description: What hosts answered to M(beam.tls_distribution.cluster_verify) with O(beam.tls_distribution.cluster_verify#module:rotation), by host.
    type: dict
    default: {}
  proven:
    description: Whether the phase in force was proven in this run.
    type: bool
    default: false
  until:
    description: The phase behind which it stops.
    type: str
    choices: [keep, trust, leaves, drop]
  back:
    description: Whether it is turned back, or forward again. Without it a rotation keeps its direction.
    type: bool
seealso:
  - module: beam.tls_distribution.cluster_verify
"""

EXAMPLES = r"""
- name: Enter the phase that comes next
  beam.tls_distribution.ca_rotation:
    topology: "{{ erlang_cluster_topology }}"
    state: entered
  run_once: true
"""

RETURN = r"""
makes:
  description: Whether another CA has to be made.
  returned: with O(state=begun)
  type: bool
name:
  description: The common name of that CA.
  returned: with O(state=begun)
  type: str
certificate:
  description: The path of its certificate on the controller.
  returned: with O(state=begun)
  type: str
key:
  description: The path of its key.
  returned: with O(state=begun)
  type: str
ended:
  description: Whether there is nothing more to do in this run.
  returned: with O(state=entered)
  type: bool
phase:
  description: The phase in force.
  returned: with O(state=entered)
  type: str
issues:
  description: Whether nodes get new certificates in this phase.
  returned: with O(state=entered)
  type: bool
needs:
  description: A sentence for each thing that keeps the phase from being proven.
  returned: with O(state=proven)
  type: list
  elements: str
"""
