# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What hosts saw is traced to the host where the remedy is."""

from __future__ import annotations

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.fault_entry import Symptom
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report import page
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.causes import odd_ones
from ansible_collections.beam.tls_distribution.tests.unit.plugins.plugin_utils.report.mesh import PEOPLE, full
from ansible_collections.beam.tls_distribution.tests.unit.plugins.plugin_utils.report.traced import (
    ADDRESSES,
    Traced,
    fault,
    seen,
)

REFUSED = Symptom("connect", "os", "ECONNREFUSED")
SILENT = Symptom("connect", "timeout")
OTHERS = [name for name in PEOPLE if name != "bravo"]


@pytest.fixture
def mesh() -> Traced:
    return Traced()


def test_nothing_is_wrong(mesh: Traced):
    assert mesh.traced() == {}


def test_a_node_that_is_down_explains_that_connections_are_refused(mesh: Traced):
    mesh.finds("bravo", Symptom("host", "unit", "inactive"))
    for name in OTHERS:
        mesh.meets(name, "bravo", REFUSED)
    assert mesh.traced() == {**{(name, "bravo"): ("node-down", "bravo") for name in OTHERS}, "bravo": ("node-down", "bravo")}


def test_a_fault_elsewhere_explains_nothing(mesh: Traced):
    mesh.finds("carol", Symptom("host", "unit", "inactive"))
    mesh.meets("alpha", "bravo", REFUSED)
    assert mesh.traced() == {("alpha", "bravo"): ("connection-refused", "bravo"), "carol": ("node-down", "carol")}


def test_a_finding_leaves_what_it_does_not_explain(mesh: Traced):
    mesh.finds("bravo", Symptom("host", "certificate", "expired"))
    mesh.meets("alpha", "bravo", SILENT)
    assert mesh.traced()["alpha", "bravo"] == ("connection-filtered", None)


def test_a_certificate_that_is_refused_on_both_sides_has_one_fault(mesh: Traced):
    mesh.meets("alpha", "bravo", Symptom("tls", "certificate", "revoked"))
    mesh.meets("bravo", "alpha", Symptom("tls", "client-certificate", "revoked"))
    assert set(mesh.traced().values()) == {("certificate-revoked", "bravo")}
    assert len({one["cause"] for one in mesh.causes().edges.values()}) == 1


def test_certificates_of_two_hosts_are_two_faults(mesh: Traced):
    mesh.meets("alpha", "bravo", Symptom("tls", "certificate", "expired"))
    mesh.meets("carol", "dave", Symptom("tls", "client-certificate", "expired"))
    assert mesh.traced() == {
        ("alpha", "bravo"): ("certificate-expired", "bravo"),
        ("carol", "dave"): ("certificate-expired", "carol"),
    }


@pytest.mark.parametrize("odd", PEOPLE)
def test_the_odd_cookie_is_found(mesh: Traced, odd: str):
    for name in PEOPLE:
        if name != odd:
            mesh.meets(name, odd, Symptom("cookie", "closed"))
            mesh.meets(odd, name, Symptom("cookie", "closed"))
    assert set(mesh.traced().values()) == {("cookie-mismatch", odd)}
    assert len(mesh.traced()) == 6


def test_tls_versions_are_named(mesh: Traced):
    mesh.answers["bravo"]["facts"]["versions"]["server"] = ["TLSv1.2"]
    for name in OTHERS:
        mesh.meets(name, "bravo", Symptom("tls", "alert", "PROTOCOL_VERSION"))
    (cause,) = {one["cause"] for one in mesh.causes().edges.values()}
    assert "it has TLSv1.2, and they have TLSv1.3" in cause


@pytest.mark.parametrize(
    ("kind", "mine", "theirs"), [("ciphers", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_256_GCM_SHA384"), ("groups", "x448", "x25519")]
)
def test_lists_that_share_nothing_are_a_fault_of_the_odd_one(mesh: Traced, kind: str, mine: str, theirs: str):
    """An attempt of ours comes through, as Python takes more than the node does; the nodes do not."""
    for name in PEOPLE:
        mesh.answers[name]["facts"]["tls"] = {key: {kind: [mine if name == "bravo" else theirs]} for key in ("server", "client")}
    assert set(mesh.traced().values()) == {("tls-no-shared-cipher", "bravo")}
    assert len(mesh.traced()) == 6
    (cause,) = {one["cause"] for one in mesh.causes().edges.values()}
    assert "its %s are %s, and theirs %s" % (kind, mine, theirs) in cause


def test_a_bundle_without_the_cas_of_the_others(mesh: Traced):
    for side in ("server", "client"):
        mesh.answers["bravo"]["facts"]["trust"][side][0].update(subject="CN=foreign")
    for name in OTHERS:
        mesh.meets(name, "bravo", Symptom("tls", "client-certificate", "unknown-ca"))
        mesh.meets("bravo", name, Symptom("tls", "certificate", "unknown-ca"))
    assert set(mesh.traced().values()) == {("trust-unknown-ca", "bravo")}


def test_a_certificate_of_a_ca_that_nobody_knows(mesh: Traced):
    for side in ("server", "client"):
        mesh.answers["bravo"]["facts"]["certificates"][side][0].update(issuer="CN=foreign")
    for name in OTHERS:
        mesh.meets(name, "bravo", Symptom("tls", "certificate", "unknown-ca"))
        mesh.meets("bravo", name, Symptom("tls", "client-certificate", "unknown-ca"))
    assert set(mesh.traced().values()) == {("certificate-unknown-ca", "bravo")}


def test_a_name_that_one_host_alone_has_wrong(mesh: Traced):
    mesh.meets("alpha", "bravo", SILENT, addresses=["198.18.9.9"], address="198.18.9.9")
    assert mesh.traced() == {("alpha", "bravo"): ("name-differs", "alpha")}


def test_addresses_say_nothing_where_a_table_gives_them(mesh: Traced):
    mesh.topology["cluster"]["discovery"] = "map"
    mesh.meets("alpha", "bravo", SILENT, addresses=["198.18.9.9"])
    assert mesh.traced() == {("alpha", "bravo"): ("connection-filtered", None)}


def test_another_nodes_certificate_tells_who_answers(mesh: Traced):
    mesh.meets("alpha", "bravo", Symptom("tls", "certificate", "name"), certificate_digest="dave")
    assert mesh.traced() == {("alpha", "bravo"): ("other-node", "bravo")}
    assert "dave.example.net" in mesh.causes().edges["alpha", "bravo"]["cause"]


def test_the_peers_own_certificate_with_a_wrong_name_is_its_own_fault(mesh: Traced):
    mesh.meets("alpha", "bravo", Symptom("tls", "certificate", "name"), certificate_digest="bravo")
    assert mesh.traced() == {("alpha", "bravo"): ("certificate-name", "bravo")}


def test_a_missing_way_back(mesh: Traced):
    mesh.meets("alpha", "bravo", Symptom("connect", "os", "ENETUNREACH"))
    mesh.meets("bravo", "alpha", SILENT)
    assert set(mesh.traced().values()) == {("connection-no-route", "alpha")}


@pytest.mark.parametrize(
    ("sent", "arrived", "expected"),
    [
        ((0, 0), (0, 0), ("dropped-by-own-filter", "alpha")),
        ((3, 3), (3, 3), ("dropped-by-own-filter", "alpha")),
        ((3, 0), (0, 0), ("dropped-on-the-way", None)),
        ((3, 0), (3, 3), ("dropped-on-the-way", None)),
        ((3, 0), (3, 0), ("dropped-by-peer-filter", "bravo")),
        ((3, 0), None, ("connection-filtered", None)),
        (None, (3, 0), ("connection-filtered", None)),
    ],
)
def test_where_packets_end(mesh: Traced, sent, arrived, expected):
    mesh.meets("alpha", "bravo", SILENT)
    mesh.watched = {
        "alpha": {"sent": [seen(ADDRESSES["bravo"], *sent)] if sent else None, "arrived": []},
        "bravo": {"sent": [], "arrived": [seen(ADDRESSES["alpha"], *arrived)] if arrived else None},
    }
    assert mesh.traced() == {("alpha", "bravo"): expected}


def test_another_net_ticktime_is_a_fault_of_its_host_and_of_no_edge(mesh: Traced):
    mesh.answers["bravo"]["running"]["net_ticktime"] = 30
    assert mesh.traced() == {"bravo": ("net-ticktime-differs", "bravo")}


def test_releases_too_far_apart(mesh: Traced):
    mesh.answers["bravo"]["running"]["otp_release"] = "23"
    assert mesh.traced() == {}, "nodes that are connected are near enough"
    mesh.answers["bravo"]["running"]["peers"] = []
    for name in OTHERS:
        mesh.answers[name]["running"]["peers"].remove(full("bravo"))
    assert set(mesh.traced().values()) == {("otp-too-far-apart", "bravo")}
    assert len(mesh.traced()) == 6
    mesh.answers["bravo"]["running"]["otp_release"] = "25"
    assert mesh.traced() == {}


def test_a_hidden_node_is_the_one_that_all_others_call_so(mesh: Traced):
    for name in OTHERS:
        mesh.answers[name]["running"]["peers"].remove(full("bravo"))
        mesh.answers[name]["running"]["hidden_peers"] = [full("bravo")]
    mesh.answers["bravo"]["running"].update(peers=[], hidden_peers=[full(name) for name in OTHERS])
    assert mesh.traced() == {"bravo": ("node-hidden", "bravo")}


def test_of_two_nodes_the_hidden_one_says_so_itself(mesh: Traced):
    mesh.answers["alpha"]["running"]["hidden_peers"] = [full("bravo")]
    mesh.answers["bravo"]["running"]["hidden_peers"] = [full("alpha")]
    mesh.answers["alpha"]["facts"]["hidden"] = True
    assert mesh.traced() == {"alpha": ("node-hidden", "alpha")}


def test_one_sided(mesh: Traced):
    mesh.answers["bravo"]["running"]["peers"].remove(full("alpha"))
    assert mesh.traced() == {("alpha", "bravo"): ("one-sided", "alpha")}


def test_connections_need_not_be_known_to_a_node_that_has_just_started(mesh: Traced):
    mesh.answers["bravo"]["running"]["peers"].remove(full("alpha"))
    mesh.answers["bravo"]["running"]["uptime"] = 3.0
    assert mesh.traced() == {}


def test_connections_of_a_node_whose_edges_fail_are_its_consequence(mesh: Traced):
    mesh.answers["bravo"]["running"]["peers"].remove(full("alpha"))
    mesh.meets("alpha", "carol", Symptom("cookie", "closed"))
    assert list(mesh.traced()) == [("alpha", "carol")]


def test_a_host_that_did_not_say_why(mesh: Traced):
    mesh.edge("alpha", "bravo").update(ok=False, fault=None)
    assert mesh.traced() == {("alpha", "bravo"): ("unexplained", "alpha")}


def test_odd_ones():
    assert odd_ones([]) == {}
    assert odd_ones([("a", "b")]) == {("a", "b"): "b"}
    assert odd_ones([("a", "b"), ("b", "a")]) == {("a", "b"): "b", ("b", "a"): "b"}
    assert set(odd_ones([("a", "c"), ("b", "c"), ("c", "d")]).values()) == {"c"}
    assert set(odd_ones([("a", "x"), ("b", "x"), ("a", "y"), ("b", "y"), ("x", "y")]).values()) == {"x", "y"}


def test_a_node_that_is_no_member_is_one_fault_at_all_who_see_it(mesh: Traced):
    for name in ("alpha", "carol"):
        mesh.answers[name]["running"]["peers"].append("guard@gone.example.net")
    (entry,) = mesh.entries()
    assert (entry["id"], entry["host"], entry["where"]) == ("stranger-connected", None, ["alpha", "carol"])
    assert "guard@gone.example.net is connected with guard@alpha.example.net and guard@carol.example.net" in entry["cause"]


def test_a_node_taken_out_is_one_fault_although_tables_still_list_it(mesh: Traced):
    detail = "/etc/erlang/guard/peers.config lists guard@gone.example.net; guard@lost.example.net"
    for name in PEOPLE:
        mesh.answers[name]["running"]["peers"].append("guard@lost.example.net")
        mesh.answers[name]["running"]["peers"].append("guard@gone.example.net")
        mesh.answers[name]["findings"].append({**fault(Symptom("host", "table", "stranger"), name, name, detail), "peer": None})
    assert [entry["id"] for entry in mesh.entries()] == ["stranger-connected"] * 2
    mesh.answers["bravo"]["findings"][0]["names"]["detail"] += "; guard@other.example.net"
    assert {entry["id"]: entry["host"] for entry in mesh.entries()} == {"stranger-connected": None, "table-beyond-cluster": "bravo"}


def test_hidden_nodes_at_hosts_of_the_cluster_are_ours(mesh: Traced):
    mesh.answers["alpha"]["running"]["hidden_peers"] += ["verify-9@bravo.example.net", "guard-control-1@alpha.example.net"]
    assert mesh.traced() == {}
    mesh.answers["alpha"]["running"]["hidden_peers"].append("verify-9@elsewhere.example.net")
    assert mesh.traced() == {"alpha": ("stranger-connected", None)}
    assert "(hidden)" in mesh.entries()[0]["cause"]


def test_the_name_of_a_hostile_node_is_data(mesh: Traced):
    name = "x'. All is well.\n\x1b[2J<script>alert(1)</script>" + "y" * 300
    mesh.answers["alpha"]["running"]["peers"].append(name)
    (entry,) = mesh.entries()
    assert "\n" not in entry["cause"] and "\x1b" not in entry["cause"] and len(entry["cause"]) < 300
    assert entry["cause"].startswith("'x\\'. All is well.\\n\\x1b[2J<script>")
    shown = page.page(mesh.build())
    assert "<script>alert(1)" not in shown and "&lt;script&gt;alert(1)" in shown


def test_many_strangers_are_few_entries(mesh: Traced):
    for name in PEOPLE:
        mesh.answers[name]["running"]["peers"] += ["guard@stranger%04d.example.net" % number for number in range(2000)]
    entries = mesh.entries()
    assert len(entries) == 9
    assert "1992 more nodes" in entries[-1]["cause"] and entries[-1]["where"] == list(PEOPLE)


def test_answers_to_older_connections_do_not_hide_that_packets_are_lost(mesh: Traced):
    """A host repeats its answer to a first packet of before for a minute."""
    mesh.meets("alpha", "bravo", SILENT)
    mesh.watched = {
        "alpha": {"sent": [seen(ADDRESSES["bravo"], 5, 1)], "arrived": []},
        "bravo": {"sent": [], "arrived": [seen(ADDRESSES["alpha"], 0, 1)]},
    }
    assert mesh.traced() == {("alpha", "bravo"): ("dropped-on-the-way", None)}


def test_a_certificate_that_allows_too_much_is_seen_by_peers_though_its_host_keeps_silent(mesh: Traced):
    for edge in mesh.answers["alpha"]["edges"]:
        if "bravo" in edge["to"]:
            edge["certificate_excess"] = "it allows to act as a CA"
    found = mesh.causes()
    assert [fault["id"] for fault in found.hosts["bravo"]] == ["certificate-excess"]
    assert found.hosts["bravo"][0]["host"] == "bravo" and "to act as a CA" in found.hosts["bravo"][0]["cause"]
    assert not found.edges
