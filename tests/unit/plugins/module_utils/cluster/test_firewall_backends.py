# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every backend of the packet filter promises, and what roles are told of it."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.applications import Release
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.firewall import backends, nftables
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.topology import Topology, build
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import questions
from ansible_collections.beam.tls_distribution.plugins.module_utils._system import platforms
from variables import with_defaults

ROLE = Path(__file__).resolve().parents[5] / "roles" / "erlang_firewall"
FILTER = "erlang-guard-firewall.service"
ACTIVE = {FILTER: {"active": "active", "load": "loaded", "enabled": "enabled", "wanted_by": ["multi-user.target", "erlang-guard.service"]}}
GONE = {"active": "inactive", "load": "not-found", "enabled": "", "wanted_by": []}


def no_release(path: str) -> Release:
    pytest.fail(path)


def topology(backend: str) -> Topology:
    hosts = {name: {"erlang_node_addresses": [address]} for name, address in (("alpha", "198.18.1.10"), ("bravo", "198.18.2.10"))}
    given: dict[str, t.Any] = {"erlang_cluster_name": "guard", "erlang_cluster_directory": "/cluster", "erlang_firewall_backend": backend}
    return build(with_defaults({name: {**variables, **given} for name, variables in hosts.items()}), lambda host: [], no_release)


def asked(backend: str) -> dict[str, t.Any]:
    return backends.questions(topology(backend), "alpha", lambda name: "program " + name)


def survey(managers: tuple[str, ...] = (), files: bool = True, right: bool = True, units: t.Any = None) -> dict[str, t.Any]:
    return {
        "firewall": {"managers": list(managers), "right": right},
        "sets": {"firewall": files},
        "units": ACTIVE if units is None else units,
        "packages": {},
    }


def test_the_choices_of_the_role_are_the_backends() -> None:
    option = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]["options"][
        "erlang_firewall_backend"
    ]
    assert sorted(option["choices"]) == sorted(backends.BACKENDS)


@pytest.mark.parametrize("name", backends.BACKENDS)
def test_what_a_backend_promises(name: str) -> None:
    node = topology(name)["nodes"]["alpha"]
    backend, wanted = backends.of(node), asked(name)
    assert backend.name == name
    assert bool(backend.unit(node)) == bool(backend.check(node)) == ("sets" in wanted)
    if "sets" in wanted:
        assert (ROLE / "tasks" / (name + ".yml")).exists()
        assert backend.unit(node) in wanted["units"] and set(wanted["needs"]) <= set(platforms.NEEDS)
        assert all(
            place["path"].startswith("/") for kind in ("directories", "files", "links") for place in wanted["sets"]["firewall"][kind]
        )
        questions.merged(["account", "firewall_check", "needs", "sets", "units"], [wanted])


def test_nftables_is_right_when_files_kernel_and_unit_are_and_nobody_else_manages_it() -> None:
    node = topology("nftables")["nodes"]["alpha"]
    found = backends.state(node, survey(), False)
    free = {
        "tasks": "nftables.yml",
        "former": [],
        "left": [],
        "conflicts": "",
        "free": True,
        "to_install": False,
        "to_prepare": False,
        "startable": True,
    }
    assert found == {"right": True, **free}
    found = backends.state(node, survey(managers=("ufw",)), False)
    assert found == {**free, "right": False, "conflicts": "ufw", "free": False, "to_prepare": True}
    assert backends.state(node, survey(managers=("firewalld", "ufw")), False)["conflicts"] == "firewalld and ufw"
    for found in (survey(files=False), survey(right=False), survey(units={"erlang-guard-firewall.service": {"active": "inactive"}})):
        assert backends.state(node, found, False)["right"] is False


def test_where_the_packet_filter_is_somebody_elses_nothing_is_asked_and_nothing_wrong() -> None:
    node = topology("none")["nodes"]["alpha"]
    assert asked("none") == {"units": [FILTER]}
    found = {"firewall": {"managers": ["firewalld"], "right": False}, "sets": {}, "units": {FILTER: GONE}, "packages": {}}
    state = backends.state(node, found, False)
    assert (state["right"], state["tasks"], state["conflicts"], state["to_prepare"]) == (True, "none.yml", "", False)
    assert state["former"] == state["left"] == []
    assert backends.names(node) == {"unit": "", "check": [], "told": "", "holds_accounts": False}


@pytest.mark.parametrize(
    ("unit", "left", "former"),
    [
        # The node was not restarted yet, and has to have it when it is started meanwhile.
        (ACTIVE[FILTER], True, False),
        ({**ACTIVE[FILTER], "wanted_by": ["multi-user.target"]}, True, True),
        ({**ACTIVE[FILTER], "active": "inactive", "wanted_by": ["multi-user.target"]}, True, True),
        ({**ACTIVE[FILTER], "enabled": "disabled", "wanted_by": []}, True, True),
        ({**ACTIVE[FILTER], "active": "inactive", "enabled": "disabled", "wanted_by": []}, False, False),
        (GONE, False, False),
    ],
)
def test_the_filter_of_another_backend_is_stopped_once_no_node_asks_for_it(unit: dict[str, t.Any], left: bool, former: bool) -> None:
    node, found = topology("none")["nodes"]["alpha"], survey(files=False, right=False, units={FILTER: unit})
    state = backends.state(node, found, False)
    assert backends.any_left(node, {"erlang_survey": found}) is left and backends.any_left(node, {}) is False
    assert backends.any_left(node, {"erlang_survey": {"units": {}}}) is False
    assert (state["left"], state["former"]) == ([FILTER] if left else [], [FILTER] if former else [])
    assert (state["right"], state["tasks"]) == (not former, "former.yml" if former else "none.yml")


def test_the_keeper_is_restarted_with_another_program() -> None:
    node = topology("nftables")["nodes"]["alpha"]
    program, rules = node["layout"]["firewall_program"], node["layout"]["firewall_rules"]
    assert [nftables.keeper(node, changed) for changed in ([], [rules], [rules, program])] == ["started", "started", "restarted"]


def test_the_units_of_nftables() -> None:
    files = {place["path"]: place for place in asked("nftables")["sets"]["firewall"]["files"]}
    program, rules = "/opt/erlang/nodes/guard/bin/packet-filter", "/etc/erlang/guard/firewall.nft"
    service = files["/etc/systemd/system/erlang-guard-firewall.service"]["content"]
    keeper = files["/etc/systemd/system/erlang-guard-firewall-keeper.service"]["content"]
    assert "\nExecStart=%s load erlang_guard %s %%t/erlang-guard-firewall\n" % (program, rules) in service
    assert (
        "\nBefore=network-pre.target erlang-guard.service shutdown.target\n" in service
        and "\nWants=erlang-guard-firewall-keeper.service\n" in service
    )
    assert "\nExecStart=%s keep erlang_guard %s %%t/erlang-guard-firewall\n" % (program, rules) in keeper
    assert "\nReadWritePaths=%t/erlang-guard-firewall\n" in keeper
    assert files[program]["base64_content"] == "program packet_filter" and files[rules]["content"].startswith(
        "# Who may reach the node guard@alpha"
    )


class Recorder:
    """A backend that a test brings: that it is one file is what the contract is for."""

    name = "recorder"
    conflicts = ("ufw",)
    holds_accounts = False

    def unit(self, node: t.Mapping[str, t.Any]) -> str:
        return "recorder.service"

    def check(self, node: t.Mapping[str, t.Any]) -> list[str]:
        return ["recorder", "check"]

    def told(self, node: t.Mapping[str, t.Any]) -> str:
        return ""

    def wanted(
        self, topology: t.Mapping[str, t.Any], inventory: str, program: t.Callable[[str], str], further: t.Sequence[int] = ()
    ) -> backends.Wanted:
        return backends.Wanted({"files": [{"path": "/etc/recorder", "content": inventory}]}, {"nft": []}, ["recorder.service"])

    def right(self, node: t.Mapping[str, t.Any], units: t.Mapping[str, t.Any]) -> bool:
        return bool(units["recorder.service"]["active"] == "active")


def test_a_further_backend_is_one_object(monkeypatch: pytest.MonkeyPatch) -> None:
    built = topology("nftables")
    monkeypatch.setitem(backends.BACKENDS, "recorder", Recorder())
    for node in built["nodes"].values():
        node["firewall"] = "recorder"
    wanted = backends.questions(built, "alpha", str)
    assert wanted["firewall_check"] == ["recorder", "check"] and wanted["sets"]["firewall"]["files"][0]["content"] == "alpha"
    node = built["nodes"]["alpha"]
    assert (
        backends.state(node, survey(managers=("firewalld",), units={**ACTIVE, "recorder.service": {"active": "active"}}), False)["right"]
        is True
    )
    assert (
        backends.state(node, survey(managers=("ufw",), units={**ACTIVE, "recorder.service": {"active": "active"}}), False)["conflicts"]
        == "ufw"
    )


def test_without_nft_or_without_a_unit_there_is_less_to_do() -> None:
    node = topology("nftables")["nodes"]["alpha"]
    found = {**survey(files=False), "packages": {"nft": {"for": [], "names": ["nftables"]}}}
    state = backends.state(node, found, False)
    assert state["to_install"] and state["to_prepare"] and state["free"]
    missing = survey(units={"erlang-guard-firewall.service": {"active": "inactive", "load": "not-found"}})
    assert [backends.state(node, missing, check)["startable"] for check in (False, True)] == [True, False]
    assert backends.state(node, survey(), True)["startable"] is True


def test_peers_reach_what_a_node_may_go_back_to() -> None:
    (rules,) = [
        file["content"]
        for file in backends.questions(topology("nftables"), "alpha", str, [4369])["sets"]["firewall"]["files"]
        if file["path"].endswith(".nft")
    ]
    assert "tcp dport != { 4369, 4370 } accept" in rules
