# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is connected with a node and should not be."""

from __future__ import annotations

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import running
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import Atom

MEMBERS = ["guard@alpha.example.net", "guard@bravo.example.net"]


@pytest.mark.parametrize(
    ("peers", "hidden", "expected"),
    [
        (["guard@bravo.example.net"], [], {}),
        ([], ["verify-7@bravo.example.net", "guard-control-1@alpha.example.net"], {}),
        ([], ["guard@bravo.example.net"], {}),
        (["guard@gone.example.net"], [], {"guard@gone.example.net": False}),
        (["extra@bravo.example.net"], [], {"extra@bravo.example.net": False}),
        ([], ["guard-control-1@gone.example.net"], {"guard-control-1@gone.example.net": True}),
        ([], ["x@bravo.example.net.evil"], {"x@bravo.example.net.evil": True}),
    ],
)
def test_strangers(peers, hidden, expected):
    assert running.strangers({"peers": peers, "hidden_peers": hidden}, MEMBERS) == expected


def test_names_are_bounded_in_number_and_length():
    names = running._names([Atom("n%d@x" % number) for number in range(5000)] + [Atom("x" * 3000)])
    assert len(names) == running.MOST_NAMES
    assert len(running._names([Atom("x" * 3000)])[0]) == running.LONGEST_NAME
    assert running._names("no list") == []
