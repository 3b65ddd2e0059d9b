# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The walls: what each is called, and what to do where one does not stand."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.walls import INSIDE, LOCAL, OUTSIDE
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.grouping import groups
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.wording import details, listed

Attempt = t.Mapping[str, t.Any]
Told = tuple[dict[str, t.Any], list[str]]
"""A fault, and the places where it shows."""

LABELS = {
    "plain": "plain TCP",
    "no_certificate": "no certificate",
    "foreign_ca": "foreign CA",
    "wrong_cookie": "wrong cookie",
    "wrong_name": "another's name",
    "local_account": "local account",
    "packet_filter": "packet filter",
    "epmd": "port mapper",
}

MEANINGS = {
    "plain": "a distribution client that does not speak TLS",
    "no_certificate": "a TLS client that shows no certificate",
    "foreign_ca": "a TLS client with a certificate of another CA",
    "wrong_cookie": "a peer's certificate with a wrong cookie",
    "wrong_name": "a peer's certificate with another host's node name",
    "local_account": "an account of a peer's host that is neither root nor a node's",
    "packet_filter": "a host that is no peer, at the distribution port",
    "epmd": "a host that is no peer, at the port mapper",
}

_FELL = {
    "plain": (
        "A client without TLS got an answer of the distribution protocol",
        "Run the role erlang_node for {to}, which starts the node with TLS distribution.",
    ),
    "no_certificate": (
        "A client that showed no certificate was let in",
        "Run the role erlang_node for {to}: its TLS options have to ask for a certificate (verify_peer and fail_if_no_peer_cert).",
    ),
    "foreign_ca": (
        "A certificate of a CA that is not the cluster's was trusted",
        "Run the role erlang_certs for {to}: its trust bundle has to hold the cluster's CA alone.",
    ),
    "wrong_cookie": (
        "A client with a wrong cookie was let in",
        "Run the role erlang_node for {to}, and see that nothing else sets its cookie.",
    ),
    "wrong_name": (
        "A host could claim a node name that its certificate does not carry",
        "Run the role erlang_node for {to}: the node has to run with the collection's epmd module, which names its peers.",
    ),
    "local_account": (
        "Any account of {from} can hold connections to a node open and keep its peers out",
        "Run the role erlang_firewall for {from}.",
    ),
    "packet_filter": (
        "The distribution port answers a host that is no peer",
        "Run the role erlang_firewall for {to}, and open upstream firewalls no further than the playbook firewall_plan lists.",
    ),
    "epmd": (
        "The port mapper answers a host that is no peer",
        "Run the role erlang_firewall for {to}, and open upstream firewalls no further than the playbook firewall_plan lists.",
    ),
}

_UNPROVEN_INSIDE = "Correct the faults of the edges to {to} first, and verify again."
_UNPROVEN_OUTSIDE = (
    "Have the packet filters in front of {to} drop what is not from a peer (the role erlang_firewall does), and verify again."
)
_UNTRIED_OUTSIDE = "Have routes lead from {from} to {to}, and verify again: a place that nothing reaches proves nothing."
_NO_ANSWER = "See what ansible says of {from} further up, and verify again."
_UNTRIED = "nothing was tried"
_REASON = re.compile(r"\(([^()]+)\)\Z")


def label(wall: str) -> str:
    """What people call a wall."""
    return LABELS.get(wall, wall.replace("_", " "))


def faults(bad: t.Sequence[Attempt], attempts: t.Sequence[Attempt]) -> list[Told]:
    """The faults of attempts (walls of the report) that did not meet a wall, each with the places where it shows: a fault
    for every host at which a wall fell, and one for what the attempts have in common of which nothing came.

    ``bad`` are the attempts to be told of, ``attempts`` all that were made.
    """
    found: list[Told] = []
    fallen: dict[tuple[str, str], list[Attempt]] = {}
    for attempt in bad:
        if attempt["state"] == "fell":
            kind = "outside" if attempt["wall"] in OUTSIDE else str(attempt["wall"])
            fallen.setdefault((kind, _fallen_at(attempt)), []).append(attempt)
    found += [_fell(several) for several in fallen.values()]
    for kinds in ((*INSIDE, *LOCAL), OUTSIDE):
        for untried in (False, True):
            unproven = [one for one in bad if one["state"] == "unproven" and (one["wall"] in OUTSIDE) == (kinds is OUTSIDE)]
            unproven = [one for one in unproven if (_UNTRIED in str(one["detail"])) == untried]
            found += _unproven(unproven, [one for one in attempts if one["wall"] in kinds])
    silent: dict[str, list[Attempt]] = {}
    for attempt in bad:
        if attempt["state"] == "no-answer":
            silent.setdefault(str(attempt["from"]), []).append(attempt)
    return found + [_not_tried(several) for several in silent.values()]


def _fell(several: t.Sequence[Attempt]) -> Told:
    walls = list(dict.fromkeys(str(attempt["wall"]) for attempt in several))
    causes = []
    for wall in walls:
        cause, remedy = _FELL.get(wall, ("The wall %s does not stand" % label(wall), "Run the playbook site for {to}."))
        causes.append("%s: %s" % (cause, _details(attempt for attempt in several if attempt["wall"] == wall)))
    return _told("fell", several, _fallen_at(several[0]), "; ".join(causes), remedy)


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
        untried = _UNTRIED in str(mine[0]["detail"])
        inside = mine[0]["wall"] not in OUTSIDE
        remedy = _UNPROVEN_INSIDE if inside else _UNTRIED_OUTSIDE if untried else _UNPROVEN_OUTSIDE
        names = listed("'%s'" % label(str(attempt["wall"])) for attempt in mine)
        several_walls = len({attempt["wall"] for attempt in mine}) > 1
        place = " from %s at %s" % (listed(froms), listed(tos)) if len(mine) > 1 else ""
        cause = "The wall%s %s %s not proven%s: %s" % (
            "s" if several_walls else "", names, "are" if several_walls else "is", place, _details(mine),
        )  # fmt: skip
        found.append(_told("unproven", mine, host, cause, remedy))
    return found


def _not_tried(several: t.Sequence[Attempt]) -> Told:
    names = listed("'%s'" % label(str(attempt["wall"])) for attempt in several)
    origin = str(several[0]["from"])
    reasons = _details(several)
    many = len({attempt["wall"] for attempt in several}) > 1
    cause = "The wall%s %s %s not tried from %s" % ("s" if many else "", names, "were" if many else "was", origin)
    return _told("no-answer", several, origin, cause + (": " + reasons if reasons else ""), _NO_ANSWER)


def _told(state: str, several: t.Sequence[Attempt], host: str | None, cause: str, remedy: str) -> Told:
    names = {end: listed(str(attempt[end]) for attempt in several) for end in ("from", "to")}
    for name, value in names.items():
        cause, remedy = (text.replace("{%s}" % name, value) for text in (cause, remedy))
    fault = {
        "id": "wall-%s-%s" % (str(several[0]["wall"]).replace("_", "-"), state),
        "host": host,
        "cause": cause.rstrip(".") + ".",
        "remedy": remedy,
    }
    return fault, list(dict.fromkeys("%s → %s" % (attempt["from"], attempt["to"]) for attempt in several))


def _ends(attempt: Attempt) -> tuple[str, str]:
    """From and to, told apart also where a host tries its own node."""
    return "from %s" % attempt["from"], "to %s" % attempt["to"]


def _details(several: t.Iterable[Attempt]) -> str:
    """What came of attempts; of many the reasons alone, without the places."""
    found = list(dict.fromkeys(str(attempt["detail"] or "").rstrip(".") for attempt in several))
    if len(found) > 1:
        found = [match[1] if (match := _REASON.search(detail)) else detail for detail in found]
    return details(found)
