# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import files


def test_a_file_is_replaced_whole_and_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("former")
    files.write(path, "next")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode), os.listdir(tmp_path)) == ("next", 0o600, ["report.json"])


def test_after_an_error_nothing_was_written(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("former")
    with pytest.raises(ZeroDivisionError), files.beside(path) as there:
        there.write_text("half")
        raise ZeroDivisionError
    assert (path.read_text(), os.listdir(tmp_path)) == ("former", ["x"])


def test_what_is_made_once_stays(tmp_path: Path) -> None:
    files.create(tmp_path / "cookie", "first")
    files.create(tmp_path / "cookie", "second")
    assert ((tmp_path / "cookie").read_text(), os.listdir(tmp_path)) == ("first", ["cookie"])


def test_what_a_killed_run_left_is_removed_by_the_next_one_that_writes_the_file(tmp_path: Path) -> None:
    names = [".x[1].%s.staged" % (str(number) * 16) for number in range(2)] + [".y.%s.staged" % ("2" * 16), ".x[1].short.staged"]
    for name in names:
        (tmp_path / name).touch()
    for name in (names[0], *names[2:]):
        os.utime(tmp_path / name, (0, time.time() - 4000))
    files.write(tmp_path / "x[1]", "text")
    assert sorted(os.listdir(tmp_path)) == sorted([*names[1:], "x[1]"])


def test_a_digest(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert files.sha256(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
