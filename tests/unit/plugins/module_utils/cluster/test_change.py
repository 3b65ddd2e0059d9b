# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.change import CLASSES, Change, change, described

ALL_WELL = {"current": 7, "running": 7, "right": True, "prepared": None, "proven": True, "runs": True, "former": 6, "differs": []}
OTHER = {**ALL_WELL, "right": False, "prepared": 8, "proven": False, "runs": False, "former": 7, "differs": ["sys.config"]}
FIRST = {
    "current": None,
    "running": None,
    "right": False,
    "prepared": 1,
    "proven": False,
    "runs": False,
    "former": None,
    "differs": ["vm.args"],
}


@pytest.mark.parametrize(
    ("state", "generation", "reload", "settled", "expected"),
    [
        ("active", ALL_WELL, [], True, Change("none", (), 7, 6)),
        ("active", ALL_WELL, ["peers.config"], True, Change("reload", ("peers.config",), 7, 6, ("peers.config",))),
        ("reloading", ALL_WELL, [], True, Change("none", (), 7, 6)),
        ("active", OTHER, ["peers.config"], True, Change("restart", ("its settings (sys.config)",), 8, 7, ("peers.config",))),
        ("failed", OTHER, [], False, Change("start", (), 8, 7)),
        ("inactive", FIRST, [], False, Change("start", (), 1, None)),
        # From before there were generations.
        ("active", FIRST, [], True, Change("restart", ("its flags (vm.args)",), 1, None)),
        # A run was interrupted between the switch and the restart.
        ("active", {**ALL_WELL, "current": 8, "running": 7, "runs": False, "proven": False, "former": 7}, [], True,
         Change("restart", ("it runs an earlier generation, or files that were changed since",), 8, 7)),
        # Behind the restart.
        ("active", {**ALL_WELL, "current": 8, "running": 8, "proven": False, "former": 7}, [], False,
         Change("check", ("a run that ended before it was found healthy",), 8, 7)),
        ("active", {**ALL_WELL, "current": 8, "running": 8, "proven": False, "former": 7}, [], True, Change("none", (), 8, 7)),
        # The first generation that a node ever had is checked by the proof alone.
        ("active", {**ALL_WELL, "current": 1, "running": 1, "proven": False, "former": None}, [], False, Change("none", (), 1, None)),
        ("active", {**ALL_WELL, "right": False, "prepared": 7, "differs": []}, [], True, Change("restart", ("the unit",), 7, 6)),
    ],
)  # fmt: skip
def test_classes(state: str, generation: dict[str, Any], reload: list[str], settled: bool, expected: Change) -> None:
    found = change({"active": state}, generation, reload, settled)
    assert found == expected and found.kind in CLASSES
    assert found.as_result()["class"] == expected.kind


def test_what_differs_in_words() -> None:
    assert described(["sys.config", "src/a.erl", "src/b.erl", "about.json", "boot/.key"]) == (
        "its settings (sys.config)", "the collection's modules in it", "what it boots",
    )  # fmt: skip
    assert described(["about.json"]) == ("what it reads once of the cluster: its port, or how nodes are found",)
    assert described([]) == ()
