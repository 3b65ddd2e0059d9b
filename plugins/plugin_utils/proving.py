# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host of the topology, or one that is no peer, is asked to prove, as options of the module ``node_verify``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.edges import proven_from
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.firewall import backends
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.walls import INSIDE, LOCAL, OUTSIDE

CONTROLLER = "controller"
"""The host that stands for the controller, which proves the walls of the outside where no other host does."""

PORT_MAPPER = "epmd"
"""The wall that there is where nodes are found by a port mapper, and the discovery by one."""

SILENT = "connection-filtered"
"""The fault of an edge about which one host alone cannot tell more."""


def peers(topology: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the nodes of a topology as the option ``peers`` of the modules."""
    names = ("node", "name", "host")
    return [
        {**{name: node[name] for name in names}, "address": list(node["addresses"]), "port": node["port"]}
        for node in topology["nodes"].values()
    ]


def options(topology: Mapping[str, Any], origin: str, walls: Sequence[str], authorities: Sequence[str], timeout: float) -> dict[str, Any]:
    """Return the options of node_verify for ``origin``: a host of the topology, or another, which proves the walls of the outside alone.

    ``walls`` are the names of those to be proven, ``authorities`` the CAs that nodes are to trust, in PEM. ``timeout`` is the seconds that
    an attempt may take.
    """
    cluster = topology["cluster"]
    found = {
        "host": origin,
        "peers": peers(topology),
        "discovery": cluster["discovery"],
        "epmd_port": cluster["epmd_port"],
        "authorities": [each.rstrip() for each in authorities],
        "timeout": float(timeout),
    }
    node = topology["nodes"].get(origin)
    if node is None:
        there = [wall for wall in OUTSIDE if wall != PORT_MAPPER or cluster["discovery"] == PORT_MAPPER]
        return {**found, "walls": [wall for wall in walls if wall in there]}
    places, firewall = node["layout"], backends.names(node)
    here = (*INSIDE, *LOCAL) if firewall["holds_accounts"] else INSIDE
    return {
        **found,
        "node": node["node"],
        "address": list(node["addresses"]),
        "port": node["listen_port"],
        "certfile": places["certificate"],
        "cacertfile": places["trust"],
        "cookie_file": places["cookie"],
        "configuration": places["config"],
        "unit": places["service"],
        "account": node["account"],
        "packet_filter_check": firewall["check"],
        "walls": [wall for wall in walls if wall in here],
        "walls_at": [topology["nodes"][name]["node"] for name in proven_from(list(topology["nodes"]), origin)],
    }


def outsiders(topology: Mapping[str, Any], groups: Mapping[str, Sequence[str]], group: str, hosts: Sequence[str]) -> dict[str, Any]:
    """Return the ``hosts`` that are no peers: those of ``group`` (which need not exist) and of the play, ``hosts``, that the topology neither has nor
    is about to lose; and ``controller``, whether that has to prove the walls of the outside, as there are none. A host of the play may be in a group that
    only its own variables name.
    """
    members = {*topology["nodes"], *topology["leaving"]}
    found = [host for host in dict.fromkeys([*groups.get(group, ()), *hosts]) if host not in members]
    return {"hosts": found, "controller": not found}


def silent(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return where the edges of a host's answer ended that got no answer from the network, as the option ``connect_to`` of node_traffic."""
    edges = answer.get("edges") or ()
    return [{"address": edge["address"], "port": edge["port"]} for edge in edges if (edge["fault"] or {}).get("id") == SILENT]


def counting(topology: Mapping[str, Any], answers: Mapping[str, Mapping[str, Any]]) -> dict[str, bool]:
    """Return of each host whether it has to count what leaves and arrives: all nodes that answered, if any connection got no answer, and none otherwise.

    ``answers`` are those of the hosts of the run, by their inventory names.
    """
    some = any(silent(answer) for answer in answers.values())
    return {host: some and host in topology["nodes"] and not answer.get("skipped") for host, answer in answers.items()}
