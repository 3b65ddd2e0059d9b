# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the drawings of a mesh have in common. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report import table
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.markup import Child, Element
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.model import NO_ANSWER, OK

Record = t.Mapping[str, t.Any]


class Drawing(t.NamedTuple):
    """The inside of an SVG element, its size, its class, and further attributes."""

    content: Element
    width: float
    height: float
    kind: str
    attributes: t.Mapping[str, Child] = {}


def kind(edge: Record) -> str:
    """The class of an edge: its state, or ``idle`` for one that is right and not in use."""
    return "idle" if edge["state"] == OK and edge["connection"] == "idle" else str(edge["state"])


def sign(edge: Record) -> str:
    """What marks a bad edge."""
    return "?" if edge["state"] == NO_ANSWER else "×"


def edge_title(edge: Record) -> str:
    """What an edge is and what became of it."""
    return "%s → %s: %s" % (edge["from"], edge["to"], table.result(edge))


def node_title(node: Record) -> str:
    """What a node is and how it is."""
    left = table.days(node["certificate_days_left"])
    state = str(node["state"]).replace("-", " ")
    return "%s: %s, %s" % (
        node["inventory"],
        state,
        "%s days left of its certificate" % left if left else "certificate not seen",
    )
