# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A roll-out that ends half-way, by a hook that fails."""

from __future__ import annotations

import changes
from changes import Wanted
from lab import rollout

BASE, NEXT = Wanted(3), Wanted(4)
QUICK = {"erlang_rollout_settle": 3}
BEFORE = {"command": ["sh", "-c", "systemctl show --property=MainPID --value erlang-guard > /run/before"]}
AFTER = {"command": ["sh", "-c", "cat /run/before; systemctl stop erlang-guard; exit 7"]}
"""It fails, and leaves the node stopped, so that the proof fails as well."""


def restarted(before: dict[str, str]) -> list[str]:
    """The hosts whose node is another process than before."""
    now = changes.processes()
    return [name for name in rollout.EVERY if now[name] != before[name]]


def test_a_hook_that_fails_behind_the_first_node_and_the_way_back() -> None:
    changes.converged(BASE)
    before = changes.processes()
    done = changes.site(NEXT, erlang_rollout_before=BEFORE, erlang_rollout_after=AFTER, **QUICK)
    said = changes.words(done)
    (name,) = restarted(before)
    assert done.code != 0 and "what is done after that failed" in said, done.out[-4000:]
    # The last thing is both: what the proof found, and behind it why the roll-out stopped.
    last = said[said.rindex("mesh guard: ") :]
    assert "1 of 4 nodes not up" in last and "what is done after that failed" in last and "were left untouched." in last, last
    before = changes.processes()
    back = changes.rollback(BASE, **QUICK)
    assert back.code == 0, back.out[-4000:]
    assert changes.settled() and changes.all_run(BASE) and restarted(before) == [name]
    assert changes.words(back).count("stays as it is: the last roll-out did not come to it") == len(rollout.EVERY) - 1
