# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses of nodes: those that peers can connect to, each written in one way.

Source: RFC 4291, section 2.2, and RFC 5952 for how an address is written.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any, Callable, Union

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InventoryFault, listed

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

# RFC 1122, section 3.2.1.3 (a), and RFC 4291, section 2.5.5.1.
_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")
_COMPATIBLE = ipaddress.ip_network("::/96")


def unusable(address: Address) -> str:
    """Why no node can be reached at an address, as the rest of a sentence that begins with it; empty if one can."""
    if address.version == 6:
        if address.scope_id is not None:
            return "has a zone, which means something on one host only, and which no packet filter can hold"
        if address.ipv4_mapped is not None:
            return "is an IPv4 address mapped into IPv6, which no packet carries"
        if address.is_link_local:
            return "is a link-local address, which nobody can connect to without naming a zone"
        if address in _COMPATIBLE and not address.is_loopback:
            return "is not the address of a host"
    elif address in _THIS_NETWORK or address.is_reserved:
        return "is not the address of a host"
    return "is not the address of a host" if address.is_unspecified or address.is_multicast else ""


def of_node(
    inventory: str,
    variables: Mapping[str, Any],
    host: str,
    cluster: Mapping[str, Any],
    resolve: Callable[[str], list[str]] | None,
    faults: list[InventoryFault],
) -> list[str]:
    """Return the addresses of a host's node: those given, or what its host part resolves to. Adds what is wrong to ``faults``.

    ``resolve`` gives the addresses, IPv4 and IPv6, of a host part; None where that is none that could be resolved.
    """
    given = variables.get("erlang_node_addresses")
    if given:
        return canonical(inventory, "erlang_node_addresses", given, cluster, faults)
    if resolve is None:
        return []
    version = _version(cluster)
    resolved = [ipaddress.ip_address(address) for address in resolve(host)]
    found = [address for address in resolved if not unusable(address)]
    addresses = [str(address) for address in found if address.version == version]
    if not addresses:
        problem = "does not resolve to an IPv%d address on the controller" % version
        if found:
            problem += ", only to %s" % listed(str(address) for address in found)
        fix = "correct the name or its entry in the DNS, or set erlang_node_addresses"
        faults.append(InventoryFault((inventory,), "erlang_node_host", host, problem, fix))
    return addresses


def canonical(inventory: str, variable: str, values: Sequence[Any], cluster: Mapping[str, Any], faults: list[InventoryFault]) -> list[str]:
    """Return addresses in their canonical form, without those that are not usable, which become ``faults``."""
    version = _version(cluster)
    addresses: list[str] = []
    for value in values:
        try:
            address = ipaddress.ip_address(str(value))
        except ValueError:
            problem = "is not an IP address"
            fix = "give IPv%d addresses as a list, without prefix length or port" % version
        else:
            if address.version != version:
                problem = "is an IPv%d address, and erlang_cluster_address_family is %s" % (
                    address.version,
                    cluster["erlang_cluster_address_family"],
                )
                fix = "give an IPv%d address" % version
            elif unusable(address):
                problem, fix = unusable(address), "give the address that peers connect to"
            else:
                if str(address) not in addresses:
                    addresses.append(str(address))
                continue
        faults.append(InventoryFault((inventory,), variable, value, problem, fix))
    return addresses


def _version(cluster: Mapping[str, Any]) -> int:
    return 6 if cluster["erlang_cluster_address_family"] == "inet6" else 4
