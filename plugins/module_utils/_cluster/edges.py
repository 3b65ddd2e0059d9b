# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who must be able to reach whom."""

from __future__ import annotations

from collections.abc import Sequence

Edge = dict[str, str]


def mesh(nodes: Sequence[str]) -> list[Edge]:
    """The full mesh: an edge from every node to every other one.

    Takes inventory names; returns directed edges in the order given, each ``from`` the node that has to be able to open
    a connection ``to`` the other. Either side may open it, so that every pair has both edges (the distribution keeps
    one connection of a pair: Erlang/OTP, "Distribution Protocol", handshake status ``alive``).
    """
    return [{"from": source, "to": target} for source in nodes for target in nodes if source != target]


PROVERS = 2
"""Peers that prove the walls of a node, besides itself: more of them would prove the same, and fill its log."""


def proven_from(nodes: Sequence[str], name: str) -> list[str]:
    """The nodes whose walls are proven from a node: its own, and those of the PROVERS before it, round in a circle.

    Takes all nodes in the order of the topology, and one of them. So every node has its walls proven by itself and by
    the PROVERS after it.
    """
    start = list(nodes).index(name)
    before = [nodes[(start - step) % len(nodes)] for step in range(PROVERS + 1)]
    return list(dict.fromkeys(before))
