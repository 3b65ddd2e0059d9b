# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a report."""

from __future__ import annotations

import stat

import pytest
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report import files


def test_written_whole_for_the_owner_alone(tmp_path):
    place = tmp_path / "cluster" / "report"
    assert files.write(place, {"report.json": "{}"}) == [str(place / "report.json")]
    assert stat.S_IMODE((place / "report.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


def test_replaced_and_nothing_left_behind(tmp_path):
    (tmp_path / "report.html").write_text("old")
    (tmp_path / "report.html").chmod(0o644)
    files.write(tmp_path, {"report.html": "new"})
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "report.html").stat().st_mode) == 0o600


def test_a_failure_leaves_the_old_one(tmp_path):
    (tmp_path / "report.html").mkdir()
    with pytest.raises(OSError):
        files.write(tmp_path, {"report.html": "new"})
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
