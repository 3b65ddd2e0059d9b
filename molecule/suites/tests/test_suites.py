# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mesh of OTP 25, 27 and 29."""

from __future__ import annotations

from lab.acting import everywhere, on, report, until

ATTACKER = "198.51.100.25"


def test_three_releases() -> None:
    releases = [done.out.strip().strip('"') for done in everywhere("erlang-guard eval 'erlang:system_info(otp_release).'").values()]
    assert sorted(set(releases)) == ["25", "27", "29"]


def test_every_edge_and_every_wall() -> None:
    found = report()
    assert found["ok"] is True
    assert len(found["edges"]) == 12 and {edge["state"] for edge in found["edges"]} == {"ok"}
    assert {edge["tls_version"] for edge in found["edges"]} == {"TLSv1.3"}
    assert {wall["state"] for wall in found["walls"]} == {"held"}


def test_the_application_spans_them() -> None:
    assert on("carol", "erlang-guard rpc guard report '[\"%s\"]'" % ATTACKER).code == 0
    assert until(lambda: all(ATTACKER in done.out for done in everywhere("erlang-guard rpc guard known").values()))
