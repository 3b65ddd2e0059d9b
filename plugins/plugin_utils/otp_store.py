# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sources of OTP and OTPs that were built, in a cache on the controller.

``CACHE/sources/`` has archives of sources that were fetched or packed, and what was read in each archive (``DIGEST.json``), so that a
run with nothing to do reads no archive again. ``CACHE/NAME.tar.gz`` are the OTPs that were built, each with its ``NAME.json``.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import tarfile
import typing as t
from pathlib import Path

from ansible.module_utils.urls import open_url
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError, without_password
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.otp import Archive, File, Source
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import otp_source
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import archives, files

_URL = re.compile(r"https?://", re.IGNORECASE)
_VERSION = re.compile(r"releases/[^/]+/OTP_VERSION\Z")
_APPLICATION = re.compile(r"lib/([a-z][A-Za-z0-9_]*)-[^/]+/ebin/\1\.app\Z")
_LARGEST_TEXT = 1 << 20
_TIMEOUT = 60
_TIME = 946684800
"""The time, in seconds, that files of a packed tree bear, so that equal trees make equal archives."""


class Store:
    """A cache, and what is looked at through it. Relative paths are those of the first of ``bases`` that has them."""

    def __init__(self, cache: Path, bases: t.Sequence[str], patches: Path, say: t.Callable[[str], None]) -> None:
        """``patches`` is the directory of this collection's own patches; ``say`` tells a person what takes long."""
        self.cache = cache
        self._bases = list(bases)
        self._say = say
        self._patches = {path.name: path for path in sorted(patches.glob("*.patch"))}
        self._layouts = [otp_source.read_patch(name, path.read_text()) for name, path in self._patches.items()]

    def source(self, where: str, digest: str | None) -> Source:
        """The source at a URL or path, with the digest it has to have, if one is known. Raises InputError."""
        archive = self._archive_of(where, digest)
        paths = {"OTP_VERSION", "erts/vsn.mk", *(hunk.path for layout in self._layouts for hunk in layout.hunks)}
        texts = self._known(archive, lambda: _texts(Path(archive.path), paths))
        try:
            found = otp_source.identify(texts.get, self._layouts)
        except otp_source.OtpSourceError as error:
            raise InputError("cannot be built: %s" % error, "give a source that one of them fits") from None
        return Source(archive, found.version, None if found.patched else file_at(self._patches[found.patch]))

    def archive(self, where: str) -> Archive:
        """The OTP in an archive that was built. Raises InputError."""
        archive = file_at(Path(archives.locate(where, self._bases)))
        found = self._known(archive, lambda: _built(Path(archive.path)))
        return Archive(archive, found["version"], found["applications"].split())

    def file(self, where: str) -> File:
        """A file of the controller. Raises InputError."""
        return file_at(Path(archives.locate(where, self._bases)))

    def _archive_of(self, where: str, digest: str | None) -> File:
        if _URL.match(where):
            return self._fetched(where, digest or "")
        path = Path(archives.locate(where, self._bases))
        if path.is_dir():
            return self._packed(path)
        found = file_at(path)
        if digest and found.sha256 != digest:
            raise InputError(
                "is not what erlang_otp_build_sha256 says: its SHA-256 is %s" % found.sha256, "correct the digest, or get the archive again"
            )
        return found

    def _fetched(self, url: str, digest: str) -> File:
        target = self._directory() / (digest + ".archive")
        if target.exists():
            return File(target.name, str(target), digest)
        self._say("fetching %s" % without_password(url))
        try:
            with files.beside(target) as staged:
                with open_url(url, timeout=_TIMEOUT) as answer, staged.open("wb") as file:
                    for block in iter(lambda: answer.read(1 << 20), b""):
                        file.write(block)
                found = files.sha256(staged)
                if found != digest:
                    raise InputError("is not what erlang_otp_build_sha256 says: its SHA-256 is %s" % found, "correct the URL or the digest")
        except OSError as error:
            reason = getattr(error, "reason", None) or error.strerror or error
            fix = "see that the controller reaches it, or give the path of a copy on the controller"
            raise InputError("cannot be fetched (%s)" % reason, fix) from None
        return File(target.name, str(target), digest)

    def _packed(self, tree: Path) -> File:
        """An unpacked source as an archive, made again only when a file of the tree has changed."""
        members = sorted(path for path in tree.rglob("*") if ".git" not in path.relative_to(tree).parts)
        signature = hashlib.sha256()
        for path in members:
            state = path.lstat()
            signature.update(repr((str(path.relative_to(tree)), state.st_size, state.st_mtime_ns, state.st_mode)).encode())
        target = self._directory() / ("tree-%s.tar.gz" % signature.hexdigest()[:32])
        if not target.exists():
            self._say("packing %s" % tree)
            with (
                files.beside(target) as staged,
                staged.open("wb") as file,
                gzip.GzipFile("", "wb", compresslevel=1, fileobj=file, mtime=0) as packed,
                tarfile.open(fileobj=packed, mode="w") as tar,
            ):
                for path in members:
                    tar.add(path, os.path.join("otp", path.relative_to(tree)), recursive=False, filter=_anonymous)
        return file_at(target)

    def _known(self, archive: File, read: t.Callable[[], dict[str, str]]) -> dict[str, str]:
        """What was read in an archive before, or else is read now."""
        memory = self._directory() / (archive.sha256 + ".json")
        try:
            known: dict[str, str] = json.loads(memory.read_text())
        except (OSError, ValueError):
            self._say("reading %s" % archive.path)
            known = read()
            files.write(memory, json.dumps(known))
        return known

    def _directory(self) -> Path:
        place = self.cache / "sources"
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise InputError("needs a cache, and %s cannot be made (%s)" % (place, error.strerror), "set erlang_otp_cache") from None
        return place


def file_at(path: Path) -> File:
    """A file with its digest. Raises InputError."""
    try:
        return File(path.name, str(path), files.sha256(path))
    except FileNotFoundError:
        raise InputError("is not on the controller", "correct the path") from None
    except OSError as error:
        raise InputError("cannot be read on the controller (%s)" % error.strerror, "correct the path or its permissions") from None


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = _TIME
    return member


def _members(path: Path) -> t.Iterator[tuple[str, t.Callable[[], str]]]:
    """The names of an archive's files, and how the text of each is read. Raises InputError for what is no archive."""
    try:
        with tarfile.open(path, "r:*") as archive:
            for member in archive:
                if member.isfile():
                    yield member.name, lambda member=member: _text(archive, member)  # type: ignore[misc]
    except (tarfile.TarError, EOFError, OSError) as error:
        raise InputError("is not a readable tar archive (%s)" % error, "get it again, or correct the path") from None


def _text(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    stream = archive.extractfile(member)
    return stream.read(_LARGEST_TEXT).decode("utf-8", "replace") if stream is not None else ""


def _texts(path: Path, wanted: t.Collection[str]) -> dict[str, str]:
    """The texts of some files of an archive of a source, by their paths below its one directory."""
    found = {}
    for name, read in _members(path):
        inner = name.removeprefix("./").partition("/")[2]
        if inner in wanted:
            found[inner] = read()
    return found


def _built(path: Path) -> dict[str, str]:
    """The version and the applications of a built OTP."""
    version, applications, fits = "", set(), False
    for name, read in _members(path):
        inner = name.removeprefix("./")
        application = _APPLICATION.match(inner)
        if application:
            applications.add(application.group(1))
        elif _VERSION.match(inner):
            version = read().strip().rstrip("*")
        fits = fits or inner == "Install"
    if not version or not fits or not applications:
        fix = "give one that was packed in the root of what 'make release' leaves, with the script Install"
        raise InputError("holds no OTP that was built", fix)
    return {"version": version, "applications": " ".join(sorted(applications))}
