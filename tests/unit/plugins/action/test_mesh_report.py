# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the action mesh_report ends with."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible.plugins.action import ActionBase
from ansible_collections.beam.tls_distribution.plugins.action import mesh_report

STOPPED = ["alpha: guard@alpha is not healthy with generation 2.", "Run this again."]


@pytest.mark.parametrize(
    ("good", "stopped", "said"),
    [
        (True, STOPPED, "mesh guard: 12 of 12 edges"),
        (False, [], "mesh guard: 12 of 12 edges"),
        (False, STOPPED, "\n".join(["mesh guard: 12 of 12 edges", *STOPPED])),
    ],
)
def test_what_stopped_before_is_said_once_more_where_the_proof_fails(
    good: bool, stopped: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    action: t.Any = object.__new__(mesh_report.ActionModule)
    arguments = {"directory": None, "stopped": stopped}
    monkeypatch.setattr(ActionBase, "run", lambda *_arguments: {})
    monkeypatch.setattr(action, "validate_argument_spec", lambda _spec: (None, arguments), raising=False)
    monkeypatch.setattr(action, "_report", lambda *_arguments: {"ok": good, "summary": "mesh guard: 12 of 12 edges"}, raising=False)
    monkeypatch.setattr(mesh_report, "_print", lambda *_arguments: None)
    action._task = types.SimpleNamespace(check_mode=False)
    result = action.run(None, {})
    assert (result["failed"], result["msg"], result["changed"]) == (not good, said, False)
