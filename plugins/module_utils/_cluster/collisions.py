# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the nodes of a cluster must not share, and what they have to agree on: names, places and ports.

What nodes on one machine must not share: ``machines.py``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InventoryFault, shown

_HIGHEST_PORT = 65535

Nodes = Mapping[str, Mapping[str, Any]]


def check(nodes: Nodes, cluster: Mapping[str, Any], faults: list[InventoryFault]) -> None:
    """Add to ``faults`` what is wrong between nodes; ``cluster`` are the variables that are the same for all."""
    _check_names(nodes, faults)
    _check_addresses(nodes, cluster, faults)
    _check_ports(nodes, cluster, faults)


def _check_names(nodes: Nodes, faults: list[InventoryFault]) -> None:
    by_node: dict[str, list[str]] = {}
    for inventory, node in nodes.items():
        by_node.setdefault(node["node"].lower(), []).append(inventory)
    for hosts in by_node.values():
        if len(hosts) > 1:
            node = nodes[hosts[0]]
            problem = "makes each of them the node %s" % node["node"]
            fix = "give each node an erlang_node_host or erlang_node_name of its own"
            faults.append(InventoryFault(tuple(hosts), "erlang_node_host", node["host"], problem, fix))
    long = [inventory for inventory, node in nodes.items() if "." in node["host"]]
    short = [inventory for inventory, node in nodes.items() if "." not in node["host"]]
    if long and short:
        odd, rest, kind = (long, short, "short") if len(long) < len(short) else (short, long, "long")
        for inventory in odd:
            problem = "has %s, while %s on %s has %s" % (
                "no dot" if kind == "long" else "a dot",
                shown(nodes[rest[0]]["host"]),
                rest[0],
                "one" if kind == "long" else "none",
            )
            fix = "give all nodes host parts with a dot, or all without: long and short names cannot meet"
            faults.append(InventoryFault((inventory,), "erlang_node_host", nodes[inventory]["host"], problem, fix))


def _check_addresses(nodes: Nodes, cluster: Mapping[str, Any], faults: list[InventoryFault]) -> None:
    by_place: dict[tuple[str, int], list[str]] = {}
    loopback: list[tuple[str, str]] = []
    others = False
    for inventory, node in nodes.items():
        for address in node["addresses"]:
            by_place.setdefault((address, node["port"]), []).append(inventory)
            if ipaddress.ip_address(address).is_loopback:
                loopback.append((inventory, address))
            else:
                others = True
    for (address, port), hosts in by_place.items():
        if len(hosts) > 1:
            problem = "with port %s is the place of each of them" % port
            if cluster["erlang_cluster_discovery"] == "map":
                fix = "give each node an address or an erlang_node_port of its own"
            else:
                fix = "give each node an address of its own, or an erlang_node_port with erlang_cluster_discovery 'map'"
            faults.append(InventoryFault(tuple(hosts), "erlang_node_addresses", address, problem, fix))
    if others:
        for inventory, address in loopback:
            problem = "is the loopback, where no peer on another host reaches it"
            fix = "set erlang_node_addresses to the address that peers connect to"
            faults.append(InventoryFault((inventory,), "erlang_node_addresses", address, problem, fix))


def _check_ports(nodes: Nodes, cluster: Mapping[str, Any], faults: list[InventoryFault]) -> None:
    discovery = cluster["erlang_cluster_discovery"]
    for inventory, node in nodes.items():
        if discovery == "port" and node["port"] != cluster["erlang_cluster_port"] and 0 < node["port"] <= _HIGHEST_PORT:
            problem = "is not erlang_cluster_port (%s), where discovery 'port' looks for every node" % (cluster["erlang_cluster_port"])
            fix = "remove it, or set erlang_cluster_discovery to 'map'"
            faults.append(InventoryFault((inventory,), "erlang_node_port", node["port"], problem, fix))
        if discovery == "epmd" and node["listen_port"] != node["port"]:
            problem = "is not erlang_node_port (%s), and the port mapper can name only the port that is listened on" % (node["port"])
            fix = "remove it, or set erlang_cluster_discovery to 'map'"
            faults.append(InventoryFault((inventory,), "erlang_node_listen_port", node["listen_port"], problem, fix))
        if discovery == "epmd" and node["listen_port"] == cluster["erlang_cluster_epmd_port"]:
            problem = "is also the port mapper's (erlang_cluster_epmd_port)"
            faults.append(InventoryFault((inventory,), "erlang_node_listen_port", node["listen_port"], problem, "choose another"))
