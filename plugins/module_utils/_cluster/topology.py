# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The topology: what the inventory says of a cluster, made whole and checked.

Everything that another role, template or module needs to know of the cluster is worked out here, once. Name resolution
and release archives are handed in as functions.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any, Callable, NamedTuple, Union

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import checks, layout, machines
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.edges import mesh
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import (
    Fault,
    InputError,
    TopologyError,
    listed,
    shown,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.release import OTP

Topology = dict[str, Any]
Variables = Mapping[str, Any]

# What distribution over TLS needs of OTP in every node (Erlang/OTP, "Using TLS for Erlang Distribution").
OTP_APPLICATIONS = ("asn1", "crypto", "kernel", "public_key", "ssl", "stdlib")

PASSPHRASE_SHORTEST = 8

# Variables that describe the cluster and so have to be the same on every host, each with the default of its role.
CLUSTER_WIDE: dict[str, Any] = {
    "erlang_cluster_name": "erlang",
    "erlang_cluster_discovery": "port",
    "erlang_cluster_port": 4370,
    "erlang_cluster_epmd_port": 4369,
    "erlang_cluster_address_family": "inet",
    "erlang_cluster_net_ticktime": 60,
    "erlang_cluster_directory": None,
    "erlang_cluster_begin_anew": None,
    "erlang_cluster_cookie": None,
    "erlang_certs_ca_passphrase": None,
}
SECRETS = frozenset(["erlang_cluster_cookie", "erlang_certs_ca_passphrase"])

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

# RFC 1122, section 3.2.1.3 (a), and RFC 4291, section 2.5.5.1.
_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")
_COMPATIBLE = ipaddress.ip_network("::/96")

# Names whose directory in /run another part of the collection uses.
_RESERVED = ("otp-build",)

_HIGHEST_PORT = 65535
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~-]*\Z")


class Release(NamedTuple):
    """What the topology has to know of a release archive.

    ``archive`` is its absolute path on the controller, ``sha256`` its digest in hexadecimal, ``applications`` are
    those that the release boots, ``bundled`` those whose code the archive holds.
    """

    name: str
    version: str
    archive: str
    sha256: str
    applications: Sequence[str]
    bundled: Sequence[str]


def build(
    hosts: Mapping[str, Variables],
    resolve: Callable[[str], list[str]],
    read_release: Callable[[str], Release],
) -> Topology:
    """The topology of a cluster.

    ``hosts`` maps inventory names to variables (those of all roles, of the right types; an absent one counts as its
    default). ``resolve`` gives the addresses, IPv4 and IPv6, of a host part and an empty list for one that is not
    known. ``read_release`` reads a release archive and raises InputError if it cannot.

    Raises TopologyError with every fault that was found.
    """
    faults: list[Fault] = []
    cluster = _cluster(hosts, faults)
    nodes: dict[str, dict[str, Any]] = {}
    releases: dict[str, Release | None] = {}
    for inventory, variables in hosts.items():
        faults += checks.of_host(inventory, {**variables, "erlang_node_host": _given(variables, "erlang_node_host", inventory)})
        nodes[inventory] = _node(inventory, variables, cluster, resolve, faults)
        release = _release(inventory, variables, read_release, releases, faults)
        nodes[inventory].update(_applications(inventory, variables, release, faults))
    _check_names(nodes, faults)
    _check_addresses(nodes, cluster, faults)
    _check_ports(nodes, cluster, faults)
    for machine in machines.groups(hosts, nodes):
        faults += [Fault(*found) for found in machines.clashes(machine, hosts, nodes)]
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
        },
        "nodes": nodes,
        "edges": mesh(list(nodes)),
    }


def _given(variables: Variables, name: str, default: Any) -> Any:
    value = variables.get(name)
    return default if value is None else value


def _cluster(hosts: Mapping[str, Variables], faults: list[Fault]) -> dict[str, Any]:
    cluster: dict[str, Any] = {}
    for variable, default in CLUSTER_WIDE.items():
        by_value: dict[Any, list[str]] = {}
        for inventory, variables in hosts.items():
            by_value.setdefault(_given(variables, variable, default), []).append(inventory)
        if len(by_value) > 1:
            faults.append(_disagreement(variable, by_value))
        cluster[variable] = max(by_value, key=lambda value: len(by_value[value])) if by_value else default
    everywhere = tuple(hosts)
    if not cluster["erlang_cluster_directory"]:
        faults.append(Fault(everywhere, "erlang_cluster_directory", None, "has no value", "set it to a directory on the controller"))
    return cluster


def _disagreement(variable: str, by_value: Mapping[Any, Sequence[str]]) -> Fault:
    everywhere = tuple(inventory for hosts in by_value.values() for inventory in hosts)
    if variable in SECRETS:
        problem = "is not the same on all of them"
    else:
        problem = "is not the same on all of them: %s" % ", ".join(
            "%s on %s" % (shown(value), listed(hosts)) for value, hosts in by_value.items()
        )
    return Fault(everywhere, variable, None, problem, "set it once, for the whole group")


def _node(
    inventory: str,
    variables: Variables,
    cluster: Mapping[str, Any],
    resolve: Callable[[str], list[str]],
    faults: list[Fault],
) -> dict[str, Any]:
    name = str(_given(variables, "erlang_node_name", cluster["erlang_cluster_name"]))
    host = str(_given(variables, "erlang_node_host", inventory))
    account = str(_given(variables, "erlang_account_name", "merl"))
    account_home = str(_given(variables, "erlang_account_home", "/var/lib/merl"))
    fit_host = not list(checks.problems("erlang_node_host", host))
    if name in _RESERVED:
        problem = "cannot name a node, as /run/erlang-%s is where builds of OTP keep their state" % name
        faults.append(Fault((inventory,), "erlang_node_name", name, problem, "choose another"))
    addresses = _addresses(inventory, variables, host, cluster, resolve if fit_host else None, faults)
    port = _given(variables, "erlang_node_port", cluster["erlang_cluster_port"])
    sources = _given(variables, "erlang_node_sources", addresses)
    return {
        "inventory": inventory,
        "node": "%s@%s" % (name, host),
        "name": name,
        "host": host,
        "addresses": addresses,
        "sources": _canonical(inventory, "erlang_node_sources", sources, cluster, faults),
        "port": port,
        "listen_port": _given(variables, "erlang_node_listen_port", port),
        "layout": layout.layout(name, account_home),
        "account": account,
        "accounts": [account],
        "firewall": str(_given(variables, "erlang_firewall_backend", "nftables")),
        "code_paths": [str(path) for path in _given(variables, "erlang_app_code_paths", [])],
        "start": [str(argument) for argument in _given(variables, "erlang_app_start", [])],
    }


def _version(cluster: Mapping[str, Any]) -> int:
    return 6 if cluster["erlang_cluster_address_family"] == "inet6" else 4


def _addresses(
    inventory: str,
    variables: Variables,
    host: str,
    cluster: Mapping[str, Any],
    resolve: Callable[[str], list[str]] | None,
    faults: list[Fault],
) -> list[str]:
    given = variables.get("erlang_node_addresses")
    if given:
        return _canonical(inventory, "erlang_node_addresses", given, cluster, faults)
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
        faults.append(Fault((inventory,), "erlang_node_host", host, problem, fix))
    return addresses


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


def _canonical(inventory: str, variable: str, values: Sequence[Any], cluster: Mapping[str, Any], faults: list[Fault]) -> list[str]:
    """Addresses in their canonical form, without those that are not usable, which become faults."""
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
        faults.append(Fault((inventory,), variable, value, problem, fix))
    return addresses


def _release(
    inventory: str,
    variables: Variables,
    read_release: Callable[[str], Release],
    releases: dict[str, Release | None],
    faults: list[Fault],
) -> Release | None:
    path = variables.get("erlang_app_release")
    if not path:
        return None
    problem, fix = "", ""
    try:
        release = releases[path] if path in releases else read_release(path)
    except InputError as error:
        problem, fix, release = error.problem, error.fix, None
    else:
        releases[path] = release
    if release is not None:
        if not checks.APPLICATION.match(release.name):
            problem = "holds a release named %s, which cannot name a directory" % shown(release.name)
            fix = "name the release with letters, digits and underscores, the first a lower-case letter"
        elif not _VERSION.match(release.version):
            problem = "holds a release of version %s, which cannot name a directory" % shown(release.version)
            fix = "use letters, digits and . _ + ~ - in its version"
    if problem:
        faults.append(Fault((inventory,), "erlang_app_release", path, problem, fix))
        return None
    return release


def _applications(inventory: str, variables: Variables, release: Release | None, faults: list[Fault]) -> dict[str, Any]:
    further = _given(variables, "erlang_app_applications", [])
    needed = set(OTP_APPLICATIONS).union(further)
    if release is None:
        return {"application": None, "otp_applications": sorted(needed)}
    digest = release.sha256[:12]
    elsewhere = set(release.applications) - set(release.bundled)
    strange = sorted(elsewhere - OTP - set(further))
    if strange:
        problem = "holds a release of %s, which %s neither in the archive nor in OTP" % (
            listed(strange),
            "are" if len(strange) > 1 else "is",
        )
        fix = "build it with lib/%s-VERSION in it, or name it in erlang_app_applications if the hosts have it by other means" % strange[0]
        faults.append(Fault((inventory,), "erlang_app_release", str(variables["erlang_app_release"]), problem, fix))
    needed.update(elsewhere)
    return {
        "application": {
            "name": release.name,
            "version": release.version,
            "archive": release.archive,
            "sha256": release.sha256,
            "digest": digest,
            "path": layout.application(release.name, release.version, digest),
            "applications": list(release.applications),
            "bundled": sorted(release.bundled),
        },
        "otp_applications": sorted(needed),
    }


def _check_names(nodes: Mapping[str, Mapping[str, Any]], faults: list[Fault]) -> None:
    by_node: dict[str, list[str]] = {}
    for inventory, node in nodes.items():
        by_node.setdefault(node["node"].lower(), []).append(inventory)
    for hosts in by_node.values():
        if len(hosts) > 1:
            node = nodes[hosts[0]]
            problem = "makes each of them the node %s" % node["node"]
            fix = "give each node an erlang_node_host or erlang_node_name of its own"
            faults.append(Fault(tuple(hosts), "erlang_node_host", node["host"], problem, fix))
    long = [inventory for inventory, node in nodes.items() if "." in node["host"]]
    short = [inventory for inventory, node in nodes.items() if "." not in node["host"]]
    if long and short:
        odd, rest, kind = (long, short, "short") if len(long) < len(short) else (short, long, "long")
        for inventory in odd:
            problem = "has %s, while %s on %s has %s" % (
                "no dot" if kind == "long" else "a dot",
                shown(nodes[rest[0]]["host"]),
                rest[0],
                "one" if kind == "long" else "none",
            )
            fix = "give all nodes host parts with a dot, or all without: long and short names cannot meet"
            faults.append(Fault((inventory,), "erlang_node_host", nodes[inventory]["host"], problem, fix))


def _check_addresses(nodes: Mapping[str, Mapping[str, Any]], cluster: Mapping[str, Any], faults: list[Fault]) -> None:
    by_place: dict[tuple[str, int], list[str]] = {}
    loopback: list[tuple[str, str]] = []
    others = False
    for inventory, node in nodes.items():
        for address in node["addresses"]:
            by_place.setdefault((address, node["port"]), []).append(inventory)
            if ipaddress.ip_address(address).is_loopback:
                loopback.append((inventory, address))
            else:
                others = True
    for (address, port), hosts in by_place.items():
        if len(hosts) > 1:
            problem = "with port %s is the place of each of them" % port
            if cluster["erlang_cluster_discovery"] == "map":
                fix = "give each node an address or an erlang_node_port of its own"
            else:
                fix = "give each node an address of its own, or an erlang_node_port with erlang_cluster_discovery 'map'"
            faults.append(Fault(tuple(hosts), "erlang_node_addresses", address, problem, fix))
    if others:
        for inventory, address in loopback:
            problem = "is the loopback, where no peer on another host reaches it"
            fix = "set erlang_node_addresses to the address that peers connect to"
            faults.append(Fault((inventory,), "erlang_node_addresses", address, problem, fix))


def _check_ports(nodes: Mapping[str, Mapping[str, Any]], cluster: Mapping[str, Any], faults: list[Fault]) -> None:
    discovery = cluster["erlang_cluster_discovery"]
    for inventory, node in nodes.items():
        if discovery == "port" and node["port"] != cluster["erlang_cluster_port"] and 0 < node["port"] <= _HIGHEST_PORT:
            problem = "is not erlang_cluster_port (%s), where discovery 'port' looks for every node" % (cluster["erlang_cluster_port"])
            fix = "remove it, or set erlang_cluster_discovery to 'map'"
            faults.append(Fault((inventory,), "erlang_node_port", node["port"], problem, fix))
        if discovery == "epmd" and node["listen_port"] != node["port"]:
            problem = "is not erlang_node_port (%s), and the port mapper can name only the port that is listened on" % (node["port"])
            fix = "remove it, or set erlang_cluster_discovery to 'map'"
            faults.append(Fault((inventory,), "erlang_node_listen_port", node["listen_port"], problem, fix))
        if discovery == "epmd" and node["listen_port"] == cluster["erlang_cluster_epmd_port"]:
            problem = "is also the port mapper's (erlang_cluster_epmd_port)"
            faults.append(Fault((inventory,), "erlang_node_listen_port", node["listen_port"], problem, "choose another"))
