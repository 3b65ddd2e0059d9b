# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is seen of nodes from outside, added up."""

from __future__ import annotations

from lab.watching import Look, connections, seen

NAMES = {"198.18.1.10": "alpha", "198.18.2.10": "bravo", "198.18.3.10": "carol"}
HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
LISTENS = "   1: 00000000:1112 00000000:0000 0A 00000000:00000000 00:00000000 00000000   995        0 1 1\n"
FROM_BRAVO = "   2: 0A0112C6:1112 0A0212C6:921C 01 00000000:00000000 00:00000000 00000000   995        0 1 1\n"
TO_CAROL = "   3: 0A0112C6:8234 0A0312C6:1112 01 00000000:00000000 00:00000000 00000000   995        0 1 1\n"
SSH = "   4: 0A0112C6:0016 0A0212C6:921D 01 00000000:00000000 00:00000000 00000000     0        0 1 1\n"
ENDED = "   5: 0A0112C6:1112 0A0312C6:921E 06 00000000:00000000 00:00000000 00000000   995        0 1 1\n"
ALL = {"alpha": "bcd", "bravo": "acd", "carol": "abd", "dave": "abc"}


def test_connections_are_those_of_the_distribution_either_way() -> None:
    assert connections(HEADER + LISTENS + FROM_BRAVO + TO_CAROL + SSH, NAMES) == {"bravo", "carol"}
    assert connections(HEADER + LISTENS + SSH + ENDED, NAMES) == frozenset()
    assert connections(HEADER + FROM_BRAVO, NAMES) is None
    assert connections(HEADER, NAMES) is None


def look(at: float, **peers: str) -> Look:
    """All nodes but those that are given, each with the first letters of those that it is connected with; "" does not listen."""
    return Look(at, {name: frozenset(found) for name, found in {**ALL, **peers}.items() if found})


def test_one_node_away_leaves_all_but_one() -> None:
    without = {"alpha": "", "bravo": "cd", "carol": "bd", "dave": "bc"}
    found = seen([look(0), look(1, **without), look(3.5, **without), look(4)], list(ALL))
    assert found == (3, 0.0, {"alpha": [3.0], "bravo": [], "carol": [], "dave": []})


def test_a_node_that_goes_before_the_last_one_is_connected_again() -> None:
    """It listens already, and that is not enough."""
    joining = {"alpha": "z", "bravo": "", "carol": "d", "dave": "c"}
    found = seen([look(0), look(1, alpha="", bravo="cd", carol="bd", dave="bc"), look(2, **joining), look(2.5, **joining)], list(ALL))
    assert found == (0, 0.5, {"alpha": [1.0], "bravo": [0.5], "carol": [], "dave": []})


def test_none_at_all() -> None:
    nobody = dict.fromkeys(ALL, "")
    found = seen([look(0), look(1, **nobody), look(8, **nobody), look(9)], list(ALL))
    assert (found.fewest, found.short, found.away["dave"]) == (0, 8.0, [8.0])
