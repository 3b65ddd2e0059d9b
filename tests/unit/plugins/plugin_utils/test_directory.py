# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import stat
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import directory


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_made_once_and_kept(tmp_path: Path) -> None:
    place = tmp_path / "erlang" / "guard"
    expected = [str(place), str(place / ".gitignore"), str(place / "cookie")]
    assert directory.ensure(place, ["cookie"], check_mode=True) == expected
    assert not place.exists()
    assert directory.ensure(place, ["cookie"], check_mode=False) == expected
    cookie = directory.read_secret(place / "cookie")
    assert cookie is not None and len(cookie) == 48 and cookie.isalnum()
    assert directory.ensure(place, ["cookie"], check_mode=False) == []
    assert directory.read_secret(place / "cookie") == cookie
    assert (place / ".gitignore").read_text() == "*\n"
    assert (mode(place), mode(place / "cookie"), mode(place / ".gitignore")) == (0o700, 0o600, 0o600)
    assert sorted(path.name for path in place.iterdir()) == [".gitignore", "cookie"]


def test_permissions_are_corrected_and_contents_kept(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "cookie").write_text("mine\n")
    (tmp_path / "cookie").chmod(0o644)
    changed = directory.ensure(tmp_path, ["cookie"], check_mode=False)
    assert changed == [str(tmp_path), str(tmp_path / ".gitignore"), str(tmp_path / "cookie")]
    assert (mode(tmp_path), mode(tmp_path / "cookie")) == (0o700, 0o600)
    assert directory.read_secret(tmp_path / "cookie") == "mine"


def test_secrets_that_cannot_be_read_are_faults(tmp_path: Path) -> None:
    assert directory.read_secret(tmp_path / "cookie") is None
    (tmp_path / "cookie").write_text("\n")
    with pytest.raises(InputError, match="is empty"):
        directory.read_secret(tmp_path / "cookie")
    (tmp_path / "cookie").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="it is not text"):
        directory.read_secret(tmp_path / "cookie")


def test_a_file_in_the_way_is_a_fault(tmp_path: Path) -> None:
    directory.check_directory(tmp_path / "a" / "b")
    (tmp_path / "a").touch()
    with pytest.raises(InputError):
        directory.check_directory(tmp_path / "a" / "b")
    with pytest.raises(InputError, match="is something else"):
        directory.check_directory(tmp_path / "a")


def test_a_directory_of_something_else(tmp_path: Path) -> None:
    """It would be closed to others, whatever it is: /etc, or the checkout."""
    directory.check_own(tmp_path / "absent")
    directory.check_own(tmp_path)
    (tmp_path / ".gitignore").write_text("*")
    (tmp_path / "report").mkdir()
    directory.check_own(tmp_path)
    (tmp_path / "site.yml").write_text("")
    with pytest.raises(InputError, match=r"holds other things, such as site\.yml; choose one that is the cluster's alone"):
        directory.check_own(tmp_path)
    (tmp_path / "ca.pem").write_text("")
    directory.check_own(tmp_path)
