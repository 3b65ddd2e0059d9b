# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order of a roll-out, whether it may begin, and its sentences."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import edges, rollout

HOSTS = ("alpha", "bravo", "carol", "dave")


def topology(serial: Any = 1, connect: bool = True, hosts: Sequence[str] = HOSTS) -> dict[str, Any]:
    return {
        "cluster": {"rollout": {"serial": rollout.serial(serial)}},
        "nodes": {host: {"node": "guard@" + host, "connect": connect} for host in hosts},
        "edges": edges.mesh(list(hosts)),
    }


def change(kind: str = "restart", **other: Any) -> dict[str, Any]:
    return {"class": kind, "reasons": ["sys.config"], "generation": 5, "back": 4, **other}


def changes(kind: str = "restart") -> dict[str, dict[str, Any] | None]:
    return {host: change(kind) for host in HOSTS}


@pytest.mark.parametrize(
    ("serial", "count", "sizes"),
    [
        (1, 3, [1, 1, 1]),
        ("2", 3, [2, 1]),
        ("25%", 8, [2, 2, 2, 2]),
        ("25%", 3, [1, 1, 1]),
        ([1, "50%"], 4, [1, 2, 1]),
        ([1, 100], 4, [1, 3]),
        ("100%", 4, [4]),
        (1, 0, []),
    ],
)
def test_batches(serial: Any, count: int, sizes: list[int]) -> None:
    assert rollout.batches(rollout.serial(serial), count) == sizes


@pytest.mark.parametrize("serial", [0, -1, "0%", "101%", "a", [], [1, None], [[1]], True, 1.5, "1\n", {"a": 1}])
def test_no_serial(serial: Any) -> None:
    assert len(list(rollout.serial_problems(serial))) == 1


def test_those_with_a_turn_have_it_in_the_order_of_the_topology() -> None:
    found = {"dave": change(), "alpha": change("check"), "bravo": change("none"), "carol": change()}
    assert rollout.order(topology(), found) == [["alpha"], ["carol"], ["dave"]]


def test_what_cannot_be_mixed_is_one_batch_and_comes_first() -> None:
    found = {**changes(), "carol": change(together=True), "dave": change(together=True)}
    assert rollout.order(topology([1, "100%"]), found) == [["carol", "dave"], ["alpha"], ["bravo"]]


def test_the_plan_has_a_row_for_each_node() -> None:
    rows = rollout.plan(topology(), {"alpha": change("none"), "bravo": change(), "carol": None})
    assert [(row["host"], row["turn"], row["does"]) for row in rows] == [
        ("bravo", 1, "is restarted in its turn"),
        ("alpha", None, "runs what is wanted"),
        ("carol", None, "could not be prepared"),
        ("dave", None, "was not asked"),
    ]
    assert rollout.table(rows) == [
        "HOST   NODE         WHAT IS DONE              BECAUSE OF  GENERATION  TURN",
        "bravo  guard@bravo  is restarted in its turn  sys.config  4 to 5      1",
        "alpha  guard@alpha  runs what is wanted       sys.config  5",
        "carol  guard@carol  could not be prepared",
        "dave   guard@dave   was not asked",
        "1 of 4 nodes has its turn.",
    ]


def test_the_plan_for_machines_has_the_same_rows() -> None:
    found = {"alpha": change("none"), "bravo": change(), "carol": None}
    text = rollout.plan_file(topology(), found)
    assert json.loads(text) == {"nodes": rollout.plan(topology(), found)}
    assert text.startswith('{\n    "nodes": [\n        {\n            "back": 4,\n') and text.endswith("\n}\n")


def test_the_last_line_of_the_plan() -> None:
    def last(serial: Any, kind: str) -> str:
        return rollout.table(rollout.plan(topology(serial), changes(kind)))[-1]

    assert last("100%", "restart") == "4 of 4 nodes have their turn, all at once."
    assert last(1, "none") == "No node that runs is restarted."
    assert last([1, "100%"], "restart") == "4 of 4 nodes have their turn, in 2 batches, each once the one before is healthy."


def test_whose_turn_it_is() -> None:
    assert rollout.announcement("guard@carol", "3 of 12", change()) == "node 3 of 12: guard@carol, generation 4 to 5, because of sys.config"
    first = change(back=None, reasons=["sys.config", "the unit"])
    assert (
        rollout.announcement("guard@carol", "3 of 12", first)
        == "node 3 of 12: guard@carol, generation 5, because of sys.config and the unit"
    )
    checked = rollout.announcement("guard@carol", "3 of 12", change("check"))
    assert checked == "node 3 of 12: guard@carol, generation 5, which it runs, because of sys.config"


def answer(*connected: str, reason: str = "") -> dict[str, Any]:
    return {"connected": ["guard@" + host for host in connected], "reason": reason, "up": "is not up" not in reason}


WHOLE = {host: answer(*(other for other in HOSTS if other != host)) for host in HOSTS}


def test_a_whole_mesh_has_no_gap() -> None:
    assert rollout.gaps(topology(), WHOLE, {}) == []


def test_a_node_that_does_not_run_is_no_gap() -> None:
    stopped = {host: answer(*(other for other in HOSTS if other not in (host, "dave"))) for host in HOSTS[:3]}
    down = answer(reason="is not up: its service is inactive")
    for answers in ({**stopped, "dave": down}, {**stopped, "dave": {}}, stopped):
        assert rollout.gaps(topology(), answers, {}) == []
        assert rollout.running_peers(topology(), "alpha", answers) == ["guard@bravo", "guard@carol"]


def test_a_node_has_to_be_connected_again_with_whom_it_was() -> None:
    assert rollout.connected_peers(topology(), "alpha", WHOLE) == ["guard@bravo", "guard@carol", "guard@dave"]
    some = {**WHOLE, "alpha": answer("dave", "bravo", "probe"), "dave": answer(reason="is not up: its service is inactive")}
    assert rollout.connected_peers(topology(), "alpha", some) == ["guard@bravo"]
    assert rollout.connected_peers(topology(), "alpha", {**WHOLE, "alpha": {}}) == []
    assert rollout.connected_peers(topology(), "alpha", {"bravo": answer("alpha")}) == []


@pytest.mark.parametrize("force", [False, True])
def test_whether_a_roll_out_begins(force: bool) -> None:
    wanted = topology()
    wanted["cluster"]["rollout"]["force"] = force
    good = {"looks_again": False, "objections": [], "objects": False, "refuses": False}
    assert rollout.beginning(wanted, WHOLE, changes()) == good
    lacks = "guard@dave could not be asked with whom it is connected: no answer."
    alone = {**WHOLE, "dave": {"unreachable": True, "msg": "no answer"}}
    objects = {"looks_again": True, "objections": [lacks], "objects": True, "refuses": not force}
    assert rollout.beginning(wanted, alone, changes()) == objects
    unprepared = {**changes(), "dave": None}
    sentences = ["guard@dave could not be prepared; see above."]
    assert rollout.beginning(wanted, WHOLE, unprepared) == {**objects, "looks_again": False, "objections": sentences}


def test_a_host_whose_answer_went_wrong_is_not_passed_over() -> None:
    for went_wrong in ({"msg": "the module broke."}, {"unreachable": True, "msg": "the module broke"}):
        assert rollout.gaps(topology(), {**WHOLE, "dave": went_wrong}, {}) == [
            "guard@dave could not be asked with whom it is connected: the module broke."
        ]


def test_one_sentence_for_the_node_that_lacks_most() -> None:
    alone = {host: answer(*(other for other in HOSTS[:3] if other != host)) for host in HOSTS[:3]}
    assert rollout.gaps(topology(), {**alone, "dave": answer()}, {}) == [
        "guard@dave is not connected with guard@alpha, guard@bravo and guard@carol."
    ]


def test_a_connection_of_which_one_side_knows_is_none() -> None:
    found = rollout.gaps(topology(hosts=HOSTS[:2]), {"alpha": answer("bravo"), "bravo": answer()}, {})
    assert found == ["guard@alpha is not connected with guard@bravo."]


def test_a_node_that_was_started_meets_those_that_are_changed_together_later() -> None:
    """As a run was killed that had stopped some of them: the next one starts these, and then changes the rest."""
    answers = {host: answer(*(other for other in HOSTS[:3] if other != host)) for host in HOSTS[:3]}
    answers["dave"] = answer()
    together = {host: {**change(), "together": True} for host in HOSTS[:3]}
    assert rollout.gaps(topology(), answers, {**together, "dave": change("start")}) == []
    single = {**together, "carol": change()}
    assert rollout.gaps(topology(), answers, {**single, "dave": change("start")}) == ["guard@carol is not connected with guard@dave."]
    assert len(rollout.gaps(topology(), {**answers, "alpha": answer("carol")}, {**together, "dave": change("start")})) == 1
    assert len(rollout.gaps(topology(), answers, {**together, "dave": change("none")})) == 1


def test_a_node_that_does_not_answer_is_said_alone() -> None:
    silent = answer(reason="does not answer its own host: its cookie is another")
    assert rollout.gaps(topology(), {**WHOLE, "dave": silent}, {}) == [
        "guard@dave runs, and does not answer its own host: its cookie is another."
    ]


def test_where_no_node_connects_by_itself_there_is_no_gap() -> None:
    assert rollout.gaps(topology(connect=False), {host: answer() for host in HOSTS}, {}) == []
    assert rollout.running_peers(topology(connect=False), "alpha", WHOLE) == []


ABOUT: dict[str, Any] = {
    "host": "bravo",
    "node": "guard@bravo",
    "service": "erlang-guard.service",
    "change": change(),
    "phase": "health",
    "reason": "is not connected with guard@dave.",
    "said": ["could not start", "exited"],
    "switched": True,
    "back": "",
    "rest": ["guard@carol", "guard@dave"],
}
GO_ON = "Correct what is wrong and run this again: it goes on here, and does not restart again what is healthy."


def test_the_sentences_on_a_node_that_went_back() -> None:
    assert rollout.stopped(ABOUT) == [
        "bravo: guard@bravo is not healthy with generation 5: it is not connected with guard@dave; what it said in this start, the cause first "
        "(all of it: journalctl --unit=erlang-guard.service):",
        "could not start",
        "exited",
        "It runs generation 4 again, and is healthy with it.",
        "guard@carol and guard@dave were left untouched.",
        GO_ON,
    ]


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({"back": "does not start"}, "It was switched back to generation 4, with which it is not healthy either: it does not start."),
        ({"back": None}, "It was not switched back: the next start is one of generation 5."),
        ({"change": change(back=None)}, "There is no earlier generation that was found healthy, so that it stays with this one."),
        ({"rest": ["guard@dave"]}, "guard@dave was left untouched."),
        ({"said": []}, "bravo: guard@bravo is not healthy with generation 5: it is not connected with guard@dave."),
        (
            {"phase": "before", "reason": "it ended with 1"},
            "bravo: guard@bravo was not restarted, as what is done before that failed: it ended with 1. It goes on as it was.",
        ),
        (
            {"phase": "after", "reason": "it ended with 1"},
            "bravo: guard@bravo is healthy with generation 5, and what is done after that failed: it ended with 1.",
        ),
        (
            {"phase": "together", "reason": "carol"},
            "bravo: guard@bravo is changed together with others, of which one failed (carol); so it goes back too.",
        ),
        (
            {"phase": "together", "reason": "carol", "switched": False},
            "bravo: guard@bravo is changed together with others, of which one failed (carol); so it goes on as it was.",
        ),
    ],
)
def test_other_ways_to_stop(other: dict[str, Any], sentence: str) -> None:
    found = rollout.stopped({**ABOUT, **other})
    assert sentence in found and found[-1] == GO_ON
    assert len([one for one in found if "again, and is healthy" in one]) <= 1


def test_behind_a_roll_out_that_stopped_half_way_only_what_it_changed_goes_back() -> None:
    changed, untouched, nothing = {"number": 2, "waiting": None}, {"number": 1, "waiting": 3}, {"msg": "has no former generation"}
    assert rollout.returns({"alpha": changed, "bravo": untouched, "carol": nothing, "dave": {}}) == ["alpha"]
    assert rollout.returns({"alpha": changed, "bravo": changed}) == ["alpha", "bravo"]
    # It changed none, or the run is limited to others.
    assert rollout.returns({"bravo": untouched, "dave": untouched}) == ["bravo", "dave"]
    assert rollout.returns({"carol": nothing}) == []
