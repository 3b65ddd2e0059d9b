# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report for a terminal: lines of styled pieces of text. Pure; whoever prints them knows the colours."""

from __future__ import annotations

import math
import typing as t

from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report import walls
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.model import (
    ABSENT,
    BAD_EDGES,
    BAD_NODES,
    BAD_WALLS,
    FAILED,
    HELD,
    NO_ANSWER,
    NOT_ASKED,
    OK,
    Report,
    plural,
)
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.wording import clean

GOOD, BAD, QUIET, PLAIN = "good", "bad", "quiet", "plain"


class Span(t.NamedTuple):
    """A piece of text and its style."""

    text: str
    style: str = PLAIN


Line = list[Span]

LISTED_NODES = 6
"""Up to so many nodes every edge has a line of its own."""

SHOWN_EDGES = 20
SHOWN_OF_A_FAULT = 4
"""In a larger mesh so many edges at most have a line, and so many of each fault: the others say the same."""

SHOWN_FAULTS = 12

_RIGHT = frozenset(["days", "ms"])
_SHORTENED = ("cipher", "from", "to", "node")
_LEAST = 8
_GAP = "  "
_STYLES = {OK: GOOD, FAILED: BAD, NO_ANSWER: BAD}
_WORDS = {NO_ANSWER: "no answer", NOT_ASKED: "not asked", ABSENT: "no node yet"}


def render(report: Report, width: int, page: str = "") -> list[Line]:
    """The report in lines of at most ``width`` columns; ``page`` is where the HTML was written, empty if it was not."""
    style = GOOD if report["ok"] else BAD
    if report["nothing_yet"]:
        return [[Span(line)] for line in _wrapped(report["summary"], width)]
    blocks = [_edges(report, width), _walls(report, width), _fault_lines(report, width)]
    lines: list[Line] = []
    for block in blocks:
        if block:
            lines += [*block, []]
    if page:
        lines.append([Span("report: %s" % clean(page), QUIET)])
    return lines + [[Span(line, style)] for line in _wrapped(clean(report["summary"]), width)]


def _edges(report: Report, width: int) -> list[Line]:
    edges = report["edges"]
    if not edges:
        return []
    if len(report["nodes"]) <= LISTED_NODES:
        return _listing(edges, width)
    failed = [edge for edge in edges if edge["state"] == FAILED]
    lines = _summary(report, width)
    shown = _examples(failed)
    if shown:
        lines += [[], *_listing(shown, width)]
    if len(failed) > len(shown):
        lines.append([Span("and %s more that failed" % plural(len(failed) - len(shown), "edge"), BAD)])
    return lines


def _examples(failed: t.Sequence[t.Mapping[str, t.Any]]) -> list[t.Mapping[str, t.Any]]:
    """Some edges of each fault."""
    of_fault: dict[str, list[t.Mapping[str, t.Any]]] = {}
    for edge in failed:
        of_fault.setdefault((edge["fault"] or {}).get("cause", ""), []).append(edge)
    return [edge for edges in of_fault.values() for edge in edges[:SHOWN_OF_A_FAULT]][:SHOWN_EDGES]


def result(edge: t.Mapping[str, t.Any]) -> str:
    """What became of an edge, in a few words."""
    if edge["state"] == OK:
        return "ok, idle" if edge["connection"] == "idle" else "ok"
    if edge["state"] == FAILED:
        return "one-sided" if (edge["fault"] or {}).get("id") == "one-sided" else "failed: %s" % edge["stage"]
    return _WORDS[edge["state"]]


def short_tls(version: str | None) -> str:
    """A TLS version as a number."""
    return str(version or "").replace("TLSv", "")


def short_cipher(cipher: str | None) -> str:
    """A cipher suite without the prefix that all have."""
    name = str(cipher or "")
    return name[4:] if name.startswith("TLS_") else name


def days(left: float | None) -> str:
    """Whole days that are left, negative after the end."""
    return "" if left is None else str(math.floor(left))


def _listing(edges: t.Sequence[t.Mapping[str, t.Any]], width: int) -> list[Line]:
    rows = [
        {
            "from": edge["from"],
            "to": edge["to"],
            "result": result(edge),
            "TLS": short_tls(edge["tls_version"]),
            "cipher": short_cipher(edge["cipher"]),
            "days": days(edge["certificate_days_left"]),
            "ms": _number(edge["milliseconds"].get("total"), "%.1f"),
        }
        for edge in edges
    ]
    styles = [_STYLES.get(edge["state"], QUIET) for edge in edges]
    return columns(rows, styles, "result", width)


def columns(rows: t.Sequence[t.Mapping[str, str]], styles: t.Sequence[str], styled: str, width: int) -> list[Line]:
    """A table with a head. The column ``styled`` has each row's own style; what does not fit is shortened, widest
    column first."""
    names = list(rows[0])
    texts = [{name: clean(row[name]) for name in names} for row in rows]
    widths = {name: max([len(name), *(len(row[name]) for row in texts)]) for name in names}
    spare = width - sum(widths.values()) - len(_GAP) * (len(names) - 1)
    while spare < 0:
        widest = max((name for name in names if name in _SHORTENED), key=lambda name: widths[name], default="")
        if not widest or widths[widest] <= _LEAST:
            break
        widths[widest] -= 1
        spare += 1

    def line(row: t.Mapping[str, str], style: str, others: str) -> Line:
        spans: Line = []
        for name in names:
            text = shorten(row[name], widths[name])
            text = text.rjust(widths[name]) if name in _RIGHT else text.ljust(widths[name])
            spans += [Span(text, style if name == styled else others), Span(_GAP)]
        return spans[:-1]

    head = line({name: name for name in names}, QUIET, QUIET)
    return [head, *(line(row, style, PLAIN) for row, style in zip(texts, styles, strict=True))]


def shorten(text: str, width: int) -> str:
    """Text in at most so many columns; what is left out shows as an ellipsis."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"


def _summary(report: Report, width: int) -> list[Line]:
    """One row a node: how many of its edges are right, out and in, what they agree on, and the slowest of those that it opens."""
    out: dict[str, list[t.Mapping[str, t.Any]]] = {}
    into: dict[str, list[t.Mapping[str, t.Any]]] = {}
    for edge in report["edges"]:
        out.setdefault(edge["from"], []).append(edge)
        into.setdefault(edge["to"], []).append(edge)
    rows, styles = [], []
    for node in report["nodes"]:
        name = node["inventory"]
        mine, theirs = out.get(name, []), into.get(name, [])
        word, style = _judgement(node, [*mine, *theirs])
        slowest = max((edge["milliseconds"].get("total") or 0.0 for edge in mine if edge["state"] == OK), default=0.0)
        versions = {short_tls(edge["tls_version"]) for edge in mine if edge["tls_version"]}
        rows.append(
            {
                "node": name,
                "result": word,
                "out": _of(mine),
                "in": _of(theirs),
                "TLS": " ".join(sorted(versions)),
                "days": days(node["certificate_days_left"]),
                "ms": _number(slowest or None, "%.1f"),
            }
        )
        styles.append(style)
    return columns(rows, styles, "result", width)


def _judgement(node: t.Mapping[str, t.Any], edges: t.Sequence[t.Mapping[str, t.Any]]) -> tuple[str, str]:
    """How a node and its edges are, in a few words, and the style of these."""
    if node["state"] in _WORDS:
        return _WORDS[node["state"]], BAD if node["state"] in BAD_NODES else QUIET
    bad = sum(edge["state"] in BAD_EDGES for edge in edges)
    if node["state"] in BAD_NODES:
        return node["state"], BAD
    return ("%s failed" % plural(bad, "edge"), BAD) if bad else ("ok", GOOD)


def _of(edges: t.Sequence[t.Mapping[str, t.Any]]) -> str:
    return "%d/%d" % (sum(edge["state"] == OK for edge in edges), len(edges))


def _walls(report: Report, width: int) -> list[Line]:
    folded: dict[str, list[t.Mapping[str, t.Any]]] = {}
    for wall in report["walls"]:
        folded.setdefault(wall["wall"], []).append(wall)
    if not folded:
        return []
    label = max(len(walls.label(wall)) for wall in folded)
    lines: list[Line] = [[Span("walls", QUIET)]]
    for wall, attempts in folded.items():
        bad = sum(attempt["state"] in BAD_WALLS for attempt in attempts)
        asked = bad + sum(attempt["state"] == HELD for attempt in attempts)
        told, colour = ("held %d of %d" % (asked - bad, asked), BAD if bad else GOOD) if asked else ("not tried", QUIET)
        state = Span(told.ljust(15), colour)
        lead = walls.label(wall).ljust(label) + _GAP
        meaning = shorten(walls.MEANINGS.get(wall, ""), max(width - len(lead) - len(state.text) - len(_GAP), 0))
        lines.append([Span(lead), state, Span(_GAP + meaning, QUIET)])
    return lines


def _fault_lines(report: Report, width: int) -> list[Line]:
    lines: list[Line] = []
    shown = [*((fault, BAD) for fault in report["faults"][:SHOWN_FAULTS]), *((note, QUIET) for note in report["notes"][:SHOWN_FAULTS])]
    for fault, style in shown:
        lines += [[Span(line, style)] for line in _wrapped(clean(where(fault["where"])), width)]
        lines += [[Span("  " + line)] for line in _wrapped(clean(fault["cause"]), width - 2)]
        remedy = _wrapped(clean(fault["remedy"]), width - 4)
        lines += [[Span(lead + line)] for lead, line in zip(["  → ", *["    "] * len(remedy)], remedy, strict=False)]
    more = len(report["faults"]) - SHOWN_FAULTS
    if more > 0:
        lines.append([Span("and %s, which the report lists" % plural(more, "more fault"), BAD)])
    return lines


def where(places: t.Sequence[str], most: int = 4) -> str:
    """The places of a fault in one line."""
    return ", ".join([*places[:most], *(["and %d more" % (len(places) - most)] if len(places) > most else [])])


def _number(value: t.Any, form: str) -> str:
    return "" if value is None else form % value


def _wrapped(text: str, width: int) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = "%s %s" % (line, word) if line else word
    return [*lines, line]
