# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers of all hosts become one report."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import jsonschema
import pytest
from ansible_collections.beam.tls_distribution.tests.unit.plugins.plugin_utils.report.mesh import NOW, Mesh, full, wall

SCHEMA = json.loads((Path(__file__).parents[5] / "docs" / "report.schema.json").read_text())


def states(report: dict, kind: str) -> list[str]:
    return sorted({entry["state"] for entry in report[kind]})


def edge(report: dict, origin: str, target: str) -> dict:
    return next(edge for edge in report["edges"] if (edge["from"], edge["to"]) == (origin, target))


def check(report: dict) -> dict:
    jsonschema.validate(json.loads(json.dumps(report)), SCHEMA)
    return report


def test_all_is_well():
    report = check(Mesh().build())
    assert report["ok"] and not report["faults"]
    assert report["summary"] == "mesh guard: 12 of 12 edges, 64 of 64 walls, certificates good for 89 days"
    assert {edge["connection"] for edge in report["edges"]} == {"up"}


def test_a_failed_edge_fails_the_report_with_cause_and_remedy():
    mesh = Mesh()
    mesh.fail("alpha", "bravo")
    mesh.fail("carol", "bravo")
    report = check(mesh.build())
    assert not report["ok"]
    (fault,) = report["faults"]
    assert fault["where"] == ["alpha → bravo", "carol → bravo"]
    assert "ended on" in fault["cause"] and "erlang_certs" in fault["remedy"]
    assert report["totals"]["edges"] == {"all": 12, "asked": 12, "ok": 10, "bad": 2}


def test_a_connection_that_one_side_alone_knows_of_is_a_fault_of_its_edge():
    mesh = Mesh()
    mesh.answers["bravo"]["running"]["peers"].remove(full("alpha"))
    report = check(mesh.build())
    assert edge(report, "alpha", "bravo")["state"] == "failed"
    assert edge(report, "alpha", "bravo")["fault"]["id"] == "one-sided"
    assert edge(report, "bravo", "alpha")["state"] == "ok"
    assert [fault["where"] for fault in report["faults"]] == [["alpha → bravo"]]


def test_not_connected_on_either_side_is_idle_and_no_fault():
    mesh = Mesh()
    mesh.answers["alpha"]["running"]["peers"].remove(full("bravo"))
    mesh.answers["bravo"]["running"]["peers"].remove(full("alpha"))
    report = check(mesh.build())
    assert report["ok"]
    assert edge(report, "alpha", "bravo")["connection"] == "idle"


@pytest.mark.parametrize(
    "answer",
    [None, {}, {"failed": True, "msg": "no python"}, {"unreachable": True, "msg": "ssh: no route"}, {"skipped": True}],
)
def test_a_host_of_the_run_without_an_answer_fails_its_edges_and_walls(answer):
    mesh = Mesh()
    if answer is None:
        del mesh.answers["dave"]
    else:
        mesh.answers["dave"] = answer
    report = check(mesh.build())
    assert not report["ok"]
    assert edge(report, "dave", "alpha")["state"] == "no-answer"
    assert edge(report, "alpha", "dave")["state"] == "ok"
    assert {entry["state"] for entry in report["walls"] if entry["from"] == "dave"} == {"no-answer"}
    (first,) = report["faults"]
    assert first["where"] == ["dave"]
    assert first["cause"].startswith("dave gave no answer")
    if answer and "msg" in answer:
        assert answer["msg"] in first["cause"]


def test_an_outsider_without_an_answer_is_one_fault():
    mesh = Mesh()
    mesh.answers["mallory"] = {"unreachable": True, "msg": "no route"}
    report = check(mesh.build())
    assert [fault["where"] for fault in report["faults"]] == [["mallory"]]
    assert report["totals"]["walls"]["bad"] == 4


def test_hosts_left_out_of_the_run_are_not_asked_which_is_no_fault():
    mesh = Mesh()
    mesh.asked = {"alpha"}
    mesh.answers = {"alpha": mesh.answers["alpha"]}
    report = check(mesh.build())
    assert report["ok"]
    assert states(report, "edges") == ["not-asked", "ok"]
    assert report["summary"] == "mesh guard: 3 of 3 edges, 15 of 15 walls, certificates good for 89 days, not asked: bravo, carol and dave"


def test_check_mode_on_bare_hosts_has_nothing_to_verify():
    mesh = Mesh()
    mesh.check_mode = True
    for name in mesh.names:
        mesh.answers[name] = {"skipped": True}
    report = check(mesh.build())
    assert report["ok"] and report["nothing_yet"]
    assert report["summary"] == "mesh guard: nothing to verify yet, no node is set up on alpha, bravo, carol and dave"


def test_check_mode_leaves_out_the_edges_of_a_bare_host():
    mesh = Mesh()
    mesh.check_mode = True
    mesh.answers["dave"] = {"skipped": True}
    mesh.fail("alpha", "dave")
    mesh.answers["alpha"]["running"]["peers"].remove(full("dave"))
    report = check(mesh.build())
    assert report["ok"] and not report["nothing_yet"]
    assert edge(report, "alpha", "dave")["state"] == edge(report, "dave", "alpha")["state"] == "absent"
    assert "no node yet on dave" in report["summary"]


def test_a_wall_that_fell_and_one_that_is_not_proven_are_faults():
    mesh = Mesh()
    mesh.answers["alpha"]["walls"][1].update(held=False, detail="TLS let us in without a certificate")
    mesh.answers["mallory"]["walls"][0].update(held=None, detail="answered with a reset")
    report = check(mesh.build())
    assert not report["ok"]
    assert [fault["id"] for fault in report["faults"]] == ["wall-no-certificate-fell", "wall-packet-filter-unproven"]
    assert "TLS let us in" in report["faults"][0]["cause"]
    assert report["totals"]["walls"]["bad"] == 2


def test_walls_behind_a_broken_edge_fail_without_faults_of_their_own():
    mesh = Mesh()
    mesh.fail("alpha", "dave")
    for wall_tried in mesh.answers["alpha"]["walls"]:
        if wall_tried["to"] == full("dave"):
            wall_tried.update(held=None, detail="a correct connection fails too")
    report = check(mesh.build())
    assert [fault["where"] for fault in report["faults"]] == [["alpha → dave"]]
    assert report["totals"]["walls"]["bad"] == 5


def test_a_wall_of_which_nobody_says_anything_is_a_fault():
    mesh = Mesh()
    mesh.answers["mallory"]["walls"].pop()
    report = check(mesh.build())
    assert not report["ok"]


def test_the_port_mappers_wall_is_wanted_where_there_is_one():
    mesh = Mesh()
    mesh.walls.append("epmd")
    assert check(mesh.build())["ok"]
    mesh.topology["cluster"]["discovery"] = "epmd"
    assert not check(mesh.build())["ok"]
    mesh.answers["mallory"]["walls"] += [wall("mallory", name, "epmd") for name in mesh.names]
    assert check(mesh.build())["ok"]


def test_a_node_that_is_down_fails_the_report():
    mesh = Mesh()
    fault = {"id": "connection-refused", "host": "bravo", "cause": "Nothing listens.", "remedy": "Start the node."}
    told = {**fault, "host": "bravo.example.net"}
    mesh.answers["bravo"]["running"].update(ok=False, peers=[], fault=told, otp_release=None, uptime=None, memory=None)
    report = check(mesh.build())
    assert not report["ok"]
    assert report["faults"] == [{"where": ["bravo"], **fault}]
    assert "1 of 4 nodes not up" in report["summary"]
    assert edge(report, "alpha", "bravo")["connection"] == "unknown"


def test_an_expired_certificate_is_in_the_summary():
    mesh = Mesh()
    mesh.edge("alpha", "bravo")["certificate_days_left"] = -0.5
    assert "a certificate has expired" in check(mesh.build())["summary"]


def test_a_mesh_of_one_node():
    report = check(Mesh(1).build())
    assert report["ok"]
    assert report["summary"] == "mesh guard: 0 of 0 edges, 6 of 6 walls"


FORMER = {"node": "guard@erin.example.net", "inventory": "erin", "host": "erin.example.net", "addresses": [], "port": 4370, "gone": False}


def test_a_member_that_left_the_inventory_is_one_note_and_no_fault():
    mesh = Mesh()
    mesh.topology["former"] = [FORMER, {**FORMER, "node": "guard@frank.example.net", "inventory": "frank", "gone": True}]
    report = check(mesh.build())
    (note,) = report["notes"]
    assert report["ok"] and report["summary"] == Mesh().build()["summary"]
    assert (note["id"], note["host"], note["where"]) == ("former-member", "erin", ["erin"])
    assert "erin (guard@erin.example.net)" in note["cause"] and "-e erlang_decommission=erin" in note["remedy"]


def test_a_member_that_left_the_inventory_and_is_connected_is_a_fault_alone():
    mesh = Mesh()
    mesh.topology["former"] = [FORMER]
    mesh.answers["alpha"]["running"]["peers"].append(FORMER["node"])
    report = check(mesh.build())
    assert not report["notes"] and [fault["id"] for fault in report["faults"]] == ["stranger-connected"]


def test_a_member_that_is_being_taken_out_is_no_note():
    mesh = Mesh()
    mesh.topology.update(former=[FORMER], leaving={"erin": {"node": FORMER["node"]}})
    assert check(mesh.build())["notes"] == []


def test_what_should_have_been_renewed_is_a_note_and_no_fault() -> None:
    mesh = Mesh(3)
    for name, days in zip(mesh.names, (150.5, 190.5, 201.5), strict=True):
        mesh.certify(name, days)
    report = check(mesh.build())
    assert report["ok"] and [(note["id"], note["where"]) for note in report["notes"]] == [("certificate-overdue", mesh.names[:2])]
    ends = (NOW + datetime.timedelta(days=150.5)).strftime("%Y-%m-%d")
    first = "The certificate of guard@%s.example.net ends on %s, in 150 days, and should have been renewed by now." % (mesh.names[0], ends)
    assert (report["notes"][0]["cause"], report["notes"][0]["remedy"]) == (first, "Run the playbook renew.")
    assert [row["shown"] for row in report["certificates"]["nodes"]] == ["yes"] * 3


def test_a_ca_that_should_have_been_replaced_is_one_note() -> None:
    mesh = Mesh(3)
    for name in mesh.names:
        mesh.certify(name, 500, authority_days=700)
    (note,) = mesh.build()["notes"]
    assert (note["id"], note["where"], note["remedy"]) == ("authority-overdue", mesh.names, "Run the playbook rotate_ca.")


def test_an_expired_certificate_is_no_note() -> None:
    mesh = Mesh(2)
    mesh.certify(mesh.names[0], -1)
    assert mesh.build()["notes"] == []
