# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of peers that a node's epmd module reads: where each node of the cluster is, and so who may come in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LOOPBACK = {"inet": "127.0.0.1", "inet6": "::1"}


def table(topology: Mapping[str, Any], inventory: str, port_of_runtime: bool = False, connect: bool = True) -> list[Any]:
    """The table of the host ``inventory`` as tagged terms; its form is described in the module ``beam_tls_epmd``.

    With ``port_of_runtime`` it leaves the listening port to the runtime, which knows it from the kernel variable ``inet_ssl_port``.

    With ``connect`` the node keeps connections to the peers by itself.

    Peers are in the order of their names, so that the order of the inventory changes nothing.

    The host's own node is at the loopback and its listening port, where tools of that host find it whatever translates
    addresses between it and its peers.
    """
    cluster = topology["cluster"]
    own = topology["nodes"][inventory]
    terms: list[Any] = [
        _tuple("listen_port", 0 if port_of_runtime else own["listen_port"]),
        _tuple("epmd", cluster["discovery"] == "epmd"),
        _tuple("connect", connect),
    ]
    for peer in sorted(topology["nodes"].values(), key=lambda node: str(node["node"])):
        place = [LOOPBACK[cluster["address_family"]], own["listen_port"]] if peer is own else _place(cluster, peer)
        terms.append(_tuple("peer", _atom(peer["node"]), *place))
    return terms


def _place(cluster: Mapping[str, Any], peer: Mapping[str, Any]) -> list[Any]:
    if cluster["discovery"] == "map":
        return [peer["addresses"][0], peer["port"]]
    return [_atom("resolve"), _atom("epmd") if cluster["discovery"] == "epmd" else peer["port"]]


def _atom(name: str) -> dict[str, Any]:
    return {"$atom": name}


def _tuple(name: str, *rest: Any) -> dict[str, Any]:
    return {"$tuple": [_atom(name), *rest]}
