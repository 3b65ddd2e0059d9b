# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs of the collection that hosts run by themselves, as the hosts get them."""

from __future__ import annotations

DOCUMENTATION = r"""
name: host_program
author:
  - beam.tls_distribution contributors (@beam-tls-distribution)
version_added: 1.1.0
short_description: A program of the collection as one file
description:
  - Puts code of this collection into one archive that Python 3.9 or later runs by itself, so that a host can do without
    Ansible what the collection's modules do.
  - The same version of the collection makes the same bytes.
options:
  _terms:
    description:
      - The programs.
      - V(watch) is that of the standing watch, which checks the edges of a host as M(beam.tls_distribution.node_ping) does.
      - V(control) is what is behind a node's control command, which asks the node as M(beam.tls_distribution.node_call) does.
      - V(packet_filter) loads, checks and keeps the packet filter of a node.
    type: list
    elements: str
    choices: [control, packet_filter, watch]
    required: true
"""

EXAMPLES = r"""
- name: Ship the watch
  beam.tls_distribution.file_set:
    files:
      - path: /opt/erlang/nodes/guard/watch.pyz
        base64_content: "{{ lookup('beam.tls_distribution.host_program', 'watch') }}"
"""

RETURN = r"""
_raw:
  description: Each archive in base64.
  type: list
  elements: str
"""

import typing as t

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import bundle


class LookupModule(LookupBase):
    """See DOCUMENTATION."""

    def run(self, terms: list[str], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[str]:
        """A text for each program."""
        self.set_options(var_options=variables, direct=kwargs)
        unknown = [name for name in terms if name not in bundle.PROGRAMS]
        if unknown:
            raise AnsibleLookupError("There is no program %s; there are %s." % (", ".join(unknown), ", ".join(bundle.PROGRAMS)))
        return [bundle.base64(name) for name in terms]
