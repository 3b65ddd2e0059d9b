# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the OTP of a node comes from: what the variables of the role ``erlang_otp`` ask for, made whole and checked.

What has to be looked at for that, sources and archives on the controller, is handed in as :class:`Readers`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Callable, NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import checks, layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError, InventoryFault, listed
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.configure import left_out
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.floors import Below

_URL = re.compile(r"https?://", re.IGNORECASE)


class File(NamedTuple):
    """A file of the controller: its name, absolute path and SHA-256."""

    name: str
    path: str
    sha256: str


class Source(NamedTuple):
    """A source of OTP: the archive of it on the controller, OTP's version, and the patch that has to be applied (None if it has been)."""

    archive: File
    version: str
    patch: File | None


class Archive(NamedTuple):
    """An OTP that was built: its archive on the controller, OTP's version, and the names of its applications."""

    archive: File
    version: str
    applications: Sequence[str]


class Readers(NamedTuple):
    """What looks at things on the controller; each raises InputError for what cannot be used.

    ``source`` takes a URL or path and the digest that it should have (or None), ``archive`` and ``file`` a path, ``floor`` a version.
    """

    source: Callable[[str, str | None], Source]
    archive: Callable[[str], Archive]
    file: Callable[[str], File]
    floor: Callable[[str], Below | None]


def wanted(
    inventory: str, variables: Mapping[str, Any], needed: Sequence[str], hosts: Collection[str], read: Readers, faults: list[InventoryFault]
) -> dict[str, Any]:
    """The OTP of a host, as ``_building/recipe.py`` describes it, with the ``roots`` where it is looked for and the ``prefix``.

    ``needed`` are the applications of OTP that the node starts, ``hosts`` all hosts of the inventory. What is wrong is added to ``faults``.
    """
    kind = variables["erlang_otp_source"]
    if kind == "package":
        return {"source": kind, "prefix": layout.OTPS, "roots": list(variables["erlang_otp_roots"])}
    place = {"source": kind, "prefix": layout.OTPS, "roots": [posixpath.join(layout.OTPS, "current")]}
    if variables["erlang_cluster_discovery"] == "epmd":
        problem = "gives no port mapper as a service, which erlang_cluster_discovery 'epmd' needs"
        fix = "choose 'package', or the discovery 'port' or 'map'"
        faults.append(InventoryFault((inventory,), "erlang_otp_source", kind, problem, fix))
    found = (
        _build(inventory, variables, needed, hosts, read, faults)
        if kind == "build"
        else _archive(inventory, variables, needed, read, faults)
    )
    if found is not None:
        _check_floor(inventory, kind, found["version"], variables, read, faults)
    return {**place, **(found or {})}


def _build(
    inventory: str, variables: Mapping[str, Any], needed: Sequence[str], hosts: Collection[str], read: Readers, faults: list[InventoryFault]
) -> dict[str, Any] | None:
    _check_options(inventory, variables, needed, faults)
    builder = variables.get("erlang_otp_build_host")
    if builder and builder not in hosts:
        fix = "give the inventory name of a host, or leave it unset to have a node's host build"
        faults.append(InventoryFault((inventory,), "erlang_otp_build_host", builder, "is no host of the inventory", fix))
    patches = [_file(inventory, "erlang_otp_build_patches", path, read, faults) for path in variables["erlang_otp_build_patches"]]
    source = _source(inventory, variables, read, faults)
    if source is None:
        return None
    own = [source.patch] if source.patch is not None else []
    return {
        "version": source.version,
        "archive": {"path": source.archive.path, "sha256": source.archive.sha256},
        "patches": [patch._asdict() for patch in [*own, *patches] if patch is not None],
        "options": list(variables["erlang_otp_build_options"]),
        "environment": dict(variables["erlang_otp_build_environment"]),
        "builder": builder or inventory,
        "build_packages": variables.get("erlang_otp_build_packages"),
    }


def _source(inventory: str, variables: Mapping[str, Any], read: Readers, faults: list[InventoryFault]) -> Source | None:
    where, digest = variables.get("erlang_otp_build_source"), variables.get("erlang_otp_build_sha256")
    if not where:
        fix = "give the URL or path of an archive of OTP's source, or the path of an unpacked one"
        faults.append(InventoryFault((inventory,), "erlang_otp_build_source", None, "has no value, and erlang_otp_source is 'build'", fix))
        return None
    if digest and not checks.SHA256.match(digest):
        return None  # Its own check says so.
    if _URL.match(where) and not digest:
        fix = "give the digest that the publisher names for %s" % where
        faults.append(
            InventoryFault(
                (inventory,), "erlang_otp_build_sha256", None, "has no value, and what is fetched from a URL has to be known by it", fix
            )
        )
        return None
    try:
        return read.source(where, digest.lower() if digest else None)
    except InputError as error:
        faults.append(InventoryFault((inventory,), "erlang_otp_build_source", where, error.problem, error.fix))
    return None


def _archive(
    inventory: str, variables: Mapping[str, Any], needed: Sequence[str], read: Readers, faults: list[InventoryFault]
) -> dict[str, Any] | None:
    path = variables.get("erlang_otp_archive")
    if not path:
        fix = "give the path of an archive that 'make release' of OTP, or a build of this role, left"
        faults.append(InventoryFault((inventory,), "erlang_otp_archive", None, "has no value, and erlang_otp_source is 'archive'", fix))
        return None
    try:
        found = read.archive(path)
    except InputError as error:
        faults.append(InventoryFault((inventory,), "erlang_otp_archive", path, error.problem, error.fix))
        return None
    missing = sorted(set(needed) - set(found.applications))
    if missing:
        problem = "lacks the applications %s, which the node starts" % listed(missing)
        faults.append(InventoryFault((inventory,), "erlang_otp_archive", path, problem, "give one that was built with them"))
    return {"version": found.version, "archive": {"path": found.archive.path, "sha256": found.archive.sha256}}


def _file(inventory: str, variable: str, path: str, read: Readers, faults: list[InventoryFault]) -> File | None:
    try:
        return read.file(path)
    except InputError as error:
        faults.append(InventoryFault((inventory,), variable, path, error.problem, error.fix))
    return None


def _check_options(inventory: str, variables: Mapping[str, Any], needed: Sequence[str], faults: list[InventoryFault]) -> None:
    options = variables["erlang_otp_build_options"]
    for name in sorted(set(left_out(options)) & set(needed)):
        problem = "leaves out an application that the node starts"
        faults.append(InventoryFault((inventory,), "erlang_otp_build_options", "--without-" + name, problem, "remove it"))


def _check_floor(
    inventory: str, kind: str, version: str, variables: Mapping[str, Any], read: Readers, faults: list[InventoryFault]
) -> None:
    if version in variables["erlang_otp_allow_below_floor"]:
        return
    try:
        found = read.floor(version)
    except ValueError:
        found = None
    if found is None:
        return
    known = " (%s)" % ", ".join(found.vulnerabilities) if found.vulnerabilities else ""
    if found.floor is None:
        problem = "holds OTP %s, of a release that gets no fixes any more%s" % (version, known)
    else:
        problem = "holds OTP %s, which is below the security floor %s%s" % (version, found.floor, known)
    fix = "give %s or later, or name it in erlang_otp_allow_below_floor" % listed([found.floor] if found.floor else found.floors, " or ")
    variable = "erlang_otp_build_source" if kind == "build" else "erlang_otp_archive"
    faults.append(InventoryFault((inventory,), variable, variables.get(variable), problem, fix))
