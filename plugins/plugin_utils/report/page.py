# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as one HTML page that needs nothing else. Pure, but for its own style and script, which it reads once."""

from __future__ import annotations

import base64
import hashlib
import math
import typing as t
from pathlib import Path

from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report import table, walls
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.drawing import drawing, key
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.markup import Child, Element, element, join
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.model import (
    BAD_EDGES,
    BAD_NODES,
    BAD_WALLS,
    FAILED,
    HELD,
    Report,
    plural,
)

STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
SCRIPT = Path(__file__).with_name("page.js").read_text(encoding="utf-8")

SOON_DAYS = 14
"""Days before its end from which a certificate is shown as ending."""

LISTED_PLACES = 8
"""Most places of a fault that are named."""

LISTED_ATTEMPTS = 200
"""Most attempts at a wall that are listed one by one, those that failed first."""

_STAGES = ("resolve", "connect", "tls", "handshake", "round_trip")
_SIGN = {
    "ok": "✓",
    "up": "✓",
    "held": "✓",
    "failed": "✗",
    "down": "✗",
    "fell": "✗",
    "unproven": "?",
    "no-answer": "?",
    "not-asked": "–",
    "absent": "–",
}


def page(report: Report) -> str:
    """The page. Nothing in it is fetched, and its policy lets no script or style run but its own."""
    return "<!DOCTYPE html>\n%s\n" % element("html", {"lang": "en"}, _head(report), _body(report))


def _head(report: Report) -> Element:
    policy = "default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'" % (
        _digest(STYLE),
        _digest(SCRIPT),
    )
    return element(
        "head",
        None,
        element("meta", {"charset": "utf-8"}),
        element("meta", {"http-equiv": "Content-Security-Policy", "content": policy}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("meta", {"name": "color-scheme", "content": "light dark"}),
        element("title", None, report["summary"]),
        element("style", None, Element(STYLE)),
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _body(report: Report) -> Element:
    sections = [
        *([("faults", "Faults", _faults(report))] if report["faults"] else []),
        ("mesh", "Mesh", _mesh(report)),
        ("nodes", "Nodes", _nodes(report)),
        ("walls", "Walls", _walls(report)),
        ("edges", "Edges", _edges(report)),
    ]
    return element(
        "body",
        None,
        element("a", {"class": "skip", "href": "#main"}, "Skip to the findings"),
        _header(report),
        element(
            "nav",
            {"aria-label": "Sections"},
            element(
                "ul",
                None,
                *(element("li", None, element("a", {"href": "#" + name}, title)) for name, title, _content in sections),
            ),
        ),
        element(
            "main",
            {"id": "main", "tabindex": -1},
            *(_section(name, title, content) for name, title, content in sections),
        ),
        element("script", None, Element(SCRIPT)),
    )


def _header(report: Report) -> Element:
    verdict, kind = ("Everything holds", "good") if report["ok"] else (plural(len(report["faults"]), "fault"), "bad")
    if report["nothing_yet"]:
        verdict, kind = "Nothing to verify yet", "quiet"
    totals = report["totals"]
    days = totals["certificate_days_left"]
    soon = None if days is None or days >= SOON_DAYS else "warn" if days > 0 else "bad"
    return element(
        "header",
        None,
        element("button", {"type": "button", "class": "theme", "hidden": "hidden"}),
        element("p", {"class": "eyebrow"}, "Erlang distribution over TLS"),
        element("h1", None, report["cluster"]["name"], " ", element("span", {"class": "verdict %s" % kind}, verdict)),
        element(
            "p",
            {"class": "when"},
            "Verified ",
            element("time", {"datetime": report["time"]}, report["time"].replace("T", " ").replace("Z", " UTC")),
        ),
        element(
            "dl",
            {"class": "totals"},
            _total("Nodes up", totals["nodes"]["up"], totals["nodes"]["asked"], "bad" if totals["nodes"]["bad"] else None),
            _total("Edges", totals["edges"]["ok"], totals["edges"]["asked"], "bad" if totals["edges"]["bad"] else None),
            _total(
                "Walls held",
                totals["walls"]["held"],
                totals["walls"]["asked"],
                "bad" if totals["walls"]["bad"] else None,
            ),
            _total("Certificates, days left", "–" if days is None else math.floor(days), None, soon),
        ),
    )


def _total(label: str, value: Child, of: int | None, kind: str | None) -> Element:
    rest = element("span", {"class": "of"}, " of %d" % of) if of is not None else None
    return element("div", {"class": kind}, element("dt", None, label), element("dd", None, value, rest))


def _section(name: str, title: str, *content: Child) -> Element:
    return element(
        "section",
        {"id": name, "aria-labelledby": name + "-title"},
        element("h2", {"id": name + "-title"}, title),
        *content,
    )


def _faults(report: Report) -> Element:
    entries = [
        element(
            "li",
            None,
            element("p", {"class": "where"}, table.where(fault["where"], LISTED_PLACES)),
            element("p", {"class": "cause"}, fault["cause"]),
            element("p", {"class": "remedy"}, element("span", {"class": "lead"}, "What to do"), fault["remedy"]),
        )
        for fault in report["faults"]
    ]
    return element("ol", {"class": "faults"}, *entries)


def _mesh(report: Report) -> Element:
    return element(
        "figure",
        None,
        element("div", {"class": "scroll"}, drawing(report)),
        element("figcaption", None, key(report), element("p", {"class": "readout", "role": "status"})),
    )


def _state(state: str, text: str | None = None) -> Element:
    sign = element("span", {"class": "sign", "aria-hidden": "true"}, _SIGN.get(state, ""))
    return element("span", {"class": "state %s" % state}, sign, text or state.replace("-", " "))


class Column(t.NamedTuple):
    """A column of a table: its head, and whether it holds numbers."""

    title: str
    number: bool = False


class Cell(t.NamedTuple):
    """A cell: what it shows, and what it is sorted by if that is something else."""

    content: Child
    key: str | None = None


def _table(
    caption: str,
    columns: t.Sequence[Column],
    rows: t.Sequence[tuple[dict[str, Child], t.Sequence[Cell]]],
    wide: bool = True,
) -> Element:
    heads = [
        element(
            "th",
            {"scope": "col", "class": "number" if column.number else None, "aria-sort": "none"},
            element("button", {"type": "button"}, column.title, element("span", {"class": "arrow", "aria-hidden": "true"})),
        )
        for column in columns
    ]
    body = [
        element(
            "tr",
            attributes,
            *(
                element(
                    "th" if position == 0 else "td",
                    {
                        "scope": "row" if position == 0 else None,
                        "class": "number" if columns[position].number else None,
                        "data-key": cell.key,
                    },
                    cell.content,
                )
                for position, cell in enumerate(cells)
            ),
        )
        for attributes, cells in rows
    ]
    made = element(
        "table",
        {"class": "sortable"},
        element("caption", None, caption),
        element("thead", None, element("tr", None, *heads)),
        element("tbody", None, *body),
    )
    return element(
        "div",
        {
            "class": "scroll",
            "tabindex": 0 if wide else None,
            "role": "region" if wide else None,
            "aria-label": caption if wide else None,
        },
        made,
    )


def _nodes(report: Report) -> Element:
    columns = [
        Column("Node"),
        Column("State"),
        Column("OTP", True),
        Column("Up"),
        Column("Memory", True),
        Column("Connected to", True),
        Column("Certificate, days left", True),
    ]
    rows: list[tuple[dict[str, Child], t.Sequence[Cell]]] = []
    longest = max([float(node["certificate_days_left"] or 0) for node in report["nodes"]] + [1.0])
    for node in sorted(report["nodes"], key=lambda node: node["state"] not in BAD_NODES):
        name = join(element("strong", None, node["inventory"]), element("span", {"class": "sub"}, node["node"]))
        peers = len(node["peers"]) if node["state"] == "up" else None
        cells = [
            Cell(name, node["inventory"]),
            Cell(_state(node["state"])),
            Cell(node["otp_release"]),
            Cell(_span(node["uptime"]), str(node["uptime"] or "")),
            Cell("%d MB" % round(node["memory"] / 1e6) if node["memory"] else None, str(node["memory"] or "")),
            Cell(peers),
            Cell(
                _left(node["certificate_days_left"], longest, node["certificate_subject"]),
                str(node["certificate_days_left"] if node["certificate_days_left"] is not None else ""),
            ),
        ]
        rows.append(({"class": node["state"]}, cells))
    return _table("What each running node says of itself, and the certificate that its peers were shown", columns, rows)


def _left(days: float | None, longest: float, subject: str | None) -> Element | None:
    if days is None:
        return None
    share = max(0.0, min(1.0, days / longest))
    strip = element(
        "svg",
        {"class": "left", "viewBox": "0 0 60 6", "aria-hidden": "true"},
        element("rect", {"class": "rail", "width": 60, "height": 6, "rx": 3}),
        element("rect", {"class": "fill", "width": "%.1f" % (60 * share), "height": 6, "rx": 3}),
    )
    kind = "expired" if days <= 0 else "soon" if days < SOON_DAYS else None
    return element(
        "span",
        {"class": "days %s" % kind if kind else "days", "title": subject},
        strip,
        math.floor(days),
        " ended" if days <= 0 else None,
    )


def _span(seconds: float | None) -> str | None:
    """A time in its largest unit."""
    if seconds is None:
        return None
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return plural(int(seconds // size), unit)
    return plural(int(seconds), "second")


def _edges(report: Report) -> Element:
    if not report["edges"]:
        return element("p", {"class": "hint"}, "A mesh of one node has no edges.")
    columns = [
        Column("From"),
        Column("To"),
        Column("Result"),
        Column("TLS"),
        Column("Cipher"),
        Column("Days left", True),
    ]
    columns += [Column(stage.replace("_", " "), True) for stage in _STAGES] + [Column("total ms", True)]
    rows: list[tuple[dict[str, Child], t.Sequence[Cell]]] = []
    for edge in sorted(report["edges"], key=lambda edge: edge["state"] not in BAD_EDGES):
        fault = edge["fault"]
        why = element("span", {"class": "sub"}, fault["cause"]) if fault and edge["state"] == FAILED else None
        cells = [
            Cell(edge["from"]),
            Cell(edge["to"]),
            Cell(join(_state(edge["state"], table.result(edge)), why), table.result(edge)),
            Cell(table.short_tls(edge["tls_version"])),
            Cell(table.short_cipher(edge["cipher"])),
            Cell(
                table.days(edge["certificate_days_left"]),
                str(edge["certificate_days_left"] if edge["certificate_days_left"] is not None else ""),
            ),
            *(Cell(_milliseconds(edge["milliseconds"].get(stage))) for stage in (*_STAGES, "total")),
        ]
        rows.append(({"data-from": edge["from"], "data-to": edge["to"], "class": edge["state"]}, cells))
    return join(_filter(report), _table("Every edge, with the time of each stage in milliseconds", columns, rows))


def _filter(report: Report) -> Element:
    """Which edges are listed; shown where there is a script to do it."""
    states = [("", "all edges"), ("bad", "what is wrong"), ("good", "what is right")]
    nodes = [("", "any node"), *((node["inventory"], node["inventory"]) for node in report["nodes"])]
    return element(
        "form",
        {"class": "filter", "hidden": "hidden"},
        element("label", None, "Show ", _select("state", states)),
        element("label", None, "from or to ", _select("node", nodes)),
        element("output", {"role": "status"}),
        element("button", {"type": "button"}, "Show all"),
    )


def _select(name: str, choices: t.Sequence[tuple[str, str]]) -> Element:
    return element("select", {"name": name}, *(element("option", {"value": value}, text) for value, text in choices))


def _milliseconds(value: float | None) -> str | None:
    return None if value is None else "%.1f" % value


def _walls(report: Report) -> Element:
    folded: dict[str, list[t.Mapping[str, t.Any]]] = {}
    for attempt in report["walls"]:
        folded.setdefault(attempt["wall"], []).append(attempt)
    if not folded:
        return element("p", {"class": "hint"}, "No walls were tried.")
    return element("ul", {"class": "walls"}, *(element("li", None, _wall(name, attempts)) for name, attempts in folded.items()))


def _wall(name: str, attempts: t.Sequence[t.Mapping[str, t.Any]]) -> Element:
    bad = [attempt for attempt in attempts if attempt["state"] in BAD_WALLS]
    held = sum(attempt["state"] == HELD for attempt in attempts)
    asked = held + len(bad)
    state = "fell" if bad else "held" if asked else "not-asked"
    said = "held %d of %d" % (held, asked) if asked else "not tried"
    entries = [
        element(
            "li",
            None,
            _state(attempt["state"]),
            " ",
            element("span", {"class": "pair"}, "%s → %s" % (attempt["from"], attempt["to"])),
            element("span", {"class": "sub"}, attempt["detail"]),
        )
        for attempt in sorted(attempts, key=lambda attempt: attempt["state"] not in BAD_WALLS)[:LISTED_ATTEMPTS]
    ]
    if len(attempts) > LISTED_ATTEMPTS:
        entries.append(element("li", None, "and %s more, in report.json" % plural(len(attempts) - LISTED_ATTEMPTS, "attempt")))
    summary = element(
        "summary",
        None,
        element(
            "span",
            {"class": "wall"},
            walls.label(name),
            element("span", {"class": "sub"}, "shut out: " + walls.MEANINGS[name] if name in walls.MEANINGS else None),
        ),
        _state(state, said),
    )
    return element("details", {"open": "open" if bad else None}, summary, element("ul", {"class": "attempts"}, *entries))
