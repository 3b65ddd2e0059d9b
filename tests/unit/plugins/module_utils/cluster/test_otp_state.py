# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.filter.otp import otp_state
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import otp_state as states

PLATFORM = {"id": "debian", "id_like": [], "version_id": "13", "architecture": "x86_64"}
NODE = {
    "addresses": ["198.18.1.10", "2001:db8::10"],
    "otp_applications": ["asn1", "kernel", "ssl"],
    "otp": {"source": "package", "prefix": "/opt/erlang/otp", "roots": ["/usr/lib/erlang"]},
}
BUILT: dict[str, t.Any] = {
    **NODE,
    "otp": {
        "source": "build", "prefix": "/opt/erlang/otp", "roots": ["/opt/erlang/otp/current"], "version": "27.0", "archive": {"path": "/a", "sha256": "aa"},
        "patches": [], "options": [], "environment": {}, "builder": "alpha", "build_packages": None,
    },
}  # fmt: skip
ALL = ["asn1", "compiler", "kernel", "sasl", "ssl"]


def surveyed(**found: t.Any) -> dict[str, t.Any]:
    return {"platform": PLATFORM, "otp": found or None}


def test_packages_have_what_the_node_boots_and_what_makes_its_boot_script() -> None:
    assert otp_state(NODE, surveyed(), "/cache") == {
        "applications": ALL, "right": False, "to_install": True, "tasks": "package.yml", "builds": False, "to_build": False, "to_survey": True,
    }  # fmt: skip
    assert not otp_state(NODE, surveyed(), "/cache", True)["to_survey"]
    assert otp_state(NODE, surveyed(applications=dict.fromkeys(ALL, "1")), "/cache")["right"]
    assert not otp_state(NODE, surveyed(applications={"kernel": "1", "ssl": "1", "asn1": "1"}), "/cache")["right"]


def test_an_otp_that_was_built_is_current_by_its_name() -> None:
    found = otp_state(BUILT, surveyed(), "/cache")
    assert found["root"] == "/opt/erlang/otp/" + found["name"] and found["archive"] == "/cache/%s.tar.gz" % found["name"]
    assert not found["right"] and otp_state(BUILT, surveyed(root=found["root"]), "/cache")["right"]
    archive = {**BUILT, "otp": {**BUILT["otp"], "source": "archive"}}
    found = otp_state(archive, surveyed(), "/cache")
    assert (found["archive"], found["tasks"], found["builds"], found["to_build"]) == ("/a", "install.yml", False, False)


def test_what_was_built_once_is_not_built_again(tmp_path: Path) -> None:
    found = otp_state(BUILT, surveyed(), str(tmp_path))
    assert found["builds"] and found["to_build"] and found["to_install"]
    Path(found["archive"]).touch()
    assert otp_state(BUILT, surveyed(), str(tmp_path)) == {**found, "to_build": False}


def test_with_what_it_is_built() -> None:
    def told(packages: list[str] | None, system: str = "debian", check: bool = False) -> list[t.Any]:
        node = {**BUILT, "otp": {**BUILT["otp"], "build_packages": packages, "options": ["--with-odbc"]}}
        survey = {"platform": {**PLATFORM, "id": system, "id_like": []}, "otp": None}
        found = otp_state(node, survey, "/cache", check)
        return [found[key] for key in ("build_packages", "buildable", "to_prepare")]

    known, *rest = told(None)
    assert {"gcc", "make", "unixodbc-dev"} <= set(known) and rest == [True, True]
    assert told(["gcc"]) == [["gcc"], True, True] and told(["gcc"], check=True) == [["gcc"], True, False]
    assert told([], "exherbo") == [[], True, False] and told(None, "exherbo") == [None, False, False]


def test_what_is_asked_of_a_host() -> None:
    assert states.questions(NODE)["needs"] == {"otp": ALL} and states.questions(BUILT)["needs"] == {}
    assert states.questions(NODE)["otp_roots"] == ["/usr/lib/erlang"]


SETTINGS = """\
# Made by Ansible, role beam.tls_distribution.erlang_otp: the port mapper serves this host and the node's own addresses only.
[Socket]
ListenStream=
FreeBind=yes
ListenStream=127.0.0.1:4369
ListenStream=198.18.1.10:4369
ListenStream=[2001:db8::10]:4369
"""


def mapper(
    discovery: str,
    socket: tuple[str, str],
    service: tuple[str, str],
    settings: str | None = SETTINGS,
    check: bool = False,
    needed: bool = False,
    back: bool = False,
) -> dict[str, t.Any]:
    topology = {"cluster": {"discovery": discovery, "epmd_port": 4369}, "nodes": {"alpha": NODE}}
    units = dict(
        zip(
            states.EPMD_UNITS,
            ({"active": active, "enabled": enabled, "load": "loaded" if enabled else "not-found"} for active, enabled in (socket, service)),
        )
    )
    return states.port_mapper(topology, "alpha", {"units": units, "files": {states.EPMD_SETTINGS: settings}}, check, needed, back)


OFF, ON, MASKED = ("inactive", ""), ("active", "enabled"), ("inactive", "masked")


@pytest.mark.parametrize(
    ("discovery", "socket", "service", "right"),
    [
        ("port", OFF, OFF, False), ("port", MASKED, OFF, False), ("port", MASKED, MASKED, True), ("port", ("active", "masked"), MASKED, False),
        ("epmd", OFF, OFF, False), ("epmd", ON, OFF, True), ("epmd", ON, MASKED, False), ("epmd", OFF, ON, False),
    ],
)  # fmt: skip
def test_the_port_mapper(discovery: str, socket: tuple[str, str], service: tuple[str, str], right: bool) -> None:
    assert mapper(discovery, socket, service)["right"] is right


def test_how_the_port_mapper_is_made_right() -> None:
    found = mapper("epmd", ON, MASKED, None)
    assert found["settings"] == SETTINGS and found["active"] == ["epmd.socket"]
    assert found["masks"] == ["/etc/systemd/system/epmd.socket", "/etc/systemd/system/epmd.service"]
    assert mapper("epmd", ON, OFF, None)["right"] is False and mapper("epmd", ON, OFF)["masks"] == []


@pytest.mark.parametrize(
    ("discovery", "socket", "check", "tasks", "listen"),
    [
        ("epmd", OFF, False, "epmd_on.yml", True), ("epmd", OFF, True, "epmd_on.yml", False), ("epmd", ("inactive", "disabled"), True, "epmd_on.yml", True),
        ("port", ON, False, "epmd_off.yml", False), ("port", ON, True, "epmd_announce.yml", False),
    ],
)  # fmt: skip
def test_what_is_done_about_the_port_mapper(discovery: str, socket: tuple[str, str], check: bool, tasks: str, listen: bool) -> None:
    found = mapper(discovery, socket, OFF, check=check)
    assert (found["tasks"], found["to_listen"], found["to_change"]) == (tasks, listen, True)


def test_a_port_mapper_that_runs_is_stopped_when_it_is_masked() -> None:
    assert mapper("port", ON, OFF)["mask"] == ["systemctl", "mask", "--now", "epmd.socket", "epmd.service"]
    assert mapper("port", OFF, OFF)["mask"] == ["systemctl", "mask", "epmd.socket", "epmd.service"]
    assert mapper("port", ON, OFF)["announcement"] == "alpha would mask epmd.socket and epmd.service, and stop what runs."
    assert mapper("port", OFF, OFF)["announcement"] == "alpha would mask epmd.socket and epmd.service."
    assert mapper("port", MASKED, MASKED)["to_change"] is False


def test_a_port_mapper_that_a_node_may_go_back_to_is_not_masked() -> None:
    assert mapper("port", ON, OFF, needed=True)["to_change"] is False
    assert mapper("epmd", OFF, OFF, needed=True)["to_change"] is True


def test_a_port_mapper_is_as_it_was_where_a_node_has_gone_back() -> None:
    """It was bound to other ports, or masked; where nothing of it was changed nothing is."""
    former = SETTINGS.replace("4369", "4361")
    moved = mapper("epmd", ON, ("active", "enabled"), former, back=True)
    assert (moved["to_change"], moved["to_listen"], moved["tasks"], moved["settings"]) == (True, True, "epmd_on.yml", former)
    assert moved["active"] == list(states.EPMD_UNITS)
    masked = mapper("epmd", MASKED, MASKED, None, back=True)
    assert (masked["to_change"], masked["to_listen"], masked["tasks"]) == (True, False, "epmd_off.yml") and "--now" in masked["mask"]
    for same in (mapper("epmd", ON, ON, back=True), mapper("port", ON, ON, back=True), mapper("epmd", ON, OFF, None, back=True)):
        assert (same["to_change"], same["to_listen"]) == (False, False)
