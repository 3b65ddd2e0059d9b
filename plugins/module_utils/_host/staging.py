# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Directories that are there whole or not at all.

What an archive holds is unpacked beside its place, under a name that begins with a dot, and gets its own name when nothing is left to do.
So a directory under its own name is complete, and what a run that was killed left behind is known by its name.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator

from ansible_collections.beam.tls_distribution.plugins.module_utils._host import unpacking, writing


class StagingError(Exception):
    """Why a directory was not made, in a sentence without its end; nothing of it is left."""


def remove_leftovers(parent: str) -> None:
    """Removes from a directory what a run that was killed had not finished; makes the directory where it is not there."""
    with _readable():
        os.makedirs(parent, exist_ok=True)
    for name in os.listdir(parent):
        if writing.is_staged(name):
            path = os.path.join(parent, name)
            if os.path.islink(path):
                os.unlink(path)
            else:
                shutil.rmtree(path)


@contextlib.contextmanager
def unpacked(archive: str, sha256: str | None, root: str, group: int | None = None) -> Iterator[str]:
    """Unpacks an archive, gives the directory that it lies in, and names that ``root`` when the body has ended without an error.

    Until then nobody but its owner can enter the directory, and afterwards ``group`` alone besides, or all where that is None.
    Raises :class:`StagingError` for an archive with another SHA-256, for one that cannot be unpacked and for what the host refuses.
    """
    staged, name = writing.staged(root), os.path.basename(root)
    try:
        if unpacking.sha256(archive) != sha256:
            raise StagingError("the archive of %s is not what was sent (its SHA-256 differs); run again" % name)
        os.mkdir(staged, 0o700)
        with _readable():
            unpacking.unpack(archive, staged)
        yield staged
        open_to(staged, group)
        os.rename(staged, root)
    except unpacking.ArchiveError as error:
        raise StagingError("the archive of %s %s" % (name, error)) from error
    except OSError as error:
        parent = os.path.dirname(root)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StagingError("no space is left for %s on the file system of %s; free some, and run again" % (name, parent)) from error
        raise StagingError("%s cannot be installed (%s: %s)" % (name, error.filename or parent, error.strerror)) from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def open_to(directory: str, group: int | None) -> None:
    """Lets members of ``group`` enter a directory, nobody else but its owner; all may where that is None."""
    if group is not None:
        os.chown(directory, -1, group)
    os.chmod(directory, 0o755 if group is None else 0o750)


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    """Directories that an archive does not mention, or that lie above, can be read by all whatever the umask is."""
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)
