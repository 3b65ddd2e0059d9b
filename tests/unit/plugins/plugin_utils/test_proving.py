# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What hosts are asked to prove, and the watch that has its settings from the same options."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.walls import NAMES
from ansible_collections.beam.tls_distribution.plugins.modules import node_verify
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import proving

PLACES = layout.layout("guard")
DIRECTORY = "/var/lib/prometheus/node-exporter"
LINK = DIRECTORY + "/erlang-guard.prom"


def topology(discovery: str = "port", firewall: str = "nftables") -> dict[str, t.Any]:
    nodes = {
        name: {
            "node": "guard@%s.example.net" % name,
            "name": "guard",
            "host": name + ".example.net",
            "addresses": ["198.18.1.%d" % number],
            "port": 4370,
            "listen_port": 4371,
            "layout": PLACES,
            "account": "merl",
            "firewall": firewall,
        }
        for number, name in enumerate(("alpha", "bravo", "carol", "dave"))
    }
    return {"cluster": {"discovery": discovery, "epmd_port": 4369}, "nodes": nodes}


def proof(origin: str = "alpha", walls: t.Sequence[str] = NAMES, **changes: str) -> dict[str, t.Any]:
    return proving.options(topology(**changes), origin, walls, ["PEM"], 5.0)


def test_a_host_of_the_cluster_proves_the_walls_of_the_inside() -> None:
    found = proof()
    assert found["walls"] == ["plain", "no_certificate", "foreign_ca", "wrong_cookie", "wrong_name", "local_account"]
    assert found["walls_at"] == ["guard@%s.example.net" % name for name in ("alpha", "dave", "carol")]
    assert (found["node"], found["port"], found["certfile"]) == ("guard@alpha.example.net", 4371, PLACES["certificate"])
    assert len(found["peers"]) == 4 and found["peers"][1]["address"] == ["198.18.1.1"]
    assert [found["peers"][1][part] for part in ("node", "name", "host")] == ["guard@bravo.example.net", "guard", "bravo.example.net"]
    assert proof(walls=["epmd", "plain"])["walls"] == ["plain"]


def test_without_a_packet_filter_of_ours_no_account_is_tried() -> None:
    found = proof(firewall="none")
    assert "local_account" not in found["walls"] and found["packet_filter_check"] == []


@pytest.mark.parametrize(
    ("discovery", "walls"), [("port", ["packet_filter"]), ("map", ["packet_filter"]), ("epmd", ["packet_filter", "epmd"])]
)
def test_who_is_no_peer_proves_the_walls_of_the_outside(discovery: str, walls: list[str]) -> None:
    found = proof("stranger", discovery=discovery)
    assert found["walls"] == walls
    assert not {"node", "certfile", "walls_at"} & set(found)


def test_they_are_options_of_the_module() -> None:
    known = node_verify.DOCUMENTATION
    assert [name for name in proof() if "\n  %s:\n" % name not in known and name not in ("certfile", "cacertfile", "cookie_file", "configuration")
            and name not in ("peers", "discovery", "epmd_port", "timeout")] == []  # fmt: skip


def files(wanted: t.Any = True, directory: str = DIRECTORY) -> dict[str, t.Any]:
    return proving.watch_files(topology()["nodes"]["alpha"], proof(), directory, "[Service]", "[Timer]", wanted)


def test_the_watch_has_its_settings_from_the_same_options() -> None:
    settings = json.loads(files()["files"][0]["content"])
    assert {name: settings[name] for name in proving._WATCHED} == {name: proof()[name] for name in proving._WATCHED}
    assert (settings["output"], settings["collected"]) == (PLACES["watch_metrics"], LINK)
    assert settings["packet_filter"] == PLACES["firewall_checked"]
    assert files()["links"] == [{"path": LINK, "target": PLACES["watch_metrics"]}]
    assert json.loads(files(directory="")["files"][0]["content"])["collected"] is None and files(directory="")["links"] == []


def test_without_a_watch_nothing_of_it_is_left() -> None:
    assert set(files(wanted=False)) == {"absent"}
    assert {PLACES["watch_program"], PLACES["watch_state"], PLACES["watch_settings"]} <= set(files(wanted=False)["absent"])


def test_a_command_line_says_by_a_word_whether_there_is_a_watch() -> None:
    assert files(wanted="false") == files(wanted=False) and files(wanted="true") == files(wanted=True)
    assert state("no", GONE)["right"] and state("no", UP)["tasks"] == "watch_off.yml"


UP = {"load": "loaded", "active": "active", "enabled": "enabled", "needs_reload": False}
GONE = {"load": "not-found", "active": "inactive", "enabled": "", "needs_reload": False}


def state(
    wanted: t.Any, timer: dict[str, t.Any], right: bool = True, program: bool = True, settings: str | None = None, check: bool = False
) -> dict[str, t.Any]:
    node, made = topology()["nodes"]["alpha"], files(wanted)
    unit = PLACES["watch_unit"]
    asked = proving.watch_questions(node, made)
    assert asked["units"] == [unit + ".service", unit + ".timer"] and asked["sets"] == {"watch": made}
    survey = {
        "units": {unit + ".timer": timer, unit + ".service": UP if timer["load"] == "loaded" else GONE},
        "files": {PLACES["watch_settings"]: settings},
        "exists": {PLACES["watch_program"]: program},
        "sets": {"watch": right},
    }
    return proving.watch_state(survey, node, made, wanted, check)


@pytest.mark.parametrize(
    ("wanted", "timer", "right", "program", "expected"),
    [
        (True, UP, True, True, True),
        (True, UP, False, True, False),
        (True, UP, True, False, False),
        (True, {**UP, "active": "inactive"}, True, True, False),
        (True, {**UP, "enabled": "disabled"}, True, True, False),
        (True, {**UP, "needs_reload": True}, True, True, False),
        (True, GONE, True, True, False),
        (False, GONE, True, False, True),
        (False, UP, True, False, False),
        (False, GONE, False, False, False),
    ],
)
def test_whether_the_watch_is_as_wanted(wanted: bool, timer: dict[str, t.Any], right: bool, program: bool, expected: bool) -> None:
    found = state(wanted, timer, right, program)
    assert found["right"] is expected
    assert state(wanted, timer, right, program, check=True)["startable"] is (timer is not GONE) and found["startable"]
    assert found["absent"] == ([] if wanted else files(wanted=False)["absent"])
    assert found["loaded"] == ([PLACES["watch_unit"] + kind for kind in (".timer", ".service")] if timer is not GONE else [])


@pytest.mark.parametrize(
    ("settings", "former"),
    [
        (None, []),
        ("{", []),
        ('{"collected": null}', []),
        ('{"collected": "%s"}' % LINK, []),
        ('{"collected": "/old/erlang-guard.prom"}', ["/old/erlang-guard.prom"]),
    ],
)
def test_a_link_of_an_earlier_run_goes(settings: str | None, former: list[str]) -> None:
    assert state(True, UP, settings=settings)["absent"] == former


def test_the_program_of_the_watch_is_written_with_its_files() -> None:
    made = files()
    *others, program = proving.watch_program(topology()["nodes"]["alpha"], made, "UEs=")
    assert others == made["files"]
    assert (program["path"], program["base64_content"], program["mode"]) == (PLACES["watch_program"], "UEs=", "0644")


def test_hosts_of_the_group_and_of_the_play_that_are_no_nodes_are_outside() -> None:
    found = {**topology(), "leaving": ["erin"]}
    groups = {"outside": ["stranger", "alpha", "erin"]}
    some = {"hosts": ["stranger", "guest"], "controller": False}
    assert proving.outsiders(found, groups, "outside", ["alpha", "erin", "guest", "stranger"]) == some
    assert proving.outsiders(found, {}, "outside", ["bravo"]) == {"hosts": [], "controller": True}


SILENCE = {"address": "198.18.1.1", "port": 4370, "fault": {"id": proving.SILENT}}


def test_edges_without_an_answer_are_told_apart() -> None:
    well, refused = {**SILENCE, "fault": None}, {**SILENCE, "fault": {"id": "connection-refused"}}
    assert proving.silent({"edges": [well, SILENCE, refused]}) == [{"address": "198.18.1.1", "port": 4370}]
    assert proving.silent({"edges": None}) == proving.silent({}) == []


def test_all_nodes_that_answered_count_once_a_connection_gets_no_answer() -> None:
    well = {"edges": [{**SILENCE, "fault": None}]}
    answers = {"alpha": well, "bravo": {"edges": [SILENCE]}, "carol": {"skipped": True}, "stranger": well}
    assert proving.counting(topology(), answers) == {"alpha": True, "bravo": True, "carol": False, "stranger": False}
    assert proving.counting(topology(), {**answers, "bravo": well}) == dict.fromkeys(answers, False)
