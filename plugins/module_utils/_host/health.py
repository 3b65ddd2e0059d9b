# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a node that was started is healthy, and stays so: its service is up and is not started again, it answers, it is connected with
those that it is to be connected with, and the user's own check of it is true.

Source: systemctl(1) ``show``; systemd.service(5) (``NRestarts``, ``InvocationID``): a service of ``Type=notify`` that is up may end the next moment.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.change import UP
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.commands import Runner
from ansible_collections.beam.tls_distribution.plugins.module_utils._system import systemd

INTERVAL = 1.0
"""Seconds between two looks."""

_PROPERTIES = "ActiveState,SubState,Result,InvocationID,NRestarts"


class Service(NamedTuple):
    """What systemd says of a service: whether it is up, which start of it this is, and how often systemd has started it again by itself."""

    state: str
    start: str
    restarts: int

    @property
    def active(self) -> bool:
        """Whether it is up. One that reloads is."""
        return self.state in UP


class Asked(NamedTuple):
    """How the host is asked: for its service, for the nodes that the node is connected with (raises Unanswered), and for what the user's own
    check has against the node (empty if nothing)."""

    service: Callable[[], Service]
    connected: Callable[[], Collection[str]]
    objection: Callable[[], str]


class Clock(NamedTuple):
    """What time it is, in seconds, and a wait of some seconds."""

    now: Callable[[], float]
    sleep: Callable[[float], None]


class Outcome(NamedTuple):
    """How it ended: ``reason`` says why the node is not healthy, as the rest of a sentence that begins with it; empty if it is.

    ``up`` is whether its service was up all the time since it was first seen so.
    """

    reason: str
    connected: tuple[str, ...]
    seconds: float
    up: bool = True


class Unanswered(Exception):
    """The node gave no answer; the message says why, as the rest of a sentence that begins with the node."""


def service(unit: str, run: Runner) -> Service:
    """What systemd says of a unit."""
    found = systemd.properties(run(["systemctl", "show", "--property=" + _PROPERTIES, unit]).out)
    restarts = found.get("NRestarts", "")
    return Service(found.get("ActiveState", "unknown"), found.get("InvocationID", ""), int(restarts) if restarts.isdigit() else 0)


def wait(asked: Asked, peers: Collection[str], timeout: float, settle: float, clock: Clock) -> Outcome:
    """Waits until the node is healthy, for at most ``timeout`` seconds, and sees that it is so for the next ``settle`` seconds.

    A service that ends, or is started again by systemd, after it was up is not waited for. A connection or a check that comes and goes is,
    until the time is over. ``peers`` are the names of nodes that it has to be connected with.
    """
    begin = clock.now()
    first: Service | None = None
    since: float | None = None
    connected: Collection[str] = ()
    while True:
        seen = asked.service()
        if first is None and seen.active:
            first = seen
        if first is not None and (not seen.active or seen[1:] != first[1:]):
            return Outcome(_ended(seen, clock.now() - begin), tuple(sorted(connected)), clock.now() - begin, False)
        reason = ""
        if not seen.active:
            reason = "is not up: its service is %s" % seen.state
        else:
            try:
                connected = asked.connected()
                reason = _missing(peers, connected) or asked.objection()
            except Unanswered as error:
                reason = str(error)
        now = clock.now()
        since = None if reason else now if since is None else since
        if since is not None and now - since >= settle:
            return Outcome("", tuple(sorted(connected)), now - begin)
        if seen.state == "failed" or (since is None and now - begin >= timeout):
            return Outcome(reason, tuple(sorted(connected)), now - begin, seen.active)
        clock.sleep(INTERVAL)


def _ended(seen: Service, seconds: float) -> str:
    if not seen.active:
        return "was up and ended after %.0f s: its service is %s" % (seconds, seen.state)
    return "was up and ended within %.0f s; systemd has started it again" % seconds


def _missing(peers: Collection[str], connected: Collection[str]) -> str:
    lacking = sorted(set(peers) - set(connected))
    if not lacking:
        return ""
    shown = ", ".join(lacking[:4]) + (" and %d more" % (len(lacking) - 4) if len(lacking) > 4 else "")
    return "is not connected with %s" % shown
