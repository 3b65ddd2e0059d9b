# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When an archive is sent, by the actions that have one installed."""

from __future__ import annotations

import types
import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.beam.tls_distribution.plugins.action import otp_install, release_install
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import transfer

ASKED: list[tuple[str, t.Any]] = []


def action(kind: t.Any, arguments: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch, there: bool = False, check: bool = False) -> t.Any:
    ASKED.clear()
    made = kind.ActionModule.__new__(kind.ActionModule)
    made._task = types.SimpleNamespace(args=arguments, check_mode=check)
    made._loader = types.SimpleNamespace(path_dwim=lambda path: path)
    monkeypatch.setattr(ActionBase, "run", lambda self, tmp=None, task_vars=None: {})

    def shell(command: str) -> dict[str, int]:
        ASKED.append(("shell", command))
        return {"rc": 0 if there else 1}

    def module(name: str, given: dict[str, t.Any], task_vars: t.Any) -> dict[str, t.Any]:
        ASKED.append(("module", name))
        return {"changed": False}

    def send(self: t.Any, name: str, given: t.Any, archive: str, task_vars: t.Any) -> dict[str, t.Any]:
        ASKED.append(("sent", archive))
        return {"changed": True}

    made._low_level_execute_command, made._execute_module = shell, module
    monkeypatch.setattr(transfer, "run_with_archive", send)
    return made


@pytest.fixture
def archive(tmp_path: Path) -> str:
    (tmp_path / "x.tar.gz").write_text("")
    return str(tmp_path / "x.tar.gz")


def test_what_the_host_lacks_is_sent(archive: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert action(otp_install, {"name": "27.0-x", "archive": archive}, monkeypatch).run()["changed"]
    assert [("shell", "test -d /opt/erlang/otp/27.0-x"), ("sent", archive)] == ASKED
    action(otp_install, {"name": "27.0-x", "prefix": "/srv/my otp", "archive": archive}, monkeypatch).run()
    assert ASKED[0] == ("shell", "test -d '/srv/my otp/27.0-x'")
    action(release_install, {"path": "/opt/erlang/apps/guard/1", "archive": archive}, monkeypatch).run()
    assert [("shell", "test -d /opt/erlang/apps/guard/1"), ("sent", archive)] == ASKED


def test_what_it_has_or_is_only_asked_about_is_not(archive: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ("module", "beam.tls_distribution.otp_install")
    action(otp_install, {"name": "27.0-x", "archive": archive}, monkeypatch, there=True).run()
    assert ASKED[1:] == [asked]
    for arguments, check in (({"name": "27.0-x", "archive": archive}, True), ({"name": "27.0-x"}, False), ({"archive": archive}, False)):
        action(otp_install, arguments, monkeypatch, check=check).run()
        assert [asked] == ASKED


def test_an_archive_that_is_not_on_the_controller(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AnsibleActionFail, match=r"OTP 27.0-x is not in the cache \(/none\)"):
        action(otp_install, {"name": "27.0-x", "archive": "/none"}, monkeypatch).run()
    with pytest.raises(AnsibleActionFail, match="/none is no file on the controller"):
        action(release_install, {"path": "/p", "archive": "/none"}, monkeypatch).run()
