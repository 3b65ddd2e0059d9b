# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import role_order

NODE: dict[str, Any] = {"application": {"path": "/opt/guard"}, "firewall": "nftables", "otp_applications": ["kernel", "ssl"]}
MADE: dict[str, Any] = {
    "otp": {"applications": {"kernel": "10", "ssl": "11", "stdlib": "6"}},
    "account": {"exists": True},
    "exists": {"/opt/guard": True},
}
BARE: dict[str, Any] = {"otp": None, "account": {"exists": False}, "exists": {"/opt/guard": False}}
ALL = set(role_order.NEEDS)


@pytest.mark.parametrize("role", role_order.NEEDS)
def test_every_role_needs_the_topology_and_the_survey(role: str) -> None:
    assert role_order.lacking(role, ALL, None, MADE) == role_order.lacking(role, ALL, NODE, None) == "erlang_cluster"


@pytest.mark.parametrize("role", role_order.NEEDS)
def test_nothing_is_lacking_where_all_roles_are_in_the_play(role: str) -> None:
    assert role_order.lacking(role, ALL, NODE, BARE) == ""


@pytest.mark.parametrize(
    ("in_play", "survey", "lacks"),
    [
        ({"erlang_certs"}, MADE, ""),
        (set(), MADE, "erlang_certs"),
        ({"erlang_certs"}, BARE, "erlang_otp"),
        ({"erlang_certs"}, {**MADE, "otp": {"applications": {"kernel": "10"}}}, "erlang_otp"),
        ({"erlang_certs", "erlang_otp"}, BARE, "erlang_account"),
        ({"erlang_certs", "erlang_otp", "erlang_account"}, BARE, "erlang_app"),
    ],
)
def test_a_node_needs_what_is_neither_there_nor_about_to_be(in_play: set[str], survey: dict[str, Any], lacks: str) -> None:
    assert role_order.lacking("erlang_node", in_play, NODE, survey) == lacks


def test_without_a_release_nothing_is_installed() -> None:
    plain = {**NODE, "application": None}
    assert role_order.lacking("erlang_app", set(), plain, BARE) == ""
    assert role_order.lacking("erlang_app", set(), NODE, BARE) == "erlang_account"
    assert role_order.lacking("erlang_node", {"erlang_certs", "erlang_otp", "erlang_account"}, plain, BARE) == ""


def test_a_packet_filter_that_holds_no_accounts_needs_none() -> None:
    assert role_order.lacking("erlang_firewall", set(), NODE, BARE) == "erlang_account"
    assert role_order.lacking("erlang_firewall", set(), {**NODE, "firewall": "none"}, BARE) == ""


def test_an_account_that_nobody_asked_for_is_not_needed() -> None:
    assert role_order.lacking("erlang_firewall", set(), NODE, {**BARE, "account": None}) == ""


TOPOLOGY = {"nodes": {"alpha": NODE}}
PLAIN: dict[str, Any] = {"inventory_hostname": "alpha", "ansible_facts": {"erlang_cluster_topology": TOPOLOGY}}
KNOWN: dict[str, Any] = {**PLAIN, "erlang_cluster_topology": "{{ }}", "erlang_cluster_node": "{{ }}"}
SURVEYED: dict[str, Any] = {**KNOWN, "ansible_facts": {**PLAIN["ansible_facts"], "erlang_survey": BARE}}
WRITTEN = {"__erlang_node_written": {"change": {"class": "none"}}}


@pytest.mark.parametrize(
    ("role", "survey", "known", "before"),
    [
        ("erlang_account", True, {}, "erlang_cluster"),
        ("erlang_account", True, KNOWN, "erlang_cluster"),
        ("erlang_account", True, SURVEYED, ""),
        ("erlang_firewall", True, SURVEYED, "erlang_account"),
        ("erlang_firewall", True, {**SURVEYED, "__erlang_account_lacks": ""}, ""),
        ("erlang_account", True, {**PLAIN, "ansible_facts": SURVEYED["ansible_facts"]}, "erlang_cluster"),
        ("erlang_verify", True, KNOWN, "erlang_cluster"),
        ("erlang_verify", True, SURVEYED, ""),
        ("erlang_verify", False, KNOWN, ""),
        ("erlang_verify", False, PLAIN, "erlang_cluster"),
        ("erlang_verify", False, {}, "erlang_cluster"),
        ("erlang_decommission", False, PLAIN, ""),
        ("erlang_decommission", False, {}, "erlang_cluster"),
        ("erlang_decommission", True, {}, "erlang_cluster"),
        ("erlang_rollout", True, {}, "erlang_node"),
        ("erlang_rollout", True, KNOWN, "erlang_node"),
        ("erlang_rollout", True, WRITTEN, "erlang_node"),
        ("erlang_rollout", True, {**KNOWN, "__erlang_node_written": {"skipped": True}}, "erlang_node"),
        ("erlang_rollout", True, {**KNOWN, **WRITTEN}, ""),
        ("erlang_rollout", True, {**KNOWN, "__erlang_rollout_former": {}}, ""),
    ],
)
def test_by_the_variables_of_a_host(role: str, survey: bool, known: dict[str, Any], before: str) -> None:
    assert role_order.before(role, known, survey) == before
