# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small mesh as nodes on a circle, an arrow for each edge. Pure."""

from __future__ import annotations

import math
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
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.model import BAD_EDGES, Report

_BEND = 0.07
_SCALE = 1.2
"""How large the drawing is where there is room, in pixels by its unit."""
_DOT = 15.0
_MARGIN = 10.0
_LETTER, _SMALL_LETTER = 9.6, 8.0
"""About the widths of letters of a name and of what is said below it, in units of the drawing (page.css has the sizes)."""
_NAME_LETTERS = 20
_LINES = 44.0
"""How far the two lines of a label reach above or below the middle of a node's dot, which they keep clear of."""
_KINDS = ("ok", "idle", "failed", "no-answer", "not-asked", "absent")

Point = tuple[float, float]


def draw(report: Report) -> Drawing:
    """The circle, no larger than its labels ask for, so that it can be read on a small screen too."""
    nodes = report["nodes"]
    count = len(nodes)
    radius = 90.0 + 10.0 * count if count > 1 else 0.0
    letters = _letters(count, radius)
    spots = [_place((0.0, 0.0), radius, position, count) for position in range(count)]
    label = max(max(_LETTER * len(table.shorten(node["inventory"], letters)), _SMALL_LETTER * len(_fact(node))) for node in nodes)
    width = 2 * max(abs(x) for x, _y in spots) + max(label, 2 * _DOT) + 2 * _MARGIN
    top, bottom = min(y for _x, y in spots), max(y for _x, y in spots)
    height = bottom - top + 2 * (_DOT + _LINES + _MARGIN)
    centre = (width / 2, _DOT + _LINES + _MARGIN - top)
    places = {node["inventory"]: (x + centre[0], y + centre[1]) for node, (x, y) in zip(nodes, spots)}
    content = join(
        element("defs", None, *(_arrow(kind) for kind in _KINDS)),
        element(
            "g", {"class": "edges"}, *(_line(edge, places) for edge in sorted(report["edges"], key=lambda edge: edge["state"] in BAD_EDGES))
        ),
        element("g", {"class": "nodes"}, *(_node(node, places[node["inventory"]], centre, letters) for node in nodes)),
    )
    return Drawing(content, width, height, "circle", {"width": "%.0f" % (width * _SCALE)})


def _letters(count: int, radius: float) -> int:
    """How many letters of a name there is room for between neighbours at the same height."""
    room = 2 * radius * math.sin(math.pi / count) if count > 2 else math.inf
    return int(min(_NAME_LETTERS, (room - _MARGIN) // _LETTER))


def _fact(node: Record) -> str:
    """What is said below a node's name."""
    left = table.days(node["certificate_days_left"])
    return "%s days" % left if left else str(node["state"]).replace("-", " ")


def _place(centre: Point, radius: float, position: int, count: int) -> Point:
    if count == 1:
        return centre
    angle = -math.pi / 2 + 2 * math.pi * (position + (0.5 if count % 2 == 0 and count > 2 else 0.0)) / count
    return centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)


def _line(edge: Record, places: t.Mapping[str, Point]) -> Element:
    start, end = places[edge["from"]], places[edge["to"]]
    length = math.dist(start, end) or 1.0
    along = ((end[0] - start[0]) / length, (end[1] - start[1]) / length)
    across = (-along[1], along[0])
    bend = _BEND * length
    middle = ((start[0] + end[0]) / 2 + across[0] * bend, (start[1] + end[1]) / 2 + across[1] * bend)
    path = "M%.1f %.1f Q%.1f %.1f %.1f %.1f" % (*_towards(start, middle, _DOT + 3), *middle, *_towards(end, middle, _DOT + 9))
    mark = None
    if edge["state"] in BAD_EDGES:
        x, y = ("%.1f" % ((start[axis] + end[axis] + 2 * middle[axis]) / 4) for axis in (0, 1))
        mark = join(element("circle", {"cx": x, "cy": y, "r": 9}), element("text", {"x": x, "y": y, "dy": "0.34em"}, sign(edge)))
    return element(
        "g",
        {"class": "edge %s" % kind(edge), "data-from": edge["from"], "data-to": edge["to"]},
        element("path", {"class": "line", "d": path, "marker-end": "url(#arrow-%s)" % kind(edge)}),
        element("path", {"class": "near", "d": path}),
        mark,
        element("title", None, edge_title(edge)),
    )


def _towards(start: Point, end: Point, distance: float) -> Point:
    length = math.dist(start, end) or 1.0
    return start[0] + (end[0] - start[0]) * distance / length, start[1] + (end[1] - start[1]) * distance / length


def _node(node: Record, place: Point, centre: Point, letters: int) -> Element:
    above = place[1] <= centre[1]
    x = "%.1f" % place[0]
    name, fact = (place[1] - _DOT - 29, place[1] - _DOT - 11) if above else (place[1] + _DOT + 22, place[1] + _DOT + 40)
    at: dict[str, Child] = {"cx": x, "cy": "%.1f" % place[1]}
    mark = _SIGNS.get(node["state"])
    return element(
        "g",
        {"class": "node %s" % node["state"], "data-node": node["inventory"]},
        element("circle", {"class": "halo", **at, "r": _DOT + 6}),
        element("circle", {"class": "dot", **at, "r": _DOT}),
        element("text", {"class": "sign", "x": x, "y": at["cy"], "dy": "0.36em"}, mark) if mark else None,
        element(
            "text",
            {"class": "label", "text-anchor": "middle"},
            element("tspan", {"class": "name", "x": x, "y": "%.1f" % name}, table.shorten(node["inventory"], letters)),
            element("tspan", {"class": "fact", "x": x, "y": "%.1f" % fact}, _fact(node)),
        ),
        element("title", None, node_title(node)),
    )


_SIGNS = {"down": "×", "no-answer": "?", "not-asked": "–"}


def _arrow(kind: str) -> Element:
    shape = element("path", {"d": "M0 0 L8 4 L0 8 z", "class": "head %s" % kind})
    frame: dict[str, Child] = {
        "viewBox": "0 0 8 8",
        "refX": 2,
        "refY": 4,
        "markerWidth": 8,
        "markerHeight": 8,
        "markerUnits": "userSpaceOnUse",
        "orient": "auto",
    }
    return element("marker", {"id": "arrow-%s" % kind, **frame}, shape)


def sample(kind: str) -> Element:
    """What an edge of a kind looks like, for the key."""
    line = element("path", {"class": "line", "d": "M1 6 L30 6", "marker-end": "url(#arrow-%s)" % kind})
    return element("svg", {"viewBox": "0 0 40 12", "aria-hidden": "true"}, line)
