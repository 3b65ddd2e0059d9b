# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The walls: what every node must refuse, and what to do where it does not. Pure data.

Choices and defaults of options, their documentation, the report and the catalogue of faults come from here.
"""

from __future__ import annotations

from typing import NamedTuple

SIDES = ("inside", "local", "outside")
"""From where a wall is proven: from hosts of the cluster, which compare it with a correct connection to the same node; from
those for an account of theirs that has no business at any node; from hosts that are no peers.
"""


class Wall(NamedTuple):
    """One wall: its name, from where it is proven (one of SIDES), what people call it, and who is to be refused.

    ``fell`` says what it means that it does not stand, ``remedy`` what to do then; in both ``{from}`` is the host that
    tried, ``{to}`` the one whose node had to refuse.
    """

    id: str
    side: str
    label: str
    meaning: str
    fell: str
    remedy: str


_FILTER = "Run the role erlang_firewall for {to}, and open upstream firewalls no further than the playbook firewall_plan lists."

WALLS = (
    Wall(
        "plain",
        "inside",
        "plain TCP",
        "a distribution client that does not speak TLS",
        "A client without TLS got an answer of the distribution protocol from {to}",
        "Run the role erlang_node for {to}, which starts the node with TLS distribution.",
    ),
    Wall(
        "no_certificate",
        "inside",
        "no certificate",
        "a TLS client that shows no certificate",
        "A client that showed no certificate was let in by {to}",
        "Run the role erlang_node for {to}: its TLS options have to ask for a certificate (verify_peer and fail_if_no_peer_cert).",
    ),
    Wall(
        "foreign_ca",
        "inside",
        "foreign CA",
        "a TLS client with a certificate of another CA",
        "A certificate of a CA that is not the cluster's was trusted by {to}",
        "Run the role erlang_certs for {to}: its trust bundle has to hold the cluster's CA alone.",
    ),
    Wall(
        "wrong_cookie",
        "inside",
        "wrong cookie",
        "a peer's certificate with a wrong cookie",
        "A client with a wrong cookie was let in by {to}",
        "Run the role erlang_node for {to}, and see that nothing else sets its cookie.",
    ),
    Wall(
        "wrong_name",
        "inside",
        "another's name",
        "a peer's certificate with another host's node name",
        "A host could claim a node name at {to} that its certificate does not carry",
        "Run the role erlang_node for {to}: the node has to run with the collection's epmd module, which names its peers.",
    ),
    Wall(
        "local_account",
        "local",
        "local account",
        "an account of a peer's host that is neither root nor a node's",
        "Any account of {from} can hold connections to a node open and keep its peers out",
        "Run the role erlang_firewall for {from}.",
    ),
    Wall(
        "packet_filter",
        "outside",
        "packet filter",
        "a host that is no peer, at the distribution port",
        "The distribution port of {to} answers a host that is no peer",
        _FILTER,
    ),
    Wall(
        "epmd",
        "outside",
        "port mapper",
        "a host that is no peer, at the port mapper",
        "The port mapper of {to} answers a host that is no peer",
        _FILTER,
    ),
)

NAMES = tuple(wall.id for wall in WALLS)
INSIDE, LOCAL, OUTSIDE = (tuple(wall.id for wall in WALLS if wall.side == side) for side in SIDES)
"""The names of all walls, and of those of each side."""

_BY_NAME = {wall.id: wall for wall in WALLS}


def named(name: str) -> Wall | None:
    """Return the wall of a name, None for what is no wall."""
    return _BY_NAME.get(name)
