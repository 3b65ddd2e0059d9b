# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The walls: what each is called, and what to do where one does not stand."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import listed
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import diagnosis
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.fault_entry import Symptom
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.faults_of_walls import (
    FELL,
    NO_ANSWER,
    UNPROVEN,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.walls import (
    INSIDE,
    LOCAL,
    OUTSIDE,
    WALLS,
    named,
)
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.grouping import groups
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.wording import details

Attempt = t.Mapping[str, t.Any]
Told = tuple[dict[str, t.Any], list[str]]
"""A fault, and the places where it shows."""

MEANINGS = {wall.id: wall.meaning for wall in WALLS}
"""Who is to be refused, by the name of the wall."""

_UNTRIED = "nothing was tried"
_REASON = re.compile(r"\(([^()]+)\)\Z")


def label(wall: str) -> str:
    """What people call a wall."""
    known = named(wall)
    return known.label if known else wall.replace("_", " ")


def faults(bad: t.Sequence[Attempt], attempts: t.Sequence[Attempt]) -> list[Told]:
    """The faults of attempts (walls of the report) that did not meet a wall, each with the places where it shows: a fault
    for every host at which a wall fell, and one for what the attempts have in common of which nothing came.

    ``bad`` are the attempts to be told of, ``attempts`` all that were made.
    """
    found: list[Told] = []
    fallen: dict[tuple[str, str], list[Attempt]] = {}
    for attempt in bad:
        if attempt["state"] == FELL:
            kind = "outside" if attempt["wall"] in OUTSIDE else str(attempt["wall"])
            fallen.setdefault((kind, _fallen_at(attempt)), []).append(attempt)
    found += [_fell(several) for several in fallen.values()]
    for kinds in ((*INSIDE, *LOCAL), OUTSIDE):
        for untried in (False, True):
            unproven = [one for one in bad if one["state"] == UNPROVEN and (one["wall"] in OUTSIDE) == (kinds is OUTSIDE)]
            unproven = [one for one in unproven if (_UNTRIED in str(one["detail"])) == untried]
            found += _unproven(unproven, [one for one in attempts if one["wall"] in kinds])
    silent: dict[str, list[Attempt]] = {}
    for attempt in bad:
        if attempt["state"] == NO_ANSWER:
            silent.setdefault(str(attempt["from"]), []).append(attempt)
    return found + [_not_tried(several) for several in silent.values()]


def _fell(several: t.Sequence[Attempt]) -> Told:
    """The fault of walls that fell at one host: the causes of all of them, and the remedy of the last."""
    each = []
    for wall in dict.fromkeys(str(attempt["wall"]) for attempt in several):
        mine = [attempt for attempt in several if attempt["wall"] == wall]
        each.append(_told(FELL, mine, _fallen_at(mine[0]), {"detail": _details(mine)})[0])
    cause = "; ".join(fault["cause"].rstrip(".") for fault in each) + "."
    return {**each[0], "cause": cause, "remedy": each[-1]["remedy"]}, _places(several)


def _fallen_at(attempt: Attempt) -> str:
    """The host at which a wall fell: its own accounts are for the host itself to hold back."""
    return str(attempt["from"] if attempt["wall"] in LOCAL else attempt["to"])


def _unproven(several: t.Sequence[Attempt], attempts: t.Sequence[Attempt]) -> list[Told]:
    found = []
    tried = {_ends(attempt) for attempt in attempts}
    for group in groups([_ends(attempt) for attempt in several], tried):
        mine = [attempt for attempt in several if _ends(attempt) in group.pairs]
        froms, tos = (list(dict.fromkeys(str(attempt[end]) for attempt in mine)) for end in ("from", "to"))
        host = tos[0] if len(tos) == 1 else froms[0] if len(froms) == 1 else None
        place = " from %s at %s" % (listed(froms), listed(tos)) if len(mine) > 1 else ""
        names = {"walls": _which(mine, place + " are", place + " is"), "detail": _details(mine)}
        found.append(_told(UNPROVEN, mine, host, names))
    return found


def _not_tried(several: t.Sequence[Attempt]) -> Told:
    detail = _details(several) or "it gave no answer"
    return _told(NO_ANSWER, several, str(several[0]["from"]), {"walls": _which(several, " were", " was"), "detail": detail})


def _which(several: t.Sequence[Attempt], many: str, one: str) -> str:
    """The walls of attempts, and what follows them where they are many or one."""
    walls = list(dict.fromkeys(str(attempt["wall"]) for attempt in several))
    noun, following = ("walls", many) if len(walls) > 1 else ("wall", one)
    return "%s %s%s" % (noun, listed("'%s'" % label(wall) for wall in walls), following)


def _told(state: str, several: t.Sequence[Attempt], host: str | None, names: t.Mapping[str, str]) -> Told:
    """The fault of attempts, from the catalogue's entry of the first of them; ``names`` are what its sentences are filled in with."""
    entry = diagnosis.entry_of(Symptom("wall", state, str(several[0]["wall"])))
    ends = {end: listed(str(attempt[end]) for attempt in several) for end in ("from", "to")}
    cause, remedy = diagnosis.sentences(entry, {**ends, **names, "node": ends["to"], "owner": str(host or "?")})
    return {"id": entry.id, "host": host, "cause": cause, "remedy": remedy}, _places(several)


def _places(several: t.Sequence[Attempt]) -> list[str]:
    return list(dict.fromkeys("%s → %s" % (attempt["from"], attempt["to"]) for attempt in several))


def _ends(attempt: Attempt) -> tuple[str, str]:
    """From and to, told apart also where a host tries its own node."""
    return "from %s" % attempt["from"], "to %s" % attempt["to"]


def _details(several: t.Iterable[Attempt]) -> str:
    """What came of attempts; of many the reasons alone, without the places."""
    found = list(dict.fromkeys(str(attempt["detail"] or "").rstrip(".") for attempt in several))
    if len(found) > 1:
        found = [match[1] if (match := _REASON.search(detail)) else detail for detail in found]
    return details(found)
