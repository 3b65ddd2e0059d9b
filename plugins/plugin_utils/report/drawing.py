# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mesh as a drawing that suits its size, and what both kinds of drawing say of an edge and a node. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report import circle, matrix
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.figure import kind
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.markup import Element, element
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.model import Report

CIRCLED_NODES = 8
"""Up to so many nodes lie on a circle with lines between them; in a larger mesh lines would hide each other."""


def drawing(report: Report) -> Element:
    """The mesh as an SVG element. The class of an edge is its state, and a sign says the same as its colour.

    Whoever lets people point at nodes and edges finds them by ``data-node``, ``data-from`` and ``data-to``.
    """
    made = _shape(report).draw(report)
    attributes = {
        "viewBox": "0 0 %g %g" % (made.width, made.height),
        "class": "mesh %s" % made.kind,
        "role": "img",
        "aria-label": "Mesh of %d nodes: %s" % (len(report["nodes"]), report["summary"]),
        **made.attributes,
    }
    return element("svg", attributes, made.content)


def key(report: Report) -> Element:
    """What the kinds of edges that there are look like."""
    present = {kind(edge) for edge in report["edges"]}
    shape = _shape(report)
    entries = [
        element("li", {"class": "edge %s" % name}, shape.sample(name), meaning) for name, meaning in MEANINGS.items() if name in present
    ]
    return element("ul", {"class": "key"}, *entries)


MEANINGS = {
    "ok": "reached",
    "idle": "reached, not connected now",
    "failed": "failed",
    "no-answer": "no answer",
    "not-asked": "not asked",
    "absent": "no node yet",
}


def _shape(report: Report) -> t.Any:
    return circle if len(report["nodes"]) <= CIRCLED_NODES else matrix
