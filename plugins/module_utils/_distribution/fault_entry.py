# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an entry of the catalogue of faults is made of. Pure; it needs nothing else of the collection."""

from __future__ import annotations

from typing import NamedTuple

ANY = "*"

OWN, PEER, WAY = "own", "peer", "way"
"""Where the remedy is: on the host that meets the fault, on that of its peer, or between the two."""


class Symptom(NamedTuple):
    """How a fault shows: the stage it ended, the kind of ending, a code within that kind. ANY matches every value."""

    stage: str
    kind: str
    code: str = ANY

    def matches(self, other: Symptom) -> bool:
        """Tell whether other is an instance of this pattern."""
        return all(mine in (ANY, theirs) for mine, theirs in zip(self, other))


class Entry(NamedTuple):
    """One fault of the catalogue.

    The sentences may use ``{owner}`` (the host where the remedy is), ``{node}`` and ``{host}`` (the peer's),
    ``{address}``, ``{port}``, ``{epmd_port}``, ``{own_host}``, ``{certfile}``, ``{cacertfile}``, ``{cookie_file}``,
    ``{timeout}`` (seconds) and ``{detail}``. ``several`` are cause and remedy of a fault between hosts that shows on
    several edges; they may use ``{between}`` (the hosts, by sides) and ``{direction}`` besides. ``at`` is where the
    remedy is; what a host finds at its own node is always there. ``transient`` says that it may pass by itself while a
    node starts. ``explains`` lists what else a host with this fault is reported for, which is no fault of its own then.
    ``isolates`` says that the node itself connects to nobody with it, even if a connection with its certificate comes
    about. ``side`` is the side of a connection (``server`` or ``client``) whose certificate it is a fault of, empty where it is no
    matter of one side, and ``problem`` what is wrong with that certificate.
    """

    id: str
    symptoms: tuple[Symptom, ...]
    cause: str
    remedy: str
    at: str = PEER
    transient: bool = False
    explains: tuple[str, ...] = ()
    isolates: bool = False
    several: tuple[str, str] | None = None
    side: str = ""
    problem: str = ""


ABSENT = ("connection-refused", "epmd-name-unknown", "node-down", "node-not-distributed")
"""What a node is reported for that did not come up."""

WITHOUT_TLS = (
    "handshake-closed",
    "tls-alert",
    "tls-closed",
    "tls-failed",
    "tls-no-shared-cipher",
    "tls-timeout",
)
"""What a node is reported for that runs, and cannot set TLS up."""
