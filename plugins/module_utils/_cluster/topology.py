# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The topology: what the inventory says of a cluster, complete and checked.

Everything that another role, template or module needs to know of the cluster is worked out here, once. Name resolution and release
archives are handed in as functions. Its parts: ``cluster_wide.py``, ``addresses.py``, ``applications.py``, ``layout.py``, ``edges.py``;
what is wrong between nodes: ``collisions.py``, ``machines.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import (
    addresses,
    applications,
    checks,
    cluster_wide,
    collisions,
    layout,
    machines,
    rollout,
    tls_options,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.applications import Release
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.edges import mesh
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InventoryFault, TopologyError

Topology = dict[str, Any]
Variables = Mapping[str, Any]

# Names whose directory in /run another part of the collection uses.
_RESERVED = ("otp-build",)


def build(
    hosts: Mapping[str, Variables],
    resolve: Callable[[str], list[str]],
    read_release: Callable[[str], Release],
    further: checks.Further = checks.NOTHING_FURTHER,
) -> Topology:
    """The topology of a cluster.

    ``hosts`` maps inventory names to variables: those of all roles, of the right types, each with the default of its specification where it
    has one and nothing was given. Of those that have none, the name, host part, ports and sources of a node have the value of another. ``resolve``
    gives the addresses, IPv4 and IPv6, of a host part and an empty list for one that is not
    known. ``read_release`` reads a release archive and raises InputError if it cannot.
    ``further`` are variables of signers.

    Raises TopologyError with every fault that was found.
    """
    faults: list[InventoryFault] = []
    cluster = cluster_wide.agreed(hosts, faults, further)
    nodes: dict[str, dict[str, Any]] = {}
    releases: dict[str, Release | None] = {}
    for inventory, variables in hosts.items():
        faults += checks.of_host(inventory, {**variables, "erlang_node_host": _or(variables, "erlang_node_host", inventory)}, further)
        nodes[inventory] = _node(inventory, variables, cluster, resolve, faults)
        release = applications.chosen_release(inventory, variables, read_release, releases, faults)
        nodes[inventory].update(applications.of_node(inventory, variables, release, faults))
    collisions.check(nodes, cluster, faults)
    if not any(fault.variable in tls_options.VARIABLES for fault in faults):
        faults += tls_options.faults({inventory: tls_options.lists(variables) for inventory, variables in hosts.items()})
    for machine in machines.groups(hosts, nodes):
        faults += [InventoryFault(*found) for found in machines.clashes(machine, hosts, nodes)]
        accounts = sorted({nodes[inventory]["account"] for inventory in machine})
        for inventory in machine:
            nodes[inventory]["accounts"] = accounts
    if faults:
        raise TopologyError(faults)
    long_names = any("." in node["host"] for node in nodes.values())
    return {
        "cluster": {
            "name": cluster["erlang_cluster_name"],
            "directory": cluster["erlang_cluster_directory"],
            "layout": layout.cluster(cluster["erlang_cluster_directory"]),
            "discovery": cluster["erlang_cluster_discovery"],
            "names": "long" if long_names else "short",
            "address_family": cluster["erlang_cluster_address_family"],
            "epmd_port": cluster["erlang_cluster_epmd_port"],
            "net_ticktime": cluster["erlang_cluster_net_ticktime"],
            "together": bool(cluster["erlang_rollout_together"]),
            "rollout": {
                "serial": rollout.serial(cluster["erlang_rollout_serial"]),
                **{name: cluster["erlang_rollout_" + name] for name in ("confirm", "force")},
            },
        },
        "nodes": nodes,
        "edges": mesh(list(nodes)),
    }


def _node(
    inventory: str,
    variables: Variables,
    cluster: Mapping[str, Any],
    resolve: Callable[[str], list[str]],
    faults: list[InventoryFault],
) -> dict[str, Any]:
    name = str(_or(variables, "erlang_node_name", cluster["erlang_cluster_name"]))
    host = str(_or(variables, "erlang_node_host", inventory))
    account = str(variables["erlang_account_name"])
    fit_host = not list(checks.problems("erlang_node_host", host))
    if name in _RESERVED:
        problem = "cannot name a node, as /run/erlang-%s is where builds of OTP keep their state" % name
        faults.append(InventoryFault((inventory,), "erlang_node_name", name, problem, "choose another"))
    places = addresses.of_node(inventory, variables, host, cluster, resolve if fit_host else None, faults)
    port = _or(variables, "erlang_node_port", cluster["erlang_cluster_port"])
    sources = _or(variables, "erlang_node_sources", places)
    return {
        "inventory": inventory,
        "node": "%s@%s" % (name, host),
        "name": name,
        "host": host,
        "addresses": places,
        "sources": addresses.canonical(inventory, "erlang_node_sources", sources, cluster, faults),
        "port": port,
        "listen_port": _or(variables, "erlang_node_listen_port", port),
        "layout": layout.layout(name, str(variables["erlang_account_home"])),
        "account": account,
        "accounts": [account],
        "connect": bool(variables["erlang_node_connect"]),
        "firewall": str(variables["erlang_firewall_backend"]),
        "code_paths": [str(path) for path in variables["erlang_app_code_paths"]],
        "start": [str(argument) for argument in variables["erlang_app_start"]],
        "tls": {"versions": list(variables["erlang_node_tls_versions"]), "options": dict(variables["erlang_node_tls_options"])},
    }


def _or(variables: Variables, name: str, other: Any) -> Any:
    """The value of a variable that has no default, or the ``other`` that stands for it."""
    value = variables.get(name)
    return other if value is None else value
