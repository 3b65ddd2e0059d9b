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
    """Addresses that connections to a node come from."""
    found: list[str] = []
    for edge in topology["edges"]:
        if edge["to"] == inventory:
            found += [source for source in topology["nodes"][edge["from"]]["sources"] if source not in found]
    return found


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

    The text deletes the table and makes it again in one transaction. It has no rule about any other port. Lines
    ``# accept ip MATCH`` (or ``ip6``) say what other chains of the host have to accept (nft(8): a packet gets in only
    if every base chain of the hook accepts it).
    """
    node = topology["nodes"][inventory]
    rules = plan(topology)["hosts"][inventory]
    ports = _set(sorted({rule["port"] for rule in rules} or {node["listen_port"]}))
    peers = _split(_sources(topology, inventory))
    table = "inet %s" % node["table"]
    lines = ["# Who may reach the node %s. Made by Ansible, role beam.tls_distribution.erlang_firewall." % node["node"]]
    for protocol, addresses in peers.items():
        if addresses:
            lines.append("# accept %s %s saddr %s tcp dport %s" % (protocol, protocol, _set(addresses), ports))
    lines += ["table %s" % table, "delete table %s" % table, "table %s {" % table]
    for name, kind, protocol in (("peers4", "ipv4_addr", "ip"), ("peers6", "ipv6_addr", "ip6")):
        lines += ["    set %s {" % name, "        type %s" % kind]
        if peers[protocol]:
            lines.append("        elements = %s" % _set(peers[protocol]))
        lines.append("    }")
    lines += [
        "    chain input {",
        "        type filter hook input priority filter - 5; policy accept;",
        "        tcp dport != %s accept" % ports,
        '        iifname "lo" accept',
        "        ip saddr @peers4 tcp dport %s accept" % ports,
        "        ip6 saddr @peers6 tcp dport %s accept" % ports,
        "        tcp dport %s counter drop" % ports,
        "    }",
        "}",
    ]
    return "\n".join(lines) + "\n"


def router_chain(topology: Mapping[str, Any]) -> str:
    """The upstream rules as an nftables chain, to be included in a router's own table and jumped to when it forwards.

    Addresses and ports of the destination are those that the connection was opened to (nft(8), CT EXPRESSIONS,
    ``original``), so that the rules hold with and without translation of the destination.
    """
    name = "erlang_%s" % topology["cluster"]["name"].replace("-", "_")
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
        "chain %s {" % name,
    ]
    for rule in plan(topology)["upstream"]:
        for protocol, sources in _split(rule["from"]).items():
            if sources:
                lines.append(
                    "    %s saddr %s meta l4proto %s ct original %s daddr %s ct original proto-dst %s"
                    ' accept comment "%s"'
                    % (
                        protocol,
                        _set(sources),
                        rule["protocol"],
                        "ip6" if ":" in rule["to"] else "ip",
                        rule["to"],
                        rule["port"],
                        rule["comment"][:_LONGEST_COMMENT],
                    )
                )
    lines.append("}")
    return "\n".join(lines) + "\n"


def table(topology: Mapping[str, Any]) -> str:
    """The upstream rules as a table for people: from, to, port, what for."""
    rows = [("FROM", "TO", "PORT", "FOR")]
    for rule in plan(topology)["upstream"]:
        for source in rule["from"]:
            rows.append((source, rule["to"], "%s/%s" % (rule["port"], rule["protocol"]), rule["comment"]))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join("%-*s  %-*s  %-*s  %s" % (widths[0], a, widths[1], b, widths[2], c, d) for a, b, c, d in rows)
