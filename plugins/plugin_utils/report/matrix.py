# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A large mesh as a matrix: one row for each node that connects, one column for each that is connected to. Pure."""

from __future__ import annotations

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
_LEFT, _TOP, _RIGHT, _BELOW = 132.0, 124.0, 12.0, 12.0
_LARGEST = 24.0
_LETTERS = 16


def draw(report: Report) -> Drawing:
    """The matrix. What is right is its ground; every other cell is a rectangle of its own, with a sign if it is bad."""
    nodes = report["nodes"]
    count = len(nodes)
    cell = min(_LARGEST, (_WIDTH - _LEFT - _RIGHT) / count)
    side = cell * count
    place = {node["inventory"]: position for position, node in enumerate(nodes)}
    cells = [_cell(edge, place, cell) for edge in sorted(report["edges"], key=lambda edge: edge["state"] in BAD_EDGES) if kind(edge) != OK]
    lines = "".join("M%g %.2fh%.2fM%.2f %gv%.2f" % (_LEFT, _TOP + at * cell, side, _LEFT + at * cell, _TOP, side) for at in range(1, count))
    steps = "".join("M%.2f %.2fh%.2fv%.2fh-%.2fz" % (_LEFT + at * cell, _TOP + at * cell, cell, cell, cell) for at in range(count))
    frame: dict[str, Child] = {"x": _LEFT, "y": _TOP, "width": "%.2f" % side, "height": "%.2f" % side}
    content = join(
        element("text", {"class": "axis", "x": _LEFT - 8, "y": _TOP - 12, "text-anchor": "end"}, "from ↓  to →"),
        element("rect", {"class": "ground", **frame}),
        element("g", {"class": "edges"}, *cells),
        element("path", {"class": "lines", "d": lines}),
        element("path", {"class": "diagonal", "d": steps}),
        element("g", {"class": "nodes"}, *(_label(node, place[node["inventory"]], cell) for node in nodes)),
        element("rect", {"class": "cursor", "width": "%.2f" % cell, "height": "%.2f" % cell}),
    )
    return Drawing(
        content,
        _LEFT + side + _RIGHT,
        _TOP + side + _BELOW,
        "matrix",
        {"data-left": _LEFT, "data-top": _TOP, "data-cell": "%.4f" % cell},
    )


def _cell(edge: Record, place: dict[str, int], cell: float) -> Element:
    x, y = _LEFT + place[edge["to"]] * cell, _TOP + place[edge["from"]] * cell
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


def _label(node: Record, position: int, cell: float) -> Element:
    """The name of a node at its row and, upright, at its column."""
    middle = (position + 0.5) * cell
    name = table.shorten(node["inventory"], _LETTERS)
    shown = "%s %s" % ("×" if node["state"] == "down" else "?", name) if node["state"] in BAD_NODES else name
    size = "%.1f" % min(13.0, cell * 0.95)
    across, down = _LEFT - 8, _TOP - 8
    return element(
        "g",
        {"class": "node %s" % node["state"], "data-node": node["inventory"]},
        element(
            "text",
            {"x": across, "y": "%.2f" % (_TOP + middle), "dy": "0.35em", "text-anchor": "end", "font-size": size},
            shown,
        ),
        element(
            "text",
            {
                "transform": "translate(%.2f %g) rotate(-90)" % (_LEFT + middle, down),
                "dy": "0.35em",
                "font-size": size,
            },
            shown,
        ),
        element("title", None, node_title(node)),
    )


def sample(kind: str) -> Element:
    """What an edge of a kind looks like, for the key."""
    signs = {"failed": "×", "no-answer": "?"}
    mark = element("text", {"x": 26, "y": 6, "dy": "0.36em", "font-size": 11}, signs[kind]) if kind in signs else None
    square = element("rect", {"x": 20, "y": 0, "width": 12, "height": 12})
    return element("svg", {"viewBox": "0 0 40 12", "aria-hidden": "true"}, square, mark)
