# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the nodes of this scenario are to run, and what they say that they run."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any, NamedTuple

from lab import builds, lifecycle, rollout
from lab.commands import WITHOUT_WALLS, Completed, on, run_command, wait_until
from lab.settings import CACHE, CHECKOUT, RUN

LOAD = "/var/lib/merl/guard/load"
SUITE = "bookworm"
"""Whose OTP compiles the example: the older of the two."""
SUITES = {"25": "bookworm", "27": "trixie"}
"""The suite whose sources make an OTP."""
ERTS = {"25": "13.1.5", "27": "15.2.7"}
BUILT = CACHE / "otp-tests"
"""Where the scenario build leaves what it builds, and removes what it does not need."""
KEPT = CACHE / "otp-rollout"
"""Where what this scenario needs of it stays."""
FIGURES = RUN / "rollout.json"
LONGEST = 900.0
"""Seconds that a run may take, on a machine that has other things to do."""
SAYS = (
    'io:format("RUNS ~0p~n", [{element(2, application:get_env(guard, step)), hd(hd(element(2, init:get_argument(guard_step)))), '
    'os:getenv("GUARD_STEP"), element(2, application:get_key(guard, vsn)), erlang:system_info(version)}]).'
)
"""Written to the journal by every start of a node: what it has of its configuration, of its arguments, of its environment, release and OTP."""


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
            "erlang_otp_archive": str(archive(self.otp)),
            "erlang_otp_allow_below_floor": [version(otp) for otp in SUITES],
            "erlang_node_sys_config": {"guard": {"load": LOAD, "step": self.step}},
            "erlang_node_environment": {"GUARD_STEP": step},
            "erlang_node_vm_args": ["-guard_step", step, "-eval", SAYS],
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
        vsn = next((other for name, _old, other in rollout.RELEASES[self.release] if name == "guard.app"), '{vsn, "1.0.0"}')
        return (str(self.step), str(self.step), str(self.step), vsn.split('"')[1], ERTS[self.otp])


def version(otp: str) -> str:
    """The full version of an OTP."""
    return str(builds.variables(SUITES[otp])["erlang_otp_allow_below_floor"][0])


def archive(otp: str) -> Path:
    """An OTP that was built, kept in the cache: as the scenario build left it, or built where nobody has yet."""
    pattern = version(otp) + "-*.tar.gz"
    found = sorted(KEPT.glob(pattern))
    if not found:
        KEPT.mkdir(exist_ok=True)
        for built in sorted(BUILT.glob(pattern))[:1]:
            Path(shutil.copy(built, KEPT / (built.name + ".new"))).rename(KEPT / built.name)
        found = sorted(KEPT.glob(pattern)) or build(otp)
    return found[0]


def build(otp: str) -> list[Path]:
    """Builds an OTP for hosts as these are, into the cache."""
    path = RUN / "rollout-build.json"
    path.write_text(json.dumps({**builds.variables(SUITES[otp]), "erlang_otp_cache": str(KEPT)}))
    alone = str(CHECKOUT / "molecule" / "build" / "otp.yml")
    done = run_command(lifecycle.play(alone, ["--limit", "alpha", "-e", "@%s" % path]), timeout=3600)
    if done.code:
        raise AssertionError(done.out[-4000:])
    return sorted(KEPT.glob(version(otp) + "-*.tar.gz"))


def site(wanted: Wanted, **more: Any) -> Completed:
    """Runs the playbook that makes it so."""
    return run_command(lifecycle.play("site", wanted.options(**more)), timeout=LONGEST)


def starts(name: str) -> list[tuple[str, ...]]:
    """What each start of a node on a host said that it runs, the earliest first."""
    said = on(name, "journalctl --unit=erlang-guard --output=cat --no-pager | grep '^RUNS '").out
    return [tuple(re.findall(r'[^",{}]+', line.split(" ", 1)[1])) for line in said.splitlines()]


def settled() -> bool:
    """Whether the example does its part on all hosts, after some time."""
    return wait_until(lambda: all(rollout.ready(name) for name in rollout.EVERY), 120)


def all_run(wanted: Wanted) -> bool:
    """Whether what all nodes said when they were started last is this. They say so when all of them is started, so that it may take a moment."""
    return wait_until(lambda: all(starts(name)[-1:] == [wanted.said] for name in rollout.EVERY))
