# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who listens on which TCP port of this host. Source: proc_pid_net(5), proc_pid_fd(5)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

LISTENING = "0A"
"""State of a listening socket in ``/proc/net/tcp``."""

_SOCKET = re.compile(r"socket:\[(\d+)\]\Z")


def listening(table: str) -> dict[str, int]:
    """The ports of the listening sockets in the text of ``/proc/net/tcp`` or ``tcp6``, by the inodes of the sockets."""
    found = {}
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] == LISTENING:
            found[fields[9]] = int(fields[1].rpartition(":")[2], 16)
    return found


def ports() -> dict[str, int]:
    """The ports that are listened on, by the inodes of their sockets."""
    found: dict[str, int] = {}
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(path, encoding="ascii") as stream:
                found.update(listening(stream.read()))
        except OSError:
            continue
    return found


def inodes(process: int) -> set[str]:
    """The inodes of the sockets that a process holds; none where it is gone or not ours to see."""
    found = set()
    directory = "/proc/%d/fd" % process
    try:
        for name in os.listdir(directory):
            match = _SOCKET.match(os.readlink(os.path.join(directory, name)))
            if match:
                found.add(match.group(1))
    except OSError:
        pass
    return found


def holder(wanted: Iterable[str], likely: int = 0) -> int:
    """The process that holds a socket with one of the inodes, 0 where none is seen; ``likely`` is looked at first."""
    sought = set(wanted)
    for process in (*([likely] if likely else []), *_processes()):
        if sought & inodes(process):
            return process
    return 0


def program(process: int) -> str:
    """The name of a process's program, empty where it is gone."""
    try:
        with open("/proc/%d/comm" % process, encoding="utf-8", errors="replace") as stream:
            return stream.read().strip()
    except OSError:
        return ""


def _processes() -> Iterator[int]:
    return (int(name) for name in sorted(os.listdir("/proc")) if name.isdigit())
