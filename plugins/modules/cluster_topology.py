#!/usr/bin/python

# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_topology
short_description: The inventory as one topology, or a list of every fault in it
version_added: 1.0.0
description:
  - Turns the variables of all hosts of a group into the topology of an Erlang cluster, which the roles of this collection read.
  - Holds every host's variables against the specifications of all roles of this collection first. All faults are reported together,
    each in one sentence that names the hosts, the variable, its value and the fix. The values of secrets are not shown.
  - Works for all hosts of the group, whatever hosts the run is limited to.
  - Checks the private CA in the cluster's directory on the controller against its passphrase, and makes the directory where there is none.
author:
  - "beam.tls_distribution contributors (@beam-tls-distribution)"
extends_documentation_fragment: [beam.tls_distribution.attributes.controller]
attributes:
  bypass_host_loop:
    description: Asks for C(run_once), since one answer is meant for all hosts.
    support: none
  check_mode:
    description: The directory is not made in check mode, and no lock is taken.
    support: full
  diff_mode:
    description: It writes nothing but the lock.
    support: none
  idempotent:
    description: What is there is kept.
    support: full
options:
  group:
    description:
      - Inventory group whose hosts are the nodes.
      - The default is the variable C(erlang_cluster_group), and V(erlang) without it.
    type: str
  lock:
    description:
      - Whether this run is going to change the cluster. Fails if another run is at it, and keeps others from it until this run has ended, in
        whatever way.
      - The lock is a file in the cluster's directory that names the run.
    type: bool
    default: false
  decommission:
    description:
      - Whether this run takes out the hosts that the variable C(erlang_decommission) names. With O(lock=true), and not in check mode, that is then written
        into the cluster's directory, so that no later run counts them as members.
      - Hosts that are named there, or by the variable, are no nodes of the topology. C(leaving) of it has them.
    type: bool
    default: false
  revoke:
    description:
      - Whether this run revokes the certificates of the hosts that the variable C(erlang_certs_revoke) names, and takes these out. It is written down as with
        O(decommission).
    type: bool
    default: false
    version_added: 1.1.0
seealso:
  - module: beam.tls_distribution.cluster_secrets
  - module: beam.tls_distribution.host_survey
"""

EXAMPLES = r"""
- name: Turn the inventory into one topology, or list every fault in it
  beam.tls_distribution.cluster_topology:
    group: erlang
  run_once: true
"""

RETURN = r"""
ansible_facts:
  description: The topology, as a fact of every host of the play.
  returned: success
  type: dict
  contains:
    erlang_cluster_topology:
      description: The cluster, its nodes by inventory name, and the edges between them.
      type: dict
changed_paths:
  description: Paths on the controller that were made, or whose permissions were corrected.
  returned: success
  type: list
  elements: str
"""
