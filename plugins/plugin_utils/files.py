# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of the controller, written beside their place and then renamed, so that who opens one finds the former or the new one, whole."""

from __future__ import annotations

import contextlib
import glob
import os
import secrets
import time
import typing as t
from pathlib import Path

from ansible_collections.beam.tls_distribution.plugins.module_utils._system import archives

OWNER_ONLY = 0o600
"""Permissions of what only its owner may read."""
_LEFT_AFTER = 3600
"""Seconds after which a file that is being made, and that nobody writes to, is taken for left behind."""


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file, in hexadecimal. Raises OSError."""
    with open(path, "rb") as stream:
        return archives.sha256(stream)


@contextlib.contextmanager
def beside(path: Path) -> t.Iterator[Path]:
    """Gives the path of a file that the body makes, under a name that no other run uses.

    It takes the place of ``path`` when the body has ended without an error. After an error it is removed, and ``path`` is what it was.
    """
    with _staged(path) as there:
        yield there
        there.replace(path)


def write(path: Path, content: str | bytes, mode: int = OWNER_ONLY) -> None:
    """Writes bytes, or a text as UTF-8, with the permissions ``mode``; at no moment can others read it. Raises OSError."""
    with beside(path) as there:
        _fill(there, content)
        there.chmod(mode)


def create(path: Path, text: str) -> None:
    """Writes a text that only its owner may read; does nothing if there is a file by that name already. Raises OSError."""
    with _staged(path) as there:
        _fill(there, text)
        with contextlib.suppress(FileExistsError):
            os.link(there, path)


@contextlib.contextmanager
def _staged(path: Path) -> t.Iterator[Path]:
    _remove_left(path, time.time())
    there = path.with_name(".%s.%s.staged" % (path.name, secrets.token_hex(8)))
    try:
        yield there
    finally:
        there.unlink(missing_ok=True)


def _remove_left(path: Path, now: float) -> None:
    """Removes what runs that were killed left beside ``path``: whatever nobody has written to for an hour, as another run may be at it."""
    for left in path.parent.glob(".%s.%s.staged" % (glob.escape(path.name), "[0-9a-f]" * 16)):
        with contextlib.suppress(OSError):
            if now - left.lstat().st_mtime > _LEFT_AFTER:
                left.unlink()


def _fill(path: Path, content: str | bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)
        file.flush()
        os.fsync(file.fileno())
