# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cluster's directory in one encrypted file, and back again."""

from __future__ import annotations

import io
import stat
import subprocess
import sys
import tarfile
import typing as t
from pathlib import Path
from unittest import mock

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.beam.tls_distribution.plugins.action.cluster_backup import ActionModule
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import backup

PASSPHRASE = "correct horse battery"
KEPT = {
    "ca.key": b"key\n",
    "ca.pem": b"pem\n",
    "ca.passphrase": b"hush\n",
    "cookie": b"COOKIE\n",
    "issued.jsonl": b"{}\n",
    "decommissioned/dave": b"{}\n",
}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A cluster's directory, with what tells of the last run as well."""
    place = tmp_path / "erlang" / "guard"
    backup.restore(place, KEPT, KEPT)
    (place / "report").mkdir()
    (place / "report" / "report.json").write_text("{}")
    for name in ("lock", "plan.json", "upstream.nft", ".gitignore"):
        (place / name).write_text("*\n")
    return place


def act(directory: Path, state: str, check: bool = False, passphrase: str = PASSPHRASE, file: str = "guard.backup") -> dict[str, t.Any]:
    arguments = {"topology": {"cluster": {"directory": str(directory)}}, "state": state, "file": file, "passphrase": passphrase}
    task = mock.Mock(args=arguments, check_mode=check, diff=False, async_val=0)
    action = ActionModule(task, mock.Mock(), mock.Mock(), mock.Mock(), mock.Mock(template=lambda value: value), mock.Mock())
    return action.run(task_vars={"inventory_dir": str(directory.parents[1])})


def test_what_was_saved_is_restored_for_its_owner_alone(directory: Path) -> None:
    saved = act(directory, "saved")
    file = directory.parents[1] / "guard.backup"
    assert saved["changed"] and saved["file"] == str(file) and saved["names"] == sorted(KEPT)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and not any(content.strip() in file.read_bytes() for content in KEPT.values())
    assert not act(directory, "saved")["changed"], "the directory is as it was"
    away = directory.rename(directory.with_name("lost"))
    restored = act(directory, "restored")
    assert restored["changed"] and restored["names"] == sorted(KEPT)
    assert {name: (directory / name).read_bytes() for name in KEPT} == KEPT
    assert {stat.S_IMODE((directory / name).stat().st_mode) for name in KEPT} == {0o600}
    assert {stat.S_IMODE(place.stat().st_mode) for place in (directory, directory / "decommissioned")} == {0o700}
    assert not act(directory, "restored")["changed"] and away.exists()


def test_a_change_is_saved(directory: Path) -> None:
    act(directory, "saved")
    (directory / "cookie").write_text("another\n")
    assert act(directory, "saved")["changed"]
    assert backup.unpacked(backup.decrypted((directory.parents[1] / "guard.backup").read_text(), PASSPHRASE))["cookie"] == b"another\n"


def test_what_may_be_newer_is_not_replaced(directory: Path) -> None:
    act(directory, "saved")
    (directory / "issued.jsonl").write_text("{}\n{}\n")
    (directory / "ca.key").unlink()
    with pytest.raises(AnsibleActionFail, match=r"issued\.jsonl differs, and would replace what may be newer; move that directory away"):
        act(directory, "restored")
    assert not (directory / "ca.key").exists()


def test_a_passphrase_is_needed(directory: Path) -> None:
    with pytest.raises(AnsibleActionFail, match="erlang_cluster_backup_passphrase has no value"):
        act(directory, "saved", passphrase="")


def test_check_mode_writes_nothing(directory: Path) -> None:
    assert act(directory, "saved", check=True)["changed"]
    assert not (directory.parents[1] / "guard.backup").exists()
    act(directory, "saved")
    (directory / "cookie").unlink()
    assert act(directory, "restored", check=True)["names"] == ["cookie"]
    assert not (directory / "cookie").exists()


def test_a_file_that_is_no_backup_is_kept(directory: Path) -> None:
    file = directory.parents[1] / "guard.backup"
    file.write_text("mine")
    for state in ("saved", "restored"):
        with pytest.raises(AnsibleActionFail, match="is no backup"):
            act(directory, state)
    assert file.read_text() == "mine"
    file.unlink()
    act(directory, "saved")
    for state in ("saved", "restored"):
        with pytest.raises(AnsibleActionFail, match="cannot be read with this passphrase") as told:
            act(directory, state, passphrase="another one of 12")
        assert "another one" not in str(told.value)


def test_a_place_for_it_that_does_not_do(directory: Path) -> None:
    with pytest.raises(AnsibleActionFail, match="is in the directory that it is to keep"):
        act(directory, "saved", file=str(directory / "guard.backup"))
    with pytest.raises(AnsibleActionFail, match=r"cannot be read or written on the controller \(No such file"):
        act(directory, "restored", file="nowhere")
    with pytest.raises(AnsibleActionFail, match="would be empty"):
        act(directory.with_name("none"), "saved")


def archive(*entries: tarfile.TarInfo) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as stream:
        for entry in entries:
            stream.addfile(entry, io.BytesIO(b"x" * entry.size))
    return made.getvalue()


def entry(name: str, **values: t.Any) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    for key, value in values.items():
        setattr(found, key, value)
    return found


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no archive",
        archive(entry("../cookie", size=1)),
        archive(entry("/etc/passwd", size=1)),
        archive(entry("elsewhere/cookie", size=1)),
        archive(entry("lock", size=1)),
        archive(entry("cookie", type=tarfile.SYMTYPE, linkname="/etc/shadow")),
        archive(entry("cookie", size=1), entry("cookie", size=1)),
        archive(entry("cookie", size=1))[:-20],
    ],
)
def test_an_archive_that_we_have_not_made_is_refused(content: bytes) -> None:
    with pytest.raises(InputError):
        backup.unpacked(content)


def test_more_than_a_directory_has_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "LONGEST", 9)
    with pytest.raises(InputError):
        backup.unpacked(archive(entry("cookie", size=5), entry("ca.key", size=5)))


def test_ansible_vault_reads_it_too(directory: Path, tmp_path: Path) -> None:
    act(directory, "saved")
    (tmp_path / "passphrase").write_text(PASSPHRASE + "\n")
    argv = [sys.executable, "-m", "ansible", "vault", "decrypt", "--vault-password-file", "passphrase", "--output", "plain", "guard.backup"]
    subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    with tarfile.open(tmp_path / "plain") as plain:
        assert plain.getnames() == sorted(KEPT)
