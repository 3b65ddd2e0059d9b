# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mesh as a drawing: nodes on a circle, an arrow for each edge. Pure."""

from __future__ import annotations

import math
import typing as t

from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report import table
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.markup import Child, Element, element, join
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.model import BAD_EDGES, NO_ANSWER, OK, Report

ARROWED_NODES = 10
"""Up to so many nodes each direction is a line of its own even where both are alike."""

_BOX = 1000.0
_MARGIN_X = 170.0
_BEND = 0.07

Point = tuple[float, float]


def drawing(report: Report) -> Element:
    """The mesh as an SVG element. Every node can be focused; the class of an edge is its state, and says more than a
    colour."""
    nodes = report["nodes"]
    count = len(nodes)
    radius = min(150.0 + 14.0 * count, _BOX / 2 - _MARGIN_X)
    size = 7.0 if count > 32 else 10.0 if count > ARROWED_NODES else 15.0
    margin = 46.0 if count > 32 else 64.0
    heights = [_place((0.0, 0.0), radius, position, count)[1] for position in range(count)]
    height = max(heights) - min(heights) + 2 * margin
    centre = (_BOX / 2, margin - min(heights))
    places = {node["inventory"]: _place(centre, radius, position, count) for position, node in enumerate(nodes)}
    lines = [_line(shown, places, size, count) for shown in _shown(report["edges"], count)]
    points = [_node(node, places[node["inventory"]], centre, size, count) for node in nodes]
    title = "Mesh of %d nodes: %s" % (count, report["summary"])
    return element(
        "svg",
        {
            "viewBox": "0 0 %g %g" % (_BOX, height),
            "class": "mesh %s" % ("dense" if count > ARROWED_NODES else "sparse"),
            "role": "group",
            "aria-label": title,
        },
        element(
            "defs", None, *(_arrow(state) for state in ("ok", "idle", "failed", "no-answer", "not-asked", "absent"))
        ),
        element("g", {"class": "edges"}, *lines),
        element("g", {"class": "nodes"}, *points),
    )


def _place(centre: Point, radius: float, position: int, count: int) -> Point:
    if count == 1:
        return centre
    angle = -math.pi / 2 + 2 * math.pi * (position + (0.5 if count % 2 == 0 and count > 2 else 0.0)) / count
    return centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)


def _shown(edges: t.Sequence[t.Mapping[str, t.Any]], count: int) -> list[tuple[t.Mapping[str, t.Any], bool]]:
    """Edges to draw, bad ones last (so on top), each with whether it stands for its opposite too."""
    by_pair = {(edge["from"], edge["to"]): edge for edge in edges}
    shown = []
    for (origin, target), edge in by_pair.items():
        back = by_pair.get((target, origin))
        both = (
            count > ARROWED_NODES
            and back is not None
            and edge["state"] == back["state"] == OK
            and _kind(edge) == _kind(back)
        )
        if not both or origin < target:
            shown.append((edge, both))
    return sorted(shown, key=lambda entry: entry[0]["state"] in BAD_EDGES)


def _kind(edge: t.Mapping[str, t.Any]) -> str:
    return "idle" if edge["state"] == OK and edge["connection"] == "idle" else str(edge["state"])


def _line(shown: tuple[t.Mapping[str, t.Any], bool], places: t.Mapping[str, Point], size: float, count: int) -> Element:
    edge, both = shown
    start, end = places[edge["from"]], places[edge["to"]]
    length = math.dist(start, end) or 1.0
    along = ((end[0] - start[0]) / length, (end[1] - start[1]) / length)
    across = (-along[1], along[0])
    bend = 0.0 if both else _BEND * length
    middle = ((start[0] + end[0]) / 2 + across[0] * bend, (start[1] + end[1]) / 2 + across[1] * bend)
    kind = _kind(edge)
    arrow = None if both else "url(#arrow-%s)" % kind
    begin, finish = _towards(start, middle, size + 3), _towards(end, middle, size + (3 if both else 9))
    path = "M%.1f %.1f Q%.1f %.1f %.1f %.1f" % (*begin, *middle, *finish)
    names = "%s %s %s" % (edge["from"], "↔" if both else "→", edge["to"])
    mark = None
    if edge["state"] in BAD_EDGES:
        at = ((start[0] + end[0] + 2 * middle[0]) / 4, (start[1] + end[1] + 2 * middle[1]) / 4)
        mark = join(
            element("circle", {"cx": "%.1f" % at[0], "cy": "%.1f" % at[1], "r": 9 if count <= ARROWED_NODES else 7}),
            element(
                "text",
                {"x": "%.1f" % at[0], "y": "%.1f" % at[1], "dy": "0.34em"},
                "?" if edge["state"] == NO_ANSWER else "×",
            ),
        )
    return element(
        "g",
        {"class": "edge %s" % kind, "data-from": edge["from"], "data-to": edge["to"]},
        element("path", {"d": path, "marker-end": arrow}),
        mark,
        element("title", None, "%s: %s" % (names, table.result(edge))),
    )


def _towards(start: Point, end: Point, distance: float) -> Point:
    length = math.dist(start, end) or 1.0
    return start[0] + (end[0] - start[0]) * distance / length, start[1] + (end[1] - start[1]) * distance / length


def _node(node: t.Mapping[str, t.Any], place: Point, centre: Point, size: float, count: int) -> Element:
    left_of = place[0] < centre[0] - 1
    beside = abs(place[0] - centre[0]) > 1
    gap = size + 10
    anchor = ("end" if left_of else "start") if beside else "middle"
    x = place[0] + ((-gap if left_of else gap) if beside else 0)
    below = place[1] > centre[1]
    y = place[1] if beside else place[1] + (gap + 12 if below else -gap - 14)
    left = table.days(node["certificate_days_left"])
    facts = "%s days" % left if left else node["state"].replace("-", " ")
    one_line = count > ARROWED_NODES
    label = element("tspan", {"class": "name"}, table.shorten(node["inventory"], 20 if one_line else 22))
    shift: dict[str, Child] = {"dx": 8} if one_line else {"x": "%.1f" % x, "dy": "1.35em"}
    detail = element("tspan", {"class": "fact", **shift}, facts)
    up = node["state"] == "up"
    return element(
        "g",
        {
            "class": "node %s" % node["state"],
            "tabindex": 0,
            "role": "button",
            "aria-pressed": "false",
            "data-node": node["inventory"],
            "aria-label": "%s, %s, certificate %s days left; show its edges only"
            % (node["inventory"], node["state"], left or "unknown"),
        },
        element("circle", {"class": "halo", "cx": "%.1f" % place[0], "cy": "%.1f" % place[1], "r": size + 6}),
        element("circle", {"class": "dot", "cx": "%.1f" % place[0], "cy": "%.1f" % place[1], "r": size}),
        None
        if up
        else element(
            "text",
            {"class": "sign", "x": "%.1f" % place[0], "y": "%.1f" % place[1], "dy": "0.36em"},
            _SIGNS.get(node["state"], ""),
        ),
        element(
            "text",
            {
                "class": "label",
                "x": "%.1f" % x,
                "y": "%.1f" % y,
                "dy": "0.35em" if one_line else "-0.1em",
                "text-anchor": anchor,
            },
            label,
            detail,
        ),
    )


_SIGNS = {"down": "×", "no-answer": "?", "not-asked": "–", "absent": ""}


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
