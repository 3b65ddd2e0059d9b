# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nodes that are changed are to run, and what they say that they run; for the scenarios that change nodes which run."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from lab import builds, lifecycle, rollout
from lab.commands import WITHOUT_WALLS, Completed, on, run_command, wait_until
from lab.settings import RUN

LOAD = "/var/lib/merl/guard/load"
SUITE = "bookworm"
"""Whose OTP compiles the example: the older of the two."""
SUITES = {"25": "bookworm", "27": "trixie"}
"""The suite whose packages an OTP is taken from."""
ERTS = {"25": "13.1.5", "27": "15.2.7"}
FIGURES = RUN / "rollout.json"
LONGEST = 900.0
"""Seconds that a run may take, on a machine that has other things to do."""
SAYS = (
    'io:format("RUNS ~0p~n", [{element(2, application:get_env(guard, step)), hd(hd(element(2, init:get_argument(guard_step)))), '
    'os:getenv("GUARD_STEP"), element(2, application:get_key(guard, vsn)), erlang:system_info(version)}]).'
)
"""Written to the journal by every start of a node: what it has of its configuration, of its arguments, of its environment, release and OTP."""
CODE = "/opt/erlang/nodes/guard"
WHOLE = (
    "set -- $(sed -n 's|^restart [0-9a-f]* \\(%(code)s/generations/[0-9]*\\)/.*|\\1|p' /run/erlang-guard/generation | sort -u); "
    'test "$#" = 1 && grep "^restart " /run/erlang-guard/generation | sort >/tmp/found && sort "$1/digests" | cmp /tmp/found - && '
)
"""Succeeds if all that a node found when it was started is of one generation, whose directory ``$1`` is then, and is as it was when that was made."""
NEXT = 'systemctl show --property=ExecStart erlang-guard | grep -q " $1/erl " && test "$(readlink -f %(code)s/current)" = "$1" && '
"""Succeeds if that is what a start would start now."""
SAY = 'basename "$1"'


class Wanted(NamedTuple):
    """What nodes are to run. ``step`` is in their configuration, their arguments and their environment."""

    step: int = 1
    release: str = ""
    otp: str = "25"

    def variables(self, **more: Any) -> dict[str, Any]:
        """The variables that ask for it."""
        step = str(self.step)
        return {
            **WITHOUT_WALLS,
            "erlang_app_release": rollout.release(self.release, SUITE),
            "erlang_otp_source": "archive",
            "erlang_otp_archive": str(builds.packed(SUITES[self.otp])),
            "erlang_otp_allow_below_floor": [builds.packed(suite).name.partition("-")[0] for suite in SUITES.values()],
            "erlang_node_sys_config": {"guard": {"load": LOAD, "step": self.step}},
            "erlang_node_environment": {"GUARD_STEP": step},
            "erlang_node_vm_args": ["-guard_step", step, "-eval", SAYS],
            "erlang_rollout_health": {"call": ["guard", "ready", []]},
            **more,
        }

    def options(self, **more: Any) -> list[str]:
        """The same as options of a playbook."""
        path = RUN / "rollout-variables.json"
        path.write_text(json.dumps(self.variables(**more)))
        return ["-e", "@%s" % path]

    @property
    def said(self) -> tuple[str, ...]:
        """What a node says that runs it."""
        return (str(self.step), str(self.step), str(self.step), rollout.vsn(self.release), ERTS[self.otp])


def site(wanted: Wanted, *options: str, **more: Any) -> Completed:
    """Runs the playbook that makes it so."""
    return run_command(lifecycle.play("site", [*wanted.options(**more), *options]), timeout=LONGEST)


def rollback(wanted: Wanted, **more: Any) -> Completed:
    """Runs the playbook that goes back to the generation before, with the variables of what the nodes ran then."""
    return run_command(lifecycle.play("rollback", wanted.options(**more)), timeout=LONGEST)


def starts(name: str) -> list[tuple[str, ...]]:
    """What each start of a node on a host said that it runs, the earliest first."""
    said = on(name, "journalctl --unit=erlang-guard --output=cat --no-pager | grep '^RUNS '").out
    return [tuple(re.findall(r'[^",{}]+', line.split(" ", 1)[1])) for line in said.splitlines()]


def started() -> dict[str, int]:
    """How often each node has said that it was started."""
    return {name: len(starts(name)) for name in rollout.EVERY}


def settled() -> bool:
    """Whether the example does its part on all hosts, after some time."""
    return wait_until(lambda: all(rollout.ready(name) for name in rollout.EVERY), 120)


def all_run(wanted: Wanted, names: Iterable[str] = rollout.EVERY) -> bool:
    """Whether what nodes said when they were started last is this. They say so when all of them is started, so that it may take a moment."""
    return wait_until(lambda: all(starts(name)[-1:] == [wanted.said] for name in names))


def running() -> set[tuple[str, ...]]:
    """What nodes said that they run when they were started last."""
    return {starts(name)[-1] for name in rollout.EVERY}


def only_whole(allowed: Collection[tuple[str, ...]], since: dict[str, int]) -> None:
    """Holds each node to this: since it had been started so often, it said nothing else of what it runs, and what it found at its last start was one
    generation, if it is up; it may take a moment, as a host goes on with what a run that is killed began there."""
    for name in rollout.EVERY:
        assert set(starts(name)[since[name] :]) <= set(allowed), (name, starts(name)[since[name] :])
    assert wait_until(lambda: all(map(_whole_if_up, rollout.EVERY)))


def _whole_if_up(name: str) -> bool:
    return number(name, WHOLE) is not None or on(name, "systemctl is-active --quiet erlang-guard").code != 0


def number(name: str, conditions: str = WHOLE + NEXT) -> int | None:
    """The generation that a node of a host was started as, None if it is not so that it found that one whole, or that a start would start it again."""
    done = on(name, conditions % {"code": CODE} + SAY)
    return int(done.out) if done.code == 0 else None


def processes() -> dict[str, str]:
    """The process of each node, and how often systemd started it again by itself."""
    shown = "systemctl show --property=MainPID --property=NRestarts --value erlang-guard | tr '\\n' ' '"
    return {name: on(name, shown).out for name in rollout.EVERY}


def converged(wanted: Wanted, **more: Any) -> Completed:
    """Has all nodes run what is wanted, all of them in one batch, and holds them to it here instead of in the run, which takes less time."""
    done = site(wanted, "--skip-tags=verify", **{"erlang_rollout_serial": len(rollout.EVERY), "erlang_rollout_settle": 5, **more})
    assert done.code == 0, done.out[-4000:]
    assert settled() and all_run(wanted)
    assert all(number(name) is not None for name in rollout.EVERY)
    return done


def words(done: Completed) -> str:
    """What a run said, whatever it was broken into lines by."""
    return " ".join(done.out.split())
