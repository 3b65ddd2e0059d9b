# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import writing


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "status"
    path.write_text("former")
    with writing.beside(str(path)) as there:
        assert there == str(tmp_path / ".status.staged") and writing.is_staged(os.path.basename(there))
        Path(there).write_text("next")
        assert path.read_text() == "former"
    assert (path.read_text(), os.listdir(tmp_path)) == ("next", ["status"])


def test_after_an_error_nothing_was_written(tmp_path: Path) -> None:
    path = tmp_path / "status"
    path.write_text("former")
    with pytest.raises(ZeroDivisionError), writing.beside(str(path)) as there:
        Path(there).write_text("half")
        raise ZeroDivisionError
    with pytest.raises(OSError, match="No such file"):
        writing.write(str(tmp_path / "nowhere" / "status"), "text")
    assert (path.read_text(), os.listdir(tmp_path)) == ("former", ["status"])


def test_permissions(tmp_path: Path) -> None:
    for mode in (0o644, 0o600):
        writing.write(str(tmp_path / "x"), "text\n", mode)
        assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == mode
