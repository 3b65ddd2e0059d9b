# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who has to reach what, by the edges of a topology: for the packet filter of each host, and for the firewalls in front of the hosts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Rule = dict[str, Any]
Plan = dict[str, Any]

CONNECTIONS_PER_NODE = 512
MOST_CONNECTIONS = 2048
"""Connections that a source may have open to a node's ports, closing ones not counted, for each node that it stands for,
and at most. A node has one or two; while a mesh is verified, each host makes up to seven at a time to every node. The rest
is room for others behind the same address of a router, whose silent connections keep nobody out as long as they fit into
the queue of the node's listener (roles/erlang_node/vars/main.yml), of which one source gets no more than half.
"""


def plan(topology: Mapping[str, Any]) -> Plan:
    """The rules that the edges of a topology need.

    Returns ``hosts``, for each inventory name the rules of that host's own filter (ports as the node listens on), and
    ``upstream``, all rules for the firewalls in front of the hosts (addresses and ports as peers connect to). A rule
    holds ``to`` (address), ``port``, ``protocol``, ``from`` (addresses) and ``comment``.
    """
    cluster, nodes = topology["cluster"], topology["nodes"]
    hosts: dict[str, list[Rule]] = {}
    upstream: list[Rule] = []
    for inventory, node in nodes.items():
        origins = sources(topology, inventory)
        ports = [("listen_port", "distribution to %s" % node["node"])]
        if cluster["discovery"] == "epmd":
            ports.append(("epmd_port", "port mapper of %s" % node["node"]))
        hosts[inventory] = []
        for kind, comment in ports:
            listening = cluster["epmd_port"] if kind == "epmd_port" else node["listen_port"]
            reached = cluster["epmd_port"] if kind == "epmd_port" else node["port"]
            for address in node["addresses"]:
                rule = {"to": address, "protocol": "tcp", "from": origins, "comment": comment}
                hosts[inventory].append(dict(rule, port=listening))
                upstream.append(dict(rule, port=reached))
    return {"hosts": hosts, "upstream": upstream}


class HostPlan(NamedTuple):
    """What the packet filter of one host has to do.

    ``node`` is the node's name, ``listen_port`` the port that it listens on, ``ports`` all that peers have to reach on the host (the port mapper's
    too, where it is used), ``peers`` the addresses that they come from, ``limits`` how many connections each of these may have open.
    ``places`` are the addresses and ports of the distribution, of the host's node and of its peers, and ``accounts`` those that may open
    connections to them from this host, besides root.
    """

    node: str
    listen_port: int
    ports: list[int]
    peers: list[str]
    limits: dict[str, int]
    places: list[tuple[str, int]]
    accounts: list[str]


def host_plan(topology: Mapping[str, Any], inventory: str, further: Sequence[int] = ()) -> HostPlan:
    """The plan of one host of a topology; its peers may reach the ports ``further`` as well."""
    nodes, node = topology["nodes"], topology["nodes"][inventory]
    rules = plan(topology)["hosts"][inventory]
    targets = [inventory, *(edge["to"] for edge in topology["edges"] if edge["from"] == inventory)]
    return HostPlan(
        node=node["node"],
        listen_port=node["listen_port"],
        ports=sorted({*({rule["port"] for rule in rules} or {node["listen_port"]}), *further}),
        peers=sources(topology, inventory),
        limits=_limits(topology, inventory),
        places=sorted({(address, nodes[target]["port"]) for target in targets for address in nodes[target]["addresses"]}),
        accounts=list(node["accounts"]),
    )


def sources(topology: Mapping[str, Any], inventory: str) -> list[str]:
    """Addresses that connections to a node come from, in an order that does not depend on the inventory's."""
    origins = [edge["from"] for edge in topology["edges"] if edge["to"] == inventory]
    return sorted({source for origin in origins for source in topology["nodes"][origin]["sources"]})


def _limits(topology: Mapping[str, Any], inventory: str) -> dict[str, int]:
    """How many connections each source may have open: by the nodes that it stands for."""
    count: dict[str, int] = {}
    for origin in (edge["from"] for edge in topology["edges"] if edge["to"] == inventory):
        for source in topology["nodes"][origin]["sources"]:
            count[source] = count.get(source, 0) + 1
    return {source: min(nodes * CONNECTIONS_PER_NODE, MOST_CONNECTIONS) for source, nodes in count.items()}


def table(topology: Mapping[str, Any]) -> str:
    """The upstream rules as a table for people: from, to, port, what for."""
    rows = [("FROM", "TO", "PORT", "FOR")]
    for rule in plan(topology)["upstream"]:
        for source in rule["from"]:
            rows.append((source, rule["to"], "%s/%s" % (rule["port"], rule["protocol"]), rule["comment"]))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join("%-*s  %-*s  %-*s  %s" % (widths[0], a, widths[1], b, widths[2], c, d) for a, b, c, d in rows)
