# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Applications that a configured source tree would leave out, and why.

Source: OTP "Building and Installing Erlang/OTP" (``--without-APP``); configure leaves the reason in ``lib/APP/SKIP``, and those that it
was told to leave out in ``lib/SKIP-APPLICATIONS``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable, NamedTuple

Read = Callable[[str], "str | None"]
"""Reads a file of the tree by its path in it; None where there is none."""


class Need(NamedTuple):
    """What an application needs of the host: a C header, and a library as ``cc -l`` takes it."""

    header: str
    library: str


Has = Callable[[Need], "tuple[bool, bool]"]
"""Tells of a need whether its header and its library are there."""

NEEDS = {
    "crypto": Need("openssl/crypto.h", "crypto"),
    "ssl": Need("openssl/crypto.h", "crypto"),
    "ssh": Need("openssl/crypto.h", "crypto"),
    "public_key": Need("openssl/crypto.h", "crypto"),
    "odbc": Need("sql.h", "odbc"),
}


def missing(needed: Sequence[str], read: Read) -> dict[str, str]:
    """Those of ``needed`` that would not be built, with the reason that configure gave."""
    told = (read("lib/SKIP-APPLICATIONS") or "").split()
    found: dict[str, str] = {}
    for name in needed:
        reason = read("lib/%s/SKIP" % name)
        if name in told:
            found[name] = "configure was told to leave it out"
        elif reason is not None:
            found[name] = " ".join(reason.split()) or "configure leaves it out"
    return found


def sentence(missing_: dict[str, str], has: Has) -> str:
    """One sentence on applications that are missing."""
    parts = []
    for name, reason in missing_.items():
        lacking = _lacking(NEEDS[name], has) if name in NEEDS and not reason.startswith("configure was told") else ""
        parts.append("%s (%s%s)" % (name, lacking + ": " if lacking else "", reason))
    return "after configure, OTP would lack %s, and nothing was compiled" % ", ".join(parts)


def unmet(needed: Sequence[str], has: Has) -> str:
    """What the host lacks of what applications need, as the rest of a sentence; empty if it lacks nothing that is known of."""
    users: dict[str, list[str]] = {}
    for name in needed:
        lacking = _lacking(NEEDS[name], has) if name in NEEDS else ""
        if lacking:
            users.setdefault(lacking, []).append(name)
    return "; ".join("%s, which %s cannot do without" % (lacking, ", ".join(names)) for lacking, names in users.items())


def _lacking(need: Need, has: Has) -> str:
    header, library = has(need)
    lacking = ([] if header else ["the header %s" % need.header]) + ([] if library else ["the library lib%s" % need.library])
    return " and ".join(lacking) + (" is missing" if len(lacking) == 1 else " are missing" if lacking else "")
