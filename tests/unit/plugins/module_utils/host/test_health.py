# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Collection

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import commands, health
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.health import Service, Unanswered

UP = Service("active", "a", 0)
STARTING = Service("activating", "a", 0)


class Node:
    """A node by what it is at which second."""

    def __init__(
        self,
        service: Callable[[float], Service] = lambda now: UP,
        connected: Callable[[float], Collection[str] | None] = lambda now: ("bravo",),
        objection: Callable[[float], str] = lambda now: "",
    ) -> None:
        self.now = 0.0
        self.asked = health.Asked(lambda: service(self.now), lambda: self._connected(connected), lambda: objection(self.now))

    def _connected(self, connected: Callable[[float], Collection[str] | None]) -> Collection[str]:
        found = connected(self.now)
        if found is None:
            raise Unanswered("does not answer")
        return found

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def wait(self, peers: Collection[str] = ("bravo",), timeout: float = 60, settle: float = 10) -> health.Outcome:
        return health.wait(self.asked, peers, timeout, settle, health.Clock(lambda: self.now, self._sleep))


def test_healthy_at_once_and_for_long_enough() -> None:
    assert Node().wait() == health.Outcome("", ("bravo",), 10)
    assert Node().wait(settle=0) == health.Outcome("", ("bravo",), 0)
    assert Node(connected=lambda now: ("carol", "bravo")).wait().connected == ("bravo", "carol")


def test_it_may_take_its_time_to_come_up() -> None:
    node = Node(
        lambda now: UP if now >= 5 else STARTING,
        lambda now: None if now < 8 else ("bravo",) if now >= 20 else (),
        lambda now: "its check says no" if now < 30 else "",
    )
    assert node.wait() == health.Outcome("", ("bravo",), 40)


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        (Node(lambda now: STARTING), "is not up: its service is activating"),
        (Node(connected=lambda now: None), "does not answer"),
        (Node(connected=lambda now: ()), "is not connected with bravo"),
        (Node(objection=lambda now: "its check says no"), "its check says no"),
        (Node(objection=lambda now: "" if now % 4 else "comes and goes"), "comes and goes"),
    ],
)
def test_not_healthy_in_time(node: Node, reason: str) -> None:
    outcome = node.wait()
    assert outcome.reason == reason and outcome.seconds == 60


def test_a_service_that_failed_is_not_waited_for() -> None:
    assert Node(lambda now: STARTING if now < 3 else Service("failed", "a", 0)).wait() == health.Outcome(
        "is not up: its service is failed", (), 3, False
    )


@pytest.mark.parametrize(
    ("later", "reason"),
    [
        (Service("active", "b", 1), "was up and ended within 20 s; systemd has started it again"),
        (Service("active", "b", 0), "was up and ended within 20 s; systemd has started it again"),
        (Service("activating", "a", 0), "was up and ended after 20 s: its service is activating"),
        (Service("failed", "a", 0), "was up and ended after 20 s: its service is failed"),
    ],
)
def test_one_that_ends_after_twenty_seconds(later: Service, reason: str) -> None:
    node = Node(lambda now: UP if now < 20 else later)
    assert node.wait(settle=30) == health.Outcome(reason, ("bravo",), 20, False)
    assert Node(lambda now: UP if now < 20 else later).wait(settle=10).reason == ""


def test_one_that_reloads_is_up() -> None:
    assert Node(lambda now: UP if now != 5 else Service("reloading", "a", 0)).wait().reason == ""


def test_many_missing_peers_are_one_sentence() -> None:
    reason = Node().wait(peers=["bravo", *("n%d" % number for number in range(1, 8))], timeout=0).reason
    assert reason == "is not connected with n1, n2, n3, n4 and 3 more"


def test_what_systemd_says() -> None:
    said = "ActiveState=active\nSubState=running\nResult=success\nInvocationID=0123\nNRestarts=2\n"
    assert health.service("erlang-guard.service", lambda argv: commands.Outcome(0, said, "")) == Service("active", "0123", 2)
    assert health.service("erlang-guard.service", lambda argv: commands.Outcome(1, "", "")) == Service("unknown", "", 0)
