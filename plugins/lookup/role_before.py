# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role that has to come before another in a play."""

from __future__ import annotations

DOCUMENTATION = r"""
name: role_before
author:
  - beam.tls_distribution contributors (@beam-tls-distribution)
version_added: 1.1.0
short_description: The role that has to come before another in a play
description:
  - Returns the first role of this collection that has to come before the one named, as what it makes is neither on the host nor made in this play, and
    an empty text if none has to.
  - A role is in the play if its variable C(__ROLE_lacks) is there.
options:
  _terms:
    description: Names of roles, such as V(erlang_node).
    type: list
    elements: str
    required: true
  survey:
    description: Whether the role needs what the host answered to the survey. Otherwise the topology is all that it needs.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: A role's variable
  ansible.builtin.set_fact:
    __erlang_node_lacks: "{{ lookup('beam.tls_distribution.role_before', 'erlang_node') }}"
"""

RETURN = r"""
_raw:
  description: The role for each of those named.
  type: list
  elements: str
"""

import typing as t

from ansible.plugins.lookup import LookupBase
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import role_order


class LookupModule(LookupBase):
    """See DOCUMENTATION."""

    def run(self, terms: list[str], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[str]:
        """A role, or an empty text, for each."""
        survey = bool(kwargs.get("survey", True))
        return [role_order.before(role, variables or {}, survey) for role in terms]
