# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security floors: the lowest versions of OTP that no published vulnerability is known of.

The data is ``{"floors": {release: version}, "fixed": {CVE: {release: version}}}``: the floor of each maintained release, and by which
version of a release a vulnerability was fixed. A release below the lowest that has a floor gets no fixes any more.

Source: OTP "Vulnerabilities" (OpenVEX statements of each release) and the notes of patch packages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.version import Version


class Below(NamedTuple):
    """A version below its floor: ``floor`` (None for a release that is not maintained), the known ``vulnerabilities`` of it that
    its release fixed later, and the ``floors`` of the maintained releases."""

    floor: str | None
    vulnerabilities: tuple[str, ...]
    floors: tuple[str, ...]


def below(version: str, data: Mapping[str, Any]) -> Below | None:
    """What speaks against a version; None if it is at its floor, above it, or of a release newer than the data.

    Raises ``ValueError`` for what is no version.
    """
    found = Version(version)
    floors = {int(release): str(floor) for release, floor in data["floors"].items()}
    floor = floors.get(found.major)
    if found.major > max(floors) or (floor is not None and found >= Version(floor)):
        return None
    if floor is None and found.major > min(floors):
        return None
    release = str(found.major)
    known = [name for name, fixed in data["fixed"].items() if release in fixed and found < Version(fixed[release])]
    return Below(floor, tuple(sorted(known, key=_number)), tuple(floors[release] for release in sorted(floors)))


def _number(name: str) -> list[int]:
    """The numbers of an identifier such as ``CVE-2026-48860``, by which it is sorted."""
    return [int(part) for part in name.split("-")[1:]]
