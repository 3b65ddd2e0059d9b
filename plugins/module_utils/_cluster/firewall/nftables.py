# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The packet filter of nftables: a table for each node, and a chain for routers, as text (nft(8))."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.firewall.contract import FIREWALLD, UFW, Program, Wanted
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.firewall.plan import Rule, host_plan, plan

_SUMMARY = "program of the packet filter"
_LONGEST_COMMENT = 127  # nft(8), COMMENTS


def _split(addresses: Sequence[str]) -> dict[str, list[str]]:
    """Addresses by the name nftables has for their protocol."""
    return {
        "ip": [address for address in addresses if ":" not in address],
        "ip6": [address for address in addresses if ":" in address],
    }


def _set(values: Sequence[Any]) -> str:
    return "{ %s }" % ", ".join(str(value) for value in values)


def host_table(topology: Mapping[str, Any], inventory: str, further: Sequence[int] = ()) -> str:
    """The nftables table of one host: its peers may reach the node's ports and those of ``further``, everybody else may not.

    The text deletes the table and makes it again in one transaction. It has no rule about any other port.

    A source may have so many connections as the nodes need that it stands for, so that who sits behind a peer's address
    cannot use up what the others need. On the host itself, and from it to its peers, only root and the accounts of nodes
    may open connections to the distribution's ports.

    Lines ``# accept ip ADDRESS PORT`` (or ``ip6``) say what other chains of the host have to accept (nft(8): a packet gets
    in only if every base chain of the hook accepts it), lines ``# account NAME`` whose connections may leave.
    """
    wanted = host_plan(topology, inventory, further)
    ports = _set(wanted.ports)
    peers = _split(wanted.peers)
    table = "inet %s" % topology["nodes"][inventory]["layout"]["table"]
    lines = ["# Who may reach the node %s. Made by Ansible, role beam.tls_distribution.erlang_firewall." % wanted.node]
    lines += ["# account %s" % account for account in wanted.accounts]
    for protocol, addresses in peers.items():
        lines += ["# accept %s %s %d" % (protocol, address, port) for port in wanted.ports for address in addresses]
    lines += ["table %s" % table, "delete table %s" % table, "table %s {" % table]
    places = _places(wanted.places)
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
        *_limits(wanted.limits, ports),
        "        ip saddr @peers4 tcp dport %s accept" % ports,
        "        ip6 saddr @peers6 tcp dport %s accept" % ports,
        "        tcp dport %s counter drop" % ports,
        "    }",
        "    chain output {",
        "        type filter hook output priority filter - 5; policy accept;",
        "        tcp flags & (fin | syn | rst | ack) != syn accept",
        "        meta skuid @accounts accept",
        "        fib daddr type local tcp dport %d counter reject with tcp reset" % wanted.listen_port,
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


def _places(places: Sequence[tuple[str, int]]) -> dict[str, list[str]]:
    """Addresses with ports, as nftables joins them, by the name that it has for their protocol."""
    return _split(sorted("%s . %d" % place for place in places))


def _limits(limits: Mapping[str, int], ports: str) -> list[str]:
    """Rules that drop what goes beyond the connections that a source may have open."""
    lines = []
    for most in sorted(set(limits.values())):
        for protocol, sources in _split(sorted(source for source in limits if limits[source] == most)).items():
            if sources:
                lines.append(
                    "        %s saddr %s tcp dport %s ct state new add @sources%s { %s saddr ct count over %d } counter drop"
                    % (protocol, _set(sources), ports, "4" if protocol == "ip" else "6", protocol, most)
                )
    return lines


def keeper(node: Mapping[str, Any], changed: Collection[str]) -> str:
    """The state that the unit of the filter's keeper is to be brought to, as ``systemd_service`` calls it, once the files ``changed`` were written: it is
    restarted with another program alone.
    """
    return "restarted" if node["layout"]["firewall_program"] in changed else "started"


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


class Nftables:
    """The backend ``nftables``: a table of the node's own, loaded by a unit before the node starts and kept by a second one."""

    name = "nftables"
    summary = "manages the host's packet filter."
    conflicts = (FIREWALLD, UFW)
    holds_accounts = True

    @staticmethod
    def unit(node: Mapping[str, Any]) -> str:
        """The unit without which the node is not to start."""
        return "%s.service" % node["layout"]["firewall_unit"]

    @staticmethod
    def check(node: Mapping[str, Any]) -> list[str]:
        """The command that ends with 0 if the kernel holds what was loaded; otherwise it says what is wrong."""
        places = node["layout"]
        return [places["firewall_program"], "check", *_arguments(node, places["firewall_runtime"])]

    @staticmethod
    def told(node: Mapping[str, Any]) -> str:
        """The file in which the keeper writes down what it found, for who may not ask nft."""
        return str(node["layout"]["firewall_checked"])

    @staticmethod
    def wanted(topology: Mapping[str, Any], inventory: str, program: Program, further: Sequence[int] = ()) -> Wanted:
        """Rules, program and units of a host, and what they need."""
        node = topology["nodes"][inventory]
        places = node["layout"]
        root = {"owner": "root", "group": "root"}
        service, keeper = (text % _names(node) for text in (_SERVICE, _KEEPER))
        files = {
            "directories": [
                {"path": places["config"], "owner": "root", "group": node["account"], "mode": "0750"},
                {"path": places["bin"], **root, "mode": "0755"},
                {"path": layout.WANTED_AT_BOOT, **root, "mode": "0755"},
            ],
            "files": [
                {
                    "path": places["firewall_program"],
                    "base64_content": program("packet_filter"),
                    "summary": _SUMMARY,
                    **root,
                    "mode": "0755",
                },
                {"path": places["firewall_rules"], "content": host_table(topology, inventory, further), **root, "mode": "0644"},
                {"path": places["firewall_service_file"], "content": service, **root, "mode": "0644"},
                {"path": places["firewall_keeper_file"], "content": keeper, **root, "mode": "0644"},
            ],
            # What systemctl enable makes of the unit's section Install.
            "links": [{"path": places["firewall_service_link"], "target": places["firewall_service_file"]}],
            # Earlier versions had nftables.service start it anew; its keeper sees to that now.
            "absent": ["%s/nftables.service.wants/%s.service" % (layout.SYSTEMD, places["firewall_unit"])],
            "validators": [{"command": ["nft", "-c", "-f"], "paths": [places["firewall_rules"]]}],
        }
        return Wanted(files, {"nft": []}, [Nftables.unit(node)])

    @staticmethod
    def right(node: Mapping[str, Any], units: Mapping[str, Any]) -> bool:
        """Whether the filter is loaded, by the states of the units that the survey was asked for."""
        return bool(units[Nftables.unit(node)]["active"] == "active")


def _arguments(node: Mapping[str, Any], runtime: str) -> list[str]:
    """What the program packet-filter is given behind its action."""
    return [node["layout"]["table"], node["layout"]["firewall_rules"], runtime]


def _names(node: Mapping[str, Any]) -> dict[str, str]:
    places = node["layout"]
    arguments = " ".join(_arguments(node, "%t/" + places["firewall_unit"]))
    return {
        "node": node["node"],
        "unit": places["firewall_unit"],
        "keeper": places["firewall_keeper_unit"],
        "service": places["service"],
        "program": places["firewall_program"],
        "arguments": arguments,
    }


_SERVICE = """\
# Made by Ansible, role beam.tls_distribution.erlang_firewall.
[Unit]
Description=Packet filter of Erlang node %(node)s
Documentation=man:nft(8)
# Keeps it when somebody changes or flushes the rules of this host.
Wants=%(keeper)s.service
# After the host's own rules, so that the peers come before them. It does not end with them.
After=nftables.service
Wants=network-pre.target
Before=network-pre.target %(service)s shutdown.target
DefaultDependencies=no
After=sysinit.target local-fs.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
RuntimeDirectory=%(unit)s
ExecStart=%(program)s load %(arguments)s
ExecReload=%(program)s load %(arguments)s
ExecStop=%(program)s unload %(arguments)s
CapabilityBoundingSet=CAP_NET_ADMIN
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
RestrictAddressFamilies=AF_NETLINK AF_UNIX
LockPersonality=yes

[Install]
WantedBy=multi-user.target
"""

_KEEPER = """\
# Made by Ansible, role beam.tls_distribution.erlang_firewall.
[Unit]
Description=Keeper of the packet filter of Erlang node %(node)s
Documentation=man:nft(8)
# Who stops the packet filter stops its keeper first.
BindsTo=%(unit)s.service
After=%(unit)s.service
Before=network-pre.target %(service)s shutdown.target
DefaultDependencies=no
Conflicts=shutdown.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart=%(program)s keep %(arguments)s
# The table that the filter's own unit loaded stands while it is away.
Restart=always
RestartSec=100ms
ReadWritePaths=%%t/%(unit)s
OOMScoreAdjust=-900
CapabilityBoundingSet=CAP_NET_ADMIN
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
RestrictAddressFamilies=AF_NETLINK AF_UNIX
LockPersonality=yes
"""
