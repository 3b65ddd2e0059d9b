# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A large mesh as a matrix: one row for each node that connects, one column for each that is connected to. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report import table
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.figure import (
    Drawing,
    Record,
    edge_title,
    kind,
    node_title,
    sign,
)
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.markup import Child, Element, element, join
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.model import (
    BAD_EDGES,
    BAD_NODES,
    OK,
    Report,
)

_WIDTH = 1000.0
_BESIDE, _RIGHT = 8.0, 4.0
_AXIS = "from ↓  to →"
_LARGEST, _SMALL = 24.0, 17.0
"""Sides of a cell, of few nodes; small ones for those that a small screen has room for at a size that can be read."""
_FITTING = 16
"""Most nodes of which the whole drawing is fitted into a small screen; one of more is pushed sideways there."""
_LETTERS = 16
_SCALE = 1.35
"""How large a drawing of few nodes is where there is room, in pixels by its unit."""
_FONT = 13.0
_LETTER = 0.62
"""About the width of a letter, in parts of its height."""


def draw(report: Report) -> Drawing:
    """The matrix. What is right is its ground; every other cell is a rectangle of its own, with a sign if it is bad."""
    nodes = report["nodes"]
    count = len(nodes)
    longest = max(len(_shown(node)) for node in nodes)
    margin = max(longest, len(_AXIS)) * _FONT * _LETTER + 2 * _BESIDE if count <= _FITTING else (_LETTERS + 2) * _FONT * _LETTER
    cell = _SMALL if count <= _FITTING else min(_LARGEST, (_WIDTH - margin - _RIGHT) / count)
    frame = _Frame(margin, cell, count)
    place = {node["inventory"]: position for position, node in enumerate(nodes)}
    cells = [_cell(edge, place, frame) for edge in sorted(report["edges"], key=lambda edge: edge["state"] in BAD_EDGES) if kind(edge) != OK]
    side = frame.side
    steps = [margin + at * cell for at in range(count)]
    lines = "".join("M%.2f %.2fh%.2fM%.2f %.2fv%.2f" % (margin, at, side, at, margin, side) for at in steps[1:])
    diagonal = "".join("M%.2f %.2fh%.2fv%.2fh-%.2fz" % (at, at, cell, cell, cell) for at in steps)
    ground: dict[str, Child] = {"x": "%.2f" % margin, "y": "%.2f" % margin, "width": "%.2f" % side, "height": "%.2f" % side}
    content = join(
        element("text", {"class": "axis", "x": "%.2f" % (margin - _BESIDE), "y": "%.2f" % (margin - 12), "text-anchor": "end"}, _AXIS),
        element("rect", {"class": "ground", **ground}),
        element("g", {"class": "edges"}, *cells),
        element("path", {"class": "lines", "d": lines}),
        element("path", {"class": "diagonal", "d": diagonal}),
        element("g", {"class": "nodes"}, *(_label(node, place[node["inventory"]], frame) for node in nodes)),
        element("rect", {"class": "cursor", "width": "%.2f" % cell, "height": "%.2f" % cell}),
    )
    size = margin + side + _RIGHT
    return Drawing(
        content,
        size,
        size,
        "matrix" if count <= _FITTING else "matrix large",
        {
            "data-left": "%.4f" % margin,
            "data-top": "%.4f" % margin,
            "data-cell": "%.4f" % cell,
            "width": "%.0f" % (size * (_SCALE if count <= _FITTING else 1)),
        },
    )


class _Frame(t.NamedTuple):
    """Where the cells are: the margin left of and above them, the side of one, and how many are in a row."""

    margin: float
    cell: float
    nodes: int

    @property
    def side(self) -> float:
        """The side of all of them together."""
        return self.cell * self.nodes


def _cell(edge: Record, place: dict[str, int], frame: _Frame) -> Element:
    cell = frame.cell
    x, y = frame.margin + place[edge["to"]] * cell, frame.margin + place[edge["from"]] * cell
    mark = None
    if edge["state"] in BAD_EDGES:
        at = {"x": "%.2f" % (x + cell / 2), "y": "%.2f" % (y + cell / 2), "dy": "0.36em", "font-size": "%.1f" % (cell * 0.9)}
        mark = element("text", at, sign(edge))
    return element(
        "g",
        {"class": "edge %s" % kind(edge), "data-from": edge["from"], "data-to": edge["to"]},
        element("rect", {"x": "%.2f" % x, "y": "%.2f" % y, "width": "%.2f" % cell, "height": "%.2f" % cell}),
        mark,
        element("title", None, edge_title(edge)),
    )


def _shown(node: Record) -> str:
    """A node's name, with a sign before that of a bad one."""
    name = table.shorten(node["inventory"], _LETTERS)
    return "%s %s" % ("×" if node["state"] == "down" else "?", name) if node["state"] in BAD_NODES else name


def _label(node: Record, position: int, frame: _Frame) -> Element:
    """The name of a node at its row and, upright, at its column."""
    middle = "%.2f" % (frame.margin + (position + 0.5) * frame.cell)
    beside = "%.2f" % (frame.margin - _BESIDE)
    text: dict[str, Child] = {"dy": "0.35em", "font-size": "%.1f" % min(_FONT, frame.cell * 0.95)}
    return element(
        "g",
        {"class": "node %s" % node["state"], "data-node": node["inventory"]},
        element("text", {"x": beside, "y": middle, "text-anchor": "end", **text}, _shown(node)),
        element("text", {"transform": "translate(%s %s) rotate(-90)" % (middle, beside), **text}, _shown(node)),
        element("title", None, node_title(node)),
    )


def sample(kind: str) -> Element:
    """What an edge of a kind looks like, for the key."""
    signs = {"failed": "×", "no-answer": "?"}
    mark = element("text", {"x": 26, "y": 6, "dy": "0.36em", "font-size": 11}, signs[kind]) if kind in signs else None
    square = element("rect", {"x": 20, "y": 0, "width": 12, "height": 12})
    return element("svg", {"viewBox": "0 0 40 12", "aria-hidden": "true"}, square, mark)
