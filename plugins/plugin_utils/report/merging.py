# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults that have one cause, made into one: their sentences name everything that they show in. Pure.

A FAULT is ``id``, ``host``, ``cause`` and ``remedy``, and while it is worked with ``names``, what its sentences are filled
in with. It may have a ``note``, which ends its cause, and ``owner``, who is meant by that name in its sentences.
"""

from __future__ import annotations

import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import listed
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import diagnosis
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.wording import details

Fault = dict[str, t.Any]

LONGEST = 300
"""Most characters of a name that a host gave."""

_PACKETS = {
    "not-arrived": "they leave their host, and do not arrive at the other one",
    "answer-lost": "they arrive, and the answers to them do not get back",
}


def taken(told: t.Mapping[str, t.Any], host: str | None) -> Fault:
    """A fault that a host told of, its ``host`` by its inventory name."""
    names = told.get("names") or {}
    known = {key: str(names[key])[:LONGEST] for key in diagnosis.NAMES if key in names}
    return {"id": told["id"], "host": host, "cause": told["cause"], "remedy": told["remedy"], "names": known}


def merged(first: Fault, faults: t.Sequence[Fault]) -> Fault:
    """One fault as ``first``, whose sentences name what all of the faults name."""
    if len({(fault["cause"], fault["remedy"]) for fault in faults}) == 1 and all("names" in fault for fault in faults):
        joint = {**first, "names": dict(faults[0]["names"])}
    elif not diagnosis.known(first["id"]) or not all(fault.get("names") for fault in faults):
        return first
    else:
        joint = {**first, "names": _joint([fault["names"] for fault in faults])}
        told = {**joint["names"], "owner": first.get("owner") or "?"}
        joint["cause"], joint["remedy"] = diagnosis.sentences(diagnosis.entry(first["id"]), told)
    notes = [fault["note"] for fault in (first, *faults) if fault.get("note")]
    return {**joint, "note": notes[0]} if notes else joint


def _joint(several: t.Sequence[t.Mapping[str, str]]) -> dict[str, str]:
    keys = dict.fromkeys(key for names in several for key in names)
    return {key: (details if key == "detail" else listed)(names[key] for names in several if key in names) for key in keys}


def between(fault: Fault, sides: t.Sequence[t.Sequence[str]], direction: str, codes: t.Collection[str]) -> Fault:
    """A fault of the way between hosts as one of the way between sides. ``direction`` is seen from the first side;
    ``codes`` say where packets were seen to end.
    """
    several = diagnosis.entry(fault["id"]).several
    if several is None:
        return fault
    each = [listed(side) for side in sides]
    if len(each) == 2:
        plain = all(len(side) == 1 for side in sides)
        where = " and ".join(each) if plain else "%s on one side and %s on the other" % (each[0], each[1])
    else:
        where = listed(listed(side, " with ", " with ") for side in sides)
    way = {"both": "in both directions", "in": "towards " + each[0], "out": "from " + each[0]}[direction]
    names = dict(fault["names"], between=where, direction=way)
    if codes:
        names["detail"] = details(_PACKETS[code] for code in sorted(codes, reverse=True) if code in _PACKETS)
    cause, remedy = (sentence.format_map(diagnosis.Names(names)) for sentence in several)
    return {**fault, "cause": cause, "remedy": remedy}


def finished(fault: Fault, unasked: t.Sequence[str]) -> Fault:
    """A fault as the report has it; ``unasked`` are hosts that might have told more of it."""
    notes = [fault["note"]] if fault.get("note") else []
    if unasked:
        several = len(set(unasked)) > 1
        notes.append("%s %s not asked" % (listed(unasked), "were" if several else "was"))
    cause = "; ".join([fault["cause"].rstrip("."), *notes]) + "." if notes else fault["cause"]
    return {"id": fault["id"], "host": fault["host"], "cause": cause, "remedy": fault["remedy"]}
