# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lookups of roles, with a templar that returns what it is given, as the values here are no templates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible_collections.beam.tls_distribution.plugins.lookup import cluster_authorities, cluster_secret, role_before, role_step
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout


class Templar:
    """Templates nothing."""

    def template(self, value: Any) -> Any:
        return value


def step(known: dict[str, Any], **options: Any) -> dict[str, Any]:
    (found,) = role_step.LookupModule(templar=Templar()).run(["erlang_app"], known, **options)
    return dict(found)


RIGHT = {"__erlang_app_lacks": "", "__erlang_app_state": {"right": True}}
WRONG = {"__erlang_app_lacks": "", "__erlang_app_state": {"right": False, "tasks": "own.yml"}}


def test_a_role_that_lacks_another_says_so_and_has_no_state() -> None:
    found = step({"__erlang_app_lacks": "erlang_cluster"}, tasks="install.yml", check_tasks="announce.yml")
    assert found == {"lacking": True, "ready": False, "needed": True, "tasks": role_step.LACKING}


def test_a_role_has_something_to_do_where_a_state_is_not_right() -> None:
    assert step(RIGHT, tasks="install.yml") == {"lacking": False, "ready": True, "needed": False, "tasks": "install.yml"}
    assert step(WRONG, tasks="install.yml") == {"lacking": False, "ready": True, "needed": True, "tasks": "install.yml"}
    further = {**RIGHT, "__erlang_app_other": {"right": False}}
    assert step(further, tasks="install.yml", states=["__erlang_app_state", "__erlang_app_other"])["needed"]


@pytest.mark.parametrize(("check_mode", "tasks"), [(False, "install.yml"), (True, "announce.yml")])
def test_check_mode_has_tasks_of_its_own(check_mode: bool, tasks: str) -> None:
    assert step({**WRONG, "ansible_check_mode": check_mode}, tasks="install.yml", check_tasks="announce.yml")["tasks"] == tasks


def test_a_state_may_name_the_tasks() -> None:
    assert step(WRONG)["tasks"] == "own.yml"
    assert step(WRONG, states=[]) == {"lacking": False, "ready": True, "needed": False, "tasks": ""}


@pytest.mark.parametrize(
    ("right", "state", "waits", "needed"),
    [
        (True, True, True, False),
        (False, True, True, True),
        (True, False, True, False),
        (True, False, False, True),
        (False, False, False, True),
    ],
)
def test_what_is_not_right_may_wait_for_other_nodes(right: bool, state: bool, waits: bool, needed: bool) -> None:
    known = {
        "__erlang_app_lacks": "",
        "__own": {"right": right},
        "__erlang_app_state": {"right": state, "tasks": "own.yml"},
        role_step.WAITS: waits,
    }
    found = step(known, states=["__own"], waiting=["__erlang_app_state"], tasks="all.yml")
    assert found == {"lacking": False, "ready": True, "needed": needed, "tasks": "all.yml"}
    alone = step(known, waiting=["__erlang_app_state"])
    assert (alone["needed"], alone["tasks"]) == (not state and not waits, "own.yml")


def test_whether_a_host_waits_is_not_asked_where_all_is_right() -> None:
    assert not step(RIGHT, waiting=["__erlang_app_state"], tasks="install.yml")["needed"]
    assert step({"__erlang_app_lacks": "erlang_cluster"}, waiting=["__erlang_app_state"])["needed"]


def test_the_role_before() -> None:
    assert role_before.LookupModule().run(["erlang_node", "erlang_verify"], {}) == ["erlang_cluster", "erlang_cluster"]
    facts = {"ansible_facts": {"erlang_cluster_topology": {}}, "erlang_cluster_topology": {}}
    assert role_before.LookupModule().run(["erlang_verify"], facts, survey=False) == [""]


def test_a_secret_is_the_users_or_that_of_the_directory(tmp_path: Path) -> None:
    places = layout.cluster(str(tmp_path))
    known: dict[str, Any] = {"ansible_facts": {"erlang_cluster_topology": {"cluster": {"layout": places}}}}

    def secret(name: str, more: dict[str, Any] | None = None, **options: Any) -> Any:
        return cluster_secret.LookupModule(loader=DataLoader(), templar=Templar()).run([name], {**known, **(more or {})}, **options)

    assert secret("cookie", missing="none yet") == ["none yet"]
    with pytest.raises(AnsibleError, match="Unable to access the file"):
        secret("ca_passphrase")
    Path(places["cookie"]).write_text("made\n")
    assert secret("cookie", missing="none yet") == secret("cookie", {"erlang_cluster_cookie": ""}) == ["made"]
    assert secret("cookie", {"erlang_cluster_cookie": "given"}) == ["given"]


def test_authorities_as_one_text(tmp_path: Path) -> None:
    places = layout.cluster(str(tmp_path))

    def found(**options: Any) -> list[str]:
        return cluster_authorities.LookupModule().run([str(tmp_path)], {}, **options)

    assert found() == [] and found(text=True) == found(which="lists", text=True) == [""]
    Path(places["ca_certificate"]).write_text("CA\n\n")
    Path(places["revocations"]).write_text("LISTS\n")
    assert found() == ["CA\n"] == found(text=True) == found(which="signs", text=True)
    assert found(which="lists", text=True) == ["LISTS"] and found(which="revoked_keys") == []
