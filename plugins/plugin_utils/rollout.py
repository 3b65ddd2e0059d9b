# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run has found out about the nodes that have to be restarted, read from the variables of its hosts."""

from __future__ import annotations

import typing as t

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import groups as cluster_groups
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import rollout
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.change import RESTART
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import specifications

WRITTEN, GOING_BACK = "__erlang_node_written", "__erlang_rollout_former"
"""Where a host's change is: what the role erlang_node registered, or what the playbook rollback left, which comes before."""
FAILURE, REFUSED = "__erlang_rollout_failure", "__erlang_rollout_refused"
"""Facts with sentences: of a host at which the roll-out stopped, and of all if it could not begin."""
MESH = "__erlang_rollout_mesh"
"""What a node said before the first was restarted: with whom it is connected, and why it is not healthy."""
ASKED = "__erlang_rollout_found"
"""What the module node_generation said of a host's former generation, in the playbook rollback."""
WRONG = "__erlang_rollout_wrong"
"""A fact of a host whose turn it is and at which something went wrong."""
BEGAN = "__erlang_rollout_began"
"""When the restart of a host's node began, in seconds since 1970."""
PLACED = "__erlang_rollout_placed"
"""What the task registered that writes the table of peers of a node that is changed together with others."""
SWITCHED, STARTED, SEEN = "__erlang_rollout_switched", "__erlang_rollout_started", "__erlang_rollout_seen"
RETURNED, STARTED_AGAIN, SEEN_AGAIN = "__erlang_rollout_returned", "__erlang_rollout_started_again", "__erlang_rollout_seen_again"
"""What the tasks that switch a node, start it and see whether it is healthy registered: with the new generation, and with the one before."""
NOT_BACK = "__erlang_rollout_not_back"
"""What keeps a node from being healthy with the generation before, the rest of a sentence."""
SAID = "__erlang_node_said"
"""Lines of the journal that say why a start failed."""

Groups = t.Mapping[str, list[str]]
Mapping = t.Mapping[str, t.Any]


def changes(hosts: t.Iterable[str], hostvars: Mapping, going: t.Collection[str] | None = None) -> dict[str, dict[str, t.Any] | None]:
    """The change of each host, None for a host that was surveyed in this run and has failed in it; others are left out.

    ``going`` are the hosts that have not failed, all where it is not given.
    """
    found: dict[str, dict[str, t.Any] | None] = {}
    for host in hosts:
        values = hostvars[host]
        given = change_of(values)
        if given and (going is None or host in going):
            found[host] = given
        elif given or "erlang_survey" in (values.get("ansible_facts") or {}):
            found[host] = None
    return found


def change_of(values: Mapping) -> dict[str, t.Any] | None:
    """The change of a host by its variables, None if there is none."""
    return values.get(GOING_BACK) or (values.get(WRITTEN) or {}).get("change")


def prepared(values: Mapping) -> dict[str, t.Any]:
    """What was prepared for the turn of a host, by its variables: the ``change``; whether it ``waits``, as it is changed together with others, with what
    says where nodes look for each other; and that, the ``table`` of peers (``files`` of the module ``file_set``) with its ``validators``.
    """
    held = (values.get(WRITTEN) or {}).get("at_the_switch") or {}
    return {"change": change_of(values), "waits": bool(held), "table": held.get("files") or [], "validators": held.get("validators") or {}}


def waiting(groups: Groups) -> bool:
    """Whether nodes of this run have a turn."""
    return bool(groups.get(rollout.GROUP))


def order(groups: Groups, hostvars: Mapping) -> list[list[str]]:
    """The batches of hosts that have their turn; none where no host of the run has."""
    waiting = groups.get(rollout.GROUP) or []
    if not waiting or not hostvars:
        return []
    known = {host: found for host, found in changes(waiting, hostvars).items() if found is not None}
    topology = hostvars[waiting[0]]["ansible_facts"]["erlang_cluster_topology"]
    return rollout.order(topology, known)


def hosts(groups: Groups, hostvars: Mapping, part: str, check: bool) -> list[str]:
    """The hosts of a play: ``planned``, of whose nodes it is said what is done; ``turns``, in their order; ``stopped``, which failed in it.

    Each is empty where no node has a turn, but for the plan in check mode.
    """
    waiting = groups.get(rollout.GROUP) or []
    if not hostvars or not (waiting or (check and part == "planned")):
        return []
    if part == "planned":
        name = cluster_groups.named(cluster_groups.CLUSTER, specifications.default_of(cluster_groups.CLUSTER), groups["all"], hostvars)
        return [host for host in groups.get(name) or [] if host not in _leaving(hostvars, host)]
    refused = [host for host in waiting if hostvars[host].get(REFUSED)]
    if part == "stopped":
        return [host for host in waiting if hostvars[host].get(FAILURE)] or refused[:1]
    return [] if check or refused else [host for batch in order(groups, hostvars) for host in batch]


def _leaving(hostvars: Mapping, host: str) -> t.Collection[str]:
    """The hosts that are in the inventory and were taken out of the cluster, as far as a host has the topology."""
    topology = (hostvars[host].get("ansible_facts") or {}).get("erlang_cluster_topology") or {}
    return t.cast("t.Collection[str]", topology.get("leaving") or ())


def sentences(groups: Groups, hostvars: Mapping) -> list[str]:
    """What was said of a roll-out that stopped or could not begin, host by host; nothing where none did."""
    waiting = groups.get(rollout.GROUP) or []
    failed = [sentence for host in waiting for sentence in hostvars[host].get(FAILURE) or []]
    refused = [sentence for host in waiting[:1] for sentence in hostvars[host].get(REFUSED) or []]
    return failed or refused


def turn(groups: Groups, hostvars: Mapping, host: str) -> dict[str, t.Any]:
    """The turn of a host: its ``number`` of ``count``, the hosts of its ``batch``, whether they are changed ``together``, in ``rest`` the names of the nodes
    in later batches, and the ``question`` whether the batch is to go on; whether its node ``restarts``; whether all is ``fine`` so far with it and those that
    are changed together with it, or one of them ``failed``.
    """
    found = order(groups, hostvars)
    flat = [one for batch in found for one in batch]
    position = next(number for number, batch in enumerate(found) if host in batch)
    nodes = hostvars[host]["ansible_facts"]["erlang_cluster_topology"]["nodes"]
    change = changes([host], hostvars)[host] or {}
    number, together = flat.index(host) + 1, rollout.is_together(change)
    failed = bool(wrong(found[position] if together else [host], hostvars))
    return {
        "number": number,
        "count": len(flat),
        "batch": found[position],
        "together": together,
        "restarts": change.get("class") == RESTART,
        "fine": not failed,
        "failed": failed,
        "rest": [nodes[other]["node"] for batch in found[position + 1 :] for other in batch],
        "question": "%s: %s. Go on? (yes or no)"
        % (
            ", ".join(nodes[other]["node"] for other in found[position]),
            "all together" if together else "node %d of %d" % (number, len(flat)),
        ),
    }


def wrong(among: t.Iterable[str], hostvars: Mapping) -> list[str]:
    """Those of the hosts at which something went wrong in their turn."""
    return [host for host in among if hostvars[host].get(WRONG)]


def next_batch(
    groups: Groups, hostvars: Mapping, every: t.Collection[str], going: t.Collection[str], confirm: bool | str
) -> dict[str, bool]:
    """Whether the next batch has its turn, ``goes_on``: not where the roll-out stopped at a host, or one of ``every`` host of the play is not among those
    that are ``going`` on. ``asks`` is whether the user is to be asked before, who has said so by ``confirm``, on a command line as a word.
    """
    goes_on = not hosts(groups, hostvars, "stopped", False) and set(every) <= set(going)
    return {"goes_on": goes_on, "asks": goes_on and boolean(confirm)}


def outcome(values: Mapping, now: float) -> dict[str, t.Any]:
    """What came of the turn of a host so far, by its variables.

    ``now`` is the time, in seconds since 1970; ``lost``: whether the host was not reached any more, else it is ``reached``; ``went_wrong``: whether
    something went wrong, and ``was_lost``: whether it was that; ``has_former``: whether there is a generation before, and ``was_healthy``: whether there is
    and the node was seen to be healthy with it; ``reason``: why a task failed, the rest of a sentence; ``lasted``: how long the restart took, the end of a
    sentence; ``starting``: whether the node has not been up since it was started; ``placed``: whether its table of peers was written;
    ``goes_back``: whether it has to go back to the generation before; ``returned`` and ``restarted``: whether it was switched back and started again;
    ``not_back``: why it is not healthy with the generation before, the rest of a sentence, where a task of that failed;
    ``back``: None where it was not brought back, else what keeps it from being healthy, empty if nothing.
    """
    failure = values.get(WRONG) or {}
    tries = [values.get(name) or {} for name in (SWITCHED, STARTED, SEEN)]
    lost = any(result.get("unreachable") for result in tries) or "timedout" in tries[-1]
    former = (change_of(values) or {}).get("back") is not None
    return {
        "now": now,
        "lost": lost,
        "reached": not lost,
        "went_wrong": bool(failure),
        "has_former": former,
        "was_healthy": former and not (values.get(MESH) or {}).get("reason", "not asked"),
        "was_lost": bool(failure.get("lost")),
        "reason": _reason(values, now),
        "lasted": ", %d s after its restart began" % (now - values[BEGAN]) if BEGAN in values else "",
        "starting": not tries[-1].get("up"),
        "placed": PLACED in values,
        "goes_back": failure.get("phase") == "health" if failure else SWITCHED in values,
        "returned": _was_done(values.get(RETURNED)),
        "restarted": _was_done(values.get(STARTED_AGAIN)),
        "not_back": "does not start" if (values.get(STARTED_AGAIN) or {}).get("failed") else _reason(values, now),
        "back": _back(values),
    }


def _was_done(result: Mapping | None) -> bool:
    """Whether a task was not skipped, and its host was reached."""
    return bool(result) and not (result or {}).get("skipped") and not (result or {}).get("unreachable")


def _reason(values: Mapping, now: float) -> str:
    if (values.get(STARTED) or {}).get("failed"):
        return "did not come up in %d s" % (now - values[BEGAN])
    failed = values.get("ansible_failed_result") or {}
    told = str(failed.get("reason", (failed.get("fault") or {}).get("cause")) or failed.get("msg") or "an error was returned")
    # Between the stop and the switch no module speaks of the node.
    between = BEGAN in values and SWITCHED not in values and RETURNED not in values
    return "could not be changed: " + told if between else told


def _back(values: Mapping) -> str | None:
    seen = values.get(SEEN_AGAIN)
    if _was_done(seen) and not (seen or {}).get("failed"):
        return ""
    return None if (values.get(RETURNED) or {}).get("failed") else values.get(NOT_BACK)


def failure(groups: Groups, hostvars: Mapping, host: str, now: float) -> list[str]:
    """The sentences on a host at which the roll-out stops; see ``rollout.stopped``."""
    values, own = hostvars[host], turn(groups, hostvars, host)
    node = values["ansible_facts"]["erlang_cluster_topology"]["nodes"][host]
    found = values.get(WRONG) or {"phase": "together", "reason": ", ".join(wrong(own["batch"], hostvars))}
    about = {
        "host": host,
        "node": node["node"],
        "service": node["layout"]["service"],
        "change": changes([host], hostvars)[host],
        "phase": found["phase"],
        "reason": found["reason"],
        "said": values.get(SAID) or [],
        "switched": SWITCHED in values,
        "back": outcome(values, now)["back"],
        "rest": own["rest"],
    }
    return rollout.stopped(about)


def said(values: Mapping, objections: t.Sequence[str] = ()) -> list[str]:
    """Why a roll-out stopped at a host or could not begin, by the host's variables; ``objections`` where neither was noted."""
    return list(values.get(FAILURE) or values.get(REFUSED) or objections)


def patience(settle: t.Any, timeout: t.Any) -> int:
    """Seconds behind which a host that says nothing is lost. A connection to one without power may stay for hours. Command lines give numbers as texts."""
    return int(settle) + int(timeout) + 90


def settle_again(settle: t.Any) -> int:
    """Seconds for which a node has to stay healthy that went back to what it was healthy with: a few will do."""
    return min(5, int(settle))


def declined(answer: Mapping) -> bool:
    """Whether the answer to the question whether to go on, as ``pause`` returns it, is anything but a yes."""
    return str(answer.get("user_input") or "").strip().lower() not in ("yes", "y")


def going_back(hostvars: Mapping, host: str, among: t.Iterable[str]) -> dict[str, bool]:
    """What comes of the playbook rollback at a host: ``impossible``, as it has nothing to go back to; ``unchanged``, as the last roll-out did not change it;
    or it ``goes`` back. ``none`` is whether no host does, of those ``among`` which it is.
    """
    found = returns(among, hostvars)
    possible = "number" in (hostvars[host].get(ASKED) or {})
    return {"impossible": not possible, "unchanged": possible and host not in found, "goes": host in found, "none": not found}


def returns(among: t.Iterable[str], hostvars: Mapping) -> list[str]:
    """Those of the hosts whose nodes go back to their former generations."""
    return rollout.returns({host: hostvars[host].get(ASKED) or {} for host in among})
