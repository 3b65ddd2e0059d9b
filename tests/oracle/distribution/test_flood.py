# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a real node takes from a peer that has a certificate of the cluster and does not say its name."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.settings import FIRST_MESSAGE_LONGEST
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.hidden_node import HiddenNode
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.prober import Prober
from conftest import Mesh, Node

MEGABYTE = 1 << 20
SENT = 48
"""Megabytes of the one message that is sent; its length says that it has one more."""
ENOUGH = 8
"""Megabytes that buffers of both sides may hold before the sender learns that the connection has ended."""


def limit() -> str:
    """The option as the role gives it to a node."""
    return "{packet_size,%d}" % FIRST_MESSAGE_LONGEST


@pytest.fixture
def node(mesh: Mesh, request: pytest.FixtureRequest) -> Iterator[Node]:
    """A node with an option more."""
    number, further = request.param
    started = mesh.start(number, further=further)
    yield started
    started.stop()


def flood(prober: Prober, node: Node) -> int:
    """How many megabytes of one message a node takes, at most SENT."""
    attempt = prober.attempt(node.peer)
    attempt.reach()
    attempt.secure(prober.context())
    assert attempt.secured is not None
    attempt.secured.settimeout(10)
    taken = 0
    try:
        attempt.secured.sendall(struct.pack(">I", (SENT + 1) * MEGABYTE))
        while taken < SENT:
            attempt.secured.sendall(bytes(MEGABYTE))
            taken += 1
    except OSError:
        pass
    finally:
        attempt.close()
    return taken


@pytest.mark.parametrize("node", [(3, limit())], indirect=True)
def test_a_long_message_without_a_name_ends_the_connection(mesh: Mesh, node: Node) -> None:
    assert flood(mesh.prober(1), node) < ENOUGH
    # Whom it knows it still takes long messages from, and sends them.
    attempt = mesh.prober(1).open(node.peer)
    asking = HiddenNode.of(attempt)
    assert asking.call("erlang", "byte_size", [bytes(MEGABYTE)], 10) == MEGABYTE
    assert len(asking.call("binary", "copy", [b"x", MEGABYTE], 10)) == MEGABYTE
    attempt.close()


@pytest.mark.parametrize("node", [(4, "")], indirect=True)
def test_a_node_without_the_limit_takes_all_of_it(mesh: Mesh, node: Node) -> None:
    assert flood(mesh.prober(1), node) == SENT
