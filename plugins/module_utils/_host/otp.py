# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The OTP that is installed on a host, read from its files without starting a runtime.

Sources: OTP "System Principles", chapter "Versions" (``OTP_VERSION``); SASL ``release_handler(3)`` (``start_erl.data``); OTP Design
Principles, "Applications", chapter "Directory Structure".
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._building.recipe import MANIFEST
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import beam, release
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.version import highest
from ansible_collections.beam.tls_distribution.plugins.module_utils._system import platforms

ROOT = "/usr/lib/erlang"
"""Where an OTP is looked for unless somebody says where."""

_APPLICATION = re.compile(r"([a-z][a-zA-Z0-9_]*)-([0-9][0-9A-Za-z.~+-]*)\Z")
_CRYPTO_LIBRARY = re.compile(rb"libcrypto\.so[.0-9]*")


class Otp(NamedTuple):
    """An OTP: ``root`` its directory, ``erl`` its command, ``release`` the major number, ``version`` that of OTP, ``erts`` that of the
    runtime, ``origin`` ``package``, ``build`` (by this collection) or ``other``, ``applications`` names and versions, ``directories`` names and directories,
    ``inet_ssl_port`` whether ssl carries the patch of that name, ``crypto_library`` the library that crypto is linked with
    (None where it is part of crypto, or where there is no crypto)."""

    root: str
    erl: str
    release: str
    version: str
    erts: str
    origin: str
    applications: dict[str, str]
    directories: dict[str, str]
    inet_ssl_port: bool
    crypto_library: str | None

    def as_result(self) -> dict[str, Any]:
        """The facts that modules return: all but the directories."""
        facts = self._asdict()
        del facts["directories"]
        return facts


def find(roots: Sequence[str]) -> Otp | None:
    """The OTP in the first of ``roots`` that holds one, or None."""
    for root in roots:
        found = read(root)
        if found is not None:
            return found
    return None


def read(root: str) -> Otp | None:
    """The OTP in directory ``root``, or None if there is none that could run (no ``bin/erl``, no kernel, no stdlib)."""
    root = os.path.realpath(root)
    erl = os.path.join(root, "bin", "erl")
    if not os.access(erl, os.X_OK):
        return None
    directories = libraries(os.path.join(root, "lib"))
    if "kernel" not in directories or "stdlib" not in directories:
        return None
    erts, release = _started(root)
    version = _line(os.path.join(root, "releases", release, "OTP_VERSION")) or release
    applications = {name: _version_of(path) for name, path in sorted(directories.items())}
    return Otp(
        root=root,
        erl=erl,
        release=release,
        version=version.rstrip("*"),
        erts=erts,
        origin=_origin(root),
        applications=applications,
        directories=directories,
        inet_ssl_port=_patched(directories.get("ssl")),
        crypto_library=_crypto_library(directories.get("crypto")),
    )


def names(prefix: str) -> list[str]:
    """The names of OTPs that lie side by side below ``prefix``; its link to the current one is not one of them."""
    paths = {name: os.path.join(prefix, name) for name in _entries(prefix) if not name.startswith(".")}
    return [name for name, path in paths.items() if os.path.isdir(path) and not os.path.islink(path)]


def survey(prefix: str | None, roots: Sequence[str]) -> list[dict[str, Any]]:
    """All OTPs there are: those below ``prefix`` and those in ``roots``, each with whether it is ``current``: the one that
    :func:`find` finds."""
    chosen = find(roots)
    places = [*roots, *(os.path.join(prefix, name) for name in names(prefix))] if prefix else roots
    found = {entry.root: entry for entry in map(read, places) if entry is not None}
    return [{**entry.as_result(), "current": chosen is not None and entry.root == chosen.root} for entry in found.values()]


def booted(found: Otp, wanted: Sequence[str]) -> dict[str, str]:
    """Of the applications of an OTP, those that the ``wanted`` ones and what every TLS distribution node boots need, with their versions.
    What is not installed is left out."""
    versions: dict[str, str] = {}
    names = [*release.START_SSL_CLEAN, *wanted]
    for name in names:
        if name in versions or name not in found.directories:
            continue
        versions[name] = found.applications[name]
        try:
            with open(os.path.join(found.directories[name], "ebin", name + ".app"), encoding="utf-8") as stream:
                said = release.read_app(stream.read())
        except (OSError, ValueError, release.ReleaseError):
            continue
        names += [*said.applications, *said.included]
    return dict(sorted(versions.items()))


def libraries(directory: str) -> dict[str, str]:
    """The applications below a ``lib`` directory: name -> directory, the highest version of each that has an ``.app``."""
    versions: dict[str, dict[str, str]] = {}
    for entry in _entries(directory):
        match = _APPLICATION.match(entry)
        path = os.path.join(directory, entry)
        if match and os.path.isfile(os.path.join(path, "ebin", match.group(1) + ".app")):
            versions.setdefault(match.group(1), {})[match.group(2)] = path
    found = {}
    for name, paths in versions.items():
        best = highest(list(paths))
        if best is not None:
            found[name] = paths[best]
    return found


def _version_of(directory: str) -> str:
    return os.path.basename(directory).split("-", 1)[1]


def _started(root: str) -> tuple[str, str]:
    """Version of the runtime and release, from ``start_erl.data`` or else from the names of directories."""
    words = (_line(os.path.join(root, "releases", "start_erl.data")) or "").split()
    if len(words) == 2:
        return words[0], words[1]
    erts = [entry[len("erts-") :] for entry in _entries(root) if entry.startswith("erts-")]
    releases = [entry for entry in _entries(os.path.join(root, "releases")) if entry.isdigit()]
    return highest(erts) or "", highest(releases) or ""


def _origin(root: str) -> str:
    if os.path.exists(os.path.join(root, MANIFEST)):
        return "build"
    for path in (path for paths in platforms.every("otp_lists") for path in paths):
        try:
            with open(path, encoding="utf-8", errors="replace") as stream:
                if any(line.rstrip("\n") == root for line in stream):
                    return "package"
        except OSError:
            continue
    return "other"


def _patched(ssl: str | None) -> bool:
    if ssl is None:
        return False
    try:
        with open(os.path.join(ssl, "ebin", "inet_tls_dist.beam"), "rb") as stream:
            return "inet_ssl_port" in beam.read(stream.read(beam.MAX_SIZE + 1)).attributes
    except (OSError, beam.BeamError):
        return False


def _crypto_library(crypto: str | None) -> str | None:
    if crypto is None:
        return None
    try:
        with open(os.path.join(crypto, "priv", "lib", "crypto.so"), "rb") as stream:
            match = _CRYPTO_LIBRARY.search(stream.read())
    except OSError:
        return None
    return match.group(0).decode("ascii") if match else None


def _entries(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []


def _line(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.readline().strip()
    except OSError:
        return None
