# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who listens on which TCP port of this host. Source: proc_pid_net(5), proc_pid_fd(5), cgroups(7)."""

from __future__ import annotations

import ipaddress
import os
import pwd
import re
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

LISTENING = "0A"
"""State of a listening socket in ``/proc/net/tcp``."""

NOT_ACCEPTED = ("01", "08")
"""States of a connection that nobody has accepted yet: established, and closed by the other side."""

_SOCKET = re.compile(r"socket:\[(\d+)\]\Z")


class Listener(NamedTuple):
    """A listening socket: its inode, and the address and port that it is bound to."""

    inode: str
    address: str
    port: int


def listening(table: str) -> list[Listener]:
    """The listening sockets in the text of ``/proc/net/tcp`` or ``tcp6``."""
    found = []
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] == LISTENING:
            address, _colon, port = fields[1].rpartition(":")
            found.append(Listener(fields[9], _address(address), int(port, 16)))
    return found


def listeners() -> list[Listener]:
    """The listening sockets of this host."""
    return [each for text in _tables() for each in listening(text)]


def _tables() -> Iterator[str]:
    """The texts of ``/proc/net/tcp`` and ``tcp6``."""
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(path, encoding="ascii") as stream:
                text = stream.read()
        except OSError:
            continue
        yield text


def waiting(table: str, port: int) -> list[tuple[str, int]]:
    """The other ends, address and port, of connections that wait at a port to be accepted, in the text of ``/proc/net/tcp``
    or ``tcp6``: those that belong to no file yet.
    """
    found = []
    for line in table.splitlines()[1:]:
        fields = line.split()
        waits = len(fields) > 9 and fields[3] in NOT_ACCEPTED and fields[9] == "0"
        if waits and int(fields[1].rpartition(":")[2], 16) == port:
            address, _mark, other = fields[2].rpartition(":")
            found.append((_address(address), int(other, 16)))
    return found


def waiting_at(port: int) -> set[tuple[str, int]]:
    """The other ends of the connections that wait at a port of this host to be accepted."""
    return {end for text in _tables() for end in waiting(text, port)}


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


def holders(wanted: Iterable[str]) -> dict[str, int]:
    """The processes that hold the sockets with these inodes; a socket whose process is not seen is left out.

    Of several processes that hold one, as those do that were started for a socket of systemd, it is the first but
    systemd itself.
    """
    sought = set(wanted)
    found: dict[str, int] = {}
    for process in processes() if sought else ():
        for inode in sought & inodes(process):
            if found.get(inode, 1) == 1:
                found[inode] = process
    return found


def program(process: int) -> str:
    """The name of a process's program, empty where it is gone."""
    return _told(process, "comm").strip()


def account(process: int) -> str:
    """The account that a process runs as, its number where it has no name, empty where the process is gone."""
    try:
        number = os.stat("/proc/%d" % process).st_uid
    except OSError:
        return ""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def within(process: int, group: str) -> bool:
    """Tell whether a process belongs to a control group, as systemd names it, or to one below it; nobody does to none."""
    paths = [line.split(":", 2)[-1] for line in _told(process, "cgroup").splitlines()]
    return bool(group.strip("/")) and any(path == group or path.startswith(group + "/") for path in paths)


def processes() -> Iterator[int]:
    """The processes of this host, in order."""
    return iter(sorted(int(name) for name in os.listdir("/proc") if name.isdigit()))


def _told(process: int, name: str) -> str:
    try:
        with open("/proc/%d/%s" % (process, name), encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


def _address(digits: str) -> str:
    """An address as the kernel writes it: words of 32 bits, each in the byte order of the host."""
    words = [int(digits[position : position + 8], 16) for position in range(0, len(digits), 8)]
    packed = b"".join(word.to_bytes(4, sys.byteorder) for word in words)
    if len(packed) == 4:
        return str(ipaddress.IPv4Address(packed))
    found = ipaddress.IPv6Address(packed)
    return str(found.ipv4_mapped or found)
