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
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.model import BAD_EDGES, OK, Report

ARROWED_NODES = 10
"""Up to so many nodes each direction is a line of its own even where both are alike."""

_BOX = 1000.0
_MARGIN_X, _MARGIN_Y = 170.0, 64.0
_BEND = 0.07
_KINDS = ("ok", "idle", "failed", "no-answer", "not-asked", "absent")

Point = tuple[float, float]


def draw(report: Report) -> Drawing:
    """The circle."""
    nodes = report["nodes"]
    count = len(nodes)
    radius = min(150.0 + 14.0 * count, _BOX / 2 - _MARGIN_X)
    size = 10.0 if count > ARROWED_NODES else 15.0
    heights = [_place((0.0, 0.0), radius, position, count)[1] for position in range(count)]
    centre = (_BOX / 2, _MARGIN_Y - min(heights))
    places = {node["inventory"]: _place(centre, radius, position, count) for position, node in enumerate(nodes)}
    content = join(
        element("defs", None, *(_arrow(kind) for kind in _KINDS)),
        element("g", {"class": "edges"}, *(_line(shown, places, size, count) for shown in _shown(report["edges"], count))),
        element("g", {"class": "nodes"}, *(_node(node, places[node["inventory"]], centre, size, count) for node in nodes)),
    )
    height = max(heights) - min(heights) + 2 * _MARGIN_Y
    return Drawing(content, _BOX, height, "circle dense" if count > ARROWED_NODES else "circle")


def _place(centre: Point, radius: float, position: int, count: int) -> Point:
    if count == 1:
        return centre
    angle = -math.pi / 2 + 2 * math.pi * (position + (0.5 if count % 2 == 0 and count > 2 else 0.0)) / count
    return centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)


def _shown(edges: t.Sequence[Record], count: int) -> list[tuple[Record, bool]]:
    """Edges to draw, bad ones last (so on top), each with whether it stands for its opposite too."""
    by_pair = {(edge["from"], edge["to"]): edge for edge in edges}
    shown = []
    for (origin, target), edge in by_pair.items():
        back = by_pair.get((target, origin))
        both = count > ARROWED_NODES and back is not None and edge["state"] == back["state"] == OK and kind(edge) == kind(back)
        if not both or origin < target:
            shown.append((edge, both))
    return sorted(shown, key=lambda entry: entry[0]["state"] in BAD_EDGES)


def _line(shown: tuple[Record, bool], places: t.Mapping[str, Point], size: float, count: int) -> Element:
    edge, both = shown
    start, end = places[edge["from"]], places[edge["to"]]
    length = math.dist(start, end) or 1.0
    along = ((end[0] - start[0]) / length, (end[1] - start[1]) / length)
    across = (-along[1], along[0])
    bend = 0.0 if both else _BEND * length
    middle = ((start[0] + end[0]) / 2 + across[0] * bend, (start[1] + end[1]) / 2 + across[1] * bend)
    begin, finish = _towards(start, middle, size + 3), _towards(end, middle, size + (3 if both else 9))
    path = "M%.1f %.1f Q%.1f %.1f %.1f %.1f" % (*begin, *middle, *finish)
    mark = None
    if edge["state"] in BAD_EDGES:
        at = {"x": (start[0] + end[0] + 2 * middle[0]) / 4, "y": (start[1] + end[1] + 2 * middle[1]) / 4}
        x, y = "%.1f" % at["x"], "%.1f" % at["y"]
        mark = join(
            element("circle", {"cx": x, "cy": y, "r": 9 if count <= ARROWED_NODES else 7}),
            element("text", {"x": x, "y": y, "dy": "0.34em"}, sign(edge)),
        )
    return element(
        "g",
        {"class": "edge %s%s" % (kind(edge), " both" if both else ""), "data-from": edge["from"], "data-to": edge["to"]},
        element("path", {"class": "line", "d": path, "marker-end": None if both else "url(#arrow-%s)" % kind(edge)}),
        element("path", {"class": "near", "d": path}),
        mark,
        element("title", None, edge_title(edge, "↔" if both else "→")),
    )


def _towards(start: Point, end: Point, distance: float) -> Point:
    length = math.dist(start, end) or 1.0
    return start[0] + (end[0] - start[0]) * distance / length, start[1] + (end[1] - start[1]) * distance / length


def _node(node: Record, place: Point, centre: Point, size: float, count: int) -> Element:
    left_of = place[0] < centre[0] - 1
    beside = abs(place[0] - centre[0]) > 1
    gap = size + 10
    anchor = ("end" if left_of else "start") if beside else "middle"
    x = place[0] + ((-gap if left_of else gap) if beside else 0)
    y = place[1] if beside else place[1] + (gap + 12 if place[1] > centre[1] else -gap - 14)
    left = table.days(node["certificate_days_left"])
    facts = "%s days" % left if left else node["state"].replace("-", " ")
    one_line = count > ARROWED_NODES
    shift: dict[str, Child] = {"dx": 8} if one_line else {"x": "%.1f" % x, "dy": "1.35em"}
    label: dict[str, Child] = {"class": "label", "x": "%.1f" % x, "y": "%.1f" % y, "text-anchor": anchor}
    at: dict[str, Child] = {"cx": "%.1f" % place[0], "cy": "%.1f" % place[1]}
    mark = _SIGNS.get(node["state"])
    return element(
        "g",
        {"class": "node %s" % node["state"], "data-node": node["inventory"]},
        element("circle", {"class": "halo", **at, "r": size + 6}),
        element("circle", {"class": "dot", **at, "r": size}),
        element("text", {"class": "sign", "x": at["cx"], "y": at["cy"], "dy": "0.36em"}, mark) if mark else None,
        element(
            "text",
            {**label, "dy": "0.35em" if one_line else "-0.1em"},
            element("tspan", {"class": "name"}, table.shorten(node["inventory"], 20)),
            element("tspan", {"class": "fact", **shift}, facts),
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
