# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests and benchmarks have built: OTPs with the applications of the example and no others, so that it takes minutes."""

from __future__ import annotations

from typing import Any

from lab import sources

NEEDED = frozenset(
    [
        "asn1",
        "compiler",
        "crypto",
        "erl_interface",
        "kernel",
        "mnesia",
        "parsetools",
        "public_key",
        "runtime_tools",
        "sasl",
        "ssl",
        "stdlib",
    ]
)
"""The applications that stay: what the example needs, and what an OTP cannot be built without."""
QUICK = {"CFLAGS": "-O1 -fstack-protector-strong -D_FORTIFY_SOURCE=2", "LDFLAGS": "-Wl,-z,relro -Wl,-z,now"}
"""Hardened as by default, and compiled in less time."""


def options(suite: str) -> list[str]:
    """Arguments of configure that leave out every application that is not needed."""
    applications = sorted(path.parent.name for path in (sources.tree(suite) / "lib").glob("*/vsn.mk"))
    left_out = [name for name in [*applications, "javac"] if name not in NEEDED]
    return ["--with-ssl", "--enable-pie", *("--without-" + name for name in left_out)]


def variables(suite: str) -> dict[str, Any]:
    """The variables by which the OTP of a suite is built."""
    archive = sources.archive(suite)
    return {
        "erlang_otp_source": "build",
        "erlang_otp_build_source": str(archive),
        "erlang_otp_build_options": options(suite),
        "erlang_otp_build_environment": QUICK,
        "erlang_otp_allow_below_floor": [archive.name[len("otp-") : -len(".tar.gz")]],
    }
