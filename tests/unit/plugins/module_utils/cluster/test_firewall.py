# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.applications import Release
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.edges import mesh
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.firewall import nftables, plan
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.topology import Topology
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.topology import build as build_complete
from variables import with_defaults


def no_release(path: str) -> Release:
    pytest.fail(path)


def build(inventory: dict[str, dict[str, Any]], *readers: Any) -> Topology:
    return build_complete(with_defaults(inventory), *readers)


def topology(**variables: Any) -> Topology:
    hosts: dict[str, dict[str, Any]] = {
        "alpha": {"erlang_node_addresses": ["198.18.1.10"]},
        "bravo": {"erlang_node_addresses": ["198.18.2.10"], "erlang_node_sources": ["198.18.2.1", "198.18.2.10"]},
        "carol": {"erlang_node_addresses": ["198.18.3.10"]},
    }
    for given in hosts.values():
        given.update(erlang_cluster_name="guard-1", erlang_cluster_directory="/cluster", **variables)
    return build(hosts, lambda host: [], no_release)


def test_mesh_has_both_edges_of_every_pair() -> None:
    assert mesh(["a", "b", "c"]) == [{"from": source, "to": target} for source, target in ["ab", "ac", "ba", "bc", "ca", "cb"]]
    assert mesh(["a"]) == []


def test_plan_lists_the_sources_of_peers_and_nobody_else() -> None:
    planned = plan.plan(topology())
    assert planned["hosts"]["alpha"] == [
        {
            "to": "198.18.1.10",
            "port": 4370,
            "protocol": "tcp",
            "from": ["198.18.2.1", "198.18.2.10", "198.18.3.10"],
            "comment": "distribution to guard-1@alpha",
        }
    ]
    assert [rule["to"] for rule in planned["upstream"]] == ["198.18.1.10", "198.18.2.10", "198.18.3.10"]


def test_hosts_open_the_port_listened_on_and_routers_the_one_connected_to() -> None:
    planned = plan.plan(topology(erlang_cluster_discovery="map", erlang_node_port=5000, erlang_node_listen_port=4370))
    assert {rule["port"] for rule in planned["hosts"]["alpha"]} == {4370}
    assert {rule["port"] for rule in planned["upstream"]} == {5000}


def test_the_port_mapper_is_opened_only_where_it_is_used() -> None:
    assert {rule["port"] for rule in plan.plan(topology(erlang_cluster_discovery="epmd"))["upstream"]} == {
        4369,
        4370,
    }
    assert {rule["port"] for rule in plan.plan(topology())["upstream"]} == {4370}
    assert "tcp dport { 4369, 4370 } counter drop" in nftables.host_table(topology(erlang_cluster_discovery="epmd"), "alpha")


def test_host_table_touches_no_other_port_and_is_replaced_as_a_whole() -> None:
    lines = nftables.host_table(topology(), "alpha").splitlines()
    assert lines[1:5] == [
        "# account merl",
        "# accept ip 198.18.2.1 4370",
        "# accept ip 198.18.2.10 4370",
        "# accept ip 198.18.3.10 4370",
    ]
    assert lines[5:8] == [
        "table inet erlang_guard-1",
        "delete table inet erlang_guard-1",
        "table inet erlang_guard-1 {",
    ]
    text = "\n".join(lines)
    incoming, outgoing = (
        [line.strip() for line in text.partition(start)[2].partition("    }")[0].splitlines() if "dport" in line]
        for start in ("chain input", "chain output")
    )
    assert incoming[0] == "tcp dport != { 4370 } accept"
    assert incoming[-1] == "tcp dport { 4370 } counter drop"
    assert outgoing == [
        "fib daddr type local tcp dport 4370 counter reject with tcp reset",
        "ip daddr . tcp dport @places4 counter reject with tcp reset",
        "ip6 daddr . tcp dport @places6 counter reject with tcp reset",
    ]
    assert "elements = { 198.18.1.10 . 4370, 198.18.2.10 . 4370, 198.18.3.10 . 4370 }" in text


def test_a_source_has_as_many_connections_as_the_nodes_behind_it_need() -> None:
    shared = {"erlang_node_addresses": ["198.18.0.13"], "erlang_node_listen_port": 4390}
    wanted = {
        "alpha": {"erlang_node_addresses": ["198.18.1.10"]},
        "carol": {**shared, "erlang_node_port": 5001},
        "dave": {**shared, "erlang_node_port": 5002},
        "erin": {"erlang_node_addresses": ["198.18.4.10"]},
    }
    for given in wanted.values():
        given.update(erlang_cluster_directory="/cluster", erlang_cluster_discovery="map")
    limits = [
        line.strip() for line in nftables.host_table(build(wanted, lambda _: [], no_release), "alpha").splitlines() if "ct count" in line
    ]
    assert limits == [
        "ip saddr { 198.18.4.10 } tcp dport { 4370 } ct state new add @sources4 { ip saddr ct count over 512 } counter drop",
        "ip saddr { 198.18.0.13 } tcp dport { 4370 } ct state new add @sources4 { ip saddr ct count over 1024 } counter drop",
    ]


def test_a_node_alone_lets_nobody_in() -> None:
    alone = build(
        {"alpha": {"erlang_cluster_directory": "/c", "erlang_node_addresses": ["198.18.1.10"]}},
        lambda _: [],
        no_release,
    )
    text = nftables.host_table(alone, "alpha")
    assert "# accept" not in text and "198.18.1.10 . 4370" in text and text.count("elements") == 2
    assert "tcp dport { 4370 } counter drop" in text


def test_table_for_people() -> None:
    lines = plan.table(topology()).splitlines()
    assert lines[0].split() == ["FROM", "TO", "PORT", "FOR"]
    assert len(lines) == 1 + 3 + 2 + 3


@pytest.mark.parametrize("discovery", ["port", "epmd"])
def test_nft_takes_what_is_rendered(discovery: str, tmp_path: Path) -> None:
    """The oracle is nft itself, in a network namespace of its own."""
    wanted = topology(erlang_cluster_discovery=discovery)
    host, router = tmp_path / "host.nft", tmp_path / "router.nft"
    host.write_text(nftables.host_table(wanted, "alpha"))
    again = "table inet router\ndelete table inet router\n"
    router.write_text(again + "table inet router {\n%s}\n" % nftables.router_chain(wanted))
    script = 'nft -f "$1" && nft -f "$1" && nft -f "$2" && nft -f "$2" && nft list ruleset'
    become = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    command = ["unshare", "--net", *become, "sh", "-c", script, "sh", str(host), str(router)]
    # nft lies where an ordinary user's shell does not look.
    environment = {**os.environ, "PATH": "%s:/usr/sbin:/sbin" % os.environ["PATH"]}
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("chain input") == 1
    assert done.stdout.count("ct original ip daddr") == (6 if discovery == "port" else 12)
