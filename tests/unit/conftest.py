# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets plain ``pytest tests/unit`` import the collection by its full name, wherever the checkout lies."""

from __future__ import annotations

import atexit
import os
import sys
import tempfile
from pathlib import Path

import hypothesis

COLLECTION = Path(__file__).resolve().parents[2]
NAME = Path("ansible_collections/beam/tls_distribution")


def collections_path() -> Path:
    """Return a directory that holds the checkout under the collection's name: its own, or one with a link to it."""
    above = COLLECTION.parents[min(2, len(COLLECTION.parents) - 1)]
    if above / NAME == COLLECTION:
        return above
    made = tempfile.TemporaryDirectory(prefix="collections-")
    atexit.register(made.cleanup)
    link = Path(made.name) / NAME
    link.parent.mkdir(parents=True)
    link.symlink_to(COLLECTION)
    return link.parents[2]


def import_by_name() -> None:
    """Put that directory first, for imports here and for Ansible started by a test."""
    for search in sys.path:
        if (Path(search) / NAME / "plugins").exists() and (Path(search) / NAME).resolve() == COLLECTION:
            return
    path = str(collections_path())
    sys.path.insert(0, path)
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = path


def judge_by_no_clock() -> None:
    """How long an example may take depends on the machine, which no test does."""
    hypothesis.settings.register_profile("no clock", deadline=None)
    hypothesis.settings.load_profile("no clock")


judge_by_no_clock()
import_by_name()
