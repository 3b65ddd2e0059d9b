# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

import pytest
from ansible_collections.beam.tls_distribution.plugins.filter.certificate import certificate_state, key_leftovers
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import accounts

FOUND = {
    "exists": True, "own_group": True, "group": "merl", "home": "/var/lib/merl", "shell": "/usr/sbin/nologin", "locked": True, "groups": [], "sudo": [],
}  # fmt: skip


def state(user_groups: bool = True, **found: t.Any) -> dict[str, t.Any]:
    survey = {"platform": {"user_groups": user_groups}, "account": {**FOUND, **found}}
    return accounts.state(survey, "merl", "/var/lib/merl", "/usr/sbin/nologin")


def test_an_account_as_it_has_to_be() -> None:
    assert state() == {"right": True, "brings_group": False, "makes_group": True, "harmless": True, "sudo": []}


@pytest.mark.parametrize(
    "found",
    [
        {"exists": False}, {"group": "users"}, {"home": "/home/merl"}, {"shell": "/bin/sh"}, {"locked": False}, {"groups": ["adm"]},
        {"sudo": ["/etc/sudoers:3"]},
    ],
)  # fmt: skip
def test_anything_else_is_not_right(found: dict[str, t.Any]) -> None:
    assert state(**found)["right"] is False


@pytest.mark.parametrize(("user_groups", "exists", "own_group", "brings"), [
    (True, False, False, True), (False, False, False, False), (True, True, False, False), (True, False, True, False),
])  # fmt: skip
def test_whether_its_group_comes_with_it(user_groups: bool, exists: bool, own_group: bool, brings: bool) -> None:
    found = state(user_groups, exists=exists, own_group=own_group)
    assert found["brings_group"] is brings and found["makes_group"] is not brings


def test_keys_that_runs_left_behind() -> None:
    own = "/run/erlang-guard.next.1f2e3d4c-"
    ages = {
        own + "a.key": 1,
        "/run/erlang-guard.next.1f2e3d4c.key": 1,
        "/run/erlang-guard.next.ffff-a.key": 3600,
        "/run/erlang-guard.next.ffff-b.key": 3601,
    }
    assert key_leftovers(ages, own) == [own + "a.key", "/run/erlang-guard.next.ffff-b.key"]


def test_what_is_done_about_a_certificate() -> None:
    node = {"node": "guard@alpha.example.net", "host": "alpha.example.net"}
    found = certificate_state({"certificate": None, "leftovers": {"/run/x-1.key": 1}}, "alpha", "", node, 90, 30, "/run/x-")
    assert found["to_issue"] and found["to_remove"] and not found["right"] and found["leftovers"] == ["/run/x-1.key"]
    assert found["issued"].startswith("alpha would get a new certificate, because ")
    assert found["removed"] == "alpha would lose /run/x-1.key, which a run left behind."
    found = certificate_state({"certificate": None, "leftovers": {}}, "alpha", "", node, 90, 30, "/run/x-")
    assert found["to_issue"] and not found["to_remove"] and not found["right"]
