# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes that run on the same machine under different inventory names, and what they must not share there."""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Nodes = Mapping[str, Mapping[str, Any]]
Hosts = Mapping[str, Mapping[str, Any]]
Clash = tuple[tuple[str, ...], str, Any, str, str]
"""Hosts, variable, value, problem and fix, as a fault of the topology has them."""

_UNITS = ("unit", "firewall_unit", "firewall_keeper_unit", "watch_unit")
"""Names of a node's units, and of their directories in /run and /var/lib, as its layout has them."""

CONNECTION = "__connection"
"""The key under which a host's variables say how Ansible reaches it: a text, the same for what is the same machine."""

_OTP = (
    "erlang_otp_source",
    "erlang_otp_archive",
    "erlang_otp_build_source",
    "erlang_otp_build_sha256",
    "erlang_otp_build_patches",
    "erlang_otp_build_options",
    "erlang_otp_build_environment",
)
"""Variables of the OTP in /opt/erlang/otp/current, of which a machine has one."""


def evidence(variables: Mapping[str, Any], node: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What tells a machine from others: the kind of evidence, and its value.

    An address is none where a router forwards the port, as several machines may sit behind it.
    """
    found = [("host part", str(node["host"]).lower())]
    if variables.get(CONNECTION):
        found.append(("connection", str(variables[CONNECTION])))
    if node["port"] == node["listen_port"]:
        found += [("address", address) for address in node["addresses"] if not ipaddress.ip_address(address).is_loopback]
    return found


def groups(hosts: Hosts, nodes: Nodes) -> list[list[str]]:
    """The inventory names of each machine, in the order of the inventory."""
    found: list[list[str]] = []
    seen: list[set[tuple[str, str]]] = []
    for inventory, node in nodes.items():
        mine = set(evidence(hosts[inventory], node))
        members = [inventory]
        for number in reversed(range(len(found))):
            if seen[number] & mine:
                members = found.pop(number) + members
                mine |= seen.pop(number)
        found.append(members)
        seen.append(mine)
    order = {inventory: position for position, inventory in enumerate(nodes)}
    return [sorted(members, key=order.__getitem__) for members in found]


def clashes(machine: Sequence[str], hosts: Hosts, nodes: Nodes) -> Iterator[Clash]:
    """What two nodes of a machine would both use."""
    for pair in itertools.combinations(machine, 2):
        one, other = (nodes[inventory] for inventory in pair)
        where = _where(pair, hosts, nodes)
        if one["node"].lower() == other["node"].lower() or _same_place(one, other):
            continue  # That is a fault by itself.
        yield from _names(pair, one, other, where)
        yield from _ports(pair, one, other, where)
        yield from _homes(pair, one, other, where)
        yield from _otps(pair, hosts, where)


def _same_place(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return bool(one["port"] == other["port"] and set(one["addresses"]) & set(other["addresses"]))


def _where(pair: Sequence[str], hosts: Hosts, nodes: Nodes) -> str:
    both = [evidence(hosts[inventory], nodes[inventory]) for inventory in pair]
    common = [item for item in both[0] if item in both[1]]
    if not common:
        return "which are one machine"
    kind, value = common[0]
    return (
        "which are one machine (%s)"
        % {
            "host part": "their erlang_node_host is %s",
            "connection": "Ansible reaches both at %s",
            "address": "both have the address %s",
        }[kind]
        % value.partition(" with ")[0]
    )


def _names(pair: tuple[str, ...], one: Mapping[str, Any], other: Mapping[str, Any], where: str) -> Iterator[Clash]:
    mine, theirs = ([node["layout"][key] for key in _UNITS] for node in (one, other))
    common = [name for name in mine if name in theirs]
    if common:
        problem = "and '%s' would both take the name %s for something of theirs at %s and %s, %s" % (
            other["name"], common[0], pair[0], pair[1], where,
        )  # fmt: skip
        fix = "give each node on a machine a name that is not the other's, nor the other's with an ending"
        if one["name"] == other["name"]:
            problem = "is the name of both nodes at %s and %s, %s" % (pair[0], pair[1], where)
        yield pair, "erlang_node_name", one["name"], problem, fix


def _ports(pair: tuple[str, ...], one: Mapping[str, Any], other: Mapping[str, Any], where: str) -> Iterator[Clash]:
    if one["listen_port"] == other["listen_port"]:
        problem = "is the port that both would listen on at %s and %s, %s" % (pair[0], pair[1], where)
        fix = "give each an erlang_node_port of its own, with erlang_cluster_discovery 'map'"
        yield pair, "erlang_node_listen_port", one["listen_port"], problem, fix


def _homes(pair: tuple[str, ...], one: Mapping[str, Any], other: Mapping[str, Any], where: str) -> Iterator[Clash]:
    first, second = (node["layout"]["account_home"] for node in (one, other))
    if one["account"] == other["account"]:
        if first != second:
            problem = "and %s would both be the home of the account %s, %s" % (second, one["account"], where)
            yield pair, "erlang_account_home", first, problem, "give both the same, or each an erlang_account_name of its own"
    elif (first + "/").startswith(second + "/") or (second + "/").startswith(first + "/"):
        problem = "and %s lie in each other, and belong to the accounts %s and %s, %s" % (
            second, one["account"], other["account"], where,
        )  # fmt: skip
        yield pair, "erlang_account_home", first, problem, "give each account a home of its own"


def _otps(pair: tuple[str, ...], hosts: Hosts, where: str) -> Iterator[Clash]:
    one, other = (hosts[inventory] for inventory in pair)
    if "package" in (one["erlang_otp_source"], other["erlang_otp_source"]):
        return
    for variable in _OTP:
        if (one.get(variable) or None) != (other.get(variable) or None):
            problem = "is not the same on %s and %s, %s and has one /opt/erlang/otp/current" % (pair[0], pair[1], where)
            yield pair, variable, None, problem, "set the same for both"
