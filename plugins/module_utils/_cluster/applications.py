# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The application of a node: its release, where that lies on the host, and what it needs of OTP."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Callable, NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import checks, layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import Fault, InputError, listed, shown
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.release import OTP

OTP_APPLICATIONS = ("asn1", "crypto", "kernel", "public_key", "ssl", "stdlib")
"""What distribution over TLS needs of OTP in every node (Erlang/OTP, "Using TLS for Erlang Distribution")."""

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~-]*\Z")


class Release(NamedTuple):
    """What the topology has to know of a release archive.

    ``archive`` is its absolute path on the controller, ``sha256`` its digest in hexadecimal, ``applications`` are
    those that the release boots, ``bundled`` those whose code the archive holds.
    """

    name: str
    version: str
    archive: str
    sha256: str
    applications: Sequence[str]
    bundled: Sequence[str]


def chosen_release(
    inventory: str,
    variables: Mapping[str, Any],
    read_release: Callable[[str], Release],
    releases: dict[str, Release | None],
    faults: list[Fault],
) -> Release | None:
    """Return the release that a host's variables name, None without one. Adds what is wrong with it to ``faults``.

    ``releases`` has those that were read for other hosts, by their paths, and is added to.
    """
    path = variables.get("erlang_app_release")
    if not path:
        return None
    problem, fix = "", ""
    try:
        release = releases[path] if path in releases else read_release(path)
    except InputError as error:
        problem, fix, release = error.problem, error.fix, None
    else:
        releases[path] = release
    if release is not None:
        if not checks.APPLICATION.match(release.name):
            problem = "holds a release named %s, which cannot name a directory" % shown(release.name)
            fix = "name the release with letters, digits and underscores, the first a lower-case letter"
        elif not _VERSION.match(release.version):
            problem = "holds a release of version %s, which cannot name a directory" % shown(release.version)
            fix = "use letters, digits and . _ + ~ - in its version"
    if problem:
        faults.append(Fault((inventory,), "erlang_app_release", path, problem, fix))
        return None
    return release


def of_node(inventory: str, variables: Mapping[str, Any], release: Release | None, faults: list[Fault]) -> dict[str, Any]:
    """Return ``application`` and ``otp_applications`` of a host's node in the topology. Adds what is wrong to ``faults``."""
    further = variables["erlang_app_applications"]
    needed = set(OTP_APPLICATIONS).union(further)
    if release is None:
        return {"application": None, "otp_applications": sorted(needed)}
    digest = release.sha256[:12]
    elsewhere = set(release.applications) - set(release.bundled)
    strange = sorted(elsewhere - OTP - set(further))
    if strange:
        problem = "holds a release of %s, which %s neither in the archive nor in OTP" % (
            listed(strange),
            "are" if len(strange) > 1 else "is",
        )
        fix = "build it with lib/%s-VERSION in it, or name it in erlang_app_applications if the hosts have it by other means" % strange[0]
        faults.append(Fault((inventory,), "erlang_app_release", str(variables["erlang_app_release"]), problem, fix))
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
        },
        "otp_applications": sorted(needed),
    }
