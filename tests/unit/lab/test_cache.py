# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's cache, which several checkouts share."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from lab import roots


def entry(cache: Path, name: str, days: float, marked: bool = True) -> Path:
    """An entry that was last used some days ago."""
    directory = cache / name
    directory.mkdir()
    then = time.time() - days * 86400
    if marked:
        roots.used(directory)
        os.utime(cache / ".used" / name, (then, then))
    os.utime(directory, (then, then))
    return directory


def test_an_entry_of_another_checkout_stays_while_it_is_used(tmp_path: Path) -> None:
    another = entry(tmp_path, "guard-trixie-1", days=13)
    old = entry(tmp_path, "guard-trixie-2", days=15)
    unmarked = entry(tmp_path, "guard-trixie-3", days=15, marked=False)
    young = entry(tmp_path, "guard-trixie-4", days=1, marked=False)
    half = entry(tmp_path, "guard-trixie-5.new", days=15)
    other = entry(tmp_path, "root-trixie-6", days=15)
    own = tmp_path / "guard-trixie-7"
    roots.finish_entry(roots.start_entry(own), own, "guard-trixie-*")
    assert own.is_dir() and another.is_dir() and young.is_dir() and half.is_dir() and other.is_dir()
    assert not old.exists() and not unmarked.exists()
    assert not (tmp_path / ".used" / old.name).exists()


def test_what_is_used_again_is_young_again(tmp_path: Path) -> None:
    found = entry(tmp_path, "guard-trixie-1", days=15)
    assert roots.used(found) == found
    own = tmp_path / "guard-trixie-2"
    roots.finish_entry(roots.start_entry(own), own, "guard-trixie-*")
    assert found.is_dir()


def test_the_collections_path_of_a_checkout_that_nobody_uses_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "README.md").touch()
    monkeypatch.setattr(roots, "CACHE", tmp_path)
    old, young = entry(tmp_path, "collections-1", days=15), entry(tmp_path, "collections-2", days=13)
    (old / "link").symlink_to(checkout)
    own = roots.collections()
    assert own.is_dir() and young.is_dir() and not old.exists() and (checkout / "README.md").exists()
    assert (tmp_path / ".used" / own.name).exists()
