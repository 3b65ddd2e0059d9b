# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program of the standing watch, as the hosts get it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: watch_program
author:
  - beam.tls_distribution contributors (@beam-tls-distribution)
version_added: 1.1.0
short_description: The program of the standing watch as one file
description:
  - Puts the check of M(beam.tls_distribution.node_ping) into one archive that Python 3.9 or later runs by itself, so that
    a host can check its edges while nobody runs Ansible.
  - The same version of the collection makes the same bytes.
options: {}
"""

EXAMPLES = r"""
- name: Ship the watch
  beam.tls_distribution.file_set:
    files:
      - path: /opt/erlang/nodes/guard/watch.pyz
        base64_content: "{{ lookup('beam.tls_distribution.watch_program') }}"
"""

RETURN = r"""
_raw:
  description: The archive in base64.
  type: list
  elements: str
"""

import base64
import typing as t

from ansible.plugins.lookup import LookupBase
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import bundle

PROGRAM = "host.watch"


class LookupModule(LookupBase):
    """See DOCUMENTATION."""

    def run(self, terms: list[str], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[str]:
        """One text."""
        return [base64.b64encode(bundle.program(PROGRAM)).decode("ascii")]
