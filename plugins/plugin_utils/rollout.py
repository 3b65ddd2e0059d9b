# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run has found out about the nodes that have to be restarted, read from the variables of its hosts."""

from __future__ import annotations

import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import groups as cluster_groups
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import rollout
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import specifications

WRITTEN, GOING_BACK = "__erlang_node_written", "__erlang_rollout_former"
"""Where a host's change is: what the role erlang_node registered, or what the playbook rollback left, which comes before."""
FAILURE, REFUSED = "__erlang_rollout_failure", "__erlang_rollout_refused"
"""Facts with sentences: of a host at which the roll-out stopped, and of all if it could not begin."""
ASKED = "__erlang_rollout_found"
"""What the module node_generation said of a host's former generation, in the playbook rollback."""
WRONG = "__erlang_rollout_wrong"
"""A fact of a host whose turn it is and at which something went wrong."""

Groups = t.Mapping[str, list[str]]
Mapping = t.Mapping[str, t.Any]


def changes(hosts: t.Iterable[str], hostvars: Mapping, going: t.Collection[str] | None = None) -> dict[str, dict[str, t.Any] | None]:
    """The change of each host, None for a host that was surveyed in this run and has failed in it; others are left out.

    ``going`` are the hosts that have not failed, all where it is not given.
    """
    found: dict[str, dict[str, t.Any] | None] = {}
    for host in hosts:
        values = hostvars[host]
        given = values.get(GOING_BACK) or (values.get(WRITTEN) or {}).get("change")
        if given and (going is None or host in going):
            found[host] = given
        elif given or "erlang_survey" in (values.get("ansible_facts") or {}):
            found[host] = None
    return found


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
    """The turn of a host: its ``number`` of ``count``, the hosts of its ``batch``, whether they are changed ``together``, and in ``rest`` the names
    of the nodes in later batches.
    """
    found = order(groups, hostvars)
    flat = [one for batch in found for one in batch]
    position = next(number for number, batch in enumerate(found) if host in batch)
    topology = hostvars[host]["ansible_facts"]["erlang_cluster_topology"]
    return {
        "number": flat.index(host) + 1,
        "count": len(flat),
        "batch": found[position],
        "together": rollout.is_together(changes([host], hostvars)[host] or {}),
        "rest": [topology["nodes"][other]["node"] for batch in found[position + 1 :] for other in batch],
    }


def wrong(among: t.Iterable[str], hostvars: Mapping) -> list[str]:
    """Those of the hosts at which something went wrong in their turn."""
    return [host for host in among if hostvars[host].get(WRONG)]


def returns(among: t.Iterable[str], hostvars: Mapping) -> list[str]:
    """Those of the hosts whose nodes go back to their former generations."""
    return rollout.returns({host: hostvars[host].get(ASKED) or {} for host in among})
