# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A release that boots itself, as a node runs it: a directory that looks like the release, of links to it.

In the place of some files are our own: boot files that load our modules, arguments and environment behind which stand ours, and the
program of the release without what would show the cookie. The release's own directory is shared by nodes, and stays as it was unpacked.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import releases
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import boot_file
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import otp

COMMENT = "Made by Ansible, role beam.tls_distribution.erlang_node"


class OwnBootError(Exception):
    """Why a release cannot boot here, in a sentence."""


class Release(NamedTuple):
    """A release that boots itself: where it is unpacked, the ``directory`` that a node runs it from, its name, version and kind.

    ``control`` is the node's control command, ``arguments`` are all that are ours, ``run`` and ``environment`` are the texts of programs.
    """

    path: str
    directory: str
    name: str
    version: str
    kind: str
    control: str
    arguments: Sequence[str]
    run: str
    environment: str | None = None


def check(release: Release, found: otp.Otp) -> None:
    """Raise OwnBootError where the release does not bring all that it boots, and this host's OTP is not the one that it was built with."""
    own = os.path.join(release.path, "releases", release.version, "start.boot")
    try:
        named = boot_file.directories(_bytes(own))
    except (OSError, boot_file.BootFileError) as error:
        raise OwnBootError("%s: %s" % (own, error)) from None
    runtimes = sorted(name for name in os.listdir(release.path) if name.startswith("erts-"))
    if runtimes:
        wanted = runtimes[0][len("erts-") :]
        if _major(found.erts) > _major(wanted):
            raise OwnBootError(
                "%s brings ERTS %s, and the node's modules are compiled by this host's OTP, which is newer (ERTS %s); "
                "have the host use an OTP that is no newer, see erlang_otp_source" % (release.path, wanted, found.erts)
            )
        return
    root = found.root if release.kind == releases.MIX else release.path
    for directory in named:
        if directory.startswith("$ROOT/") and not os.path.isdir(root + directory[len("$ROOT") :]):
            raise OwnBootError(
                "%s boots %s, which %s does not have; build the release with an emulator of its own (include_erts), or with the OTP of this host"
                % (release.path, directory[len("$ROOT/") :], root)
            )
    built = _built_with(release)
    if built and _major(built) != _major(found.erts):
        raise OwnBootError(
            "%s was built for ERTS %s, and this host has ERTS %s; build it with an emulator of its own (include_erts), or with the OTP of this host"
            % (release.path, built, found.erts)
        )


def put(release: Release, ebin: str, modules: Sequence[str]) -> None:
    """Make the directory from which a node runs a release, which is not there yet, with our ``modules`` from ``ebin``. Raises OwnBootError."""
    try:
        _make(release.directory, release, ebin, modules)
    except OSError as error:
        raise OwnBootError("%s cannot be made (%s)" % (release.directory, error.strerror)) from error


def _make(new: str, release: Release, ebin: str, modules: Sequence[str]) -> None:
    own, version = release.path, os.path.join("releases", release.version)
    for name in ("", "bin", "own", "releases", version):
        os.mkdir(os.path.join(new, name))
        os.chmod(os.path.join(new, name), 0o755)
    _write(new, "run", release.run, 0o755)
    for name in _names(own):
        if name not in ("bin", "releases"):
            os.symlink(os.path.join(own, name), os.path.join(new, name))
    for name in _names(os.path.join(own, "bin")):
        source = os.path.join(own, "bin", name)
        if name == release.name:
            _write(new, "bin/" + name, '#!/bin/sh\n# %s.\nexec %s release "$@"\n' % (COMMENT, release.control), 0o755)
            _write(new, "own/" + name, _changed(source, release), 0o755)
        else:
            os.symlink(source, os.path.join(new, "bin", name))
            os.symlink(source, os.path.join(new, "own", name))
    for name in _names(os.path.join(own, "releases")):
        # Nobody is told of a cookie that is not the mesh's.
        if name not in (release.version, "COOKIE"):
            os.symlink(os.path.join(own, "releases", name), os.path.join(new, "releases", name))
    ours = dict(_ours(release))
    for name in _names(os.path.join(own, version)):
        source, target = os.path.join(own, version, name), os.path.join(new, version, name)
        if name.endswith(".boot"):
            with open(target, "wb") as stream:
                stream.write(_with_modules(source, ebin, modules))
            os.chmod(target, 0o644)
        elif name not in releases.IN_ITS_PLACE:
            os.symlink(source, target)
    for name, text in ours.items():
        _write(new, os.path.join(version, name), text, 0o644)


def _ours(release: Release) -> Iterator[tuple[str, str]]:
    """Yield the files of ``releases/VERSION`` that are ours, with their texts."""
    if release.kind == releases.SYSTOOLS:
        return
    version = os.path.join(release.path, "releases", release.version)
    source = next((name for name in ("vm.args.src", "vm.args") if os.path.exists(os.path.join(version, name))), None)
    own = "" if source is None else releases.own_arguments(_text(os.path.join(version, source)))
    yield source or "vm.args", releases.arguments_file(own, release.arguments, COMMENT)
    if release.kind == releases.MIX:
        yield "eval.vm.args", releases.arguments_file(own, [], COMMENT)
        remote = os.path.join(version, "remote.vm.args")
        yield "remote.vm.args", releases.own_arguments(_text(remote)) if os.path.exists(remote) else ""
        yield "env.sh", release.environment or ""


def _changed(program: str, release: Release) -> str:
    try:
        return releases.own_program(_text(program), release.kind)
    except InputError as error:
        raise OwnBootError("%s: %s" % (program, error)) from None


def _with_modules(path: str, ebin: str, modules: Sequence[str]) -> bytes:
    try:
        return boot_file.with_modules(_bytes(path), ebin, modules)
    except boot_file.BootFileError as error:
        raise OwnBootError("%s %s" % (path, error)) from None


def _built_with(release: Release) -> str:
    """The version of ERTS that a release was built for, from ``releases/start_erl.data`` (SASL, ``start_erl``); empty where it does not say."""
    path = os.path.join(release.path, "releases", "start_erl.data")
    words = _text(path).split() if os.path.exists(path) else []
    return words[0] if words else ""


def _major(version: str) -> int:
    first = version.split(".")[0]
    return int(first) if first.isdigit() else 0


def _names(directory: str) -> list[str]:
    return sorted(os.listdir(directory)) if os.path.isdir(directory) else []


def _write(directory: str, name: str, text: str, mode: int) -> None:
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.chmod(path, mode)


def _bytes(path: str) -> bytes:
    with open(path, "rb") as stream:
        return stream.read()


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as stream:
        return stream.read()
