# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What changes of a mesh cost an application that is in use meanwhile: each node writes, and sends a message along each edge, once a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from lab import changes, rollout
from lab.changes import Wanted
from lab.commands import Completed
from lab.watching import Watching

FIRST, SETTING, RELEASE, OTP = Wanted(1), Wanted(2), Wanted(2, "next"), Wanted(2, "next", "27")
QUICK = {"erlang_rollout_settle": 10}
"""Where the time for which a node has to stay healthy is not what is looked at; by default it is 30 s."""
LATE = 6.0
"""Seconds after which the example counts a message as lost."""
FEWEST = len(rollout.EVERY) - 1
"""How many nodes there are at every moment of a change one by one."""


def changed(title: str, change: Callable[[], Completed]) -> dict[str, Any]:
    """The figures of a change: what the example counted, and what was seen from outside."""
    before = {name: rollout.counted(name) for name in rollout.EVERY}
    begun = time.monotonic()
    with Watching() as watching:
        done = change()
        seconds = time.monotonic() - begun
        assert done.code == 0, done.out[-4000:]
        assert changes.settled()
    time.sleep(LATE)
    seen = watching.seen
    figures = {
        **rollout.difference(before, {name: rollout.counted(name) for name in rollout.EVERY}),
        "fewest_nodes": seen.fewest,
        "seconds_with_fewer_than_all_but_one": round(seen.short, 1),
        "seconds_away": {name: [round(seconds, 1) for seconds in times] for name, times in seen.away.items()},
        "seconds": round(seconds, 1),
    }
    rollout.write_figures(changes.FIGURES, {title: figures})
    return figures


@pytest.mark.parametrize("title, wanted, more", [("setting", SETTING, {}), ("release", RELEASE, QUICK), ("otp", OTP, QUICK)])
def test_a_change_one_by_one(title: str, wanted: Wanted, more: dict[str, Any]) -> None:
    figures = changed(title, lambda: changes.site(wanted, **more))
    assert changes.all_run(wanted)
    assert figures["written"] and figures["written_and_lost"] == 0
    assert figures["fewest_nodes"] >= FEWEST and figures["seconds_with_fewer_than_all_but_one"] == 0
    assert all(len(times) == 1 for times in figures["seconds_away"].values()), figures


def test_a_roll_back_one_by_one() -> None:
    """Back to the generation before, with its own OTP."""
    figures = changed("roll back", lambda: changes.rollback(RELEASE, **QUICK))
    assert changes.all_run(RELEASE)
    assert figures["written"] and figures["written_and_lost"] == 0
    assert figures["fewest_nodes"] >= FEWEST and figures["seconds_with_fewer_than_all_but_one"] == 0


def test_all_at_once_the_watcher_sees_fewer() -> None:
    """What keeps the nodes there is that they change one by one: with all of them in a batch the same change leaves fewer."""
    figures = changed("all at once", lambda: changes.site(FIRST, **QUICK, erlang_rollout_serial=len(rollout.EVERY)))
    assert changes.all_run(FIRST)
    assert figures["fewest_nodes"] < FEWEST and figures["seconds_with_fewer_than_all_but_one"] > 0
