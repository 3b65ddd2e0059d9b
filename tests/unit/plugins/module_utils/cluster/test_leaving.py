# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a node leaves its cluster for good."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import leaving

NO = {"call": False, "command": False, "tasks": False}
NOTHING: dict[str, t.Any] = {"asked": False, "call": {}, "command": [], "tasks": "", "does": NO}
CALL = {**NOTHING, "asked": True, "call": {"module": "app", "function": "leave", "arguments": []}, "does": {**NO, "call": True}}
COMMAND = {**NOTHING, "asked": True, "command": ["timeout", "--kill-after=5", "60", "/bin/leave", "guard"], "does": {**NO, "command": True}}
TASKS = {**NOTHING, "asked": True, "tasks": "drain.yml", "does": {**NO, "tasks": True}}


@pytest.mark.parametrize(
    ("leave", "hook"),
    [
        (None, NOTHING), ({}, NOTHING), ({"call": []}, NOTHING), ({"call": ["app", "leave"]}, CALL), ({"call": ["app", "leave", []]}, CALL),
        ({"call": ["app", "leave", [1, {"$atom": "now"}]]}, {**CALL, "call": {**t.cast("dict[str, t.Any]", CALL["call"]), "arguments": [1, {"$atom": "now"}]}}),
        ({"command": ["/bin/leave", "guard"]}, COMMAND), ({"call": ["app", "leave"], "command": ["/bin/leave"]}, CALL),
        ({"tasks": "drain.yml"}, TASKS),
    ],
)  # fmt: skip
def test_what_a_node_is_asked(leave: dict[str, t.Any] | None, hook: dict[str, t.Any]) -> None:
    found = leaving.hook(leave, 60)
    assert found.pop("given") == {kind: list((leave or {}).get(kind) or ()) for kind in ("call", "command")}
    assert found == hook


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        ({"failed": True, "msg": "nodedown"}, True), ({"result": {"$atom": "error"}}, True), ({"result": {"$tuple": [{"$atom": "error"}, 1]}}, True),
        ({"result": {"$tuple": []}}, False), ({"result": {"$atom": "ok"}}, False), ({"result": {"$tuple": [{"$atom": "ok"}, {"$atom": "error"}]}}, False),
        ({"result": [{"$atom": "error"}]}, False), ({"result": "error"}, False), ({"result": None}, False), ({"skipped": True}, False),
    ],
)  # fmt: skip
def test_whether_a_call_failed(answer: dict[str, t.Any], refused: bool) -> None:
    assert leaving.refused(answer) is refused


def done(found: dict[str, t.Any], hook: dict[str, t.Any], check: bool = False) -> set[str]:
    return {step for step, wanted in leaving.steps(found, hook, check).items() if wanted}


def test_what_is_done_with_a_host_that_leaves() -> None:
    assert done({"unreachable": True}, CALL) == {"unreached"}
    assert done({"active": True}, CALL) == {"leave", "call", "remove"}
    assert done({"active": True}, COMMAND) == {"leave", "command", "remove"}
    assert done({"active": True}, COMMAND, check=True) == {"leave", "announce", "remove"}
    assert done({"active": True}, NOTHING) == done({"active": False}, CALL) == {"remove"}


def test_who_was_taken_out_has_no_part_in_a_run_nor_has_anybody_without_nodes() -> None:
    some = {"nodes": {"alpha": {}}, "leaving": {"bravo": {}}}
    assert [leaving.left_out(some, host) for host in ("alpha", "bravo", "stranger")] == [False, True, False]
    assert leaving.left_out({"nodes": {}, "leaving": {}}, "stranger")
