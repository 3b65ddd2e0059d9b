# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates of all nodes, from what hosts answered: a row for each node, a table, and what of it needs a person. Pure.

A host may be hostile: what it answers about itself is shown, and whether its node shows the certificate that it has is what its peers say.
"""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import columns
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import listed
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import certificate, certificate_rules
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report import answers as host_answers
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.wording import clean

Answers = t.Mapping[str, t.Mapping[str, t.Any]]
Row = dict[str, t.Any]

SHOWN, ANOTHER, NOT_SEEN, NOT_TRIED = "yes", "another one", "not seen", "not tried"
"""What peers were shown: the certificate of the host's file, another one, nothing, as none reached the node; or no peer tried."""
_BEYOND = ("trust-beyond-cluster", "trust-loosened")
_HEAD = ("HOST", "NODE", "SERIAL", "DAYS", "UNTIL", "ISSUER", "SHOWN TO PEERS", "TRUSTS")
_LONGEST = 60
"""Characters of a text of a host's that are shown."""


def rows(topology: t.Mapping[str, t.Any], hosts: t.Sequence[str], answers: Answers, now: datetime.datetime) -> list[Row]:
    """A row for each node of the hosts that were to be asked: ``host``, ``node``, and, None where it is not known, ``serial``, ``days`` (left),
    ``until`` (a date), ``renewal`` (days until it should have been renewed), ``issuer``, ``digest``, ``beyond`` (whether the node trusts others than the
    cluster's CA); ``answered`` and ``shown`` (see SHOWN).

    ``answers`` are those of the action ``cluster_verify``, by host; what has not the shape of one counts as none.
    """
    known = {host: answer for host, answer in answers.items() if answer.get("edges") is not None and host_answers.is_answer(dict(answer))}
    met = _met(known)
    return [_row(host, topology["nodes"][host]["node"], known.get(host), met, now) for host in hosts if host in topology["nodes"]]


def _met(answers: Answers) -> dict[str, set[str]]:
    """The digests that the peers of each node were shown by it: of each node that one of them tried."""
    met: dict[str, set[str]] = {}
    for edge in (edge for answer in answers.values() for edge in answer["edges"]):
        seen = met.setdefault(edge["to"], set())
        if edge.get("certificate_digest"):
            seen.add(edge["certificate_digest"])
    return met


def _row(host: str, node: str, answer: t.Mapping[str, t.Any] | None, met: t.Mapping[str, set[str]], now: datetime.datetime) -> Row:
    row: Row = dict.fromkeys(("serial", "days", "until", "renewal", "issuer", "digest", "beyond"))
    row |= {"host": host, "node": node, "answered": answer is not None, "shown": NOT_SEEN if node in met else NOT_TRIED}
    if answer is None:
        return row
    row["beyond"] = any(finding["id"] in _BEYOND for finding in answer.get("findings") or ())
    of_server = ((answer.get("facts") or {}).get("certificates") or {}).get("server") or []
    if not of_server:
        return row
    own = of_server[0]
    row |= {"serial": own.get("serial"), "issuer": own["issuer"], "digest": own["digest"]}
    if met.get(node):
        row["shown"] = SHOWN if met[node] == {own["digest"]} else ANOTHER
    return row | _times(own, now)


def _times(seen: t.Mapping[str, t.Any], now: datetime.datetime) -> Row:
    if seen.get("not_before") is None or seen.get("not_after") is None:
        return {}
    begins, ends = (datetime.datetime.fromtimestamp(seen[key], datetime.timezone.utc) for key in ("not_before", "not_after"))
    return _validity(begins, ends, now)


def _validity(begins: datetime.datetime, ends: datetime.datetime, now: datetime.datetime) -> Row:
    renewal = (certificate_rules.overdue_from(begins, ends) - now).days
    return {"days": (ends - now).days, "until": ends.strftime("%Y-%m-%d"), "renewal": renewal}


def authorities(answers: Answers, now: datetime.datetime) -> list[Row]:
    """The CAs that nodes say they trust, each once: ``subject``, ``serial``, ``days``, ``until``, ``renewal`` and ``issuer`` as in :func:`rows`, and
    ``hosts``, those that trust it."""
    found: dict[str, Row] = {}
    for host, answer in answers.items():
        if answer.get("edges") is None or not host_answers.is_answer(dict(answer)):
            continue
        for seen in ((answer.get("facts") or {}).get("trust") or {}).get("server") or []:
            row: Row = dict.fromkeys(("days", "until", "renewal"))
            row |= {"subject": seen["subject"], "issuer": seen["issuer"], "serial": seen.get("serial"), "hosts": []}
            found.setdefault(seen["digest"], row | _times(seen, now))["hosts"].append(host)
    return list(found.values())


def lists(text: str, now: datetime.datetime) -> list[Row]:
    """The lists of revoked certificates in a text in PEM, the one that runs out first in front: ``issuer`` (the CA), ``days`` (left), ``until`` (a date) and
    ``renewal`` as in :func:`rows`. A list that does not say until when it holds is left out."""
    found = certificate.revocations_in(text)
    ends = [(one, one.next_update) for one in found if one.next_update is not None]
    return [{"issuer": one.issuer, **_validity(one.this_update, end, now)} for one, end in sorted(ends, key=lambda each: each[1])]


def overdue(found: t.Sequence[Row]) -> list[Row]:
    """Those rows of certificates, or of CAs, that are good, and should have been renewed by now."""
    return [row for row in found if row["renewal"] is not None and row["renewal"] < 0 <= row["days"]]


def table(found: t.Sequence[Row]) -> list[str]:
    """Lines for people: the names of the columns, and a line for each row."""
    return columns.aligned([_HEAD, *map(_cells, found)])


def _cells(row: Row) -> tuple[str, ...]:
    trusts = {None: "", False: "the CA", True: "others too"}[row["beyond"]]
    told = [row["host"], row["node"], row["serial"], row["days"], row["until"], row["issuer"]]
    return (*(clean("?" if cell is None else cell)[:_LONGEST] for cell in told), row["shown"], trusts)


def needs(found: t.Sequence[Row], due_days: int, by_person: bool = False) -> list[str]:
    """A sentence for each thing that a person has to see to. A certificate with fewer days left than ``due_days`` is due to be renewed; 0 where that is
    nobody's matter. ``by_person`` is whether the user gives each host its certificate."""
    return [sentence for row in found for sentence in _needs(row, due_days, by_person)]


def _needs(row: Row, due_days: int, by_person: bool) -> t.Iterator[str]:
    host, node = row["host"], row["node"]
    if not row["answered"]:
        yield "%s: it could not be asked, so that nothing is known of its certificate; see what this run says of it above." % host
    elif row["digest"] is None:
        yield "%s: it has no certificate that can be read; run the playbook site." % host
    else:
        if _is_due(row, due_days):
            left = "expired on %s" % row["until"] if row["days"] < 0 else "has %d days left" % row["days"]
            remedy = (
                "give it a new one by erlang_certs_own_certificate, and run the playbook renew" if by_person else "run the playbook renew"
            )
            yield "%s: the certificate of %s %s, and is due to be renewed; %s." % (host, node, left, remedy)
        if row["shown"] == ANOTHER:
            yield "%s: %s shows its peers another certificate than the one in its file; run the playbook renew." % (host, node)
        if row["shown"] == NOT_SEEN:
            yield "%s: no peer was shown the certificate of %s; run the playbook verify, which says why." % (host, node)
        if row["beyond"]:
            yield "%s: %s trusts others than the CA of the cluster; run the playbook verify, which says whom." % (host, node)


def list_needs(found: t.Sequence[Row]) -> list[str]:
    """A sentence for each list of revoked certificates that should have been renewed by now. Nodes refuse everybody by one that has run out."""
    told = "The list of revoked certificates of the CA %s %s on %s, and nodes refuse everybody by one that has run out; run the playbook renew."
    return [
        told % (clean(row["issuer"])[:_LONGEST], "ran out" if row["days"] < 0 else "runs out", row["until"])
        for row in found
        if row["renewal"] < 0
    ]


def not_shown(found: t.Sequence[Row]) -> list[str]:
    """The hosts whose node shows another certificate than the one in its file."""
    return [row["host"] for row in found if row["shown"] == ANOTHER]


def due(found: t.Sequence[Row], due_days: int) -> list[str]:
    """The hosts whose certificate has fewer days left than ``due_days``."""
    return [row["host"] for row in found if _is_due(row, due_days)]


def _is_due(row: Row, due_days: int) -> bool:
    return row["days"] is not None and row["days"] < due_days


def line(found: t.Sequence[Row], renewed: t.Sequence[str], due_days: int, revocations: t.Sequence[Row] = ()) -> str:
    """One line on all of it: how many nodes show their certificate, who has a new one or is to have one, how many days the one that ends first has left, and
    until when lists of revoked certificates hold (``revocations``, as :func:`lists` returns them)."""
    waiting = due(found, due_days)
    days = [row["days"] for row in found if row["days"] is not None]
    shown = sum(row["shown"] == SHOWN for row in found)
    told = ["renewed that of %s" % listed(renewed)] if renewed else []
    told += ["that of %s is due" % listed(waiting)] if waiting else []
    new = ", ".join(told) or "none is due"
    ends = "the first ends in %d days" % min(days) if days else "how long they are good is not known"
    held = ", lists of revoked ones hold until %s" % revocations[0]["until"] if revocations else ""
    return "certificates: %d of %d nodes show theirs to their peers, %s, %s%s" % (shown, len(found), new, ends, held)
