# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts the plays of a roll-out have, from what a run noted for its hosts."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.beam.tls_distribution.plugins.filter import rollout as filters
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import edges
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import rollout

HOSTS = ["alpha", "bravo", "carol"]
TOPOLOGY = {
    "cluster": {"rollout": {"serial": ["1"]}},
    "nodes": {host: {"node": "guard@" + host, "connect": True} for host in HOSTS},
    "edges": edges.mesh(HOSTS),
}
GROUPS = {"all": [*HOSTS, "probe"], "erlang": HOSTS}
WAITING = {**GROUPS, "erlang_rollout_restart": ["carol", "alpha"]}


def hostvars(**further: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {"probe": {}}
    for host in HOSTS:
        kind = "none" if host == "bravo" else "restart"
        change = {"class": kind, "reasons": [], "generation": 2, "back": 1}
        facts = {"erlang_cluster_topology": TOPOLOGY, "erlang_survey": {}}
        found[host] = {"ansible_facts": facts, "__erlang_node_written": {"change": change}, **further.get(host, {})}
    return found


@pytest.mark.parametrize("part", ["planned", "turns", "stopped"])
def test_without_anything_to_restart_no_play_has_hosts(part: str) -> None:
    assert filters.rollout_hosts(GROUPS, hostvars(), part) == []
    assert filters.rollout_hosts(GROUPS, {}, part, True) == []
    assert filters.rollout_serial(GROUPS, hostvars()) == [1]


def test_nodes_have_their_turn_in_the_order_of_the_topology() -> None:
    assert filters.rollout_hosts(WAITING, hostvars(), "turns") == ["alpha", "carol"]
    assert filters.rollout_serial(WAITING, hostvars()) == [1, 1]
    assert filters.rollout_hosts(WAITING, hostvars(), "planned") == HOSTS
    assert filters.rollout_hosts(WAITING, hostvars(), "stopped") == []
    assert filters.rollout_turn(WAITING, hostvars(), "alpha") == {
        "number": 1,
        "count": 2,
        "batch": ["alpha"],
        "together": False,
        "rest": ["guard@carol"],
    }


def test_who_was_taken_out_of_the_cluster_has_no_part_in_it() -> None:
    """The host is in the inventory still, and has the topology as the others do."""
    left = {"ansible_facts": {"erlang_cluster_topology": {**TOPOLOGY, "leaving": {"dave": {"node": "guard@dave"}}}}}
    groups = {**WAITING, "erlang": [*HOSTS, "dave"], "all": [*GROUPS["all"], "dave"]}
    assert filters.rollout_hosts(groups, {**hostvars(), "dave": left}, "planned") == HOSTS


def test_in_check_mode_there_is_a_plan_and_nothing_else() -> None:
    assert filters.rollout_hosts(GROUPS, hostvars(), "planned", True) == HOSTS
    assert filters.rollout_hosts(WAITING, hostvars(), "turns", True) == []


def test_a_refusal_leaves_all_alone_and_fails_one_host() -> None:
    refused = hostvars(**{host: {rollout.REFUSED: ["No."]} for host in HOSTS})
    assert filters.rollout_hosts(WAITING, refused, "turns") == []
    assert filters.rollout_hosts(WAITING, refused, "stopped") == ["carol"]


def test_a_failure_is_that_of_its_host() -> None:
    failed = hostvars(alpha={rollout.FAILURE: ["It failed."], rollout.WRONG: {"phase": "health"}})
    assert filters.rollout_hosts(WAITING, failed, "stopped") == ["alpha"]
    assert filters.rollout_wrong(["alpha", "carol"], failed) == ["alpha"]


def test_what_was_said_of_a_roll_out_is_collected_once() -> None:
    assert filters.rollout_sentences(GROUPS, hostvars()) == filters.rollout_sentences(WAITING, hostvars()) == []
    failed = hostvars(alpha={rollout.FAILURE: ["Alpha failed."]}, carol={rollout.FAILURE: ["Carol goes back.", "Run again."]})
    assert filters.rollout_sentences(WAITING, failed) == ["Carol goes back.", "Run again.", "Alpha failed."]
    refused = hostvars(**{host: {rollout.REFUSED: ["No node was restarted.", "Mend it."]} for host in HOSTS})
    assert filters.rollout_sentences(WAITING, refused) == ["No node was restarted.", "Mend it."]


def test_going_back_comes_before_what_was_written() -> None:
    former = {"class": "restart", "reasons": ["going back"], "generation": 1, "back": 2}
    back = hostvars(bravo={rollout.GOING_BACK: former})
    assert filters.rollout_changes(["bravo"], back) == {"bravo": former}


def test_a_host_that_was_reached_and_not_prepared_is_told_from_one_that_was_not_asked() -> None:
    facts = {"erlang_cluster_topology": TOPOLOGY}
    lost = hostvars(alpha={"__erlang_node_written": {}}, bravo={"__erlang_node_written": {}, "ansible_facts": facts})
    assert filters.rollout_changes(["alpha", "bravo"], lost) == {"alpha": None}


def test_a_host_that_failed_behind_its_preparation_could_not_be_prepared() -> None:
    """As when the trial of what it is to be restarted with fails."""
    assert filters.rollout_changes(["alpha", "bravo"], hostvars(), ["bravo"])["alpha"] is None
    assert filters.rollout_changes(["alpha"], hostvars())["alpha"] is not None
