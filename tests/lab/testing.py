# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All tests of the project, part by part, and their sum."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import NamedTuple

from lab import external_tools, lifecycle, releases, roots, sources
from lab.settings import CHECKOUT, DEFAULT_SUITE, HOSTS, NAME

CHECKS = ("unit", "lint", "sanity")
ORACLE_SUITES = ("bookworm", "trixie", "forky")
PATCH_SUITES = ("bullseye",)
"""Suites whose OTP is too old for a node of ours, but is patched and built."""
MIXED = {"build": ["trixie", "bookworm"], "suites": ["bookworm", "trixie", "forky"]}
"""Scenarios whose hosts are not of the usual suite."""
BESIDE = {"faults": ["bullseye"], "interrupted": ["bookworm"], "rollout": ["bookworm"]}
"""Scenarios that need the OTP of further suites."""
BUILT = {"build": ["bookworm", *(["trixie"] if os.environ.get("BEAM_LAB_COLD") else [])]}
"""Scenarios that need the sources of the OTP of suites. Neither can be fetched from where molecule runs."""
WITH_RELEASES = ("releases",)
"""Scenarios that need releases that boot themselves."""
PARTS = (*CHECKS, "erlang", "page", "prometheus", "vault", "oracle", "lab", "molecule")
LANES = 3 if (os.cpu_count() or 1) > 1 else 1
"""Jobs that go side by side. Roll-outs mostly wait for nodes that have to stay healthy, so that two of them leave two cores idle."""
LONG = (
    "rollout",
    "build",
    "mesh",
    "interrupted",
    "faults",
    "oracle",
    "discovery",
    "sanity",
    "growth",
    "releases",
    "unit",
    "walls",
    "suites",
    "erlang",
    "lab",
    "page",
)
"""Jobs that take long, the longest first."""
_RUNNING: set[subprocess.Popen[str]] = set()
_PRINTING = threading.Lock()
_SUM = re.compile(r"^(\d+) passed, (\d+) failed$")
_PYTEST = re.compile(r"=+ (?=[^=]*\b(?:passed|failed|errors?)\b)[^=]* in [0-9.]+s")
_SECTION = re.compile(r"={3,} .* ={3,}$")
_FAILURES = re.compile(r"=+ (?:FAILURES|ERRORS) =+$")
_FAILED = re.compile(r"^(?:FAILED|ERROR) |\bFAILED [0-9.]+ s$|^lab: (?!.* \.\.\. )|^fatal: ")
_FAILURE_LINES = 150
"""As many of them as are shown again at the end, for each job."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


Job = tuple[str, ...]
"""What runs on its own: a part, or ``molecule`` and a scenario."""


class Sum(NamedTuple):
    """How many tests passed, and how many did not."""

    passed: int
    failed: int


class Result(NamedTuple):
    """How a job ended, and the seconds that it took."""

    job: Job
    outcome: Sum
    seconds: float
    failures: Sequence[str] = ()
    """What its output says of the tests that failed."""


def scenarios() -> list[str]:
    """The scenarios of molecule, by name."""
    found = [path.parent.name for path in sorted((CHECKOUT / "molecule").glob("*/molecule.yml"))]
    return [name for name in found if name != "default"]


def test(parts: Sequence[str]) -> int:
    """Runs the parts asked for, or all of them, and returns the exit code. The last line printed is ``N passed, N failed``.

    Scenarios may be named behind ``molecule``; by default it is all of them. What is more than one goes side by side, as many at a time as
    there are lanes: each lane has a lab of its own.
    """
    asked = [part for part in parts if part in PARTS] if parts else list(PARTS)
    named = [part for part in parts if part not in PARTS]
    for name in named:
        if "molecule" not in asked or name not in scenarios():
            known = "parts are %s; scenarios, behind molecule, are %s" % (", ".join(PARTS), ", ".join(scenarios()))
            raise SystemExit("lab: there is no part '%s' of the tests; %s" % (name, known))
    chosen = [("molecule", scenario) for scenario in named or scenarios()] if "molecule" in asked else []
    jobs: list[Job] = list(dict.fromkeys([*((part,) for part in asked if part != "molecule"), *chosen]))
    return _summary(side_by_side(jobs) if len(jobs) > 1 else [run_here(jobs[0])])


def run_here(job: Job) -> Result:
    """Runs a job here and now."""
    begin = time.monotonic()
    try:
        outcome = molecule(job[1]) if job[0] == "molecule" else check(job[0])
    except SystemExit as error:
        print(error, flush=True)
        outcome = Sum(0, 1)
    return Result(job, outcome, time.monotonic() - begin)


def side_by_side(jobs: Sequence[Job]) -> list[Result]:
    """Runs each job as a command of its own, as many at a time as there are lanes, those that take long first."""
    labs: SimpleQueue[str] = SimpleQueue()
    for number in range(LANES):
        labs.put("%s%d" % (NAME[:9], number) if number else NAME)

    def run(job: Job) -> Result:
        title, lab, begin = " ".join(job), labs.get(), time.monotonic()
        try:
            _print("==== %s ====" % title)
            code, lines = _run_shown([sys.executable, "-m", "lab", "test", *job], {**os.environ, "BEAM_LAB": lab}, title + " | ")
        finally:
            labs.put(lab)
        outcome = _outcome(code, _last_sum(lines))
        result = Result(job, outcome, time.monotonic() - begin, failures(lines) if outcome.failed else ())
        _print("==== %s: %d passed, %d failed in %.0f s ====" % (title, *result.outcome, result.seconds))
        return result

    with ThreadPoolExecutor(LANES) as lanes:
        begun = {job: lanes.submit(run, job) for job in sorted(jobs, key=lambda job: LONG.index(job[-1]) if job[-1] in LONG else len(LONG))}
        try:
            return [begun[job].result() for job in jobs]
        except BaseException:
            lanes.shutdown(wait=False, cancel_futures=True)
            _end_all()
            raise


def _summary(results: Sequence[Result]) -> int:
    if len(results) > 1:
        print("\n%-28s %8s %8s %8s" % ("part", "passed", "failed", "seconds"))
        for result in results:
            print("%-28s %8d %8d %8.0f" % (" ".join(result.job), *result.outcome, result.seconds))
        # Last, so that who sees but the end of a long run sees why it failed.
        for result in results:
            for line in result.failures:
                print("%s | %s" % (" ".join(result.job), line))
    total = Sum(sum(result.outcome.passed for result in results), sum(result.outcome.failed for result in results))
    print("%d passed, %d failed" % total, flush=True)
    return 0 if total.passed and not total.failed else 1


def failures(lines: Sequence[str]) -> list[str]:
    """Of the output of a job, what it says of tests that failed: pytest's section on them, and each check or test that is named as failed."""
    found: list[str] = []
    inside = False
    for line in lines:
        # Molecule shows what it runs behind a bar.
        plain = line.lstrip(" │")
        if _SECTION.match(plain):
            inside = bool(_FAILURES.match(plain))
        if inside or _FAILED.search(plain):
            found.append(line)
    return found[-_FAILURE_LINES:]


def check(part: str) -> Sum:
    """A part that needs no lab of its own."""
    environment = dict(os.environ)
    if part == "oracle":
        environment["BEAM_ORACLE_ROOTS"] = ";".join(map(workshop, ORACLE_SUITES))
        environment["BEAM_ORACLE_PATCH_ROOTS"] = ";".join(map(workshop, PATCH_SUITES))
        environment["BEAM_OTP_SOURCES"] = ";".join(str(sources.tree(suite)) for suite in (*PATCH_SUITES, *ORACLE_SUITES))
    elif part == "erlang":
        environment["BEAM_ORACLE_ROOTS"] = ";".join(map(workshop, ORACLE_SUITES))
        environment["BEAM_DIALYZER_ROOT"] = workshop(DEFAULT_SUITE)
        environment["BEAM_DIALYZER"] = str(external_tools.dialyzer(DEFAULT_SUITE, workshop(DEFAULT_SUITE)))
    elif part == "page":
        external_tools.install_browser()
    elif part == "prometheus":
        environment["PATH"] = "%s:%s" % (external_tools.promtool(), environment["PATH"])
    elif part == "vault":
        environment["PATH"] = "%s:%s" % (external_tools.vault(), environment["PATH"])
    code, lines = _run_shown([sys.executable, str(CHECKOUT / "tests" / "ground" / "run"), part], environment)
    return _outcome(code, _last_sum(lines))


def _last_sum(lines: Sequence[str]) -> Sum:
    """What the last line that says so counts."""
    matches = [match for match in map(_SUM.match, lines) if match]
    return Sum(int(matches[-1].group(1)), int(matches[-1].group(2))) if matches else Sum(0, 0)


def workshop(suite: str) -> str:
    """The layers of a root file system with OTP, the topmost first."""
    return "%s:%s" % (roots.workshop(suite), roots.bare(suite))


def molecule(scenario: str) -> Sum:
    """A scenario of molecule on the lab's hosts; its tests, and its sequence of playbooks as one more."""
    for suite in BESIDE.get(scenario, ()):
        roots.with_otp(suite)
    for suite in BUILT.get(scenario, ()):
        sources.archive(suite)
    if scenario in WITH_RELEASES:
        releases.archives(DEFAULT_SUITE)
    # Bare hosts and open routers for each scenario; molecule itself remembers what it once prepared, and would not do so again.
    try:
        if not lifecycle.up(MIXED.get(scenario, [DEFAULT_SUITE]), nodes=len(HOSTS)):
            lifecycle.reset([])
        lifecycle.open_routers([])
        argv = ["molecule", "test", "--destroy=never", "--scenario-name", scenario]
        # Molecule breaks lines to the width it is told of.
        code, lines = _run_shown(lifecycle.control(argv), {**os.environ, "COLUMNS": "200"})
    finally:
        lifecycle.down()
    passed = failed = 0
    for line in lines:
        if _PYTEST.search(line):
            counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|errors?)", line)}
            passed += counts.get("passed", 0)
            failed += sum(number for word, number in counts.items() if word != "passed")
    return _outcome(code, Sum(passed + (code == 0), failed))


def _outcome(code: int, result: Sum) -> Sum:
    """A part that failed, or that tested nothing, counts as one failure at least."""
    return result if result.failed or (code == 0 and result.passed) else Sum(result.passed, 1)


def _run_shown(argv: list[str], environment: dict[str, str], prefix: str = "") -> tuple[int, list[str]]:
    """Runs a command, shows what it says as it says it, each line behind ``prefix``, and returns its exit code and its lines."""
    process = subprocess.Popen(
        argv,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        cwd=CHECKOUT,
        env=environment,
        start_new_session=True,
    )
    _RUNNING.add(process)
    lines = []
    try:
        for line in process.stdout or ():
            _print(prefix + line)
            lines.append(_COLOUR.sub("", line.rstrip()))
        return process.wait(), lines
    except KeyboardInterrupt:
        _end_all()
        raise
    finally:
        _RUNNING.discard(process)


def _print(line: str) -> None:
    """Shows a line whole, whatever other lanes say at the same time."""
    with _PRINTING:
        sys.stdout.write(line if line.endswith("\n") else line + "\n")
        sys.stdout.flush()


def _end_all() -> None:
    """Ends the commands that run, each with all that it started, and waits for them."""
    for process in list(_RUNNING):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()
