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
    "nodes": {host: {"node": "guard@" + host, "connect": True, "layout": {"service": "erlang-guard.service"}} for host in HOSTS},
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
        "restarts": True,
        "fine": True,
        "failed": False,
        "rest": ["guard@carol"],
        "question": "guard@alpha: node 1 of 2. Go on? (yes or no)",
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
    assert [filters.rollout_turn(WAITING, failed, host)["failed"] for host in ("alpha", "carol")] == [True, False]
    assert [filters.rollout_turn(WAITING, failed, host)["fine"] for host in ("alpha", "carol")] == [False, True]


def together(**further: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = hostvars(**further)
    for host in ("alpha", "carol"):
        found[host]["__erlang_node_written"]["change"]["together"] = True
    return found


def test_what_went_wrong_at_one_of_those_that_are_changed_together_is_that_of_all() -> None:
    failed = together(carol={rollout.WRONG: {"phase": "health", "reason": "died"}})
    assert filters.rollout_turn(WAITING, failed, "alpha")["failed"] is True
    assert filters.rollout_turn(WAITING, failed, "alpha")["question"] == "guard@alpha, guard@carol: all together. Go on? (yes or no)"
    said = filters.rollout_failure(WAITING, failed, "alpha")
    assert said[0] == "alpha: guard@alpha is changed together with others, of which one failed (carol); so it goes on as it was."


@pytest.mark.parametrize(("confirm", "asks"), [(False, False), (True, True), ("false", False), ("yes", True)])
def test_a_roll_out_has_ended_where_it_stopped_or_a_host_is_lost(confirm: bool | str, asks: bool) -> None:
    over = {"goes_on": False, "asks": False}
    assert rollout.next_batch(WAITING, hostvars(), HOSTS, HOSTS, confirm) == {"goes_on": True, "asks": asks}
    assert rollout.next_batch(WAITING, hostvars(), HOSTS, ["alpha", "carol"], confirm) == over
    assert rollout.next_batch(WAITING, hostvars(alpha={rollout.FAILURE: ["It failed."]}), HOSTS, HOSTS, confirm) == over


def test_nodes_have_a_turn_where_one_was_put_into_their_group() -> None:
    assert [rollout.waiting(groups) for groups in (WAITING, GROUPS)] == [True, False]


def test_what_was_prepared_for_a_turn() -> None:
    nothing = {"waits": False, "table": [], "validators": {}}
    change, former = {"class": "restart"}, {"class": "restart", "back": 2}
    files = {"files": [{"path": "/peers"}], "validators": {"/peers": ["check"]}}
    assert rollout.prepared({}) == {"change": None, **nothing}
    assert rollout.prepared({rollout.WRITTEN: {"change": change, "at_the_switch": {}}}) == {"change": change, **nothing}
    held = {rollout.WRITTEN: {"change": change, "at_the_switch": files}}
    assert rollout.prepared(held) == {"change": change, "waits": True, "table": files["files"], "validators": files["validators"]}
    values = {"bravo": {**held, rollout.GOING_BACK: former}}
    assert filters.rollout_prepared(values, "bravo")["change"] == former


FINE: dict[str, Any] = {"changed": True}
SKIPPED, UNREACHED, FAILED = {"skipped": True}, {"unreachable": True}, {"failed": True}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            {},
            {
                "lost": False,
                "was_lost": False,
                "goes_back": False,
                "starting": True,
                "lasted": "",
                "back": None,
                "returned": False,
                "restarted": False,
            },
        ),
        ({}, {"now": 100.0, "placed": False}),
        ({rollout.PLACED: FINE}, {"placed": True}),
        ({rollout.SWITCHED: FINE, rollout.BEGAN: 40.0}, {"goes_back": True, "lasted": ", 60 s after its restart began"}),
        ({rollout.SWITCHED: FINE, rollout.WRONG: {"phase": "after", "reason": "x"}}, {"goes_back": False}),
        ({rollout.WRONG: {"phase": "health", "reason": "x", "lost": True}}, {"goes_back": True, "was_lost": True}),
        ({}, {"went_wrong": False, "reached": True, "has_former": False, "was_healthy": False}),
        ({rollout.WRITTEN: {"change": {"back": None}}, rollout.MESH: {"reason": ""}}, {"has_former": False, "was_healthy": False}),
        ({rollout.WRITTEN: {"change": {"back": 1}}}, {"has_former": True, "was_healthy": False}),
        ({rollout.GOING_BACK: {"back": 1}, rollout.MESH: {"reason": ""}}, {"has_former": True, "was_healthy": True}),
        ({rollout.GOING_BACK: {"back": 1}, rollout.MESH: {"reason": "is down"}}, {"has_former": True, "was_healthy": False}),
        ({rollout.WRONG: {"phase": "health", "reason": "x"}}, {"went_wrong": True}),
        ({rollout.SWITCHED: UNREACHED}, {"lost": True, "reached": False}),
        ({rollout.STARTED: UNREACHED}, {"lost": True}),
        ({rollout.SEEN: {"failed": True, "timedout": {"period": 1}}}, {"lost": True}),
        ({rollout.SEEN: {"up": True}}, {"lost": False, "starting": False}),
        ({rollout.STARTED: FAILED, rollout.BEGAN: 95.0}, {"reason": "did not come up in 5 s"}),
        ({"ansible_failed_result": {"reason": "is not ready", "msg": "no"}}, {"reason": "is not ready", "not_back": "is not ready"}),
        ({"ansible_failed_result": {"fault": {"cause": "no answer"}, "msg": "no"}}, {"reason": "no answer"}),
        ({"ansible_failed_result": {"msg": "disk full"}, rollout.BEGAN: 95.0}, {"reason": "could not be changed: disk full"}),
        ({"ansible_failed_result": {"msg": "no"}, rollout.BEGAN: 95.0, rollout.RETURNED: FINE}, {"reason": "no", "not_back": "no"}),
        ({"ansible_failed_result": {"msg": "no"}}, {"reason": "no"}),
        ({"ansible_failed_result": {"msg": ""}}, {"reason": "an error was returned"}),
        (
            {rollout.RETURNED: SKIPPED, rollout.STARTED_AGAIN: SKIPPED, rollout.SEEN_AGAIN: SKIPPED},
            {"returned": False, "restarted": False, "back": None},
        ),
        ({rollout.RETURNED: UNREACHED}, {"returned": False, "back": None}),
        (
            {rollout.RETURNED: FINE, rollout.STARTED_AGAIN: FINE, rollout.SEEN_AGAIN: FINE},
            {"returned": True, "restarted": True, "back": ""},
        ),
        ({rollout.RETURNED: FINE, rollout.STARTED_AGAIN: FAILED}, {"not_back": "does not start", "back": None}),
        ({rollout.RETURNED: FINE, rollout.STARTED_AGAIN: FAILED, rollout.NOT_BACK: "does not start"}, {"back": "does not start"}),
        ({rollout.RETURNED: FAILED, rollout.NOT_BACK: "is full"}, {"back": None}),
        ({rollout.SEEN_AGAIN: FAILED, rollout.NOT_BACK: "dies"}, {"back": "dies"}),
    ],
)
def test_what_came_of_a_turn(values: dict[str, Any], expected: dict[str, Any]) -> None:
    found = rollout.outcome(values, 100.0)
    assert {key: found[key] for key in expected} == expected


def test_the_sentences_on_a_node_that_went_back() -> None:
    wrong = {"phase": "health", "reason": "is not connected with guard@carol", "lost": False}
    values = {rollout.WRONG: wrong, rollout.SWITCHED: FINE, rollout.RETURNED: FINE, rollout.SEEN_AGAIN: FINE, rollout.SAID: ["a line"]}
    assert filters.rollout_failure(WAITING, hostvars(alpha=values), "alpha") == [
        "alpha: guard@alpha is not healthy with generation 2: it is not connected with guard@carol; what it said in this start, the cause first "
        "(all of it: journalctl --unit=erlang-guard.service):",
        "a line",
        "It runs generation 1 again, and is healthy with it.",
        "guard@carol was left untouched.",
        "Correct what is wrong and run this again: it goes on here, and does not restart again what is healthy.",
    ]


def test_why_no_node_is_restarted() -> None:
    ours = filters.FilterModule().filters()
    topology = {**TOPOLOGY, "cluster": {"rollout": {"serial": ["1"], "force": False}}}
    answers = {host: {"connected": [], "reason": "", "up": True} for host in ("alpha", "bravo")}
    found = ours["rollout_beginning"](topology, answers, {"alpha": None, "bravo": None})
    assert (found["looks_again"], found["objects"], found["refuses"]) == (True, True, True)
    assert found["objections"] == [
        "guard@alpha could not be prepared; see above.",
        "guard@bravo could not be prepared; see above.",
        "guard@alpha is not connected with guard@bravo.",
    ]
    said = ours["rollout_refusal"](found["objections"])
    assert said[1:-1] == found["objections"] and said[0].startswith("No node was restarted") and "erlang_rollout_force=true" in said[-1]


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


def test_what_is_said_of_a_roll_out_that_stopped() -> None:
    said = hostvars(alpha={rollout.FAILURE: ["It failed."], rollout.REFUSED: ["No."]}, carol={rollout.REFUSED: ["No."]})
    assert filters.rollout_said(said, "alpha") == ["It failed."]
    assert filters.rollout_said(said, "carol", ["Objection."]) == ["No."]
    assert filters.rollout_said(hostvars(), "carol", ["Objection."]) == ["Objection."]


@pytest.mark.parametrize(
    ("answer", "declined"), [("yes", False), (" Y ", False), ("no", True), ("", True), (None, True), ("yes please", True)]
)
def test_only_a_yes_is_one(answer: str | None, declined: bool) -> None:
    assert rollout.declined({"user_input": answer}) is declined
    assert rollout.declined({}) is True


def test_what_comes_of_the_rollback() -> None:
    nothing = {"impossible": True, "unchanged": False, "goes": False, "none": True}
    assert filters.rollout_going_back(hostvars(), "alpha", HOSTS) == nothing
    found = {"number": 1, "before": 2, "waiting": 0, "healthy": True, "since": 5}
    asked = hostvars(alpha={rollout.ASKED: found})
    went = filters.rollout_going_back(asked, "alpha", HOSTS)
    assert went["impossible"] is False and went["goes"] is (rollout.returns(HOSTS, asked) == ["alpha"])
    assert went["unchanged"] is not went["goes"] and went["none"] is not went["goes"]


def test_seconds_may_come_from_a_command_line() -> None:
    assert rollout.patience(30, 120) == rollout.patience("30", "120") == 240
    assert rollout.settle_again("30") == rollout.settle_again(5) == 5 and rollout.settle_again("2") == 2
