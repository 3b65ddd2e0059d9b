# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the report where people keep it."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.beam.tls_distribution.plugins.plugin_utils import files

_DIRECTORY_MODE = 0o700


def write(directory: Path, contents: dict[str, str]) -> list[str]:
    """Writes texts by file name into a directory, which is made if need be; every file is replaced as a whole.

    Only the owner can read them. Returns the paths. Raises OSError.
    """
    directory.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
    for name, text in contents.items():
        files.write(directory / name, text)
    return [str(directory / name) for name in contents]
