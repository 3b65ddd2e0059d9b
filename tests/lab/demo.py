# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demonstration: from bare hosts to a mesh with an application at work, and the proof of it."""

from __future__ import annotations

import subprocess
import time

from lab import hosts, lifecycle
from lab.settings import DEFAULT_SUITE, MOBILE, RUN, Host
from lab.shell import run

ATTACKER = "198.51.100.7"
"""The address that is reported; nothing is ever sent to it."""
PATIENCE = 15.0
"""Seconds that the report may take to be known everywhere."""


def demo(suites: list[str] | None) -> int:
    """Runs it; returns the exit code."""
    begin = time.monotonic()
    lifecycle.up(suites or [DEFAULT_SUITE])
    converging = time.monotonic()
    if subprocess.run(lifecycle.play("site", []), check=False).returncode:
        return 1
    converged = time.monotonic()
    if not _attack():
        return 1
    print("\nThe mesh, looked at once more:", flush=True)
    if subprocess.run(lifecycle.play("verify", []), check=False).returncode:
        return 1
    end = time.monotonic()
    print("\nlab: %.0f s in all, %.0f s of them from bare hosts to the mesh" % (end - begin, converged - converging))
    print("lab: the page with the mesh drawn: %s" % (RUN / "erlang" / "guard" / "report" / "report.html"))
    print("lab: go on with ./lab ssh alpha erlang-guard status, ./lab play site, ./lab --help; ./lab down removes everything")
    return 0


def _attack() -> bool:
    """Reports an attack on the first host, and looks whether every other one knows of it."""
    first, *others = [host for host in lifecycle.needs_up().hosts if host != MOBILE]
    print("\nAn attack from %s is reported on %s:" % (ATTACKER, first.name), flush=True)
    run([*hosts.ssh(first), "erlang-guard", "rpc", "guard", "report", "'[\"%s\"]'" % ATTACKER])
    begin = time.monotonic()
    ok = True
    for host in others:
        known = _known(host)
        while ATTACKER not in known and time.monotonic() < begin + PATIENCE:
            time.sleep(0.2)
            known = _known(host)
        ok = ok and ATTACKER in known
        print("  %-8s %s" % (host.name, "knows it: " + known if ATTACKER in known else "does NOT know it: " + known), flush=True)
    return ok


def _known(host: Host) -> str:
    return " ".join(run([*hosts.ssh(host), "erlang-guard", "rpc", "guard", "known"], check=False).stdout.split())
