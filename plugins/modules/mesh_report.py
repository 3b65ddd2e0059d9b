#!/usr/bin/python

# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mesh_report
short_description: The answers of all hosts as one report of the mesh
version_added: 1.0.0
description:
  - Joins what M(beam.tls_distribution.node_verify) found on every host into one report of all edges and walls, prints
    it as a table, and writes it
    as C(report.json) and as one self-contained page, C(report.html).
  - Compares what the running nodes say of each other. A connection that one side alone knows of is a fault; two nodes
    that are reachable but not
    connected at the moment are idle, which is none.
  - Fails if any edge or wall failed, if a wall was not proven, if a node is down, or if a host of the run gave no
    answer; the report is printed and written before.
  - Members of the cluster that left the inventory and were not decommissioned are named, which is no failure.
  - Hosts that the run was limited away from count as not asked, which is no failure.
author:
  - "beam.tls_distribution contributors (@beam-tls-distribution)"
extends_documentation_fragment: [beam.tls_distribution.attributes.controller]
attributes:
  bypass_host_loop:
    description: Asks for C(run_once), since there is one report of all hosts.
    support: none
  check_mode:
    description:
      - Prints the same; the files are not written in check mode. Hosts whose answer was skipped have no node yet,
        which is no failure then.
    support: full
  diff_mode:
    description: A report is a log of what was seen, and no state that could differ.
    support: none
  idempotent:
    description: Never changed. The files are written at every run, as a log is.
    support: full
options:
  topology:
    description: The topology, as M(beam.tls_distribution.cluster_topology) sets it.
    type: dict
    required: true
  answers:
    description:
      - Name of the variable that the results of M(beam.tls_distribution.node_verify) were registered under on the
        hosts of this play.
    type: str
    required: true
  watched:
    description: Name of the variable that the results of M(beam.tls_distribution.node_traffic) were registered under, where
      it was asked as some connections got no answer.
    type: str
  outsiders:
    description: Hosts that are no peers and tried the packet filter.
    type: list
    elements: str
    default: []
  controller_answer:
    description: The result of M(beam.tls_distribution.node_verify) on the controller, where there are no O(outsiders).
    type: dict
  walls:
    description: The walls that had to be proven. One of which no host says anything counts as not proven.
    type: list
    elements: str
    choices: [plain, no_certificate, foreign_ca, wrong_cookie, wrong_name, local_account, packet_filter, epmd]
    default: [plain, no_certificate, foreign_ca, wrong_cookie, wrong_name, local_account, packet_filter, epmd]
  directory:
    description:
      - Directory on the controller for C(report.json) and C(report.html), readable by their owner only. A relative
        one is taken from the inventory's directory.
      - Nothing is written without it.
    type: path
  stopped:
    description:
      - Why what this run did before stopped, as sentences. They are in RV(msg) if the module fails, as a failure ends the run
        before anything else can say them.
    type: list
    elements: str
    default: []
    version_added: 1.1.0
seealso:
  - module: beam.tls_distribution.node_verify
  - module: beam.tls_distribution.cluster_topology
"""

EXAMPLES = r"""
- name: Report on the mesh
  beam.tls_distribution.mesh_report:
    topology: "{{ ansible_facts['erlang_cluster_topology'] }}"
    answers: verified
    directory: report
  run_once: true
"""

RETURN = r"""
msg:
  description: The report in one line, and behind it, a line each, what O(stopped) says if the report is not good.
  returned: always
  type: str
  sample: "mesh guard: 12 of 12 edges, 64 of 64 walls, certificates good for 89 days"
paths:
  description: The files that were written on the controller.
  returned: always
  type: list
  elements: str
"""
