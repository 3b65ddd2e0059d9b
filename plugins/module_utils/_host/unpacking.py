# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Archives unpacked on a host, with nothing outside of the directory meant for them (``_system/archives.py`` has the rule)."""

from __future__ import annotations

import os
import tarfile
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._system import archives
from ansible_collections.beam.tls_distribution.plugins.module_utils._system.archives import ArchiveError

__all__ = ["ArchiveError", "sha256", "unpack"]

_UNFILTERED: dict[str, Any] = {"filter": "fully_trusted"} if hasattr(tarfile, "fully_trusted_filter") else {}


def sha256(path: str) -> str:
    """The SHA-256 of a file, in hexadecimal. Raises OSError."""
    with open(path, "rb") as stream:
        return archives.sha256(stream)


def unpack(archive: str, directory: str, strip: int = 0) -> None:
    """Unpacks a tar archive, packed by gzip, bzip2, xz or not at all, into a directory, which is made where it is not there.

    ``strip`` leading parts of every name are left out. All belongs to who unpacks it. Raises :class:`ArchiveError` for what is no
    such archive or holds what it must not, and OSError for what the host refuses.
    """
    os.makedirs(directory, exist_ok=True)
    with open(archive, "rb") as file, archives.opened(file) as tar:
        for member in archives.members(tar, strip):
            member.uid = member.gid = os.getuid()
            tar.extract(member, directory, **_UNFILTERED)
