# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Release archives, read on the controller."""

from __future__ import annotations

import os
import re
import tarfile
import typing as t
from pathlib import Path

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import releases
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.applications import Release
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError, listed
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.release import ReleaseError, read_rel
from ansible_collections.beam.tls_distribution.plugins.module_utils._system import archives as tar_archives

_REL = re.compile(r"releases/(?:(?P<version>[^/]+)/)?(?P<name>[^/]+)\.rel\Z")
_APP = re.compile(r"lib/(?P<name>[a-z][A-Za-z0-9_@]*)(?:-[^/]+)?/ebin/(?P=name)\.app\Z")
_LIB = re.compile(r"lib/(?P<name>[a-z][A-Za-z0-9_@]*)(?:-[^/]+)?(?=/|\Z)")
_ERTS = re.compile(r"erts-(?P<version>[0-9][^/]*)/bin/erlexec\Z")
_OF_VERSION = re.compile(r"releases/(?P<version>[^/]+)/(?P<name>[^/]+)\Z")
_PROGRAM = re.compile(r"bin/(?P<name>[^/]+)\Z")
_LARGEST_REL = 1 << 20
_BUILD_IT = "build it as an OTP release archive (rebar3 tar, mix release with a tar step, or systools:make_tar)"


def locate(path: str, bases: t.Iterable[str]) -> str:
    """The absolute path of an archive. A relative one is the first that is there under the directories given."""
    candidates = [os.path.abspath(os.path.join(base, os.path.expanduser(path))) for base in bases]
    return next((candidate for candidate in candidates if os.path.exists(candidate)), candidates[0])


def read(path: Path) -> Release:
    """What the topology has to know of the release in an archive, whatever its directory entries begin with.

    Raises InputError if it is not there, cannot be read, holds what a host would refuse to unpack, or no release or several.
    """
    try:
        with path.open("rb") as file:
            digest = tar_archives.sha256(file)
            file.seek(0)
            with tar_archives.opened(file) as archive:
                content = _scan(archive)
    except FileNotFoundError:
        raise InputError("is not on the controller", "build it, or correct the path") from None
    except tar_archives.ArchiveError as error:
        raise InputError(str(error), _BUILD_IT) from None
    except OSError as error:
        raise InputError("cannot be read on the controller (%s)" % error.strerror, "correct the path, or build it again") from None
    name, version, entries = _release(content.releases)
    applications = [entry[0] for entry in entries]
    for application in applications:
        if application in content.directories and application not in content.bundled:
            directory = content.directories[application]
            raise InputError("holds %s without its ebin/%s.app" % (directory, application), _BUILD_IT)
    brought = _brought(content, name, version)
    starts = {application: start for application, start in entries if start is not None}
    found = Release(name, version, str(path), digest, applications, sorted(content.bundled), starts, brought)
    if found.boots_itself:
        program = content.texts.get("bin/" + name)
        problems = list(releases.problems(brought, program, applications, _arguments(content, version)))
        return found._replace(problems=problems)
    return found


def _brought(content: _Content, name: str, version: str) -> releases.Brought:
    """What an archive brings besides applications."""
    prefix = "releases/%s/" % version
    files = {path[len(prefix) :] for path in content.texts if path.startswith(prefix)}
    sources = [content.texts[prefix + file] for file in ("sys.config.src", "vm.args.src") if file in files]
    return releases.Brought(
        releases.kind(content.texts.get("bin/" + name), files),
        content.erts,
        tuple(file for file in releases.CONFIGURATION if file in files),
        tuple(dict.fromkeys(variable for source in sources for variable in releases.variables(source))),
    )


def _arguments(content: _Content, version: str) -> str | None:
    """The arguments of the emulator that a release brings, those with variables if it has both."""
    return content.texts.get("releases/%s/vm.args.src" % version, content.texts.get("releases/%s/vm.args" % version))


class _Content(t.NamedTuple):
    """What an archive holds: resource files of releases (path -> content), applications with their code, the directory of each application,
    the texts of its programs and of the files in ``releases/VERSION`` (empty for what is none), and the version of its own emulator."""

    releases: dict[str, bytes]
    bundled: set[str]
    directories: dict[str, str]
    texts: dict[str, str]
    erts: str | None


def _scan(archive: tarfile.TarFile) -> _Content:
    """Looks through an archive, as the host that unpacks it will. Raises ArchiveError for what that would refuse."""
    found = _Content({}, set(), {}, {}, None)
    for member in tar_archives.members(archive):
        directory = _LIB.match(member.name)
        if directory is not None:
            found.directories.setdefault(directory["name"], directory[0])
        application = _APP.match(member.name)
        if application is not None:
            found.bundled.add(application["name"])
        emulator = _ERTS.match(member.name)
        if emulator is not None:
            found = found._replace(erts=emulator["version"])
        if not member.isreg() or member.size > _LARGEST_REL:
            continue
        if _REL.match(member.name):
            found.releases[member.name] = _content(archive, member)
        elif _OF_VERSION.match(member.name) or _PROGRAM.match(member.name):
            found.texts[member.name] = _content(archive, member).decode("utf-8", "replace")
    return found


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    content = archive.extractfile(member)
    return content.read() if content is not None else b""


_Entries = list[tuple[str, "str | None"]]


def _release(found: dict[str, bytes]) -> tuple[str, str, _Entries]:
    """Name, version, and applications (with how they start, None for as usual) of the one release among resource files.

    Raises InputError unless there is exactly one. A copy (systools puts one above the version's) does not count.
    """
    parsed: dict[tuple[str, str], _Entries] = {}
    for path, content in found.items():
        name, version, applications = _parse(path, content)
        parsed[name, version] = applications
    if not parsed:
        raise InputError("holds no release (no file releases/VERSION/NAME.rel)", _BUILD_IT)
    if len(parsed) > 1:
        several = listed(sorted("%s %s" % release for release in parsed))
        raise InputError("holds several releases (%s)" % several, "build an archive that holds the wanted one only")
    (name, version), applications = parsed.popitem()
    return name, version, applications


def _parse(path: str, content: bytes) -> tuple[str, str, _Entries]:
    """Reads a release resource file (SASL, ``rel(4)``)."""
    try:
        release = read_rel(content.decode())
    except (UnicodeDecodeError, ReleaseError):
        raise InputError("holds %s, which is not the resource file of a release" % path, _BUILD_IT) from None
    return release.name, release.version, [(name, release.starts.get(name)) for name, _version in release.applications]
