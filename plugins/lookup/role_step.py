# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a role has something to do on a host, and which of its tasks that are."""

from __future__ import annotations

DOCUMENTATION = r"""
name: role_step
author:
  - beam.tls_distribution contributors (@beam-tls-distribution)
version_added: 1.1.0
short_description: Whether a role has something to do on a host, and which of its tasks that are
description:
  - Reads of a role of this collection its variables C(__ROLE_lacks), the role that has to come before it, and C(__ROLE_state), what a filter made of the
    survey, whose C(right) says whether the host has all as it is to be. The second is read only where the first is empty, as there need be no survey otherwise.
options:
  _terms:
    description: What these variables' names begin with, without underscores, such as V(erlang_account).
    type: list
    elements: str
    required: true
  tasks:
    description: The file of tasks for a host that is not as it is to be. C(tasks) of the state if it is not given.
    type: str
  check_tasks:
    description: The file of tasks in check mode, O(tasks) if it is not given.
    type: str
  states:
    description: Names of the variables with a C(right) each, C(__ROLE_state) if neither these nor O(waiting) are given, V([]) to ask for nothing but the
      order of roles.
    type: list
    elements: str
  waiting:
    description: Names of further such variables, which count only where the host does not wait for nodes that are changed together with its own
      (C(__erlang_cluster_waits), which is not read where all of them are right).
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Create the account
  ansible.builtin.include_tasks: "{{ step.tasks }}"
  when: step.needed
  vars:
    step: "{{ lookup('beam.tls_distribution.role_step', 'erlang_account', tasks='account.yml') }}"
"""

RETURN = r"""
_raw:
  description:
    - C(lacking), whether another role has to come before this one, and C(ready), whether none has; C(needed), whether there is something to do, which includes
      saying what lacks; and C(tasks), the file that does it.
  type: list
  elements: dict
"""

import typing as t

from ansible.plugins.lookup import LookupBase

LACKING = "../../erlang_cluster/tasks/lacking.yml"
"""The tasks that name the role which has to come before, as seen from the tasks of another role."""

WAITS = "__erlang_cluster_waits"
"""The variable of ``erlang_cluster`` that says whether a host waits until all nodes that are changed together have stopped."""


class LookupModule(LookupBase):
    """See DOCUMENTATION."""

    def run(self, terms: list[str], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[dict[str, t.Any]]:
        """What there is to do, for each role."""
        known = variables or {}
        return [self._step(name, known, **kwargs) for name in terms]

    def _step(
        self,
        name: str,
        known: t.Mapping[str, t.Any],
        tasks: str | None = None,
        check_tasks: str | None = None,
        states: t.Sequence[str] | None = None,
        waiting: t.Sequence[str] = (),
    ) -> dict[str, t.Any]:
        lacking = bool(self._templar.template(known["__%s_lacks" % name]))
        if lacking:
            return {"lacking": True, "ready": False, "needed": True, "tasks": LACKING}
        asked = states if states is not None else [] if waiting else ["__%s_state" % name]
        found, held = ([self._templar.template(known[state]) for state in part] for part in (asked, waiting))
        wrong = not all(state["right"] for state in found)
        held_wrong = not all(state["right"] for state in held)
        if check_tasks and known.get("ansible_check_mode"):
            tasks = check_tasks
        return {
            "lacking": False,
            "ready": True,
            "needed": wrong or (held_wrong and not self._templar.template(known[WAITS])),
            "tasks": tasks or next((state["tasks"] for state in [*found, *held]), ""),
        }
