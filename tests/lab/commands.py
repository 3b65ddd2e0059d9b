# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the scenarios' tests do with the lab: run playbooks, run commands on hosts, and read what came of it."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from lab import hosts, inventory, lifecycle
from lab.settings import HOSTS, RUN, host

REPORT = RUN / "erlang" / "guard" / "report" / "report.json"
CHANGED = re.compile(r"^(\w+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


WITHOUT_WALLS = {"erlang_verify_walls": [], "erlang_verify_outsiders_group": "nobody"}
"""Variables of a run that is not about walls, and so needs no outsiders: that saves a third of what its end takes."""


class Completed(NamedTuple):
    """How a command ended."""

    code: int
    out: str

    @property
    def changed(self) -> dict[str, int]:
        """Changed tasks of each host, from the recap of a playbook."""
        return {match[0]: int(match[2]) for match in CHANGED.findall(self.out)}


def run_command(argv: list[str], timeout: float = 300) -> Completed:
    """Runs a command to its end, both its outputs in one."""
    done = subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=timeout,
        check=False,
    )
    return Completed(done.returncode, COLOUR.sub("", done.stdout))


def answered(argv: list[str], question: str, answer: str, timeout: float = 300) -> Completed:
    """Runs a command in a terminal of its own, and types an answer when it has said what is asked for.

    Ansible throws away what was typed before it reads (tcflush in prompt_until of its Display), and it says the question before that. So the answer is
    typed again until more is said than its echo.
    """
    terminal, inside = pty.openpty()
    process = subprocess.Popen(["setsid", "--ctty", *argv], stdin=inside, stdout=inside, stderr=inside)
    os.close(inside)
    said, end, typed, asked = "", time.monotonic() + timeout, 0.0, re.compile(r"\s+".join(map(re.escape, question.split())))
    with os.fdopen(terminal, "r+b", buffering=0) as stream:
        while time.monotonic() < end:
            # The terminal of a process that has ended cannot be read any more.
            try:
                said += stream.read(4096).decode("utf-8", "replace") if select.select([stream], [], [], 1)[0] else ""
            except OSError:
                break
            found = asked.search(said)
            if found and not re.search(r"TASK|PLAY", said[found.end() :]) and time.monotonic() - typed > 2:
                stream.write(answer.encode() + b"\r")
                typed = time.monotonic()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    return Completed(process.wait(), COLOUR.sub("", said))


def play(name: str, *options: str) -> Completed:
    """Runs a playbook of the collection, or a file."""
    return run_command(lifecycle.play(name, options))


def play_behind_the_same_routers(name: str, *options: str) -> Completed:
    """Runs a playbook of the collection with the routers as they are, whatever the plan of these variables would have them let through."""
    return run_command(lifecycle.control(["ansible-playbook", "--inventory=%s" % inventory.FILE, lifecycle.playbook(name), *options]))


def on(name: str, command: str) -> Completed:
    """Runs a shell command on a host."""
    return run_command([*hosts.ssh(host(name)), command])


def everywhere(command: str) -> dict[str, Completed]:
    """Runs a shell command on every host."""
    return {known.name: on(known.name, command) for known in HOSTS}


def report() -> dict[str, Any]:
    """The report of the last verification."""
    found: dict[str, Any] = json.loads(REPORT.read_text())
    return found


def failed_walls() -> set[tuple[str, str, str]]:
    """The walls that do not hold in the last report: wall, from, to (a host's name)."""
    found = set()
    for wall in report()["walls"]:
        if wall["state"] != "held":
            found.add((wall["wall"], wall["from"], wall["to"]))
    return found


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> bool:
    """Whether a condition comes true within some time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.2)
    return condition()


def start_command(argv: list[str]) -> subprocess.Popen[bytes]:
    """A command that runs beside the test, and whose output nobody reads."""
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all that it started: Ansible's workers have sessions of their own, and would wait for it forever.

    Each is stopped before it is asked for its children, so that it gets no more of them.
    """
    tree = [process.pid]
    for pid in tree:
        with suppress(OSError):
            os.kill(pid, signal.SIGSTOP)
            tree += [int(child) for child in Path("/proc/%d/task/%d/children" % (pid, pid)).read_text().split()]
    for pid in tree:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


@contextmanager
def altered(name: str, command: str, back: str) -> Iterator[None]:
    """A host on which a shell command was run, until it is taken back by another."""
    done = on(name, command)
    if done.code:
        raise AssertionError("%s: %s" % (command, done.out))
    try:
        yield
    finally:
        undone = on(name, back)
        if undone.code:
            raise AssertionError("%s: %s" % (back, undone.out))
