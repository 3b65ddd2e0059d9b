# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the lab keeps its things, and what it consists of."""

from __future__ import annotations

import os
import re
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
    """A public network: the inventory's group, its first three octets, and its router's address on the internet."""

    name: str
    prefix: str
    router: str


class Host(NamedTuple):
    """A host: its network, address there, address on the management network, and whether it has a packet filter of its own."""

    name: str
    network: str
    address: str
    management: str
    walled: bool

    @property
    def fqdn(self) -> str:
        """The name by which peers know it."""
        return self.name + ".example.net"


class Outsider(NamedTuple):
    """A host that is no peer: on the internet, or a neighbour on a peer's own network."""

    name: str
    network: str
    address: str


INTERNET = "198.18.0"
MANAGEMENT = "198.19.0"
NETWORKS = (
    Network("north", "198.18.1", INTERNET + ".11"),
    Network("south", "198.18.2", INTERNET + ".12"),
    Network("east", "198.18.3", INTERNET + ".13"),
)
HOSTS = (
    Host("alpha", "north", "198.18.1.10", MANAGEMENT + ".11", walled=False),
    Host("bravo", "south", "198.18.2.10", MANAGEMENT + ".12", walled=True),
    Host("carol", "east", "198.18.3.10", MANAGEMENT + ".13", walled=False),
    Host("dave", "east", "198.18.3.20", MANAGEMENT + ".14", walled=True),
)
OUTSIDERS = (Outsider("stranger", "internet", INTERNET + ".99"), Outsider("neighbour", "east", "198.18.3.66"))
CONTROL = MANAGEMENT + ".1"


def host(name: str) -> Host:
    """The host of that name. Raises ``SystemExit`` with the names there are."""
    for found in HOSTS:
        if found.name == name:
            return found
    raise SystemExit("lab: there is no host '%s'; there are %s" % (name, ", ".join(known.name for known in HOSTS)))


def namespace(name: str) -> str:
    """The network namespace of a part of this lab."""
    return "%s-%s" % (NAME, name)


def cycled(suites: list[str]) -> dict[str, str]:
    """The suite of each host: those given, in turn. Raises ``SystemExit`` for one that is not known."""
    for suite in suites:
        if suite not in SUITES:
            raise SystemExit("lab: there is no suite '%s'; there are %s" % (suite, ", ".join(SUITES)))
    return {host.name: suites[number % len(suites)] for number, host in enumerate(HOSTS)}


def oldest(suites: list[str]) -> str:
    """The oldest of some suites: what is compiled there runs on the others."""
    return min(suites, key=SUITES.index)
