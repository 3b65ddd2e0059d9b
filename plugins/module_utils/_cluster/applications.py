# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The application of a node: its release, where that lies on the host, and what it needs of OTP."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Callable, NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import checks, layout, releases
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError, InventoryFault, listed, shown
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.release import OTP

OTP_APPLICATIONS = ("asn1", "crypto", "kernel", "public_key", "ssl", "stdlib")
"""What distribution over TLS needs of OTP in every node (Erlang/OTP, "Using TLS for Erlang Distribution")."""

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~-]*\Z")


class Release(NamedTuple):
    """What the topology has to know of a release archive.

    ``archive`` is its absolute path on the controller, ``sha256`` its digest in hexadecimal, ``applications`` are
    those that the release boots, ``bundled`` those whose code the archive holds, ``starts`` how some of them start. ``brought`` is what it
    brings besides, and ``problems`` is what keeps it from running as itself.
    """

    name: str
    version: str
    archive: str
    sha256: str
    applications: Sequence[str]
    bundled: Sequence[str]
    starts: Mapping[str, str] = MappingProxyType({})
    brought: releases.Brought = releases.Brought()
    problems: Sequence[InputError] = ()

    @property
    def boots_itself(self) -> bool:
        """Whether it brings a boot file for the applications that it brings, so that nothing else can boot it.

        One without OTP's own applications is booted by a script that is made of those of its host.
        """
        return self.brought.kind != releases.SYSTOOLS or {"kernel", "stdlib"} <= set(self.bundled)

    @property
    def used(self) -> set[str]:
        """The applications whose code comes from the archive.

        Mix without an emulator has the boot file name those of OTP in the directory of the OTP that runs it, whatever else it packs.
        """
        packed = set(self.bundled)
        return packed - OTP if self.brought.kind == releases.MIX and self.brought.erts is None else packed


def chosen_release(
    inventory: str,
    variables: Mapping[str, Any],
    read_release: Callable[[str], Release],
    known: dict[str, Release | None],
    faults: list[InventoryFault],
) -> Release | None:
    """Return the release that a host's variables name, None without one. Adds what is wrong with it to ``faults``.

    ``known`` has those that were read for other hosts, by their paths, and is added to.
    """
    path = variables.get("erlang_app_release")
    if not path:
        return None
    problem, fix = "", ""
    try:
        release = known[path] if path in known else read_release(path)
    except InputError as error:
        problem, fix, release = error.problem, error.fix, None
    else:
        known[path] = release
    if release is not None:
        if not checks.APPLICATION.match(release.name):
            problem = "holds a release named %s, which cannot name a directory" % shown(release.name)
            fix = "name the release with letters, digits and underscores, the first a lower-case letter"
        elif not _VERSION.match(release.version):
            problem = "holds a release of version %s, which cannot name a directory" % shown(release.version)
            fix = "use letters, digits and . _ + ~ - in its version"
    if problem:
        faults.append(InventoryFault((inventory,), "erlang_app_release", path, problem, fix))
        return None
    if release is not None:
        faults += [InventoryFault((inventory,), "erlang_app_release", path, found.problem, found.fix) for found in release.problems]
        if release.boots_itself and variables["erlang_app_applications"]:
            problem, fix = "cannot be booted beside a release that boots itself", "name them in the release, and build it again"
            faults.append(InventoryFault((inventory,), "erlang_app_applications", variables["erlang_app_applications"], problem, fix))
    return release


def of_node(inventory: str, variables: Mapping[str, Any], release: Release | None, faults: list[InventoryFault]) -> dict[str, Any]:
    """Return ``application`` and ``otp_applications`` of a host's node in the topology. Adds what is wrong to ``faults``."""
    further = variables["erlang_app_applications"]
    needed = set(OTP_APPLICATIONS).union(further)
    if release is None:
        return {"application": None, "otp_applications": sorted(needed)}
    digest = release.sha256[:12]
    elsewhere = set(release.applications) - release.used
    strange = sorted(elsewhere - OTP - set(further))
    if strange:
        problem = "holds a release of %s, which %s neither in the archive nor in OTP" % (
            listed(strange),
            "are" if len(strange) > 1 else "is",
        )
        fix = "build it with lib/%s-VERSION in it, or name it in erlang_app_applications if the hosts have it by other means" % strange[0]
        faults.append(InventoryFault((inventory,), "erlang_app_release", str(variables["erlang_app_release"]), problem, fix))
    needed.update(elsewhere)
    return {
        "application": {
            "name": release.name,
            "version": release.version,
            "archive": release.archive,
            "sha256": release.sha256,
            "digest": digest,
            "path": layout.application(release.name, release.version, digest),
            "applications": list(release.applications),
            "bundled": sorted(release.bundled),
            "starts": dict(release.starts),
            "kind": release.brought.kind,
            "erts": release.brought.erts,
            "configuration": list(release.brought.configuration),
            "variables": list(release.brought.variables),
            "boots_itself": release.boots_itself,
        },
        "otp_applications": sorted(needed),
    }


def questions(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return what to ask of a host about the directory of its node's release, which may hold a cookie and passwords; nothing where it has none."""
    if not node["application"]:
        return {}
    place = {"path": node["application"]["path"], "owner": "root", "group": node["account"], "mode": "0750"}
    return {"account": node["account"], "sets": {"application": {"directories": [place]}}}


def state(node: Mapping[str, Any], survey: Mapping[str, Any]) -> dict[str, bool]:
    """Return ``right``: whether the host has the release of its node as it is to be, or the node has none."""
    return {"right": not node["application"] or bool(survey["sets"]["application"])}
