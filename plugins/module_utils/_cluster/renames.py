# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes that hosts have under another name than the topology gives them: what a renamed cluster, node or host has left behind.

A node under a new name is another node. The former one would go on beside it, on the same port, known to the same peers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import listed

Node = Mapping[str, Any]


def conflicts(topology: Mapping[str, Any], found: Mapping[str, Sequence[Node]]) -> list[str]:
    """A sentence for each node that a host has and that would meet the one which it is to have.

    ``found`` are the nodes of each host (``_host/neighbours.py``). A node of another cluster, on another port, is none of them, and neither is one
    that is not running and would not start by itself.
    """
    return [
        _sentence(host, topology["nodes"][host], other, reason)
        for host, others in found.items()
        if host in topology["nodes"]
        for other in others
        for reason in [_reason(topology, topology["nodes"][host], other)]
        if reason
    ]


def _reason(topology: Mapping[str, Any], wanted: Node, other: Node) -> str:
    """Why a node of a host cannot stay beside the one that is wanted; empty if it can."""
    known = {node["node"] for node in topology["nodes"].values()}
    if other["node"] in known:
        return ""
    if other["name"] == wanted["name"]:
        return "has the same files and the same service"
    if other["active"] in ("inactive", "failed", "") and other["enabled"] not in ("enabled", "enabled-runtime"):
        return ""
    if other["port"] is not None and other["port"] == wanted["listen_port"]:
        return "%s port %d" % (
            "listens on the same" if other["active"] == "active" else "is stopped, and starts with the host on the same",
            other["port"],
        )
    shared = sorted(known.intersection(other["peers"]))
    return "has the same peers (%s)" % listed(shared) if shared else ""


def _sentence(host: str, wanted: Node, other: Node, reason: str) -> str:
    return "%s: %s is to be here, and %s, which %s, is here: a node that is renamed is another node. Set the former name back, or %s, and run again.%s" % (
        host, wanted["node"], other["node"], reason, _removal(wanted, other), _tables(other),
    )  # fmt: skip


def _removal(wanted: Node, other: Node) -> str:
    """The commands that take the former node away."""
    places = layout.layout(other["name"])
    units = other["units"] or [places["service"]]
    if other["name"] == wanted["name"]:
        command = "systemctl stop %s && rm %s %s" % (places["service"], places["vm_args"], places["certificate"])
        return "take the former node away there with '%s'" % command
    files = [places["config"], places["code"], places["control"], *("%s/%s" % (layout.SYSTEMD, unit) for unit in units)]
    return "take the former node away there with 'systemctl disable --now %s && rm -rf %s && systemctl daemon-reload'" % (
        " ".join(units),
        " ".join(files),
    )


def _tables(other: Node) -> str:
    if not other["mnesia"]:
        return ""
    sentence = (
        " Mnesia's tables in %s belong to the former name, and the new node does not read them: back them up first (mnesia:backup/1)."
    )
    return sentence % listed(other["mnesia"])
