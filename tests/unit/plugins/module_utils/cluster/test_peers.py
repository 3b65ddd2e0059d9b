# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of peers, for each way that nodes find each other."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import peers
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import tagged, term_writer


def topology(discovery: str, family: str = "inet") -> dict[str, Any]:
    """Two nodes, the first behind a forwarded port."""
    nodes = {
        "alpha": {"node": "guard@alpha.example.net", "addresses": ["198.18.1.10"], "port": 5370, "listen_port": 4370},
        "bravo": {
            "node": "guard@bravo.example.net",
            "addresses": ["198.18.2.10", "198.18.2.11"],
            "port": 4371,
            "listen_port": 4371,
        },
    }
    return {"cluster": {"discovery": discovery, "address_family": family}, "nodes": nodes}


def text(discovery: str, host: str, family: str = "inet") -> str:
    """The table of a host as the node reads it."""
    return term_writer.dumps_file([tagged.from_tagged(term) for term in peers.table(topology(discovery, family), host)], "")


@pytest.mark.parametrize(
    ("discovery", "place"),
    [("port", "resolve, 4371"), ("map", '"198.18.2.10", 4371'), ("epmd", "resolve, epmd")],
)
def test_place_of_a_peer(discovery: str, place: str) -> None:
    """A peer is where the discovery says."""
    assert "{peer, 'guard@bravo.example.net', %s}." % place in text(discovery, "alpha")


@pytest.mark.parametrize("discovery", ["port", "map", "epmd"])
def test_own_place(discovery: str) -> None:
    """A host finds its own node at the loopback and the port that it listens on, not the one that is forwarded to it."""
    assert text(discovery, "alpha").startswith(
        "{listen_port, 4370}.\n{epmd, %s}.\n{connect, true}.\n{peer, 'guard@alpha.example.net', \"127.0.0.1\", 4370}.\n"
        % str(discovery == "epmd").lower()
    )


@pytest.mark.parametrize("connect", [True, False])
def test_whether_the_node_connects(connect: bool) -> None:
    """The node reads it from its table, so that a change needs no restart."""
    said = peers.table(topology("port"), "alpha", connect=connect)
    assert said[2] == {"$tuple": [{"$atom": "connect"}, connect]}


def test_the_order_of_the_inventory_changes_nothing() -> None:
    """A node that is told the same in another order would read its table again for nothing."""
    one = topology("port")
    other = {**one, "nodes": dict(reversed(one["nodes"].items()))}
    assert peers.table(one, "alpha") == peers.table(other, "alpha")


def test_own_place_over_ipv6() -> None:
    """The loopback is that of the address family."""
    assert '"::1"' in text("map", "bravo", "inet6")
