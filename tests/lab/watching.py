# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which nodes of the lab are there while something is done to them: seen from outside, several times a second, and asked of nobody.

A host's sockets are read in its own network namespace (``/proc/PID/net/tcp``, proc(5)), which costs no process and no connection.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from lab import hosts
from lab.settings import HOSTS, PORT, Host

INTERVAL = 0.1
"""Seconds between two looks."""
_ESTABLISHED, _LISTEN = "01", "0A"


class Look(NamedTuple):
    """What was seen at a moment: the hosts whose node listens, and of each the hosts that it is connected with."""

    at: float
    connected: dict[str, frozenset[str]]


class Seen(NamedTuple):
    """What came of looking: how many nodes there were at the least, the longest time with fewer than all but one, and when each was away.

    A node is there if it listens and is connected with all nodes but one at least. ``away`` are seconds, one for each time that it did not listen.
    """

    fewest: int
    short: float
    away: dict[str, list[float]]


class Watching:
    """Looks at the nodes of hosts for as long as its context lasts."""

    def __init__(self, every: Sequence[Host] = HOSTS) -> None:
        self._hosts = every
        self._names = {address: host.name for host in every for address in (host.address,)}
        self._pids: dict[str, int] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)
        self.looks: list[Look] = []

    def __enter__(self) -> Watching:
        self.looks.append(self._look())
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end.set()
        self._thread.join()

    @property
    def seen(self) -> Seen:
        """What was seen until now."""
        return seen(list(self.looks), [host.name for host in self._hosts])

    def _look_on(self) -> None:
        while not self._end.wait(INTERVAL):
            look = self._look()
            # What did not change is the same look, but for the last one, which says until when.
            if len(self.looks) > 1 and self.looks[-1].connected == self.looks[-2].connected == look.connected:
                self.looks[-1] = look
            else:
                self.looks.append(look)

    def _look(self) -> Look:
        found = {}
        for host in self._hosts:
            sockets = self._sockets(host)
            if sockets is not None:
                found[host.name] = sockets
        return Look(time.monotonic(), found)

    def _sockets(self, host: Host) -> frozenset[str] | None:
        """The hosts that one is connected with, None if its node does not listen."""
        with suppress(OSError):
            return connections(self._table(host), self._names)
        self._pids.pop(host.name, None)
        return None

    def _table(self, host: Host) -> str:
        """The sockets of a host. Raises ``OSError`` where it does not run."""
        if host.name not in self._pids:
            outer = hosts.pid(host)
            children = Path("/proc/%d/task/%d/children" % (outer, outer)).read_text().split() if outer else []
            if not children:
                raise ProcessLookupError(host.name)
            self._pids[host.name] = int(children[0])
        return Path("/proc/%d/net/tcp" % self._pids[host.name]).read_text()


def connections(table: str, names: dict[str, str]) -> frozenset[str] | None:
    """Of a ``/proc/PID/net/tcp``, who is connected at the distribution's port on either side, by name; None if nobody listens there."""
    listens, found = False, set()
    for line in table.splitlines()[1:]:
        _number, local, remote, state = line.split()[:4]
        address, port = remote.split(":")
        if state == _LISTEN and int(local.split(":")[1], 16) == PORT:
            listens = True
        elif state == _ESTABLISHED and PORT in (int(local.split(":")[1], 16), int(port, 16)):
            # In the byte order of the machine.
            found.add(names.get(socket.inet_ntoa(struct.pack("=I", int(address, 16))), ""))
    return frozenset(found - {""}) if listens else None


def seen(looks: Sequence[Look], names: Sequence[str]) -> Seen:
    """What looks add up to. Between two looks it is as the earlier one says."""
    fewest, short, since = len(names), 0.0, None
    away: dict[str, list[float]] = {name: [] for name in names}
    gone: dict[str, float] = {}
    for look in looks:
        there = sum(len(peers) >= len(names) - 2 for peers in look.connected.values())
        fewest = min(fewest, there)
        if since is not None:
            short = max(short, look.at - since)
        if there >= len(names) - 1:
            since = None
        elif since is None:
            since = look.at
        for name in names:
            if name not in look.connected:
                gone.setdefault(name, look.at)
            elif name in gone:
                away[name].append(look.at - gone.pop(name))
    for name, begun in gone.items():
        away[name].append(looks[-1].at - begun)
    return Seen(fewest, short, away)
