# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that are killed, and hosts whose power is cut, in each phase of a change: each start is of a whole generation, and the next run converges."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator

import moments
import pytest
from lab import changes, hosts, rollout
from lab.changes import Wanted
from lab.commands import wait_until
from lab.settings import host
from moments import FIRST, HOOK, LAST, SECOND, Moment

WRITES = "Write the node's files, all or none"
TRIES = "Boot the new generation without distribution and applications"
HOOKS = "Run the command on the host"
RESTARTS = "Restart the node"
WAITS = "Wait until the node is healthy, and see that it stays so"
GOES_BACK = "Restart the node with the generation before"

AT_ONCE = {"erlang_rollout_settle": 0}
CANARIES = {"erlang_rollout_serial": [len(rollout.EVERY) - 1, 1], **AT_ONCE}
UNFIT = {"release": "unfit", "variables": {"erlang_rollout_timeout": 4}}

MOMENTS = {
    # Prepare
    "a generation is being written": Moment(WRITES, moments.half_written(FIRST)),
    "a generation was written": Moment(WRITES, moments.written(FIRST)),
    "a generation is tried": Moment(TRIES, moments.tried(FIRST)),
    "the plan is shown": Moment("Show what is done to each node", moments.ready_to_switch),
    "nodes are asked with whom they are connected": Moment("Ask each node with whom it is connected", moments.ready_to_switch),
    # The turn of a node
    "the node gives up its work": Moment(HOOKS, moments.hooked(FIRST), variables={"erlang_rollout_before": dict(HOOK)}),
    "switched": Moment("Switch to the new generation", moments.switched(FIRST)),
    "the node stops": Moment(RESTARTS, moments.state(FIRST, "deactivating")),
    "the node starts": Moment(RESTARTS, moments.state(FIRST, "activating")),
    "the node crashes": Moment(RESTARTS, moments.state(FIRST, "activating"), release="crashes"),
    "the node is not healthy yet": Moment(WAITS, moments.state(FIRST, "active"), release="unfit", variables={"erlang_rollout_timeout": 60}),
    "the node has to stay healthy": Moment(WAITS, moments.ready(FIRST), variables={"erlang_rollout_settle": 60}),
    "the node takes up its work": Moment(HOOKS, moments.hooked(FIRST), variables={"erlang_rollout_after": dict(HOOK), **AT_ONCE}),
    # Between turns, and later ones
    "the turn of the first is over": Moment("Say that the node is healthy", moments.proven(FIRST), variables=AT_ONCE),
    "the second stops": Moment(RESTARTS, moments.state(SECOND, "deactivating"), times=2, variables=AT_ONCE),
    "the last starts": Moment(RESTARTS, moments.state(LAST, "activating"), times=2, variables=CANARIES),
    "the last is not known to be healthy": Moment(WAITS, moments.state(LAST, "active"), times=2, variables=CANARIES),
    # Back
    "switched back": Moment("Switch back to the generation before", moments.switched_back(FIRST), **UNFIT),
    "the node stops to go back": Moment(GOES_BACK, moments.state(FIRST, "deactivating"), **UNFIT),
    "the node starts to go back": Moment(GOES_BACK, moments.state(FIRST, "activating"), **UNFIT),
    "the node that went back is not known to be healthy": Moment(
        "See that the node is healthy with the generation before", moments.state(FIRST, "active"), **UNFIT
    ),
    "the node went back": Moment("Note why the roll-out stops here", moments.switched_back(FIRST), **UNFIT),
}
"""In the order of a run that goes through, and of one that goes back. A first run, which has nothing to change, is ``test_interrupted.py``'s."""
KILLED = (
    "a generation is being written",
    "switched",
    "the node stops",
    "the node has to stay healthy",
    "the last starts",
    "the node starts to go back",
)
"""Those at which a run is killed each time."""
POWER = (
    "a generation is being written",
    "a generation is tried",
    "the node gives up its work",
    "switched",
    "the node stops",
    "the node starts",
    "the node has to stay healthy",
    "switched back",
    "the node stops to go back",
    "the node that went back is not known to be healthy",
)
"""Those at which the power of the host is cut whose node has its turn."""
CUT = ("the node stops", "the node stops to go back")
"""Those of them at which it is each time."""
ALL = os.environ.get("BEAM_MOMENTS") == "all"
STEPS: Iterator[int] = itertools.count(11)


@pytest.fixture(scope="module", autouse=True)
def mesh() -> None:
    """The mesh as it is before the first change."""
    changes.converged(Wanted())


def converged(wanted: Wanted) -> None:
    """The run after one that was interrupted: all nodes run what is wanted, and nothing is left of the one before."""
    changes.converged(wanted, **AT_ONCE)
    assert all(not moments.left_over(name) for name in rollout.EVERY)


@pytest.mark.parametrize("name", MOMENTS if ALL else KILLED)
def test_a_run_is_killed(name: str) -> None:
    moment = MOMENTS[name]
    since, known, before = changes.started(), changes.running(), moment.prepare()
    wanted = Wanted(next(STEPS), moment.release)
    run = rollout.Followed("site", wanted.options(**{"erlang_rollout_timeout": 10, **moment.variables}))
    try:
        assert moment.comes(run, before), run.out[-4000:]
    finally:
        run.kill()
    changes.only_whole({*known, wanted.said}, since)
    good = wanted._replace(release="")
    converged(good)
    changes.only_whole({*known, wanted.said, good.said}, since)


@pytest.mark.parametrize("name", POWER if ALL else CUT)
def test_the_power_of_a_host_is_cut(name: str) -> None:
    """The host boots again. The run says that it lost it, and the rest stays as it was; or the host was back before it was missed, and has what is wanted."""
    moment, first = MOMENTS[name], host(FIRST)
    since, known, before = changes.started(), changes.running(), moment.prepare()
    wanted = Wanted(next(STEPS), moment.release)
    run = rollout.Followed("site", wanted.options(**{"erlang_rollout_timeout": 10, **moment.variables}))
    try:
        assert moment.comes(run, before), run.out[-4000:]
        hosts.cut_power(first)
        rollout.boot(first)
        done = run.end()
    finally:
        run.kill()
        if hosts.pid(first) is None:
            rollout.boot(first)
    if done.code == 0:
        assert not moment.release and changes.all_run(wanted)
    else:
        assert first.name in done.out
        assert all(len(changes.starts(other)) == since[other] for other in rollout.EVERY[1:])
    assert wait_until(lambda: changes.number(first.name, changes.WHOLE) is not None, 60)
    changes.only_whole({*known, wanted.said}, since)
    converged(wanted._replace(release=""))


def test_nothing_is_left_to_do() -> None:
    """After all of it a run as it is at any other time finds nothing to change."""
    wanted = Wanted(next(STEPS))
    converged(wanted)
    done = changes.site(wanted)
    assert done.code == 0 and not re.search(r"changed=[1-9]", changes.words(done)), done.out[-4000:]
