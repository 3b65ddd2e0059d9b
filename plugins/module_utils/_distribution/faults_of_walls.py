# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults of walls, made from the list of walls: one that fell, one of which nothing is proven, one that was not tried. Pure data."""

from __future__ import annotations

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.fault_entry import (
    OWN,
    PEER,
    Entry,
    Symptom,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.walls import WALLS, Wall

FELL, UNPROVEN, NO_ANSWER = "fell", "unproven", "no-answer"
"""What becomes of a wall that is not held."""

_INSIDE_REMEDY = "Correct the faults of the edges to {to} first, and verify again."
_OUTSIDE_REMEDY = (
    "Have the packet filters in front of {to} drop what is not from a peer (the role erlang_firewall does), and verify again; where "
    "nothing was tried, have routes lead from {from} to {to} first, as a place that nothing reaches proves nothing."
)


def _entry(wall: Wall, end: str, cause: str, remedy: str, at: str) -> Entry:
    name = "wall-%s-%s" % (wall.id.replace("_", "-"), end)
    return Entry(name, (Symptom("wall", end, wall.id),), cause, remedy, at)


ENTRIES = (
    *(_entry(wall, FELL, wall.fell + ": {detail}.", wall.remedy, OWN if wall.side == "local" else PEER) for wall in WALLS),
    *(
        _entry(wall, UNPROVEN, "The {walls} not proven: {detail}.", _OUTSIDE_REMEDY if wall.side == "outside" else _INSIDE_REMEDY, PEER)
        for wall in WALLS
    ),
    *(
        _entry(
            wall,
            NO_ANSWER,
            "The {walls} not tried from {from}: {detail}.",
            "See what ansible says of {from} further up, and verify again.",
            OWN,
        )
        for wall in WALLS
    ),
)
