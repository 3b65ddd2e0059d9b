# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names under which attempts are made that are to be refused; tests/oracle has them refused."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import walls
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.probe import Peer

ALPHA, BRAVO, CAROL = ("guard@%s.example.net" % name for name in ("alpha", "bravo", "carol"))


@pytest.mark.parametrize(
    ("others", "host"),
    [
        ([ALPHA, BRAVO, CAROL], "carol.example.net"),
        ([ALPHA, BRAVO], "bravo.example.net"),
        ([ALPHA], "nowhere.invalid"),
    ],
)
def test_no_name_of_a_peer_is_claimed(others: list[str], host: str):
    assert walls.claimable("alpha.example.net", Peer(BRAVO), others) == "verification-refused@" + host


@pytest.mark.parametrize(
    ("ended", "held", "detail"),
    [
        (0, False, "reached port 4370 of 198.18.2.10"),
        (errno.ECONNREFUSED, True, "rejected"),
        (errno.EHOSTUNREACH, True, "rejected"),
        (errno.ETIMEDOUT, True, "dropped"),
        (None, None, "nothing was tried"),
    ],
)
def test_an_account_of_the_host(ended: int | None, held: bool | None, detail: str):
    outcome = walls.local_account("port 4370 of 198.18.2.10", ended)
    assert outcome.held is held and detail in outcome.detail
