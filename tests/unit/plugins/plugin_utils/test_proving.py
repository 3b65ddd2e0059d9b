# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What hosts are asked to prove."""

from __future__ import annotations

import pytest
from ansible_collections.beam.tls_distribution.plugins.modules import node_verify
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import proving
from ansible_collections.beam.tls_distribution.tests.unit.plugins.plugin_utils.proofs import PLACES, proof, topology


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
