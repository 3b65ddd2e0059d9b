# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A program on a terminal of its own, whose keys and characters are handed on to and from the terminal of the caller.

A process that holds a terminal as its own may type into it (TIOCSTI, tty_ioctl(4)); into this one it types for itself alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
import tty
from collections.abc import Iterator, Mapping, Sequence
from types import FrameType

QUIET = 2.0
"""Seconds without a word after which a program whose input has ended is hung up."""

HEED = 5.0
"""Seconds that a program may take to end once its terminal is gone."""

_FIRST_FREE = 3
_PIECE = 65536


def run(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a program to its end, in a session and on a terminal of its own; return its exit status, 1 if a signal ended it."""
    child, master = pty.fork()
    if child == 0:
        _become(argv, environment)
    try:
        with _raw(0), _sized(master):
            _hand_on(master)
    finally:
        # Whoever is left on a terminal that is gone is hung up.
        os.close(master)
        status = _ended(child)
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 1


def _ended(child: int) -> int:
    """Return the status of a child that was hung up; one that does not heed it is killed."""
    end = time.monotonic() + HEED
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def _become(argv: Sequence[str], environment: Mapping[str, str]) -> None:
    try:
        os.closerange(_FIRST_FREE, os.sysconf("SC_OPEN_MAX") if os.sysconf("SC_OPEN_MAX") < _PIECE else _PIECE)
        os.execve(argv[0], list(argv), dict(environment))
    except OSError as error:
        os.write(2, ("%s: %s\n" % (argv[0], error.strerror)).encode("utf-8", "replace"))
    finally:
        os._exit(127)


def _hand_on(master: int) -> None:
    """Hand on what comes from either side, until the program has ended."""
    reading = [0, master]
    while True:
        ready, _writing, _other = select.select(reading, [], [], None if 0 in reading else QUIET)
        if not ready and 0 not in reading:
            return
        if master in ready:
            said = _read(master)
            if not said:
                return
            _write(1, said)
        if 0 in ready:
            typed = _read(0)
            if typed:
                _write(master, typed)
            else:
                reading.remove(0)


def _read(descriptor: int) -> bytes:
    """Return what has come, nothing at the end; a terminal that its program has left answers EIO."""
    try:
        return os.read(descriptor, _PIECE)
    except OSError:
        return b""


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


@contextlib.contextmanager
def _raw(descriptor: int) -> Iterator[None]:
    """Have the caller's terminal hand on keys as they are, if it is one."""
    if not os.isatty(descriptor):
        yield
        return
    before = termios.tcgetattr(descriptor)
    try:
        tty.setraw(descriptor)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSAFLUSH, before)


@contextlib.contextmanager
def _sized(master: int) -> Iterator[None]:
    """Keep the terminal as large as the caller's."""

    def resize(_number: int = 0, _frame: FrameType | None = None) -> None:
        with contextlib.suppress(OSError):
            size = fcntl.ioctl(1, termios.TIOCGWINSZ, struct.pack("4H", 0, 0, 0, 0))
            fcntl.ioctl(master, termios.TIOCSWINSZ, size)

    resize()
    before = signal.signal(signal.SIGWINCH, resize)
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)
