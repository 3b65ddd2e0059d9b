# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of a host written beside their place and then renamed, so that who opens one finds the former or the new one, whole."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator


def staged(path: str) -> str:
    """The name under which what will be ``path`` is made, in the same directory. One process at a time may use it."""
    directory, name = os.path.split(path)
    return os.path.join(directory, ".%s.staged" % name)


def is_staged(name: str) -> bool:
    """Whether a name in a directory is one that :func:`staged` gives."""
    return name.startswith(".") and name.endswith(".staged")


@contextlib.contextmanager
def beside(path: str) -> Iterator[str]:
    """Gives the path of a file or link that the body makes. It takes the place of ``path`` when the body has ended without an error.

    After an error it is removed, and ``path`` is what it was.
    """
    there = staged(path)
    try:
        yield there
        os.replace(there, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(there)
        raise


def write(path: str, text: str, mode: int | None = None) -> None:
    """Writes a text as UTF-8, with the permissions ``mode``, or those that the umask leaves. Raises OSError."""
    with beside(path) as there, open(there, "w", encoding="utf-8") as stream:
        if mode is not None:
            os.fchmod(stream.fileno(), mode)
        stream.write(text)


def flush(path: str) -> None:
    """Has the disk hold a file, or a directory with all that is in it, as it is now, so that it is so after a loss of power. Raises OSError."""
    for directory, _names, files in os.walk(path) if os.path.isdir(path) else [(os.path.dirname(path), [], [os.path.basename(path)])]:
        for name in (*files, ""):
            entry = os.path.join(directory, name)
            if not os.path.islink(entry):
                descriptor = os.open(entry, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
