# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Networks of the lab: namespaces joined by bridges in one namespace of their own, so that nothing of it is seen on the machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lab.settings import CONTROL, EVERY_HOST, INTERNET, OUTSIDERS, PORT, Host, Network, address6, namespace, networks
from lab.shell import run

WIRE = "wire"
"""The namespace that holds the bridges."""


class Plug(NamedTuple):
    """An interface of a namespace in a network, and the routes behind it."""

    namespace: str
    interface: str
    network: str
    address: str
    routes: tuple[tuple[str, str], ...] = ()


def plugs(hosts: Sequence[Host]) -> list[Plug]:
    """Every interface of a lab of these hosts."""
    found = []
    every = networks(hosts)
    behind = {network.name: _routes_to(network) for network in every}
    for network in every:
        others = tuple(route for name, routes in behind.items() if name != network.name for route in routes)
        found.append(Plug("router-" + network.name, "internet", "internet", network.router, others))
        found.append(Plug("router-" + network.name, "inside", network.name, network.prefix + ".1"))
    outwards = {network.name: _routes_by(network) for network in every}
    for host in hosts:
        found.append(Plug(host.name, "eth0", host.network, host.address, outwards[host.network]))
        found.append(Plug(host.name, "management", "management", host.management))
    for outsider in OUTSIDERS:
        routes = sum(behind.values(), ()) if outsider.network == "internet" else outwards[outsider.network]
        found.append(Plug(outsider.name, "eth0", outsider.network, outsider.address, routes))
    found.append(Plug("control", "management", "management", CONTROL))
    return found


def _routes_to(network: Network) -> tuple[tuple[str, str], ...]:
    """How the internet reaches a network. What is translated has no IPv4 addresses that anybody else knows."""
    prefix, router = network.prefix + ".0", network.router
    six = (address6(prefix) + "/64", address6(router))
    return (six,) if network.kind == "translated" else ((prefix + "/24", router), six)


def _routes_by(network: Network) -> tuple[tuple[str, str], ...]:
    """How a host on a network reaches the others."""
    router = network.prefix + ".1"
    return (("198.18.0.0/16", router), ("2001:db8:18::/48", address6(router)))


def namespaces(hosts: Sequence[Host]) -> list[str]:
    """The parts of a lab of these hosts that have a namespace."""
    return [WIRE, *dict.fromkeys(plug.namespace for plug in plugs(hosts))]


def existing() -> list[str]:
    """The namespaces of this lab that exist, whatever it consists of."""
    there = {line.split()[0] for line in run(["ip", "netns", "list"]).stdout.splitlines() if line.strip()}
    return [name for name in namespaces(EVERY_HOST) if namespace(name) in there]


def up(hosts: Sequence[Host]) -> None:
    """Makes namespaces, bridges, links, addresses and routes, all at once; whatever was half made is made anew."""
    down()
    batches: dict[str, list[str]] = {name: ["link set lo up"] for name in namespaces(hosts)}
    for bridge in ("internet", "management", *(network.name for network in networks(hosts))):
        batches[WIRE] += ["link add %s type bridge" % bridge, "link set %s up" % bridge]
    for number, plug in enumerate(plugs(hosts)):
        port = "port%d" % number
        batches[WIRE] += [
            "link add %s type veth peer name %s netns %s" % (port, plug.interface, namespace(plug.namespace)),
            "link set %s master %s up" % (port, plug.network),
        ]
        batches[plug.namespace] += [
            "address add %s/24 dev %s" % (plug.address, plug.interface),
            # No other host can have it, and detecting that takes a second in which it cannot be used.
            "address add %s/64 dev %s nodad" % (address6(plug.address), plug.interface),
            "link set %s up" % plug.interface,
        ]
        batches[plug.namespace] += ["route add %s via %s" % route for route in plug.routes]
    for name in namespaces(hosts):
        run(["ip", "netns", "add", namespace(name)])
    for name in namespaces(hosts):
        run(["ip", "-n", namespace(name), "-batch", "-"], text="\n".join(batches[name]) + "\n")
    for network in networks(hosts):
        name = "router-" + network.name
        run([*inside(name), "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding"])
        load(name, router(network, ""))
        if network.kind == "translated":
            load(name, translation(network, hosts))


def down() -> None:
    """Removes the namespaces of this lab, and with them all that is in them."""
    for name in existing():
        run(["ip", "netns", "delete", namespace(name)])


def inside(name: str) -> list[str]:
    """What a command begins with that runs in the network of a part of the lab."""
    return ["nsenter", "--net=/run/netns/" + namespace(name)]


def router(network: Network, upstream: str) -> str:
    """The rules of a network's router: it forwards what ``upstream``, the chain made by the firewall plan, lets through, and drops the rest.

    The one whose hosts only dial out knows nothing of the plan: it lets out what comes from inside.
    """
    if network.kind == "dial_out":
        upstream, accepted = "", ['iifname "inside" accept']
    else:
        chain = next((line.split()[1] for line in upstream.splitlines() if line.startswith("chain ")), "")
        accepted = ["jump %s" % chain] if chain else []
    lines = ["table inet router", "delete table inet router", "table inet router {", upstream.rstrip("\n")]
    lines += ["    chain forward {", "        type filter hook forward priority filter; policy drop;"]
    lines += ["        ct state established,related accept"]
    lines += ["        ct state invalid drop"]
    lines += ["        " + rule for rule in accepted]
    lines += ["        counter", "    }", "}"]
    return "\n".join(line for line in lines if line) + "\n"


def translation(network: Network, hosts: Sequence[Host]) -> str:
    """The rules by which a router translates addresses: all hosts behind it are seen as itself, and a port of it leads to each (also from inside)."""
    lines = ["table ip translation", "delete table ip translation", "table ip translation {"]
    lines += ["    chain prerouting {", "        type nat hook prerouting priority dstnat;"]
    for host in hosts:
        if host.network == network.name:
            lines.append("        ip daddr %s tcp dport %d dnat to %s:%d" % (network.router, host.forwarded, host.address, PORT))
    lines += ["    }", "    chain postrouting {", "        type nat hook postrouting priority srcnat;"]
    lines += ["        ip saddr %s.0/24 snat to %s" % (network.prefix, network.router), "    }", "}"]
    return "\n".join(lines) + "\n"


def load(name: str, rules: str) -> None:
    """Loads packet filter rules in a part of the lab."""
    run([*inside(name), "nft", "-f", "-"], text=rules)


def open_routers(upstream: str, hosts: Sequence[Host]) -> None:
    """Has every router of a lab of these hosts let through what the plan says."""
    for network in networks(hosts):
        load("router-" + network.name, router(network, upstream))


_ROUTERS = {
    "routed": "",
    "translated": " (all behind it are seen as this address)",
    "dial_out": " (lets out whatever comes from inside, and nothing in)",
}


def drawing(hosts: Sequence[Host]) -> str:
    """A lab of these hosts, drawn in text: each part, its IPv4 and its IPv6 address, in its network."""
    lines = ["internet  %s.0/24  %s/64" % (INTERNET, address6(INTERNET + ".0"))]
    lines += [_drawn("", outsider.name, outsider.address, "outsider") for outsider in OUTSIDERS if outsider.network == "internet"]
    every = networks(hosts)
    for network in every:
        line = "|" if network != every[-1] else " "
        lines += ["|", _drawn("", "router-" + network.name, network.router, _ROUTERS[network.kind].strip())]
        lines.append("%s    %s  %s.0/24  %s/64" % (line, network.name, network.prefix, address6(network.prefix + ".0")))
        inner = [_drawn(line + "    ", host.name, host.address, _about(host, network)) for host in hosts if host.network == network.name]
        inner += [_drawn(line + "    ", other.name, other.address, "outsider") for other in OUTSIDERS if other.network == network.name]
        lines += inner
    return "\n".join(lines)


def _drawn(before: str, name: str, address: str, about: str) -> str:
    return ("%s+-- %-13s %-12s %-20s %s" % (before, name, address, address6(address), about)).rstrip()


def _about(host: Host, network: Network) -> str:
    if network.kind == "dial_out":
        return "outsider"
    parts = ["has a packet filter of its own"] if host.walled else []
    parts += ["reached at %s port %d" % (network.router, host.forwarded)] if host.forwarded else []
    return ", ".join(parts)
