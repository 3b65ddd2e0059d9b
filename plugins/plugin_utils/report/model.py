# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the hosts answered, joined into one report of nodes, edges, walls and faults. Pure: plain data in and out.

The shapes taken are those of a ``node_verify`` result (docs/architecture.md, "Verification"); the report returned is
described by docs/report.schema.json.
"""

from __future__ import annotations

import datetime
import math
import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.edges import proven_from
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import listed
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.firewall import backends
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.walls import LOCAL, NAMES, OUTSIDE
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import members
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report import certificate_table, walls
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.answers import is_answer
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.causes import UNEXPLAINED, Causes, of_the_catalogue

Report = dict[str, t.Any]
Answer = t.Mapping[str, t.Any]

FORMAT = 1
COLLECTION = "beam.tls_distribution"

OK, FAILED, NO_ANSWER, NOT_ASKED, ABSENT = "ok", "failed", "no-answer", "not-asked", "absent"
UP, DOWN = "up", "down"
HELD, FELL, UNPROVEN = "held", "fell", "unproven"

BAD_EDGES = (FAILED, NO_ANSWER)
BAD_WALLS = (FELL, UNPROVEN, NO_ANSWER)
BAD_NODES = (DOWN, NO_ANSWER)

NO_ANSWER_AT_ALL = "what it sent is no answer of node_verify"

_EDGE_FACTS = (
    "stage",
    "tls_version",
    "cipher",
    "certificate_days_left",
    "certificate_subject",
    "peer_name",
    "milliseconds",
)


class Question(t.NamedTuple):
    """What was asked, and of whom.

    ``asked`` are the hosts of this run (``--limit`` leaves some out), ``outsiders`` those that are no peers; ``walls``
    are the names of the walls to be proven, ``check_mode`` whether a node may be missing because nothing has been set up yet,
    ``version`` that of the collection that asks, if it is known.
    """

    topology: t.Mapping[str, t.Any]
    asked: t.Collection[str]
    outsiders: t.Sequence[str]
    walls: t.Sequence[str]
    check_mode: bool = False
    version: str | None = None


def build(
    question: Question,
    answers: t.Mapping[str, Answer],
    now: datetime.datetime,
    watched: t.Mapping[str, Answer] | None = None,
) -> Report:
    """The report, from the answers of hosts by inventory name, and from what hosts saw at their interfaces where some
    connections got no answer.

    A host that failed or could not be reached may have no answer, or one with ``msg``; an answer with ``skipped`` is
    that of a host on which
    check mode found no node yet.
    """
    join = _Join(question, answers, now, watched)
    nodes, edges, attempts = join.nodes(), join.edges(), join.walls()
    cluster, certificates = question.topology["cluster"], _certificates(question, answers, now)
    report: Report = {
        "format": FORMAT,
        "time": now.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "check_mode": question.check_mode,
        "collection": {"name": COLLECTION, "version": question.version} if question.version else None,
        "cluster": {key: cluster.get(key) for key in ("name", "discovery", "address_family")},
        "nodes": nodes,
        "edges": edges,
        "walls": attempts,
        "faults": _faults(nodes, edges, attempts, join),
        "certificates": certificates,
        "notes": [*_notes(join), *_overdue(certificates)],
    }
    report["totals"] = _totals(report)
    report["ok"] = not report["faults"]
    report["nothing_yet"] = bool(nodes) and all(node["state"] == ABSENT for node in nodes)
    report["summary"] = summary(report)
    return report


def summary(report: Report) -> str:
    """The report in one line."""
    name = "mesh %s" % report["cluster"]["name"]
    if report["nothing_yet"]:
        return "%s: nothing to verify yet, no node is set up on %s" % (
            name,
            listed([node["inventory"] for node in report["nodes"]]),
        )
    totals = report["totals"]
    parts = [
        "%d of %d edges" % (totals["edges"]["ok"], totals["edges"]["asked"]),
        "%d of %d walls" % (totals["walls"]["held"], totals["walls"]["asked"]),
    ]
    if totals["nodes"]["bad"]:
        parts.append("%d of %d nodes not up" % (totals["nodes"]["bad"], totals["nodes"]["asked"]))
    days = totals["certificate_days_left"]
    if days is not None:
        parts.append("certificates good for %s" % plural(math.floor(days), "day") if days > 0 else "a certificate has expired")
    absent = [node["inventory"] for node in report["nodes"] if node["state"] == ABSENT]
    if absent:
        parts.append("no node yet on %s" % listed(absent))
    left_out = [node["inventory"] for node in report["nodes"] if node["state"] == NOT_ASKED]
    if left_out:
        parts.append("not asked: %s" % listed(left_out))
    return "%s: %s" % (name, ", ".join(parts))


def plural(count: int, noun: str) -> str:
    """A count with its noun."""
    return "%d %s%s" % (count, noun, "" if count == 1 else "s")


class _Join:
    """Answers held against the topology."""

    def __init__(
        self,
        question: Question,
        answers: t.Mapping[str, Answer],
        now: datetime.datetime,
        watched: t.Mapping[str, Answer] | None = None,
    ) -> None:
        self.question = question
        self.topology = question.topology["nodes"]
        self.names = list(self.topology)
        self.inventory = {node["node"]: name for name, node in self.topology.items()}
        answers = {name: answer if is_answer(answer) else {"msg": NO_ANSWER_AT_ALL} for name, answer in answers.items()}
        self.answers = {name: answer for name, answer in answers.items() if answer.get("edges") is not None}
        self.absent = {name for name in self.names if question.check_mode and answers.get(name, {}).get("skipped")}
        present = {name: answer for name, answer in self.answers.items() if name not in self.absent}
        self.told = {name: str(answer.get("msg") or "") for name, answer in answers.items()}
        # Check mode takes nobody out.
        leaving = [node["node"] for node in question.topology.get("leaving", {}).values()] if question.check_mode else []
        self.causes = Causes(question.topology, present, watched, self.silent(), now, leaving)
        self.probed = {
            (name, self.inventory.get(edge["to"], edge["to"])): edge for name, answer in self.answers.items() for edge in answer["edges"]
        }

    def nodes(self) -> list[dict[str, t.Any]]:
        """The nodes, in the order of the topology."""
        return [self._node(name) for name in self.names]

    def edges(self) -> list[dict[str, t.Any]]:
        """The edges, in the order of the topology."""
        return [self._edge(edge["from"], edge["to"]) for edge in self.question.topology["edges"]]

    def walls(self) -> list[dict[str, t.Any]]:
        """The attempts that were made, and those that should have been."""
        made = [self._wall(name, wall) for name, answer in self.answers.items() for wall in answer.get("walls") or []]
        known = {(wall["wall"], wall["from"], wall["to"]) for wall in made}
        for origin, target, wall in self._expected():
            if (wall, origin, target) not in known:
                state = self._silence(origin, target)
                detail = self._reason(origin) if state == NO_ANSWER else ""
                made.append({"wall": wall, "from": origin, "to": target, "state": state, "stage": None, "detail": detail})
        order = {wall: position for position, wall in enumerate(NAMES)}
        return sorted(made, key=lambda wall: order.get(wall["wall"], len(order)))

    def silent(self) -> dict[str, dict[str, str]]:
        """The faults of hosts that were asked and gave no answer at all, by host."""
        asked = [name for name in (*self.names, *self.question.outsiders) if name in self.question.asked]
        return {name: self._no_answer(name) for name in asked if name not in self.answers and name not in self.absent}

    def _expected(self) -> t.Iterator[tuple[str, str, str]]:
        for wall in self.question.walls:
            if wall == "epmd" and self.question.topology["cluster"].get("discovery") != "epmd":
                continue
            outside = wall in OUTSIDE
            inside = [name for name in self.names if wall not in LOCAL or backends.of(self.topology[name]).holds_accounts]
            for origin in self.question.outsiders if outside else inside:
                for target in self.names if outside or wall in LOCAL else proven_from(self.names, origin):
                    yield origin, target, wall

    def _node(self, name: str) -> dict[str, t.Any]:
        planned = self.topology[name]
        running = dict(self.answers.get(name, {}).get("running") or {})
        state = self._silence(name, name)
        fault = None
        if state == NO_ANSWER and name in self.answers and running:
            state = UP if running.get("ok") else DOWN
            fault = self.causes.nodes.get(name) if state == DOWN else None
        if state in BAD_NODES and not fault:
            fault = self._no_answer(name)
        seen = [edge for (_from, to), edge in self.probed.items() if to == name and edge.get("certificate_days_left") is not None]
        soonest = min(seen, key=lambda edge: float(edge["certificate_days_left"])) if seen else {}
        return {
            "inventory": name,
            "node": planned["node"],
            "addresses": list(planned.get("addresses") or []),
            "port": planned.get("port"),
            "state": state,
            "otp_release": running.get("otp_release"),
            "uptime": running.get("uptime"),
            "memory": running.get("memory"),
            "peers": list(running.get("peers") or []),
            "certificate_days_left": soonest.get("certificate_days_left"),
            "certificate_subject": soonest.get("certificate_subject"),
            "fault": fault,
        }

    def _edge(self, origin: str, target: str) -> dict[str, t.Any]:
        probed = self.probed.get((origin, target))
        state = self._silence(origin, target)
        fault = None
        connection = self._connection(origin, target)
        if probed is not None and state != ABSENT:
            fault = self.causes.edges.get((origin, target))
            state = FAILED if fault else OK
        elif state == NO_ANSWER:
            fault = self._no_answer(origin)
        found = probed or {}
        return {
            "from": origin,
            "to": target,
            "state": state,
            "connection": connection,
            **{fact: found.get(fact) for fact in _EDGE_FACTS},
            "milliseconds": dict(found.get("milliseconds") or {}),
            "fault": fault,
        }

    def _wall(self, origin: str, wall: Answer) -> dict[str, t.Any]:
        target = self.inventory.get(wall["to"], wall["to"])
        state = {True: HELD, False: FELL}.get(wall["held"], UNPROVEN)
        if self.absent & {origin, target}:
            state = ABSENT
        return {
            "wall": wall["wall"],
            "from": origin,
            "to": target,
            "state": state,
            "stage": wall.get("stage"),
            "detail": wall.get("detail") or "",
        }

    def _silence(self, origin: str, target: str) -> str:
        """What to call an attempt of which nothing is known."""
        if self.absent & {origin, target}:
            return ABSENT
        return NO_ANSWER if origin in self.question.asked else NOT_ASKED

    def _connection(self, origin: str, target: str) -> str:
        """Whether two running nodes say that they are connected; each is asked for its own list of peers."""
        mine, theirs = self._lists(origin, target), self._lists(target, origin)
        if mine and theirs:
            return "up"
        if mine is None or theirs is None:
            return "unknown"
        return "one-sided" if mine or theirs else "idle"

    def _lists(self, asked: str, other: str) -> bool | None:
        running = self.answers.get(asked, {}).get("running") or {}
        return self.topology[other]["node"] in running.get("peers", []) if running.get("ok") else None

    def _no_answer(self, name: str) -> dict[str, str]:
        return of_the_catalogue("none", name, detail=self._reason(name).rstrip(".") or "Ansible has none of it")

    def _reason(self, name: str) -> str:
        return " ".join(self.told.get(name, "").split())


def _totals(report: Report) -> dict[str, t.Any]:
    def count(kind: str, *states: str) -> int:
        return sum(entry["state"] in states for entry in report[kind])

    days = [node["certificate_days_left"] for node in report["nodes"] if node["certificate_days_left"] is not None]
    return {
        "nodes": {
            "all": len(report["nodes"]),
            "asked": count("nodes", UP, *BAD_NODES),
            "up": count("nodes", UP),
            "bad": count("nodes", *BAD_NODES),
        },
        "edges": {
            "all": len(report["edges"]),
            "asked": count("edges", OK, *BAD_EDGES),
            "ok": count("edges", OK),
            "bad": count("edges", *BAD_EDGES),
        },
        "walls": {
            "all": len(report["walls"]),
            "asked": count("walls", HELD, *BAD_WALLS),
            "held": count("walls", HELD),
            "bad": count("walls", *BAD_WALLS),
        },
        "certificate_days_left": min(days) if days else None,
    }


def _faults(
    nodes: list[dict[str, t.Any]],
    edges: list[dict[str, t.Any]],
    attempts: list[dict[str, t.Any]],
    join: _Join,
) -> list[dict[str, t.Any]]:
    """Every fault once, with all the places where it shows; a host that gave no answer is one place.

    A wall that could not be proven because its edge is broken, or because nothing listens behind it, is no fault of
    its own.
    """
    folded: dict[tuple[str, str | None, str, str], list[str]] = {}
    silent = join.silent()

    def add(fault: t.Mapping[str, t.Any], where: str) -> None:
        places = folded.setdefault((fault["id"], fault["host"], fault["cause"], fault["remedy"]), [])
        if where not in places:
            places.append(where)

    missing = {attempt["from"] for attempt in (*edges, *attempts) if attempt["state"] == NO_ANSWER}
    missing |= {node["inventory"] for node in nodes if node["state"] == NO_ANSWER}
    for name, fault in silent.items():
        if name in missing:
            add(fault, name)
    for node in nodes:
        if node["state"] in BAD_NODES and node["inventory"] not in silent:
            add(node["fault"] or UNEXPLAINED, node["inventory"])
        for fault in join.causes.hosts.get(node["inventory"], ()):
            add(fault, node["inventory"])
    for edge in edges:
        if edge["state"] in BAD_EDGES and edge["from"] not in silent:
            add(edge["fault"] or UNEXPLAINED, "%s → %s" % (edge["from"], edge["to"]))
    broken = {(edge["from"], edge["to"]) for edge in edges if edge["state"] in BAD_EDGES}
    broken |= {(node["inventory"], node["inventory"]) for node in nodes if node["state"] in BAD_NODES}
    bad = [wall for wall in attempts if wall["state"] in BAD_WALLS and wall["from"] not in silent]
    bad = [wall for wall in bad if wall["state"] != UNPROVEN or _tried(wall) not in broken]
    unfiltered = {name: fault for name, faults in join.causes.hosts.items() for fault in faults if fault["id"] == "packet-filter-wrong"}
    for wall in [wall for wall in bad if wall["state"] == FELL and _filter_of(wall) in unfiltered]:
        bad.remove(wall)
        add(unfiltered[_filter_of(wall)], "%s → %s" % (wall["from"], wall["to"]))
    for fault, places in walls.faults(bad, attempts):
        for place in places:
            add(fault, place)
    return [
        {"id": name, "host": host, "where": where, "cause": cause, "remedy": remedy}
        for (name, host, cause, remedy), where in folded.items()
    ]


def _notes(join: _Join) -> list[dict[str, t.Any]]:
    """What is no fault of the mesh, and somebody has to see to: nodes of hosts that left the inventory.

    One that a node of the mesh says it is connected with is a fault, and no note.
    """
    topology = join.question.topology
    former = [members.Former(**one) for one in topology.get("former", ())]
    connected = {peer for answer in join.answers.values() for peer in (answer.get("running") or {}).get("peers") or ()}
    entries = [(one, *members.not_decommissioned(one)) for one in members.lingering(former, topology.get("leaving", {}))]
    return [
        {"id": "former-member", "host": one.inventory, "where": [one.inventory], "cause": cause, "remedy": remedy}
        for one, cause, remedy in entries
        if one.node not in connected
    ]


def _certificates(question: Question, answers: t.Mapping[str, Answer], now: datetime.datetime) -> dict[str, t.Any]:
    """The certificates of the nodes that were to be asked, and of the CAs that they trust."""
    asked = [host for host in question.topology["nodes"] if host in question.asked]
    of_nodes = {host: answers.get(host) or {} for host in asked}
    return {
        "nodes": certificate_table.rows(question.topology, asked, of_nodes, now),
        "authorities": certificate_table.authorities(of_nodes, now),
    }


def _overdue(certificates: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """What should have been renewed by now and is good for a while: one entry for all nodes' certificates, and one for each CA."""
    late = sorted(certificate_table.overdue(certificates["nodes"]), key=lambda row: int(row["days"]))
    notes = (
        [_note("certificate-overdue", [row["host"] for row in late], "certificate of %s" % late[0]["node"], late[0], "renew")]
        if late
        else []
    )
    for row in certificate_table.overdue(certificates["authorities"]):
        notes.append(_note("authority-overdue", row["hosts"], "CA %s" % row["subject"], row, "rotate_ca"))
    return notes


def _note(name: str, hosts: list[str], what: str, row: t.Mapping[str, t.Any], playbook: str) -> dict[str, t.Any]:
    cause = "The %s ends on %s, in %s, and should have been renewed by now." % (what, row["until"], plural(row["days"], "day"))
    return {"id": name, "host": hosts[0], "where": hosts, "cause": cause, "remedy": "Run the playbook %s." % playbook}


def _tried(wall: t.Mapping[str, t.Any]) -> tuple[str, str]:
    """The edge, or the node itself, that has to work for a wall to be proven."""
    return (wall["to"] if wall["wall"] in OUTSIDE else wall["from"], wall["to"])


def _filter_of(wall: t.Mapping[str, t.Any]) -> str:
    """The host whose packet filter makes a wall, empty if none does."""
    return str(wall["from"] if wall["wall"] in LOCAL else wall["to"] if wall["wall"] in OUTSIDE else "")
