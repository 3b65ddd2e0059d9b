# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What distributions call the packages that the roles install, and where their files are: data, and how it is found.

An entry of ``PLATFORMS`` is named by the ID of os-release(5), alone for all releases of a distribution and what descends from it
(ID_LIKE), or with a hyphen and a version (``debian-12``, ``ubuntu-24.04``) for one release. A name is looked for from the release up to
the family, so that an entry of a release holds only what is different there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple


class OtpPackages(NamedTuple):
    """How a distribution cuts OTP: the ``base`` package with its ``applications``, and the name of the package of any ``other`` one."""

    base: str
    applications: tuple[str, ...]
    other: str


class BuildPackages(NamedTuple):
    """What OTP is built with: ``always``, and for each argument of configure that needs more."""

    always: tuple[str, ...]
    options: Mapping[str, tuple[str, ...]]


PLATFORMS: Mapping[str, Mapping[str, Any]] = {
    "debian": {
        "nft": ("nftables",),
        "cryptography": ("python3-cryptography",),
        "otp": OtpPackages("erlang-base", ("compiler", "kernel", "sasl", "stdlib"), "erlang-%s"),
        "otp_build": BuildPackages(
            ("autoconf", "g++", "gcc", "libc6-dev", "libncurses-dev", "libssl-dev", "m4", "make", "patch", "perl"),
            {"--with-odbc": ("unixodbc-dev",)},
        ),
        # Files by which the package manager knows what OTP's base package holds, a path a line.
        "otp_lists": ("/var/lib/dpkg/info/erlang-base.list", "/var/lib/dpkg/info/erlang-base-hipe.list"),
    },
}

NEEDS = {
    "cryptography": "install the package cryptography for the host's Python",
    "nft": "install nft (nftables)",
    "otp": "install OTP with %s in a directory of erlang_otp_roots",
}
"""What roles may find missing on a host, and what a person does about it where the names of packages are not known."""

Platform = Mapping[str, Any]
"""``id``, ``id_like`` (a list) and ``version_id`` of os-release(5), as the survey answers them."""


def names(platform: Platform) -> list[str]:
    """The entries that may know something of a platform, the nearest first: its release, its major release, itself, its families."""
    own, version = str(platform["id"]), str(platform["version_id"])
    releases = [version, version.split(".", maxsplit=1)[0]] if version else []
    return list(dict.fromkeys([*("%s-%s" % (own, release) for release in releases), own, *platform["id_like"]]))


def find(platform: Platform, what: str, data: Mapping[str, Mapping[str, Any]] | None = None) -> Any:
    """What the nearest entry of ``data`` (:data:`PLATFORMS` by default) that has ``what`` says; None if none has."""
    data = PLATFORMS if data is None else data
    return next((data[name][what] for name in names(platform) if what in data.get(name, {})), None)


def every(what: str) -> Iterator[Any]:
    """What each entry says that has ``what``, for who reads files before the platform is known."""
    return (entry[what] for entry in PLATFORMS.values() if what in entry)


def packages(platform: Platform, need: str, wanted: Iterable[str] = ()) -> list[str] | None:
    """The packages that meet one of ``NEEDS``; of ``otp`` those with the applications ``wanted``. None where the names are not known."""
    found = find(platform, need)
    if found is None:
        return None
    if isinstance(found, OtpPackages):
        others = sorted(set(wanted).difference(found.applications))
        return [found.base, *(found.other % name.replace("_", "-") for name in others)]
    return list(found)


def build_packages(platform: Platform, options: Iterable[str]) -> list[str] | None:
    """The packages that OTP is built with when configure has the arguments ``options``. None where the names are not known."""
    found = find(platform, "otp_build")
    if found is None:
        return None
    return [*found.always, *(name for option in options for name in found.options.get(option, ()))]


def unmet(host: str, platform: Platform, lacking: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A sentence for each thing that a host lacks and that nobody here knows the packages of.

    ``lacking`` is the survey's answer ``packages``: need to ``for`` (applications of OTP) and ``names`` (None where not known).
    """
    known_as = " ".join(filter(None, [str(platform["id"]), str(platform["version_id"])]))
    sentence = "%s: no package names are known for the distribution '%s'; %s, then run again."
    remedies = {need: NEEDS[need] % ", ".join(found["for"]) if found["for"] else NEEDS[need] for need, found in lacking.items()}
    return [sentence % (host, known_as, remedies[need]) for need, found in lacking.items() if found["names"] is None]
