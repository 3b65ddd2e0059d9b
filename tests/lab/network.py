# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Networks of the lab: namespaces joined by bridges in one namespace of their own, so that nothing of it is seen on the machine."""

from __future__ import annotations

from typing import NamedTuple

from lab.settings import CONTROL, HOSTS, NETWORKS, OUTSIDERS, namespace
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


def plugs() -> list[Plug]:
    """Every interface of the lab."""
    found = []
    far = {network.name: (network.prefix + ".0/24", network.router) for network in NETWORKS}
    for network in NETWORKS:
        others = tuple(route for name, route in far.items() if name != network.name)
        found.append(Plug("router-" + network.name, "internet", "internet", network.router, others))
        found.append(Plug("router-" + network.name, "inside", network.name, network.prefix + ".1"))
    prefixes = {network.name: network.prefix for network in NETWORKS}
    for host in HOSTS:
        found.append(Plug(host.name, "eth0", host.network, host.address, (("198.18.0.0/16", prefixes[host.network] + ".1"),)))
        found.append(Plug(host.name, "management", "management", host.management))
    for outsider in OUTSIDERS:
        routes = tuple(far.values()) if outsider.network == "internet" else (("198.18.0.0/16", prefixes[outsider.network] + ".1"),)
        found.append(Plug(outsider.name, "eth0", outsider.network, outsider.address, routes))
    found.append(Plug("control", "management", "management", CONTROL))
    return found


def namespaces() -> list[str]:
    """The parts of the lab that have a namespace."""
    return [WIRE, *dict.fromkeys(plug.namespace for plug in plugs())]


def existing() -> list[str]:
    """Those of this lab's namespaces that exist."""
    there = {line.split()[0] for line in run(["ip", "netns", "list"]).stdout.splitlines() if line.strip()}
    return [name for name in namespaces() if namespace(name) in there]


def up() -> None:
    """Makes namespaces, bridges, links, addresses and routes, all at once; whatever was half made is made anew."""
    down()
    batches: dict[str, list[str]] = {name: ["link set lo up"] for name in namespaces()}
    for bridge in ("internet", "management", *(network.name for network in NETWORKS)):
        batches[WIRE] += ["link add %s type bridge" % bridge, "link set %s up" % bridge]
    for number, plug in enumerate(plugs()):
        port = "port%d" % number
        batches[WIRE] += [
            "link add %s type veth peer name %s netns %s" % (port, plug.interface, namespace(plug.namespace)),
            "link set %s master %s up" % (port, plug.network),
        ]
        batches[plug.namespace] += ["address add %s/24 dev %s" % (plug.address, plug.interface), "link set %s up" % plug.interface]
        batches[plug.namespace] += ["route add %s via %s" % route for route in plug.routes]
    for name in namespaces():
        run(["ip", "netns", "add", namespace(name)])
    for name in namespaces():
        run(["ip", "-n", namespace(name), "-batch", "-"], text="\n".join(batches[name]) + "\n")
    for network in NETWORKS:
        name = "router-" + network.name
        run([*inside(name), "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"])
        load(name, router(""))


def down() -> None:
    """Removes the namespaces of this lab, and with them all that is in them."""
    for name in existing():
        run(["ip", "netns", "delete", namespace(name)])


def inside(name: str) -> list[str]:
    """What a command begins with that runs in the network of a part of the lab."""
    return ["nsenter", "--net=/run/netns/" + namespace(name)]


def router(upstream: str) -> str:
    """The rules of a router: it forwards what ``upstream``, the chain made by the firewall plan, lets through, and drops the rest."""
    chain = next((line.split()[1] for line in upstream.splitlines() if line.startswith("chain ")), "")
    lines = ["table inet router", "delete table inet router", "table inet router {", upstream.rstrip("\n")]
    lines += ["    chain forward {", "        type filter hook forward priority filter; policy drop;"]
    lines += ["        ct state established,related accept"]
    lines += ["        ct state invalid drop"]
    lines += ["        jump %s" % chain] if chain else []
    lines += ["        counter", "    }", "}"]
    return "\n".join(line for line in lines if line) + "\n"


def load(name: str, rules: str) -> None:
    """Loads packet filter rules in a part of the lab."""
    run([*inside(name), "nft", "-f", "-"], text=rules)


def open_routers(upstream: str) -> None:
    """Has every router let through what the plan says."""
    for network in NETWORKS:
        load("router-" + network.name, router(upstream))
