# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes that nodes cannot have one by one: refused before a host is touched, and done by a stop and start of all at once where the user says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from lab import changes, rollout
from lab.changes import Wanted
from lab.commands import on, play_behind_the_same_routers
from lab.settings import HOSTS

FIRST = Wanted(1)
AGREED = {"erlang_rollout_together": True, "erlang_rollout_settle": 3}
SINCE = "systemctl show --value --property=%s erlang-guard"


def brought_back() -> None:
    """Has all nodes run the first one of what is wanted, whatever they were brought to."""
    done = changes.site(FIRST, **AGREED)
    assert done.code == 0, done.out[-4000:]
    assert changes.settled() and changes.all_run(FIRST)


@pytest.fixture(scope="module")
def left_whole() -> Iterator[None]:
    """What the tests of this file leave behind them."""
    yield
    brought_back()


@pytest.fixture
def base(left_whole: None) -> None:
    """What each of them begins with."""
    brought_back()


def times(which: str) -> list[int]:
    """When the service of each host last did something, in microseconds of the clock that all of them share."""
    return [int(on(name, SINCE % which).out) for name in rollout.EVERY]


def listens() -> set[str]:
    """On which ports nodes listen since they started."""
    return {on(name, "sed -n 's/^listens //p' /run/erlang-guard/generation").out.strip() for name in rollout.EVERY}


@pytest.mark.parametrize(
    ("change", "said", "port"),
    [
        ({"erlang_cluster_port": 4380}, "their port of the distribution changes from 4370 to 4380", "4380"),
        ({"erlang_node_tls_versions": ["tlsv1.2"]}, "they would have no TLS version in common with nodes that run with tlsv1.3", "4370"),
    ],
)
def test_a_change_that_cannot_be_mixed(base: None, change: dict[str, Any], said: str, port: str) -> None:
    before, running = changes.started(), times("ActiveEnterTimestampMonotonic")
    refused = changes.site(FIRST, **change)
    words = changes.words(refused)
    assert refused.code != 0 and "No host was changed." in words and said in words and "erlang_rollout_together: true" in words
    assert not re.search(r"changed=[1-9]", words)
    assert times("ActiveEnterTimestampMonotonic") == running and listens() == {"4370"}
    done = changes.site(FIRST, **change, **AGREED)
    assert done.code == 0, done.out[-4000:]
    assert "all together" in changes.words(done)
    assert changes.settled() and listens() == {port}
    assert {name: count - before[name] for name, count in changes.started().items()} == dict.fromkeys(rollout.EVERY, 1)
    changes.only_whole({FIRST.said}, before)
    # Nobody was up again while another one had not yet stopped.
    assert max(times("InactiveEnterTimestampMonotonic")) < min(times("InactiveExitTimestampMonotonic"))
    again = changes.site(FIRST, **change)
    assert again.code == 0 and not re.search(r"changed=[1-9]", changes.words(again)), again.out[-4000:]


def test_another_port_with_which_nodes_are_not_healthy(base: None) -> None:
    """All go back to what they ran, where their peers look for them, which is the former port, and the next run leaves nothing of the new one."""
    more = {**AGREED, "erlang_rollout_timeout": 20, "erlang_cluster_port": 4380, "erlang_rollout_health": {"command": ["false"]}}
    done = play_behind_the_same_routers("site", *FIRST.options(**more))
    assert done.code != 0 and changes.words(done).count("again, and is healthy with it.") >= len(rollout.EVERY), done.out[-4000:]
    assert listens() == {"4370"} and changes.settled()
    done = changes.site(FIRST)
    assert done.code == 0, done.out[-4000:]
    for name in rollout.EVERY:
        assert on(name, "nft list table inet erlang_guard | grep -q 4380").code != 0, name


def test_nodes_that_were_not_stopped_meet_where_they_are(base: None) -> None:
    """What is done before them fails when all is prepared: where nodes look for each other, and what the packet filter lets in, is as it was."""
    running = times("ActiveEnterTimestampMonotonic")
    done = changes.site(FIRST, erlang_cluster_port=4380, erlang_rollout_before={"command": ["false"]}, **AGREED)
    assert done.code != 0 and "what is done before that failed" in changes.words(done), done.out[-4000:]
    assert times("ActiveEnterTimestampMonotonic") == running and listens() == {"4370"}
    # Two hosts of one network: the lab has opened its routers for the new port alone.
    assert on(HOSTS[2].name, "erlang-guard ping guard@%s" % HOSTS[3].fqdn).out.strip() == "pong"
    for name in rollout.EVERY:
        assert on(name, "grep -q '{listen_port, 4370}' /etc/erlang/guard/peers.config").code == 0, name
        assert on(name, "nft list table inet erlang_guard | grep -q 4380").code != 0, name


def test_the_same_change_by_way_of_both_needs_no_stop_of_all(base: None) -> None:
    """What the refusal tells to do instead."""
    before = changes.started()
    done = changes.site(FIRST, erlang_node_tls_versions=["tlsv1.3", "tlsv1.2"], erlang_rollout_settle=3)
    assert done.code == 0 and "all together" not in changes.words(done), done.out[-4000:]
    done = changes.site(FIRST, erlang_node_tls_versions=["tlsv1.2"], erlang_rollout_settle=3)
    assert done.code == 0 and "all together" not in changes.words(done), done.out[-4000:]
    assert {name: count - before[name] for name, count in changes.started().items()} == dict.fromkeys(rollout.EVERY, 2)
