# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the report where people keep it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

_DIRECTORY_MODE = 0o700
_FILE_MODE = 0o600


def write(directory: Path, contents: dict[str, str]) -> list[str]:
    """Writes texts by file name into a directory, which is made if need be; every file is replaced as a whole.

    Only the owner can read them. Returns the paths. Raises OSError.
    """
    directory.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
    return [str(_replace(directory / name, text)) for name, text in contents.items()]


def _replace(path: Path, text: str) -> Path:
    staged = path.with_name(".%s.%s.staged" % (path.name, secrets.token_hex(8)))
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        staged.replace(path)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise
    return path
