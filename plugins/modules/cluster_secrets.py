#!/usr/bin/python

# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_secrets
short_description: The secrets of a cluster, made once every host has told what it has
version_added: 1.0.0
description:
  - Makes a cookie and a passphrase for the private CA in the cluster's directory on the controller, where there are none and none are given.
  - Fails before a host is changed where hosts have certificates of a CA that is not the one in the directory, or a cookie and the directory has none.
    Such a directory was lost, or is that of another cluster. A host that did not answer counts as one that may have them.
  - Reads what M(beam.tls_distribution.host_survey) found on the hosts of the play.
author:
  - "beam.tls_distribution contributors (@beam-tls-distribution)"
extends_documentation_fragment: [beam.tls_distribution.attributes.controller, beam.tls_distribution.attributes.directory]
attributes:
  idempotent:
    description: What is there is kept.
    support: full
options:
  topology:
    description: The topology, as M(beam.tls_distribution.cluster_topology) sets it.
    type: dict
    required: true
  cookie_given:
    description: Whether the user gave the cookie, so that none is kept in the directory. If this is not said, C(erlang_cluster_cookie) says it.
    type: bool
  passphrase_given:
    description: Whether the user gave the passphrase of the CA's key. If this is not said, C(erlang_certs_ca_passphrase) says it.
    type: bool
  begin_anew:
    description:
      - The cluster's name, if a CA and a cookie that hosts have are to be replaced by those in the directory, or by new ones.
      - C(erlang_cluster_begin_anew) if this is not given.
    type: str
  new_cookie:
    description:
      - Whether a new cookie takes the place of the one in the directory. The nodes have the old one until the role erlang_node has written the new one.
      - Fails with O(cookie_given), as that is changed where the user keeps it, and if a node of the cluster did not answer, as it would be left behind.
    type: bool
    default: false
  rotates:
    description: Whether this run takes the cluster from one signer to another, so that hosts may have certificates of the former one.
    type: bool
    default: false
seealso:
  - module: beam.tls_distribution.cluster_topology
  - module: beam.tls_distribution.host_survey
"""

EXAMPLES = r"""
- name: Have a cookie and a passphrase for the CA
  beam.tls_distribution.cluster_secrets:
    topology: "{{ erlang_cluster_topology }}"
  run_once: true
"""

RETURN = r"""
changed_paths:
  description: Paths on the controller that were made, or whose permissions were corrected.
  returned: success
  type: list
  elements: str
"""
