#!/usr/bin/python

# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_files
short_description: All files of a node, written together, and what is left to be done then
version_added: 1.0.0
description:
  - Works out on the controller what a node's files have to be, and has M(beam.tls_distribution.file_set) write them on its host, all of them or none.
  - Reads the facts C(erlang_cluster_topology) and C(erlang_survey) of the host.
  - What it has to be given is held to what the variables of the role C(erlang_node) may be, and no secret is shown in what it says of them.
author:
  - "beam.tls_distribution contributors (@beam-tls-distribution)"
extends_documentation_fragment:
  - beam.tls_distribution.attributes
  - beam.tls_distribution.attributes.changes
attributes:
  action:
    description: Works out the files on the controller, and has a module write them.
    support: full
  diff_mode:
    details: The content of secret files is not shown, and of programs their length and digest.
options:
  sys_config:
    description: The variable C(erlang_node_sys_config).
    type: dict
    required: true
  environment:
    description: The variable C(erlang_node_environment).
    type: dict
    required: true
  vm_args:
    description: The variable C(erlang_node_vm_args).
    type: list
    elements: str
    required: true
  unit_settings:
    description: The variable C(erlang_node_unit_settings).
    type: dict
    required: true
  buffer_bytes:
    description: The variable C(erlang_node_buffer_bytes).
    type: int
    required: true
  tls_versions:
    description: The variable C(erlang_node_tls_versions).
    type: list
    elements: str
    required: true
  tls_options:
    description: The variable C(erlang_node_tls_options).
    type: dict
    required: true
  connect:
    description: The variable C(erlang_node_connect).
    type: bool
    required: true
  cookie:
    description: The cluster's cookie.
    type: str
    required: true
  trust:
    description: Certificates of the CAs that the node trusts, in PEM.
    type: str
    required: true
  revocations:
    description: Lists of revoked certificates of these CAs, in PEM, one of each.
    type: str
    default: ""
    version_added: 1.1.0
  revocations_needed:
    description:
      - Whether the node needs these lists. It then takes no certificate of a CA without a list that is in date.
      - Fails without lists in O(revocations), but for check mode.
    type: bool
    default: false
    version_added: 1.1.0
  revoked_keys:
    description: The SHA-256 digests, in hexadecimal, of revoked public keys. The node refuses certificates for them, whoever signed.
    type: list
    elements: str
    default: []
    version_added: 1.1.0
seealso:
  - module: beam.tls_distribution.file_set
  - module: beam.tls_distribution.boot_script
"""

EXAMPLES = r"""
- name: Write the node's files
  beam.tls_distribution.node_files:
    sys_config: "{{ erlang_node_sys_config }}"
    environment: "{{ erlang_node_environment }}"
    vm_args: "{{ erlang_node_vm_args }}"
    unit_settings: "{{ erlang_node_unit_settings }}"
    buffer_bytes: "{{ erlang_node_buffer_bytes }}"
    tls_versions: "{{ erlang_node_tls_versions }}"
    tls_options: "{{ erlang_node_tls_options }}"
    connect: "{{ erlang_node_connect }}"
    cookie: "{{ erlang_cluster_secret }}"
    trust: "{{ erlang_certs_trust }}"
    revocations: "{{ erlang_certs_revocations }}"
    revocations_needed: true
    revoked_keys: "{{ erlang_certs_revoked_keys }}"
"""

RETURN = r"""
changed_paths:
  description: The paths that differed from what is wanted.
  returned: success
  type: list
  elements: str
  sample: [/etc/erlang/guard/vm.args]
change:
  description:
    - What the node has to do, as M(beam.tls_distribution.node_prepare) returns it.
    - For a node that has its turn C(together) is whether it cannot meet those that are not yet changed, so that all of them are stopped and started together.
  returned: success
  type: dict
at_the_switch:
  description:
    - What a node that is changed together with others gets once all of them have stopped, as arguments of M(beam.tls_distribution.file_set); empty for others.
    - It is the table of peers, which says where the nodes are. Until then that stays as it is for what runs.
  returned: success
  type: dict
service_state:
  description: The state that the service has to be brought to, as M(ansible.builtin.systemd_service) names it; empty if it runs what is wanted.
  returned: success
  type: str
  sample: reloaded
steps:
  description:
    - What the role does of that, as V(true) or V(false) each, none but RV(steps.announce) in check mode, and the words that are said of it.
  returned: success
  type: dict
  contains:
    any:
      description: Whether anything is to be done.
      type: bool
    right:
      description: Whether nothing is to be done.
      type: bool
    announce:
      description: Say what would be done.
      type: bool
    switch:
      description: Have the next start use what is wanted.
      type: bool
    service:
      description: Bring the service to RV(service_state).
      type: bool
    try:
      description: Try the new generation before the restart.
      type: bool
    wait:
      description: Have the node wait for its turn to be restarted or looked at.
      type: bool
    announcement:
      description: What the node would do, as the rest of a sentence.
      type: str
    starts:
      description: Whether the service is started, and not only reloaded.
      type: bool
    failure:
      description: What the node does not do where the service cannot be brought to its state, as the rest of a sentence.
      type: str
"""
