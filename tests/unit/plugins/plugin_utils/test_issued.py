# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record of certificates that were issued."""

from __future__ import annotations

import contextlib
import datetime
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import foreign, issued

NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)


def chain(host: str) -> str:
    """A certificate in PEM."""
    made = foreign.certificate(host)
    return made[made.index("-----BEGIN CERTIFICATE") :]


def entries(directory: Path) -> list[dict[str, str]]:
    """The lines of a record that are whole."""
    found = []
    for line in (directory / issued.NAME).read_text().splitlines():
        with contextlib.suppress(ValueError):
            found.append(json.loads(line))
    return found


def test_each_is_written_down(tmp_path: Path) -> None:
    for host in ("alpha", "bravo"):
        issued.write_down(tmp_path, host, "guard@%s.example.net" % host, chain("%s.example.net" % host), NOW)
    found = entries(tmp_path)
    assert [entry["host"] for entry in found] == ["alpha", "bravo"]
    assert found[0]["node"] == "guard@alpha.example.net" and found[0]["issued"] == "2026-01-02T03:04:05Z"
    assert int(found[0]["serial"], 16) > 0 and len(found[0]["digest"]) == 64 and found[0]["serial"] != found[1]["serial"]
    assert stat.S_IMODE((tmp_path / issued.NAME).stat().st_mode) == 0o600


def test_a_line_that_was_begun_spoils_none(tmp_path: Path) -> None:
    (tmp_path / issued.NAME).write_text('{"host": "alp')
    issued.write_down(tmp_path, "bravo", "guard@bravo.example.net", chain("bravo.example.net"), NOW)
    assert [entry["host"] for entry in entries(tmp_path)] == ["bravo"]
    assert issued.entries(tmp_path / issued.NAME) == entries(tmp_path) and issued.entries(tmp_path / "none") == []
    issued.append(
        tmp_path / issued.NAME, {"host": "carol", "node": "guard@carol", "serial": "no number", "not_after": "2026-01-02T03:04:05Z"}
    )
    assert [entry["host"] for entry in issued.entries(tmp_path / issued.NAME)] == ["bravo"]


def test_many_at_once_lose_none(tmp_path: Path) -> None:
    made = chain("alpha.example.net")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: issued.write_down(tmp_path, "host%d" % number, "guard@host", made, NOW), range(64)))
    assert sorted(entry["host"] for entry in entries(tmp_path)) == sorted("host%d" % number for number in range(64))


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / issued.NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        issued.write_down(tmp_path, "alpha", "guard@alpha", chain("alpha.example.net"), NOW)
    assert not (tmp_path / "elsewhere").exists()
