# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Releases and settings that are broken, each alone on a healthy mesh: one node at most is away, and it goes back to what it ran."""

from __future__ import annotations

import re
from typing import Any

import pytest
from lab import changes, rollout
from lab.changes import Wanted
from lab.commands import Completed
from lab.watching import Watching

FIRST, NEXT = Wanted(), Wanted(1, "next")
PATIENCE = 15
"""Seconds that a start may take, or a node until it is healthy."""
QUICK = {"erlang_rollout_settle": 5}
"""Where a node that went back need not be looked at for long; by default it is 30 s."""
NEVER_STARTS = {"erlang_node_unit_settings": {"Service": {"RestartSec": 1, "TimeoutStartSec": PATIENCE}}}
NO_SUCH_HANDLER = {"$tuple": [{"$atom": "handler"}, {"$atom": "broken"}, {"$atom": "no_such_module"}, {"$map": []}]}
BROKEN_LOGGER = {"guard": {"load": changes.LOAD, "step": 1}, "kernel": {"logger": [NO_SUCH_HANDLER]}}


def told(done: Completed, pattern: str) -> str:
    """The host of the node of which a run says what a pattern matches behind its name."""
    found = re.search(r"guard@(\w+)\.example\.net " + pattern, changes.words(done))
    assert found, done.out[-6000:]
    return found.group(1)


@pytest.mark.parametrize(
    "label, cause, more",
    [
        ("crashes", r"did not come up in \d+ s; what it said .*this_release_is_broken", QUICK),
        ("hangs", r"did not come up in \d+ s; what it said .*start operation timed out", {**NEVER_STARTS, **QUICK}),
        ("dies", r"was up and ended ", {}),
        ("unfit", r"fails its check guard:ready/0, which does not return true\b", {"erlang_rollout_timeout": PATIENCE, **QUICK}),
    ],
)
def test_a_broken_release_goes_back(label: str, cause: str, more: dict[str, Any]) -> None:
    broken = Wanted(1, label)
    since, before = changes.started(), changes.processes()
    with Watching() as watching:
        done = changes.site(broken, **more)
        assert done.code != 0, done.out[-4000:]
        assert changes.settled()
    assert watching.seen.fewest >= len(rollout.EVERY) - 1 and watching.seen.short == 0
    named = told(done, r"is not healthy with generation \d+: it " + cause)
    assert [name for name, times in watching.seen.away.items() if times] == [named]
    after = changes.processes()
    assert [name for name in rollout.EVERY if after[name] != before[name]] == [named]
    number = changes.number(named)
    assert "It runs generation %s again, and is healthy with it." % number in changes.words(done)
    assert "were left untouched." in changes.words(done)
    assert changes.all_run(FIRST)
    changes.only_whole({FIRST.said, broken.said}, since)
    assert all(changes.number(name) is not None for name in rollout.EVERY)


@pytest.mark.parametrize(
    "cause, more",
    [
        ("bad -z option", {"erlang_node_vm_args": ["+zzz", "true"]}),
        ("no_such_module", {"erlang_node_sys_config": BROKEN_LOGGER}),
    ],
)
def test_what_a_runtime_refuses_is_found_while_nothing_is_stopped(cause: str, more: dict[str, Any]) -> None:
    before = changes.processes(), [changes.number(name) for name in rollout.EVERY]
    done = changes.site(FIRST, **more)
    assert done.code != 0 and told(done, r"would not start with what is wanted, and was left as it is; .*" + re.escape(cause))
    assert (changes.processes(), [changes.number(name) for name in rollout.EVERY]) == before


def test_a_good_release_goes_on_from_there() -> None:
    changes.converged(NEXT)


def test_without_a_check_an_unfit_release_goes_everywhere() -> None:
    """What keeps it from that is the check of the user's own."""
    done = changes.site(Wanted(1, "unfit"), erlang_rollout_health={}, erlang_rollout_serial=len(rollout.EVERY), **QUICK)
    assert done.code == 0, done.out[-4000:]
    assert changes.all_run(Wanted(1, "unfit")) and not any(map(rollout.ready, rollout.EVERY))
    changes.converged(NEXT)


def test_without_settling_a_release_that_dies_goes_on_to_the_next_node() -> None:
    """What keeps it from that is the time for which a node has to stay healthy. A mesh that is broken already is changed only by force."""
    since = changes.started()
    changes.site(Wanted(1, "dies"), erlang_rollout_settle=0)
    reached = [name for name in rollout.EVERY if Wanted(1, "dies").said in changes.starts(name)[since[name] :]]
    assert len(reached) > 1, reached
    changes.converged(NEXT, erlang_rollout_force=True)
