# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Discovery through epmd, from hosts whose discovery was another, and back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab import lifecycle
from lab.commands import Completed, everywhere, on, play, play_behind_the_same_routers, report, run_command, wait_until
from lab.settings import HOSTS

EPMD = ("-e", "erlang_cluster_discovery=epmd")
TOGETHER = ("-e", "erlang_rollout_together=true")
"""Nodes that are found in different ways cannot be of one cluster."""

BEFORE_FAILS = ("-e", '{"erlang_rollout_before": {"command": ["false"]}}')
NEVER_HEALTHY = ("-e", '{"erlang_rollout_health": {"command": ["false"]}, "erlang_rollout_timeout": 20, "erlang_rollout_settle": 3}')


def listening_at(port: int) -> list[str]:
    """The hosts on which something listens at a port."""
    return [name for name, listening in everywhere("ss -Hltn").items() if ":%d " % port in listening.out]


def all_connected() -> bool:
    return all(answer.out.strip() == "3" for answer in everywhere("erlang-guard eval 'length(nodes()).'").values())


@pytest.fixture(scope="module", autouse=True)
def site() -> Iterator[Completed]:
    """The mesh with epmd; the way back is part of what is tested."""
    done = play("site", *EPMD)
    assert done.code == 0, done.out[-4000:]
    yield done
    refused = play("site")
    assert (
        refused.code != 0
        and "No host was changed." in refused.out
        and "discovery changes from 'epmd' to 'port'" in " ".join(refused.out.replace("''", "'").split())
    )
    back = play("site", *TOGETHER)
    assert back.code == 0, back.out[-4000:]
    assert not listening_at(4369)
    # The same way once more, as far as to what is done before the nodes are stopped: nobody can reach a port mapper yet.
    done = play("site", *EPMD, *TOGETHER, *BEFORE_FAILS)
    assert done.code != 0 and "what is done before that failed" in " ".join(done.out.split()), done.out[-4000:]
    assert not listening_at(4369)


def test_nothing_to_do_the_second_time() -> None:
    done = play("site", *EPMD)
    assert done.code == 0 and {name: done.changed[name] for name in (host.name for host in HOSTS)} == {host.name: 0 for host in HOSTS}


def test_edges_and_walls() -> None:
    found = report()
    assert found["ok"] is True and found["cluster"]["discovery"] == "epmd"
    assert {edge["state"] for edge in found["edges"]} == {"ok"} and len(found["edges"]) == 12
    assert {(wall["wall"], wall["state"]) for wall in found["walls"] if wall["wall"] == "epmd"} == {("epmd", "held")}


def test_nodes_connect_by_themselves() -> None:
    for host in HOSTS:
        assert wait_until(lambda name=host.name: on(name, "erlang-guard eval 'length(nodes()).'").out.strip() == "3", 60), host.name


def test_epmd_serves_the_node_and_listens_on_its_addresses_only() -> None:
    for host in HOSTS:
        listening = {line.split()[3] for line in on(host.name, "ss -Hltn sport = :4369").out.splitlines()}
        assert listening == {"127.0.0.1:4369", host.address + ":4369"}
        assert "guard" in on(host.name, "epmd -names").out


def test_epmd_is_asked_by_the_module() -> None:
    argv = [
        "ansible",
        "erlang",
        "--inventory=%s" % lifecycle.inventory.FILE,
        "-m",
        "beam.tls_distribution.epmd_info",
        "-a",
        "host=127.0.0.1",
    ]
    done = run_command(lifecycle.control(argv))
    assert done.code == 0 and done.out.count("4370") >= 4, done.out


def test_outsiders_do_not_reach_it() -> None:
    """From the internet and from the same network nothing answers at the port mapper's port; from a peer it does."""
    knock = "timeout 2 bash -c '</dev/tcp/%s/4369'"
    for place in ("stranger", "neighbour"):
        for host in HOSTS:
            assert run_command([*lifecycle.network.inside(place), "sh", "-c", knock % host.address]).code != 0
    assert on("alpha", knock % "198.18.3.20").code == 0


def test_nodes_that_were_not_stopped_are_found_by_it() -> None:
    """What is done before that fails when another discovery is prepared: nodes still find each other, also those that start anew.

    The routers are as before: they let through what nodes need that are found by the port mapper, which is more than others need.
    """
    done = play_behind_the_same_routers("site", *TOGETHER, *BEFORE_FAILS)
    assert done.code != 0 and "what is done before that failed" in " ".join(done.out.split()), done.out[-4000:]
    assert "guard" in on("alpha", "epmd -names").out
    assert on("alpha", "systemctl restart erlang-guard").code == 0
    assert wait_until(all_connected, 60)


def test_nodes_that_are_not_healthy_with_another_port_of_it_go_back_to_the_former() -> None:
    """Where they register again, and are found by nodes that start anew."""
    done = play_behind_the_same_routers(
        "site", *EPMD, "-e", "erlang_cluster_epmd_port=4379", *TOGETHER, *NEVER_HEALTHY, "--skip-tags=verify"
    )
    words = " ".join(done.out.split())
    assert done.code != 0 and words.count("again, and is healthy with it.") >= len(HOSTS), done.out[-4000:]
    assert listening_at(4369) == [host.name for host in HOSTS] and listening_at(4379) == []
    assert on("alpha", "systemctl restart erlang-guard").code == 0
    assert wait_until(all_connected, 60)


def test_nodes_that_are_not_healthy_go_back_to_it() -> None:
    """They need the port mapper again, and their peers have to reach it."""
    done = play_behind_the_same_routers("site", *TOGETHER, *NEVER_HEALTHY)
    words = " ".join(done.out.split())
    assert done.code != 0 and words.count("again, and is healthy with it.") >= len(HOSTS), done.out[-4000:]
    assert wait_until(all_connected, 60)
    done = play("site", *EPMD)
    assert done.code == 0, done.out[-4000:]
    done = play("site", *EPMD)
    assert done.code == 0 and not any(done.changed[host.name] for host in HOSTS), done.out[-4000:]
