# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that are killed, and hosts whose power is cut, in each phase of a change: each start is of a whole generation, and the next run converges."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterator
from typing import NamedTuple

import changes
import pytest
from changes import Wanted
from lab import hosts, rollout
from lab.commands import wait_until
from lab.settings import host


class Moment(NamedTuple):
    """A moment of a run: it begins the task of that title for the ``times``-th time, and some seconds later. ``release`` is what it is asked for."""

    title: str
    later: float = 0.0
    times: int = 1
    release: str = ""

    def comes(self, run: rollout.Followed) -> bool:
        """Whether a run comes to it."""
        reached = run.reaches(r"TASK \[[^\]]*%s\]" % re.escape(self.title), self.times)
        time.sleep(self.later)
        return reached


MOMENTS = {
    "try": Moment("Boot what the node is to be restarted with, without distribution and without its applications", 0.2),
    "switch": Moment("Switch to the new generation", 0.2),
    "restart": Moment("Restart the node", 0.4),
    "settle": Moment("Wait until the node is healthy, and see that it stays so", 1.0),
    "restart to go back": Moment("Restart the node with the generation before", 0.2, 1, "unfit"),
}
"""In the order of a run that goes through, and of one that goes back. What comes before, while files are written, is the scenario interrupted's."""
POWER = ("restart", "restart to go back")
"""Those at which a host's power is cut: that of the node whose turn it is."""
STEPS: Iterator[int] = itertools.count(11)


@pytest.mark.parametrize("name", MOMENTS)
def test_a_run_is_killed(name: str) -> None:
    moment = MOMENTS[name]
    since, known = changes.started(), changes.running()
    wanted = Wanted(next(STEPS), moment.release)
    run = rollout.Followed("site", wanted.options(erlang_rollout_timeout=10))
    try:
        assert moment.comes(run), run.out[-4000:]
    finally:
        run.kill()
    changes.only_whole({*known, wanted.said}, since)
    good = wanted._replace(release="")
    changes.converged(good)
    changes.only_whole({*known, wanted.said, good.said}, since)


@pytest.mark.parametrize("name", POWER)
def test_the_power_of_a_host_is_cut(name: str) -> None:
    """The host boots again. The run says that it lost it, and the rest stays as it was; or the host was back before it was missed, and has what is wanted."""
    moment, first = MOMENTS[name], host(rollout.EVERY[0])
    since, known = changes.started(), changes.running()
    wanted = Wanted(next(STEPS), moment.release)
    run = rollout.Followed("site", wanted.options(erlang_rollout_timeout=10))
    try:
        assert moment.comes(run), run.out[-4000:]
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
    good = wanted._replace(release="")
    changes.converged(good)
