# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as one HTML page that needs nothing else: what the template page.html.j2 shows, and how it is rendered."""

from __future__ import annotations

import base64
import hashlib
import math
import typing as t
from pathlib import Path

import jinja2
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report import table, walls
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.drawing import drawing, key
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.markup import Element, visible
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.model import (
    BAD_EDGES,
    BAD_NODES,
    BAD_WALLS,
    FAILED,
    HELD,
    Report,
    plural,
)

HERE = Path(__file__).parent
STYLE = (HERE / "page.css").read_text(encoding="utf-8")
SCRIPT = (HERE / "page.js").read_text(encoding="utf-8")

SOON_DAYS = 14
"""Days before its end from which a certificate is shown as ending."""

LISTED_PLACES = 8
"""Most places of a fault that are named."""

LISTED_ATTEMPTS = 200
"""Most attempts at a wall that are listed one by one, those that failed first."""

_STAGES = ("resolve", "connect", "tls", "handshake", "round_trip", "total")
_SIGNS = {
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
_NODE_COLUMNS = (
    ("Node", False),
    ("State", False),
    ("OTP", True),
    ("Up", False),
    ("Memory", True),
    ("Connected to", True),
    ("Certificate, days left", True),
)
_CERTIFICATE_COLUMNS = (
    ("Whose", False),
    ("Ends on", False),
    ("Days left", True),
    ("Serial number", False),
    ("Issued by", False),
    ("Shown to peers", False),
)
_EDGE_COLUMNS = (
    *(("From", False), ("To", False), ("Result", False), ("TLS", False), ("Cipher", False), ("Days left", True)),
    *((stage.replace("_", " ") + (" ms" if stage == "total" else ""), True) for stage in _STAGES),
)
_FAMILIES = {"inet": "IPv4", "inet6": "IPv6"}
_DISCOVERIES = {"port": "one port for all nodes", "map": "a table of ports", "epmd": "epmd"}


def page(report: Report) -> str:
    """The page. Nothing in it is fetched, and its policy lets no script or style run but its own."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    return environment.get_template("page.html.j2").render(
        report=report,
        policy="default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'"
        % (_digest(STYLE), _digest(SCRIPT)),
        style=Element(STYLE),
        script=Element(SCRIPT),
        signs=_SIGNS,
        verdict=_verdict(report),
        facts=_facts(report),
        days=_least_days(report),
        notes=report["notes"],
        faults=[{**fault, "where": table.where(fault["where"], LISTED_PLACES)} for fault in report["faults"]],
        drawing=drawing(report),
        key=key(report),
        node_columns=_NODE_COLUMNS,
        nodes=_nodes(report),
        certificate_columns=_CERTIFICATE_COLUMNS,
        certificates=_certificates(report),
        walls=_walls(report),
        edge_columns=_EDGE_COLUMNS,
        edges=_edges(report),
    )


def _shown(value: t.Any) -> t.Any:
    """What the template writes of a value, before it is escaped: nothing of None, and no character that acts on a reader."""
    if value is None:
        return ""
    return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _verdict(report: Report) -> dict[str, str]:
    if report["nothing_yet"]:
        return {"text": "Nothing to verify yet", "kind": "quiet"}
    if report["ok"]:
        return {"text": "Everything holds", "kind": "good"}
    return {"text": plural(len(report["faults"]), "fault"), "kind": "bad"}


def _facts(report: Report) -> list[str]:
    """How nodes find each other, and what looked at them."""
    cluster = report["cluster"]
    ports = sorted({node["port"] for node in report["nodes"] if node["port"] is not None})
    facts = ["Discovery %s: %s" % (cluster["discovery"], _DISCOVERIES.get(cluster["discovery"], ""))]
    if ports:
        facts.append("TCP port %d" % ports[0] if len(ports) == 1 else "TCP ports %d to %d" % (ports[0], ports[-1]))
    if cluster["address_family"] in _FAMILIES:
        facts.append(_FAMILIES[cluster["address_family"]])
    return [*facts, *(["%(name)s %(version)s" % report["collection"]] if report["collection"] else [])]


def _least_days(report: Report) -> dict[str, t.Any]:
    days = report["totals"]["certificate_days_left"]
    soon = None if days is None or days >= SOON_DAYS else "warn" if days > 0 else "bad"
    return {"least": "–" if days is None else math.floor(days), "kind": soon}


def _nodes(report: Report) -> list[dict[str, t.Any]]:
    """The nodes, those that are bad first."""
    longest = max([float(node["certificate_days_left"] or 0) for node in report["nodes"]] + [1.0])
    return [
        {
            **node,
            "up": _span(node["uptime"]),
            "megabytes": "%d MB" % round(node["memory"] / 1e6) if node["memory"] else None,
            "connected": len(node["peers"]) if node["state"] == "up" else None,
            "left": _left(node["certificate_days_left"], longest),
        }
        for node in sorted(report["nodes"], key=lambda node: node["state"] not in BAD_NODES)
    ]


_STRIP = 180
"""Width of the strip of a certificate's time, in units of its drawing."""


def _certificates(report: Report) -> list[dict[str, t.Any]]:
    """The certificates of nodes and CAs, that which ends first before the others. Their strips have one scale, so that one sees what ends when."""
    nodes = [{**row, "whose": row["host"], "of": row["node"]} for row in report["certificates"]["nodes"] if row["digest"] is not None]
    several = len({host for row in report["certificates"]["authorities"] for host in row["hosts"]})
    authorities = [
        {**row, "whose": row["subject"], "of": "CA that %s trust" % _trusting(row["hosts"], several), "shown": None}
        for row in report["certificates"]["authorities"]
    ]
    # A CA is good for years: on its scale the nodes' certificates would all end at once.
    longest = max([float(row["days"]) for row in nodes if row["days"] is not None] + [1.0])
    found = [{**row, "strip": _strip(row, longest)} for row in nodes + authorities]
    return sorted(found, key=lambda row: (row["days"] is None, row["days"]))


def _trusting(hosts: t.Sequence[str], several: int) -> str:
    return "all nodes" if len(hosts) == several else table.where(hosts, LISTED_PLACES)


def _strip(row: t.Mapping[str, t.Any], longest: float) -> dict[str, str] | None:
    """The time left of a certificate: how far its strip goes, where the part begins in which it should have been renewed, and its days."""
    if row["days"] is None:
        return None
    ends, renewal = (_STRIP * max(0.0, min(1.0, days / longest)) for days in (row["days"], row["renewal"]))
    kind = "expired" if row["days"] < 0 else "soon" if row["renewal"] < 0 else ""
    return {
        "kind": kind,
        "good": "%.1f" % renewal,
        "late": "%.1f" % (ends - renewal),
        "text": "%d%s" % (row["days"], " ended" if row["days"] < 0 else ""),
    }


def _left(days: float | None, longest: float) -> dict[str, str] | None:
    """A strip that shows the days left of a certificate beside the longest of all, and their number."""
    if days is None:
        return None
    share = max(0.0, min(1.0, days / longest))
    kind = "expired" if days <= 0 else "soon" if days < SOON_DAYS else ""
    return {"kind": kind, "width": "%.1f" % (60 * share), "text": "%d%s" % (math.floor(days), " ended" if days <= 0 else "")}


def _span(seconds: float | None) -> str | None:
    """A time in its largest unit."""
    if seconds is None:
        return None
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return plural(int(seconds // size), unit)
    return plural(int(seconds), "second")


def _edges(report: Report) -> list[dict[str, t.Any]]:
    """The edges, those that are bad first."""
    return [
        {
            **edge,
            "result": table.result(edge),
            "why": edge["fault"]["cause"] if edge["fault"] and edge["state"] == FAILED else None,
            "tls": table.short_tls(edge["tls_version"]),
            "short_cipher": table.short_cipher(edge["cipher"]),
            "days": table.days(edge["certificate_days_left"]),
            "times": [_milliseconds(edge["milliseconds"].get(stage)) for stage in _STAGES],
        }
        for edge in sorted(report["edges"], key=lambda edge: edge["state"] not in BAD_EDGES)
    ]


def _milliseconds(value: float | None) -> str | None:
    return None if value is None else "%.1f" % value


def _walls(report: Report) -> list[dict[str, t.Any]]:
    """The walls with the attempts at each, those that failed first."""
    folded: dict[str, list[t.Mapping[str, t.Any]]] = {}
    for attempt in report["walls"]:
        folded.setdefault(attempt["wall"], []).append(attempt)
    return [_wall(name, attempts) for name, attempts in folded.items()]


def _wall(name: str, attempts: t.Sequence[t.Mapping[str, t.Any]]) -> dict[str, t.Any]:
    bad = sum(attempt["state"] in BAD_WALLS for attempt in attempts)
    held = sum(attempt["state"] == HELD for attempt in attempts)
    asked = held + bad
    left_out = len(attempts) - LISTED_ATTEMPTS
    return {
        "label": walls.label(name),
        "meaning": walls.MEANINGS.get(name),
        "bad": bad,
        "state": "fell" if bad else "held" if asked else "not-asked",
        "said": "held %d of %d" % (held, asked) if asked else "not tried",
        "attempts": sorted(attempts, key=lambda attempt: attempt["state"] not in BAD_WALLS)[:LISTED_ATTEMPTS],
        "more": plural(left_out, "attempt") if left_out > 0 else None,
    }
