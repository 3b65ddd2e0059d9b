# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who holds connections open keeps nobody out: neither an account of the host, nor who sits behind a peer's address."""

from __future__ import annotations

import pytest
from lab.attacks import held_connections
from lab.commands import on
from lab.fault_injection import SYSTEM, edited
from lab.settings import host

BRAVO = "guard@bravo.example.net"
MANY = 300
"""More than OTP handshakes at a time, and more than its listener's own queue holds."""


def reaches(origin: str) -> bool:
    """Whether a new connection from the node of a host to bravo's comes about.

    It is asked for in the same step in which the one before ends. One or two seconds later bravo connects by itself, which is no matter of its listener.
    """
    anew = "begin erlang:disconnect_node('%s'), net_adm:ping('%s') end." % (BRAVO, BRAVO)
    return on(origin, 'erlang-guard eval "%s"' % anew).out.strip().endswith("pong")


@pytest.mark.parametrize("target", ["127.0.0.1", host("bravo").address, host("carol").address])
def test_accounts_of_a_host_open_no_connection(target: str) -> None:
    with held_connections("bravo", target, MANY, account="nobody") as opened:
        assert opened == 0


def test_silent_connections_from_behind_the_address_of_a_peer() -> None:
    """The rest of the mesh, and the very node with that address, connect as ever."""
    with held_connections("alpha", host("bravo").address, MANY) as opened:
        assert opened == MANY
        assert reaches("alpha") and reaches("carol")


def test_silent_connections_keep_everybody_out_where_the_kernel_hands_them_over() -> None:
    """The same attack on a node whose listener takes every connection.

    OTP gives up silent connections after seven seconds, those of one moment in one moment. Who asks just then may get in, so that it is tried more than once.
    """
    with edited("bravo", SYSTEM, "sed -i '/{raw, 6, 9/d' {}"), held_connections("alpha", host("bravo").address, MANY):
        assert not all(reaches("carol") for _try in range(4))


def test_a_source_gets_no_more_than_its_share_of_the_queue() -> None:
    with held_connections("alpha", host("bravo").address, 700) as opened:
        assert MANY < opened <= 512
        assert reaches("carol")
