# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packet filter rules that let the edges of a topology through and nothing else to the distribution's ports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Rule = dict[str, Any]
Plan = dict[str, Any]

_LONGEST_COMMENT = 127  # nft(8), COMMENTS

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
        sources = _sources(topology, inventory)
        ports = [("listen_port", "distribution to %s" % node["node"])]
        if cluster["discovery"] == "epmd":
            ports.append(("epmd_port", "port mapper of %s" % node["node"]))
        hosts[inventory] = []
        for kind, comment in ports:
            listening = cluster["epmd_port"] if kind == "epmd_port" else node["listen_port"]
            reached = cluster["epmd_port"] if kind == "epmd_port" else node["port"]
            for address in node["addresses"]:
                rule = {"to": address, "protocol": "tcp", "from": sources, "comment": comment}
                hosts[inventory].append(dict(rule, port=listening))
                upstream.append(dict(rule, port=reached))
    return {"hosts": hosts, "upstream": upstream}


def _sources(topology: Mapping[str, Any], inventory: str) -> list[str]:
    """Addresses that connections to a node come from, in an order that does not depend on the inventory's."""
    origins = [edge["from"] for edge in topology["edges"] if edge["to"] == inventory]
    return sorted({source for origin in origins for source in topology["nodes"][origin]["sources"]})


def _split(addresses: Sequence[str]) -> dict[str, list[str]]:
    """Addresses by the name nftables has for their protocol."""
    return {
        "ip": [address for address in addresses if ":" not in address],
        "ip6": [address for address in addresses if ":" in address],
    }


def _set(values: Sequence[Any]) -> str:
    return "{ %s }" % ", ".join(str(value) for value in values)


def host_table(topology: Mapping[str, Any], inventory: str) -> str:
    """The nftables table of one host: its peers may reach the node's ports, everybody else may not.

    The text deletes the table and makes it again in one transaction. It has no rule about any other port.

    A source may have so many connections as the nodes need that it stands for, so that who sits behind a peer's address
    cannot use up what the others need. On the host itself, and from it to its peers, only root and the accounts of nodes
    may open connections to the distribution's ports.

    Lines ``# accept ip ADDRESS PORT`` (or ``ip6``) say what other chains of the host have to accept (nft(8): a packet gets
    in only if every base chain of the hook accepts it), lines ``# account NAME`` whose connections may leave.
    """
    node = topology["nodes"][inventory]
    rules = plan(topology)["hosts"][inventory]
    numbers = sorted({rule["port"] for rule in rules} or {node["listen_port"]})
    ports = _set(numbers)
    peers = _split(_sources(topology, inventory))
    table = "inet %s" % node["layout"]["table"]
    lines = ["# Who may reach the node %s. Made by Ansible, role beam.tls_distribution.erlang_firewall." % node["node"]]
    lines += ["# account %s" % account for account in node["accounts"]]
    for protocol, addresses in peers.items():
        lines += ["# accept %s %s %d" % (protocol, address, port) for port in numbers for address in addresses]
    lines += ["table %s" % table, "delete table %s" % table, "table %s {" % table]
    places = _split(_places(topology, inventory))
    for number, kind, protocol in (("4", "ipv4_addr", "ip"), ("6", "ipv6_addr", "ip6")):
        lines += _named_set("peers" + number, "type %s" % kind, peers[protocol])
        lines += _named_set("places" + number, "type %s . inet_service" % kind, places[protocol])
        lines += _named_set("sources" + number, "type %s; size 65535; flags dynamic" % kind, [])
    lines += _named_set("accounts", "type uid", ["0"])
    lines += [
        "    chain input {",
        "        type filter hook input priority filter - 5; policy accept;",
        "        tcp dport != %s accept" % ports,
        '        iifname "lo" accept',
        *_limits(topology, inventory, ports),
        "        ip saddr @peers4 tcp dport %s accept" % ports,
        "        ip6 saddr @peers6 tcp dport %s accept" % ports,
        "        tcp dport %s counter drop" % ports,
        "    }",
        "    chain output {",
        "        type filter hook output priority filter - 5; policy accept;",
        "        tcp flags & (fin | syn | rst | ack) != syn accept",
        "        meta skuid @accounts accept",
        "        fib daddr type local tcp dport %d counter reject with tcp reset" % node["listen_port"],
        "        ip daddr . tcp dport @places4 counter reject with tcp reset",
        "        ip6 daddr . tcp dport @places6 counter reject with tcp reset",
        "    }",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _named_set(name: str, kind: str, elements: Sequence[str]) -> list[str]:
    lines = ["    set %s {" % name, "        %s" % kind]
    if elements:
        lines.append("        elements = %s" % _set(elements))
    return [*lines, "    }"]


def _places(topology: Mapping[str, Any], inventory: str) -> list[str]:
    """Where the distribution of a host's node and of its peers is reached: addresses with ports, as nftables joins them."""
    targets = [inventory, *(edge["to"] for edge in topology["edges"] if edge["from"] == inventory)]
    nodes = [topology["nodes"][target] for target in targets]
    return sorted({"%s . %d" % (address, node["port"]) for node in nodes for address in node["addresses"]})


def _limits(topology: Mapping[str, Any], inventory: str, ports: str) -> list[str]:
    """Rules that drop what goes beyond the connections that a source needs, by how many nodes it stands for."""
    origins = [edge["from"] for edge in topology["edges"] if edge["to"] == inventory]
    count: dict[str, int] = {}
    for origin in origins:
        for source in topology["nodes"][origin]["sources"]:
            count[source] = count.get(source, 0) + 1
    lines = []
    for nodes in sorted(set(count.values())):
        for protocol, sources in _split(sorted(source for source in count if count[source] == nodes)).items():
            if sources:
                lines.append(
                    "        %s saddr %s tcp dport %s ct state new add @sources%s { %s saddr ct count over %d } counter drop"
                    % (
                        protocol, _set(sources), ports, "4" if protocol == "ip" else "6", protocol,
                        min(nodes * CONNECTIONS_PER_NODE, MOST_CONNECTIONS),
                    )
                )  # fmt: skip
    return lines


def router_chain(topology: Mapping[str, Any]) -> str:
    """The upstream rules as nftables chains, to be included in a router's own table; the first is jumped to when it forwards.

    Addresses and ports of the destination are those that the connection was opened to (nft(8), CT EXPRESSIONS,
    ``original``), so that the rules hold with and without translation of the destination. Where a connection comes from
    is known only behind the translation of sources, which happens after forwarding: the first chain accepts what is for a
    node, and the second, which the kernel calls after the translation, drops what is not from one of its peers.
    """
    name = "erlang_%s" % topology["cluster"]["name"]
    lines = [
        "# What firewalls in front of the cluster '%s' have to let through." % topology["cluster"]["name"],
        "# A chain for new connections, to be used like this:",
        "#   table inet filter {",
        '#       include "upstream.nft"',
        "#       chain forward {",
        "#           type filter hook forward priority filter; policy drop;",
        "#           ct state established,related accept",
        "#           jump %s" % name,
        "#       }",
        "#   }",
        "# The second chain needs no jump. It holds each connection against its source as peers see it, behind a translation.",
        "chain %s {" % name,
    ]
    rules = [(rule, _split(rule["from"])[_protocol(rule["to"])]) for rule in plan(topology)["upstream"]]
    for rule, sources in rules:
        if sources:
            lines.append('    %s accept comment "%s"' % (_opened_to(rule), rule["comment"][:_LONGEST_COMMENT]))
    lines += ["}", "chain %s.sources {" % name, "    type filter hook postrouting priority 110; policy accept;"]
    for rule, sources in rules:
        if sources:
            lines.append(
                "    ct direction original %s %s saddr != %s counter drop" % (_opened_to(rule), _protocol(rule["to"]), _set(sources))
            )
    lines.append("}")
    return "\n".join(lines) + "\n"


def _protocol(address: str) -> str:
    """The name nftables has for the protocol of an address."""
    return "ip6" if ":" in address else "ip"


def _opened_to(rule: Rule) -> str:
    """The match of a connection by where it was opened to."""
    return "meta l4proto %s ct original %s daddr %s ct original proto-dst %s" % (
        rule["protocol"], _protocol(rule["to"]), rule["to"], rule["port"],
    )  # fmt: skip


def table(topology: Mapping[str, Any]) -> str:
    """The upstream rules as a table for people: from, to, port, what for."""
    rows = [("FROM", "TO", "PORT", "FOR")]
    for rule in plan(topology)["upstream"]:
        for source in rule["from"]:
            rows.append((source, rule["to"], "%s/%s" % (rule["port"], rule["protocol"]), rule["comment"]))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join("%-*s  %-*s  %-*s  %s" % (widths[0], a, widths[1], b, widths[2], c, d) for a, b, c, d in rows)
