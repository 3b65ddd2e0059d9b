# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.beam.tls_distribution.plugins.module_utils._host import commands


def test_outcomes():
    assert commands.run(["sh", "-c", "echo out; echo err >&2; exit 3"]) == commands.Outcome(3, "out\n", "err\n")
    assert commands.run(["no-such-command-here"]).code == 127
    assert commands.run(["sleep", "5"], timeout=0.1).code == 124
    assert commands.run(["cat"]).out == ""


def test_nothing_of_the_callers_environment(monkeypatch):
    monkeypatch.setenv("SECRET", "hunter2")
    assert "hunter2" not in commands.run(["env"]).out
