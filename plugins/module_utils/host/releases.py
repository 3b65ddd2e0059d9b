# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OTP releases on a host, each in a directory of its own.

Source: OTP "SASL: release handling", ``systools:make_tar`` (a release is an archive of ``lib`` and ``releases``, with or without ``erts-*``).
"""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Iterable, Sequence

from ansible_collections.beam.tls_distribution.plugins.module_utils.host import staging


def is_there(path: str) -> bool:
    """Whether a release is installed there; a directory that is there is whole."""
    return os.path.isdir(path)


def install(path: str, archive: str, sha256: str | None) -> None:
    """Unpacks an archive with the digest ``sha256`` to ``path``, which is not there. Raises :class:`staging.StagingError`."""
    parent = os.path.dirname(path)
    try:
        staging.remove_leftovers(parent)
    except OSError as error:
        raise staging.StagingError("%s cannot be made (%s)" % (parent, error.strerror)) from error
    with staging.unpacked(archive, sha256, path):
        pass


def outdated(path: str, keep: int, used_by: Iterable[str]) -> list[str]:
    """Directories beside ``path`` that are neither among the ``keep`` newest of them nor named in a file that a pattern of ``used_by`` matches."""
    parent = os.path.dirname(path)
    found = os.scandir(parent) if os.path.isdir(parent) else ()
    others = [entry for entry in found if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".") and entry.path != path]
    others.sort(key=lambda entry: entry.stat().st_mtime, reverse=True)
    used = [_text(name) for pattern in used_by for name in glob.glob(pattern)]
    return [entry.path for entry in others[keep:] if not any(entry.path + "/" in text for text in used)]


def remove(paths: Iterable[str]) -> None:
    """Removes releases. Each loses its name first, so that none is there by half. Raises :class:`staging.StagingError`."""
    for path in paths:
        try:
            os.rename(path, staging.beside(path))
            shutil.rmtree(staging.beside(path))
        except OSError as error:
            raise staging.StagingError("%s cannot be removed (%s)" % (path, error.strerror)) from error


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as stream:
        return stream.read()


def describe(path: str, archive: str, removed: Iterable[str] = ()) -> Sequence[dict[str, str]]:
    """The difference between before and after, as Ansible shows it: what an archive holds at ``path``, and what was ``removed``."""
    made = {"before_header": path, "after_header": path, "before": "", "after": "what %s holds\n" % os.path.basename(archive)}
    gone = [{"before_header": old, "after_header": old, "before": "an older release\n", "after": ""} for old in removed]
    return [made, *gone]
