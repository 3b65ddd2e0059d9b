# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands, their output in the lab's log, and progress for people."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path


class Failed(SystemExit):
    """A command that failed; the sentence names it, and its last lines follow."""


def run(argv: Sequence[object], text: str | None = None, check: bool = True, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a command with ``text`` as its input and returns how it ended. Raises :class:`Failed` if it failed and ``check``."""
    command = [str(argument) for argument in argv]
    ended = subprocess.run(
        command, input=text or "", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True, errors="replace", cwd=cwd
    )
    if check and ended.returncode:
        said = "\n".join(ended.stdout.splitlines()[-30:])
        raise Failed("lab: this ended with %d: %s\n%s" % (ended.returncode, " ".join(command), said))
    return ended


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Says what is being done, and how long it took."""
    begin = time.monotonic()
    print("lab: %-58s " % (title + " ..."), end="", flush=True)
    try:
        yield
    except BaseException:
        print("failed", flush=True)
        raise
    print("%.1f s" % (time.monotonic() - begin), flush=True)


@contextlib.contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Holds a lock; says so if it has to wait for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("lab: waiting for another %s to end" % what, flush=True)
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def become(argv: Sequence[object]) -> None:
    """Goes on as another command."""
    sys.stdout.flush()
    command = [str(argument) for argument in argv]
    os.execvp(command[0], command)
