# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tar archives: how one is read from a stream, and the one rule of what it may hold. Nothing here opens a file.

The controller looks through an archive by :func:`members` before a host is touched, and the host unpacks by it.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import hashlib
import lzma
import tarfile
import zlib
from collections.abc import Iterator
from typing import IO, Any, NamedTuple, cast

_BLOCK = 1 << 20
LARGEST = 8 << 30
"""Bytes that the files of an archive may take, unpacked."""
MOST = 500_000
"""Members that an archive may have."""
_LONGEST_NAME = 255
_LONGEST_PATH = 2000
_PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"}
_FOREIGN = {b"PK": "a zip archive", b"\x28\xb5\x2f\xfd": "packed by zstd", b"7z\xbc\xaf": "a 7z archive", b"\x7fELF": "a program"}
_DAMAGES = (tarfile.TarError, EOFError, lzma.LZMAError, zlib.error, gzip.BadGzipFile)


class ArchiveError(Exception):
    """What is wrong with an archive, as the rest of a sentence that begins with it."""


class Limits(NamedTuple):
    """What the members of an archive may come to: bytes of all files together, and their number."""

    bytes: int = LARGEST
    members: int = MOST


def sha256(stream: IO[bytes]) -> str:
    """The SHA-256 of what is left to read in a stream, in hexadecimal."""
    digest = hashlib.sha256()
    for block in iter(lambda: stream.read(_BLOCK), b""):
        digest.update(block)
    return digest.hexdigest()


@contextlib.contextmanager
def opened(file: IO[bytes]) -> Iterator[tarfile.TarFile]:
    """An archive to be read with :func:`members`, from a stream that stands at its beginning and can be set back.

    Raises :class:`ArchiveError` for what is no archive or is damaged, OSError otherwise.
    """
    begin = file.read(8)
    file.seek(0)
    kind = next((kind for magic, kind in _PACKED.items() if begin.startswith(magic)), None)
    try:
        with _unpacked(file, kind) as stream, tarfile.open(fileobj=cast("Any", _Remembering(stream)), mode="r:") as tar:
            yield tar
    except _DAMAGES as error:
        raise ArchiveError(_unreadable(begin, kind, error)) from error
    except OSError as error:
        # The reader of bzip2 says so of damaged data, and the system has an errno.
        if error.errno is not None:
            raise
        raise ArchiveError(_unreadable(begin, kind, error)) from error


def _unpacked(file: IO[bytes], kind: str | None) -> Any:
    if kind == "gzip":
        return gzip.GzipFile(fileobj=file)
    return bz2.BZ2File(file) if kind == "bzip2" else lzma.LZMAFile(file) if kind == "xz" else contextlib.nullcontext(file)


def _unreadable(begin: bytes, kind: str | None, error: Exception) -> str:
    if not begin:
        return "is empty"
    other = next((what for magic, what in _FOREIGN.items() if begin.startswith(magic)), None)
    if other is not None:
        return "is no tar archive: it is %s" % other
    if isinstance(error, EOFError):
        return "is cut off: its end is missing"
    if kind is None:
        return "is no tar archive, packed by gzip, bzip2, xz or not at all, or it is damaged (%s)" % error
    return "is damaged, or no tar archive is in it (packed by %s; %s)" % (kind, error)


class _Remembering:
    """A stream that keeps what was read last, by which it can be told how an archive ended."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.last = b""

    def read(self, size: int = -1) -> bytes:
        """Reads on."""
        self.last = self._stream.read(size)
        return self.last

    def seek(self, offset: int, whence: int = 0) -> int:
        """Goes to a place."""
        return int(self._stream.seek(offset, whence))

    def tell(self) -> int:
        """The place that is read next."""
        return int(self._stream.tell())


def members(tar: tarfile.TarFile, strip: int = 0, limits: Limits | None = None) -> Iterator[tarfile.TarInfo]:
    """The members of an archive that :func:`opened` gave, under stripped names, without names of owners, and with a mode that they may have on a host.

    Whatever is read of a member is read before the next one is asked for. Bits of setuid, setgid and of writing by others are taken away.
    Raises :class:`ArchiveError` for a member that would be outside of the directory, or could lead there, for what is neither file, directory nor
    link, for a name that comes twice, for more than ``limits`` allows, and for an archive that is damaged or cut off.
    """
    rule = _Rule(limits or Limits())
    for member in tar:
        fitted = rule.fitted(member, strip)
        if fitted is not None:
            yield fitted
    stream = cast("_Remembering", tar.fileobj)
    if len(stream.last) < tarfile.BLOCKSIZE:
        raise ArchiveError("is cut off: its end is missing")
    if stream.last.strip(b"\0"):
        raise ArchiveError("is damaged behind %s" % rule.last if rule.last else "is no tar archive, or damaged from its beginning on")
    # Checksums come last: what is left is read to have them checked.
    while stream.read(_BLOCK):
        pass


class _Rule:
    """What an archive may hold, told member by member."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._bytes = self._members = 0
        self._kinds: dict[str, str] = {}
        self.last = ""

    def fitted(self, member: tarfile.TarInfo, strip: int) -> tarfile.TarInfo | None:
        """A member as it may be unpacked; None for what is stripped altogether. Raises :class:`ArchiveError`."""
        self.last = member.name
        self._weigh(member)
        member.name = _stripped(member.name, strip)
        if not member.name:
            return None
        kind = self._kind(member, strip)
        self._place(member.name, kind)
        member.uname = member.gname = ""
        member.mode = (member.mode & 0o755) | 0o200
        return member

    def _weigh(self, member: tarfile.TarInfo) -> None:
        self._members += 1
        self._bytes += member.size if member.isfile() else 0
        if self._bytes > self._limits.bytes:
            raise ArchiveError("holds more than %d MiB of files, unpacked" % (self._limits.bytes >> 20))
        if self._members > self._limits.members:
            raise ArchiveError("holds more than %d files" % self._limits.members)

    def _kind(self, member: tarfile.TarInfo, strip: int) -> str:
        if member.islnk():
            member.linkname = _stripped(member.linkname, strip)
            if self._kinds.get(member.linkname) != "file":
                raise ArchiveError(
                    "holds the hard link %s to %s, which is no file that comes before it" % (member.name, member.linkname or "/")
                )
            return "file"
        if member.issym():
            if _leads_out(member.name, member.linkname):
                raise ArchiveError("holds the link %s, which leads out of its directory" % member.name)
            return "link"
        if member.isdir():
            return "directory"
        if not member.isfile():
            raise ArchiveError("holds %s, which is neither file, directory nor link" % member.name)
        return "file"

    def _place(self, name: str, kind: str) -> None:
        """Notes a name. Nothing may lie below a link, by which it would be elsewhere than its name says."""
        parts = name.split("/")
        for above in ("/".join(parts[:end]) for end in range(1, len(parts))):
            if self._kinds.setdefault(above, "directory") != "directory":
                raise ArchiveError("holds %s, and %s as a %s" % (name, above, self._kinds[above]))
        if name in self._kinds and (kind, self._kinds[name]) != ("directory", "directory"):
            raise ArchiveError("holds %s twice" % name)
        self._kinds[name] = kind


def _leads_out(name: str, target: str) -> bool:
    """Whether a symbolic link may lead out. Steps upwards come first in a target that may not: behind a name they could start elsewhere."""
    parts = [part for part in target.split("/") if part not in ("", ".")]
    upwards = next((number for number, part in enumerate(parts) if part != ".."), len(parts))
    return target.startswith("/") or ".." in parts[upwards:] or upwards > name.count("/")


def _stripped(name: str, strip: int) -> str:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts:
        raise ArchiveError("holds %s, which would be unpacked outside of its directory" % name)
    if len(name) > _LONGEST_PATH or any(len(part.encode("utf-8", "surrogateescape")) > _LONGEST_NAME for part in parts) or "\0" in name:
        raise ArchiveError("holds a name that is too long for a file (%s...)" % name[:60])
    return "/".join(parts[strip:])
