# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In which order nodes are restarted, whether that may begin, and what is said of it.

What has to be done to each node is a change (``change.py``), as the role erlang_node left it for the node's host.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import change, columns
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import Problem, listed

GROUP = "erlang_rollout_restart"
"""The group of this run's hosts whose nodes have their turn."""

UNPREPARED = "could not be prepared"
"""What the plan says of a node whose host was reached, and which is not ready to be restarted."""

_SHARE = re.compile(r"([1-9][0-9]?|100)%\Z")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}\Z")

Topology = Mapping[str, Any]
Row = dict[str, Any]


def serial_problems(value: Any) -> Iterator[Problem]:
    """What is wrong with a value of ``erlang_rollout_serial``."""
    fix = "give a number of nodes from 1, a share such as 25%, or a list of them"
    if isinstance(value, (list, tuple)) and not value:
        yield Problem(value, "is empty", fix)
    for item in value if isinstance(value, (list, tuple)) else [value]:
        if isinstance(item, bool) or not isinstance(item, (int, str)) or not (_SHARE.match(str(item)) or _NUMBER.match(str(item))):
            yield Problem(str(item), "is neither a number of nodes nor a share of them", fix)


def serial(value: Any) -> list[str]:
    """A value of ``erlang_rollout_serial`` that has no fault, as a list of numbers and shares."""
    return [str(item) for item in (value if isinstance(value, (list, tuple)) else [value])]


def batches(wanted: Sequence[str], count: int) -> list[int]:
    """How many nodes each batch has, of ``count`` in all.

    ``wanted`` has a number or share for each batch in turn, and the last one holds for all further ones. Shares are of all, and one node at least.
    """
    sizes: list[int] = []
    while sum(sizes) < count:
        item = wanted[min(len(sizes), len(wanted) - 1)]
        size = max(count * int(item[:-1]) // 100, 1) if item.endswith("%") else int(item)
        sizes.append(min(size, count - sum(sizes)))
    return sizes


def is_together(found: Mapping[str, Any]) -> bool:
    """Whether a change is one that all nodes that have it make at the same time."""
    return bool(found.get("together"))


def order(topology: Topology, changes: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """The batches in which hosts have their turn, in the order of the topology: first those that are changed together, then as the cluster has it.

    ``changes`` are those of the hosts that may have a turn, by inventory name.
    """
    waiting = [host for host in topology["nodes"] if host in changes and changes[host]["class"] in change.IN_TURN]
    together = [host for host in waiting if is_together(changes[host])]
    single = [host for host in waiting if host not in together]
    found = [together] if together else []
    for size in batches(topology["cluster"]["rollout"]["serial"], len(single)):
        found.append(single[:size])
        single = single[size:]
    return found


def returns(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The hosts whose nodes go back: of those that have a generation to go back to, the ones that the last roll-out changed.

    ``found`` are the results of the module node_generation by inventory name. A node for which a generation was made that it does not run, and was not
    found healthy with, was not reached by that roll-out, or went back in it. Where that is so of all, the last roll-out changed none, and they go back
    behind the one before it.
    """
    able = [host for host, told in found.items() if told.get("number") is not None]
    return [host for host in able if found[host].get("waiting") is None] or able


def plan(topology: Topology, changes: Mapping[str, Mapping[str, Any] | None]) -> list[Row]:
    """What is done to each node: a row for each, as plain data, those with a turn in their order and then the others.

    ``changes`` has None for a host that was reached and could not be prepared; one that is not there was not asked.
    """
    known = {host: found for host, found in changes.items() if found is not None}
    turns = {host: number for number, batch in enumerate(order(topology, known), 1) for host in batch}
    rows = [_row(host, topology["nodes"][host], known.get(host), host in changes, turns.get(host)) for host in topology["nodes"]]
    return sorted(rows, key=lambda row: row["turn"] or len(turns) + 1)


def _row(host: str, node: Mapping[str, Any], found: Mapping[str, Any] | None, asked: bool, turn: int | None) -> Row:
    row = {"host": host, "node": node["node"], "turn": turn, "together": False, "reasons": [], "generation": None, "back": None}
    if found is None:
        return {**row, "class": "unknown", "does": UNPREPARED if asked else "was not asked"}
    return {
        **row,
        "class": found["class"],
        "does": change.CLASSES[found["class"]],
        "reasons": list(found["reasons"]),
        "generation": found["generation"],
        "back": found["back"],
        "together": is_together(found),
    }


def plan_file(topology: Topology, changes: Mapping[str, Mapping[str, Any] | None]) -> str:
    """The plan for machines, as JSON."""
    return json.dumps({"nodes": plan(topology, changes)}, indent=4, sort_keys=True) + "\n"


def table(rows: Sequence[Row]) -> list[str]:
    """The plan for people, as lines."""
    cells = [("HOST", "NODE", "WHAT IS DONE", "BECAUSE OF", "GENERATION", "TURN")]
    for row in rows:
        turn = "" if row["turn"] is None else "%d, all together" % row["turn"] if row["together"] else str(row["turn"])
        cells.append((row["host"], row["node"], row["does"], ", ".join(row["reasons"]), _generations(row), turn))
    return [*columns.aligned(cells), _closing(rows, sum(row["turn"] is not None for row in rows))]


def _closing(rows: Sequence[Row], count: int) -> str:
    if not count:
        return "No node that runs is restarted."
    turns = "%d of %d nodes %s" % (count, len(rows), "have their turn" if count > 1 else "has its turn")
    last = max(row["turn"] or 0 for row in rows)
    return turns + (", in %d batches, each once the one before is healthy." % last if last > 1 else ", all at once." if count > 1 else ".")


def _generations(row: Row) -> str:
    if row["generation"] is None:
        return ""
    if row["class"] == change.RESTART and row["back"] is not None:
        return "%d to %d" % (row["back"], row["generation"])
    return str(row["generation"])


def announcement(node: str, turn: str, found: Mapping[str, Any]) -> str:
    """The sentence that says whose turn it is."""
    generations = "generation %s" % found["generation"]
    if found["class"] == change.CHECK:
        generations += ", which it runs"
    elif found["back"] is not None:
        generations = "generation %s to %s" % (found["back"], found["generation"])
    return "node %s: %s, %s, because of %s" % (turn, node, generations, listed(found["reasons"]) or "what it runs")


def expected(topology: Topology, host: str) -> list[str]:
    """The names of the nodes that a node is to be connected with by itself: where neither connects, their applications decide."""
    nodes = topology["nodes"]
    others = {edge["to"] for edge in topology["edges"] if edge["from"] == host} | {
        edge["from"] for edge in topology["edges"] if edge["to"] == host
    }
    return [nodes[other]["node"] for other in nodes if other in others and (nodes[host]["connect"] or nodes[other]["connect"])]


def gaps(topology: Topology, answers: Mapping[str, Mapping[str, Any]], changes: Mapping[str, Mapping[str, Any] | None]) -> list[str]:
    """What keeps the mesh of the nodes that run from being whole, a sentence each.

    ``answers`` are the results of the module node_health by inventory name; hosts that were not asked, and nodes that do not run, are passed over.
    ``changes`` are what is done to nodes, as :func:`plan` takes them: a node that this run has started has what is wanted, and meets those that are changed
    together only when they have it too.
    """
    nodes = topology["nodes"]
    fresh = {nodes[host]["node"] for host, found in changes.items() if found and found["class"] == change.START and host in nodes}
    waiting = {nodes[host]["node"] for host, found in changes.items() if found and is_together(found) and host in nodes}
    running = {host: answer for host, answer in answers.items() if host in nodes and _runs(answer)}
    silent = [host for host, answer in running.items() if answer["reason"].startswith("does not answer")]
    found = ["%s runs, and %s." % (nodes[host]["node"], running[host]["reason"].rstrip(".")) for host in silent]
    found += [
        "%s could not be asked with whom it is connected: %s."
        % (nodes[host]["node"], str(answer.get("msg", "no answer")).strip().rstrip("."))
        for host, answer in answers.items()
        if host in nodes and answer and "reason" not in answer
    ]
    told = {nodes[host]["node"]: set(answer.get("connected") or ()) for host, answer in running.items() if host not in silent}
    missing = {
        nodes[host]["node"]: {
            other
            for other in expected(topology, host)
            if other in told and not _connected(told, nodes[host]["node"], other) and not _apart(nodes[host]["node"], other, fresh, waiting)
        }
        for host in running
        if host not in silent
    }
    while any(missing.values()):
        worst = max(missing, key=lambda node: len(missing[node]))
        found.append("%s is not connected with %s." % (worst, listed(sorted(missing[worst]))))
        for other in missing.pop(worst):
            missing[other].discard(worst)
    return found


def objections(rows: Sequence[Row], gaps_: Sequence[str]) -> list[str]:
    """What speaks against restarting nodes, a sentence each: nodes of the plan that could not be prepared, and what :func:`gaps` found."""
    unprepared = [row["node"] for row in rows if row["does"] == UNPREPARED]
    return ["%s could not be prepared; see above." % node for node in unprepared] + list(gaps_)


def beginning(
    topology: Topology, answers: Mapping[str, Mapping[str, Any]], changes: Mapping[str, Mapping[str, Any] | None]
) -> dict[str, Any]:
    """Whether a roll-out may begin; ``answers`` and ``changes`` are as :func:`gaps` takes them.

    ``looks_again`` is whether there are gaps, which may be closed in a moment; ``objections`` are those of the plan and the gaps, ``objects`` whether there are
    any, and ``refuses`` whether no node is restarted because of them, as the user does not force it.
    """
    found = gaps(topology, answers, changes)
    against = objections(plan(topology, changes), found)
    refuses = bool(against) and not topology["cluster"]["rollout"]["force"]
    return {"looks_again": bool(found), "objections": against, "objects": bool(against), "refuses": refuses}


def refusal(found: Sequence[str]) -> list[str]:
    """What is said where no node is restarted because of ``found``, which is what :func:`objections` returned."""
    return [
        "No node was restarted, as the cluster is not whole before that:",
        *found,
        "Mend it and run this again, or restart nodes although it is so, with -e erlang_rollout_force=true.",
    ]


def running_peers(topology: Topology, host: str, answers: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The names of the nodes that run and that a node is to be connected with."""
    running = {topology["nodes"][other]["node"] for other, answer in answers.items() if other in topology["nodes"] and _runs(answer)}
    return [name for name in expected(topology, host) if name in running]


def connected_peers(topology: Topology, host: str, answers: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Those of :func:`running_peers` with which the node was connected when it was asked."""
    connected = answers.get(host, {}).get("connected") or ()
    return [name for name in running_peers(topology, host, answers) if name in connected]


def _runs(answer: Mapping[str, Any]) -> bool:
    return bool(answer.get("up"))


def _apart(one: str, other: str, fresh: Collection[str], waiting: Collection[str]) -> bool:
    return (one in fresh and other in waiting) or (other in fresh and one in waiting)


def _connected(told: Mapping[str, Collection[str]], one: str, other: str) -> bool:
    return other in told[one] and one in told[other]


def stopped(about: Mapping[str, Any]) -> list[str]:
    """The sentences on a node at which a roll-out stopped: which and why, what it said, what it runs now, what became of the rest, how to go on.

    ``about``: ``host``, ``node``, ``service``, ``change``; ``phase`` (``before``, ``health``, ``after``, or ``together`` of a node that is healthy and
    was changed together with others); ``reason``, the rest of a sentence that begins with the node (of ``health``), the hosts that failed (of
    ``together``), or a sentence of its own; ``said``, lines of the journal; ``switched``, whether it was switched to its new generation; ``back``,
    None where it was not tried, else what keeps the node from being healthy with the generation before, empty if nothing; ``rest``, the names
    of nodes whose turn had not come.
    """
    host, node, found = about["host"], about["node"], about["change"]
    reason = str(about["reason"]).strip().rstrip(".")
    sentences = []
    if about["phase"] == "before":
        sentences.append("%s: %s was not restarted, as what is done before that failed: %s. It goes on as it was." % (host, node, reason))
    elif about["phase"] == "after":
        sentence = "%s: %s is healthy with generation %s, and what is done after that failed: %s."
        sentences.append(sentence % (host, node, found["generation"], reason))
    elif about["phase"] == "together":
        sentence = "%s: %s is changed together with others, of which one failed (%s); so it %s."
        did = "goes back too" if about["switched"] else "goes on as it was"
        sentences.append(sentence % (host, node, reason, did))
        sentences += [_after_health(found, about["back"])] if about["switched"] else []
    else:
        said = "; what it said in this start, the cause first (all of it: journalctl --unit=%s):" % about["service"]
        ending = said if about["said"] else "."
        sentences.append("%s: %s is not healthy with generation %s: it %s%s" % (host, node, found["generation"], reason, ending))
        sentences += about["said"]
        sentences.append(_after_health(found, about["back"]))
    rest = list(about["rest"])
    if rest:
        sentences.append("%s left untouched." % (listed(rest) + (" were" if len(rest) > 1 else " was")))
    sentences.append("Correct what is wrong and run this again: it goes on here, and does not restart again what is healthy.")
    return sentences


def _after_health(found: Mapping[str, Any], back: str | None) -> str:
    if found["back"] is None:
        return "There is no earlier generation that was found healthy, so that it stays with this one."
    if back is None:
        return "It was not switched back: the next start is one of generation %s." % found["generation"]
    if back:
        return "It was switched back to generation %s, with which it is not healthy either: it %s." % (
            found["back"],
            back.strip().rstrip("."),
        )
    return "It runs generation %s again, and is healthy with it." % found["back"]
