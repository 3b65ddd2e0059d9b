# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of a build while it runs on another host, and how its end is seen."""

from __future__ import annotations

import json

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.beam.tls_distribution.plugins.action import otp_build
from ansible_collections.beam.tls_distribution.plugins.filter.otp import has_otp_built
from ansible_collections.beam.tls_distribution.plugins.module_utils._building import recipe, status

PLATFORM = {"id": "debian", "version_id": "13", "architecture": "x86_64"}
OTHER = {**PLATFORM, "version_id": "12"}
OTP = {"source": "build", "version": "27.0", "archive": {"path": "x", "sha256": "aa"}, "patches": [], "options": [], "environment": {}}


def told(state="running", stage="compile", seconds=(), **more):
    """A status of a build, at second 130 of the builder's clock."""
    return {**status.waiting(100.0, "/var/log"), "state": state, "stage": stage, "seconds": dict(seconds), **more}


class Answers:
    """Stands in for the commands of a connection: answers with one status after the other, as a terminal writes lines."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def __call__(self, command):
        self.asked.append(command)
        running, found = self.answers.pop(0)
        return {"stdout_lines": ["1" if running else "0", "130", json.dumps(found)] if found else ["sh: no such file"]}


@pytest.fixture
def said(monkeypatch):
    lines = []
    monkeypatch.setattr(otp_build.display, "display", lines.append)
    return lines


def watched(answers):
    """Watches a build on alpha that gives these answers."""
    action = object.__new__(otp_build.ActionModule)
    action._host, action._title = "alpha", "alpha: OTP 27.0"
    action._low_level_execute_command = answers
    return action._watch("/var/cache/x", "/run/x.json")


UNPACKED = (("unpack", 5.2),)
CONFIGURED = (*UNPACKED, ("patch", 0.1), ("configure", 31.0))
BUILD = (
    (True, told(stage="unpack")),
    (True, told(stage="configure", seconds=UNPACKED)),
    (True, told(seconds=CONFIGURED, done=10, expected=40)),
    (False, told("done", "pack", seconds=(*CONFIGURED, ("compile", 290.0)))),
)


def test_in_a_log_a_stage_is_a_line(said, monkeypatch):
    monkeypatch.setattr(otp_build, "_ON_TERMINAL", False)
    answers = Answers(*BUILD)
    assert watched(answers)["state"] == "done"
    assert said == [
        "alpha: OTP 27.0, unpack done in 5 s",
        "alpha: OTP 27.0, patch done in 0 s",
        "alpha: OTP 27.0, configure done in 31 s",
        "alpha: OTP 27.0, compile done in 4 min 50 s",
    ]
    assert answers.asked[0] == "flock --shared --timeout 5 /var/cache/x/lock true; echo $?; date +%s; cat /run/x.json"


def test_at_a_terminal_it_is_said_how_far_it_is(said, monkeypatch):
    monkeypatch.setattr(otp_build, "_ON_TERMINAL", True)
    watched(Answers(*BUILD))
    assert "alpha: OTP 27.0, unpack, 30 s" in said and "alpha: OTP 27.0, compile 10 of 40 files (25 %), 30 s" in said


def test_a_build_that_goes_on(said):
    watched(Answers((True, told(seconds=CONFIGURED)), (False, told("done", "pack", seconds=CONFIGURED))))
    assert said[0] == "alpha: OTP 27.0 goes on behind configure"


def test_a_build_that_fails(said):
    failed = told("failed", problem="make failed (exit code 2)", tail=["x.c: error"])
    with pytest.raises(
        AnsibleActionFail, match=r"(?s)alpha: make failed \(exit code 2\)\n    x.c: error\n.*/var/log on alpha.*stage compile"
    ):
        watched(Answers((False, failed)))


def test_a_build_that_is_killed(said):
    with pytest.raises(AnsibleActionFail, match=r"ended in the stage compile without a word .* run again to have it go on"):
        watched(Answers((True, told()), (False, told())))


def test_a_builder_that_does_not_answer(said):
    with pytest.raises(AnsibleActionFail, match="the progress of the build cannot be read"):
        watched(Answers(*[(True, None)] * 4))
    assert watched(Answers((True, None), (False, told("done")))) == told("done")


def facts(platform, *names):
    return {"erlang_survey": {"platform": platform, "otps": [{"root": "/opt/erlang/otp/" + name} for name in names]}}


def test_who_has_it_built():
    name = recipe.directory_name(OTP, PLATFORM)
    topology = {"nodes": {host: {"otp": OTP} for host in ("a", "b", "c", "d", "e")}}
    topology["nodes"]["e"] = {"otp": {"source": "package"}}
    known = {"a": facts(PLATFORM, name), "b": facts(PLATFORM, "26.0-x"), "c": facts(OTHER), "f": {}}
    known.update(dict.fromkeys("deg", facts(PLATFORM)))
    assert [has_otp_built(topology, host, known) for host in "bcd"] == [True, True, False]
    everywhere = {host: facts(PLATFORM, name) for host in "bd"}
    assert has_otp_built(topology, "d", everywhere), "nobody lacks it, as where its archive alone is gone"
