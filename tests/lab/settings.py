# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the lab keeps its things, and what it consists of."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("BEAM_LAB_CACHE", "/var/cache/beam-tls-lab"))
NAME = os.environ.get("BEAM_LAB", "lab")
RUN = Path("/run/beam-tls-lab") / NAME
HOSTS_DIRECTORY = Path("/var/lib/beam-tls-lab") / NAME
SUITES = ("bullseye", "bookworm", "trixie", "forky")
"""Debian's suites that hosts can be made of, the oldest first."""
DEFAULT_SUITE = "trixie"

if not re.match(r"[a-z][a-z0-9]{0,9}\Z", NAME):
    raise SystemExit("lab: BEAM_LAB='%s' is no name of a lab; use up to ten small letters and digits" % NAME)


class Network(NamedTuple):
    """A network behind a router: the inventory's group, its first three octets, its router's address on the internet, and what the router does."""

    name: str
    prefix: str
    router: str
    kind: str = "routed"
    """``routed``: its addresses are known everywhere, and the router lets through what the firewall plan says. ``translated``: the same, but
    all of it is seen as the router's one address, of which ports are forwarded. ``dial_out``: whatever comes from inside gets out, nothing gets in.
    """


class Host(NamedTuple):
    """A host: its network, address there, address on the management network, and whether it has a packet filter of its own."""

    name: str
    network: str
    address: str
    management: str
    walled: bool
    forwarded: int = 0
    """The port of its router that leads to the port of its node, where the router translates."""

    @property
    def fqdn(self) -> str:
        """The name by which peers know it."""
        return self.name + ".example.net"


class Outsider(NamedTuple):
    """A network namespace that is no peer: on the internet, or a neighbour on a peer's own network."""

    name: str
    network: str
    address: str


INTERNET = "198.18.0"
MANAGEMENT = "198.19.0"
PORT = 4370
"""The port of the distribution."""
NETWORKS = (
    Network("north", "198.18.1", INTERNET + ".11"),
    Network("south", "198.18.2", INTERNET + ".12"),
    Network("east", "198.18.3", INTERNET + ".13"),
)
"""The networks that every lab has."""
FURTHER_NETWORKS = (
    Network("west", "198.18.4", INTERNET + ".14", "translated"),
    Network("mobile", "198.18.5", INTERNET + ".15", "dial_out"),
)
"""Those of a lab of more than four hosts."""
HOSTS = (
    Host("alpha", "north", "198.18.1.10", MANAGEMENT + ".11", walled=False),
    Host("bravo", "south", "198.18.2.10", MANAGEMENT + ".12", walled=True),
    Host("carol", "east", "198.18.3.10", MANAGEMENT + ".13", walled=False),
    Host("dave", "east", "198.18.3.20", MANAGEMENT + ".14", walled=True),
)
"""The hosts that every lab has."""
TRANSLATED = (
    Host("erin", "west", "198.18.4.10", MANAGEMENT + ".15", walled=False, forwarded=4371),
    Host("frank", "west", "198.18.4.20", MANAGEMENT + ".16", walled=True, forwarded=4372),
)
"""Two hosts behind one public address."""
_NAMES = "grace heidi ivan judy karl lena mike nina oscar peggy quinn rupert sybil trent ursula victor walter xenia"
FURTHER = tuple(
    Host(
        name,
        NETWORKS[number % len(NETWORKS)].name,
        "%s.%d" % (NETWORKS[number % len(NETWORKS)].prefix, 100 + number // len(NETWORKS)),
        "%s.%d" % (MANAGEMENT, 17 + number),
        walled=bool(number % 2),
    )
    for number, name in enumerate(_NAMES.split())
)
"""More of the kind of the first four."""
MOBILE = Host("mobile", "mobile", "198.18.5.10", MANAGEMENT + ".99", walled=False)
"""A host that only dials out. No node of the cluster: it proves packet filters from outside, by ssh."""
EVERY_HOST = (*HOSTS, *TRANSLATED, *FURTHER, MOBILE)
MOST_NODES = len(EVERY_HOST) - 1
OUTSIDERS = (Outsider("stranger", "internet", INTERNET + ".99"), Outsider("neighbour", "east", "198.18.3.66"))
CONTROL = MANAGEMENT + ".1"


def hosts(nodes: int) -> tuple[Host, ...]:
    """The hosts of a lab with so many nodes, 4 or more; beyond four there is one more, the one that only dials out."""
    return HOSTS if nodes <= len(HOSTS) else (*EVERY_HOST[:nodes], MOBILE)


def networks(of: Iterable[Host]) -> tuple[Network, ...]:
    """The networks of a lab that consists of these hosts."""
    used = {host.network for host in of}
    return (*NETWORKS, *(network for network in FURTHER_NETWORKS if network.name in used))


def address6(address: str) -> str:
    """The IPv6 address that goes with an IPv4 address of the lab: ``2001:db8:18:3::20`` with ``198.18.3.20`` (RFC 3849 keeps them for documentation)."""
    _first, *rest = address.split(".")
    return str(ipaddress.IPv6Address("2001:db8:%s:%s::%s" % tuple(rest)))


def host(name: str) -> Host:
    """The host of that name. Raises ``SystemExit`` with the names there are."""
    for found in EVERY_HOST:
        if found.name == name:
            return found
    raise SystemExit("lab: there is no host '%s'; there are %s" % (name, ", ".join(known.name for known in EVERY_HOST)))


def namespace(name: str) -> str:
    """The network namespace of a part of this lab."""
    return "%s-%s" % (NAME, name)


def cycled(suites: Sequence[str], of: Sequence[Host] = HOSTS) -> dict[str, str]:
    """The suite of each host: those given, in turn. Raises ``SystemExit`` for one that is not known."""
    for suite in suites:
        if suite not in SUITES:
            raise SystemExit("lab: there is no suite '%s'; there are %s" % (suite, ", ".join(SUITES)))
    return {host.name: suites[number % len(suites)] for number, host in enumerate(of)}


def oldest(suites: list[str]) -> str:
    """The oldest of some suites: what is compiled there runs on the others."""
    return min(suites, key=SUITES.index)
