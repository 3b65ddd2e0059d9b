#!/usr/bin/python

# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_backup
short_description: A backup of the cluster's directory, encrypted, and the directory from it
version_added: 1.1.0
description:
  - Saves what is in the cluster's directory on the controller and cannot be had again into one file, which is encrypted as ansible-vault does it, so that
    C(ansible-vault decrypt) reads it too, without this collection. It holds an archive (tar, compressed).
  - The lock, the last report and the last plan are left out.
  - Restores the directory from such a file. What is there already stays. Where a file there is another than that of the backup, nothing is done, as it may
    be newer.
author:
  - "beam.tls_distribution contributors (@beam-tls-distribution)"
extends_documentation_fragment: [beam.tls_distribution.attributes.controller, beam.tls_distribution.attributes.directory]
attributes:
  idempotent:
    description: A file that holds the directory as it is stays as it is.
    support: full
options:
  topology:
    description: The topology, as M(beam.tls_distribution.cluster_topology) sets it.
    type: dict
    required: true
  state:
    description: V(saved) writes the file, V(restored) reads it.
    type: str
    choices: [saved, restored]
    required: true
  file:
    description: The file of the backup on the controller. A relative path is taken from the inventory's directory.
    type: path
    required: true
  passphrase:
    description: What the file is encrypted with. The variable C(erlang_cluster_backup_passphrase) if it is not given.
    type: str
seealso:
  - module: beam.tls_distribution.cluster_secrets
"""

EXAMPLES = r"""
- name: Save the cluster's directory
  beam.tls_distribution.cluster_backup:
    topology: "{{ erlang_cluster_topology }}"
    state: saved
    file: guard.backup
    passphrase: "{{ vault_backup_passphrase }}"
  run_once: true
"""

RETURN = r"""
file:
  description: The file of the backup.
  returned: success
  type: str
names:
  description: What was saved, or restored; empty if that was not needed.
  returned: success
  type: list
  elements: str
  sample: [ca.key, ca.passphrase, ca.pem, cookie, issued.jsonl, members.json]
"""
