# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Archives unpacked on a host, with nothing outside of the directory meant for them."""

from __future__ import annotations

import hashlib
import lzma
import os
import tarfile
import zlib
from typing import Any

_BLOCK = 1 << 20


class UnpackingError(Exception):
    """What is wrong with an archive, as the rest of a sentence that begins with it."""


def sha256(path: str) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(_BLOCK), b""):
            digest.update(block)
    return digest.hexdigest()


def unpack(archive: str, directory: str, strip: int = 0) -> None:
    """Unpacks a tar archive, packed by gzip, bzip2, xz or not at all, into a directory, which is made where it is not there.

    ``strip`` leading parts of every name are left out. All belongs to who unpacks it. Raises :class:`UnpackingError` for what is no
    such archive or holds a name that leads elsewhere, and OSError for what the host refuses.
    """
    os.makedirs(directory, exist_ok=True)
    try:
        with tarfile.open(archive, "r:*") as tar:
            for member in tar:
                fitted = _fitted(member, strip)
                if fitted is not None:
                    tar.extract(fitted, directory, **_UNFILTERED)
    except (tarfile.TarError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise UnpackingError("cannot be unpacked (%s)" % error) from error


# From Python 3.12 on a filter has to be named; the one that is ours has been applied by then.
_UNFILTERED: dict[str, Any] = {"filter": "fully_trusted"} if hasattr(tarfile, "fully_trusted_filter") else {}


def _fitted(member: tarfile.TarInfo, strip: int) -> tarfile.TarInfo | None:
    """A member under its stripped name and with an owner that is there; None for what is stripped altogether."""
    member.name = _stripped(member.name, strip)
    if not member.name:
        return None
    if member.islnk():
        member.linkname = _stripped(member.linkname, strip)
    elif member.issym() and (member.linkname.startswith("/") or _above(os.path.join(os.path.dirname(member.name), member.linkname))):
        raise UnpackingError("holds the link %s, which leads out of its directory" % member.name)
    elif not (member.isfile() or member.isdir() or member.issym()):
        raise UnpackingError("holds %s, which is neither file, directory nor link" % member.name)
    member.uid = member.gid = os.getuid()
    member.uname = member.gname = ""
    member.mode = (member.mode & 0o755) | 0o200
    return member


def _stripped(name: str, strip: int) -> str:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts:
        raise UnpackingError("holds %s, which would be unpacked outside of its directory" % name)
    return "/".join(parts[strip:])


def _above(path: str) -> bool:
    return os.path.normpath(path).split("/")[0] == ".."
