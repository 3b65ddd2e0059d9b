# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The watch of a host: its files, and whether it is as wanted."""

from __future__ import annotations

import hashlib
import json
import typing as t

import pytest
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import bundle, watch
from ansible_collections.beam.tls_distribution.tests.unit.plugins.plugin_utils.proofs import PLACES, proof, topology

DIRECTORY = "/var/lib/prometheus/node-exporter"
LINK = DIRECTORY + "/erlang-guard.prom"


def files(wanted: t.Any = True, directory: str = DIRECTORY) -> dict[str, t.Any]:
    return watch.watch_files(topology()["nodes"]["alpha"], proof(), directory, "60", wanted)


def test_the_watch_has_its_settings_from_the_same_options() -> None:
    settings = json.loads(files()["files"][0]["content"])
    assert {name: settings[name] for name in watch._WATCHED} == {name: proof()[name] for name in watch._WATCHED}
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
    asked = watch.watch_questions(node, made)
    assert asked["units"] == [unit + ".service", unit + ".timer"] and asked["sets"] == {"watch": made}
    survey = {
        "units": {unit + ".timer": timer, unit + ".service": UP if timer["load"] == "loaded" else GONE},
        "files": {PLACES["watch_settings"]: settings},
        "exists": {PLACES["watch_program"]: program},
        "sets": {"watch": right},
    }
    return watch.watch_state(survey, node, made, wanted, check)


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
    *others, program = watch.watch_program(topology()["nodes"]["alpha"], made, "UEs=")
    assert others == made["files"]
    assert (program["path"], program["base64_content"], program["mode"]) == (PLACES["watch_program"], "UEs=", "0644")


def test_its_units_are_those_of_its_node() -> None:
    """The service says which program it starts, so that another program is another unit; a home that systemd would hide is shown, to be read."""
    node = topology()["nodes"]["alpha"]
    service, timer = (each["content"] for each in files()["files"][1:])
    assert hashlib.sha256(bundle.program(bundle.PROGRAMS["watch"])).hexdigest() in service
    assert "\nUser=merl\nGroup=merl\n" in service and "\nProtectHome=yes\n" in service and "guard@alpha.example.net" in service
    start = "ExecStart=/usr/bin/env python3 -I %s %s\n" % (PLACES["watch_program"], PLACES["watch_settings"])
    assert start in service and service.endswith("SocketBindDeny=any\n")
    assert "\nOnUnitActiveSec=60\n" in timer and "\nRandomizedDelaySec=6\n" in timer
    for home in ("/home/merl", "/root/merl", "/run/user/990/merl"):
        hidden = {**node, "layout": {**PLACES, "home": home}}
        assert "\nProtectHome=read-only\n" in watch.service_unit(hidden)
    assert "\nProtectHome=yes\n" in watch.service_unit({**node, "layout": {**PLACES, "home": "/rooted/merl"}})
