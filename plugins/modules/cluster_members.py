#!/usr/bin/python

# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_members
short_description: What became of a host that leaves a cluster
version_added: 1.1.0
description:
  - Writes into the cluster's directory on the controller what became of a host that leaves the cluster. As long as C(decommissioned/HOST) is there, no run
    takes that host's node for a member.
author:
  - "beam.tls_distribution contributors (@beam-tls-distribution)"
extends_documentation_fragment: [beam.tls_distribution.attributes.controller]
attributes:
  check_mode:
    description: Nothing is written in check mode.
    support: full
  diff_mode:
    description: It is a note, and no state of a host.
    support: none
  idempotent:
    description: The note is the same each time.
    support: full
options:
  topology:
    description: The topology, as M(beam.tls_distribution.cluster_topology) sets it.
    type: dict
    required: true
  host:
    description: The host, by its name in the inventory.
    type: str
    required: true
  outcome:
    description: Whether the node was removed from its host (V(removed)), or the host could not be reached (V(unreached)).
    type: str
    choices: [removed, unreached]
    required: true
seealso:
  - module: beam.tls_distribution.cluster_topology
  - module: beam.tls_distribution.node_removal
"""

EXAMPLES = r"""
- name: Note that the node is gone
  beam.tls_distribution.cluster_members:
    topology: "{{ erlang_cluster_topology }}"
    host: dave
    outcome: removed
"""

RETURN = r""" # """
