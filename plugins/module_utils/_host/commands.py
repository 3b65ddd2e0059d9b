# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands of the host, run with a fixed environment and a limit on their time."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from typing import Callable, NamedTuple

SEARCH = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin")
"""Where commands are looked for behind the path of the caller, whose path may lack what only root uses."""

TIMEOUT = 120.0
"""Seconds that a command may take."""


MISSING = 127
"""The exit code where there is no such command."""


class Outcome(NamedTuple):
    """How a command ended: its exit code (127 where there is no such command, 124 where it took too long), and what it said."""

    code: int
    out: str
    err: str


Runner = Callable[[Sequence[str]], Outcome]
"""What runs a command and gives its outcome, so that tests can stand in for a host."""


def find(name: str) -> str | None:
    """The path of a command, or None where the host has none of that name."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *SEARCH]))


def run(argv: Sequence[str], timeout: float = TIMEOUT) -> Outcome:
    """Runs ``argv`` without a shell and without input, in the C locale, for at most ``timeout`` seconds."""
    path = find(argv[0])
    if path is None:
        return Outcome(MISSING, "", "%s: there is no such command" % argv[0])
    environment = {
        "PATH": os.pathsep.join(SEARCH),
        "LC_ALL": "C.UTF-8",
        "HOME": "/nonexistent",
    }
    try:
        ended = subprocess.run(
            [path, *argv[1:]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Outcome(124, "", "%s: no end after %g s" % (argv[0], timeout))
    return Outcome(ended.returncode, ended.stdout.decode("utf-8", "replace"), ended.stderr.decode("utf-8", "replace"))
