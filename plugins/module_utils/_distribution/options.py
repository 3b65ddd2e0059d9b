# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that the modules of the distribution share, and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import node_configuration, node_name
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.network import Peer
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.node_configuration import Configuration, Texts
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.node_name import NodeName
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.prober import Prober
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.tls import VERSIONS, Credentials

PORT = 4370
EPMD_PORT = 4369
MINIMUM_VERSION = "TLSv1.3"
"""The lowest version of TLS where neither options nor files name one."""

LOOPBACK = ("127.0.0.1", "::1")
DISCOVERIES = ("port", "map", "epmd")


class OptionError(ValueError):
    """An option has a value that cannot be used; the message says which and why."""


def node_files() -> dict[str, dict[str, Any]]:
    """Return the options for a node's own files and for how it connects (the fragment ``distribution``)."""
    return {
        "configuration": {"type": "path"},
        "certfile": {"type": "path"},
        "cacertfile": {"type": "path"},
        "cookie_file": {"type": "path"},
        "tls_minimum_version": {"type": "str", "choices": sorted(VERSIONS)},
        "timeout": {"type": "float", "default": 5.0},
    }


def peers() -> dict[str, Any]:
    """Return the option that lists peers."""
    return {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "node": {"type": "str", "required": True},
            "name": {"type": "str"},
            "host": {"type": "str"},
            "address": {"type": "list", "elements": "str"},
            "port": {"type": "int", "default": PORT},
        },
    }


def discovery() -> dict[str, dict[str, Any]]:
    """Return the options for how peers are found."""
    return {
        "discovery": {"type": "str", "default": "port", "choices": list(DISCOVERIES)},
        "epmd_port": {"type": "int", "default": EPMD_PORT},
    }


def checked_node(node: str, option: str, name: str | None = None, host: str | None = None) -> NodeName:
    """Return a full node name and its parts; raise OptionError. The parts are those given, where a ``name`` is."""
    try:
        return node_name.checked(node) if name is None else node_name.joined(node, name, host or "")
    except ValueError as error:
        raise OptionError("%s: %s" % (option, error)) from error


def checked_port(port: int, option: str) -> int:
    """Return the port; raise OptionError when it is none."""
    if not 0 < port < 65536:
        raise OptionError("%s: %d is no TCP port; write one from 1 to 65535" % (option, port))
    return port


def usual_credentials(own_node: str, params: Mapping[str, Any], option: str) -> Credentials:
    """Return what options say that the node of this host brings to its connections; files not given are where the role
    erlang_node puts them, and TLS 1.3 is the version not given. Raises OptionError.
    """
    places = layout.configuration(directory_of(own_node, params, option))
    return Credentials(
        params["certfile"] or places["certificate"],
        params["cacertfile"] or places["trust"],
        params.get("tls_minimum_version") or MINIMUM_VERSION,
    )


def directory_of(own_node: str, params: Mapping[str, Any], option: str) -> str:
    """Return the directory of the configuration of own_node; not given, it is where the role erlang_node puts it. Raises OptionError."""
    return str(params.get("configuration") or layout.layout(checked_node(own_node, option).name)["config"])


def cookie_file_of(own_node: str, params: Mapping[str, Any], option: str) -> str:
    """Return the path of the cookie of own_node; not given, it is where the role erlang_node puts it. Raises OptionError."""
    return params["cookie_file"] or layout.layout(checked_node(own_node, option).name)["cookie"]


def prober(own_node: str, params: Mapping[str, Any], option: str, texts: Texts) -> Prober:
    """Return what the host of own_node brings to its attempts: what options say, and for the rest what the node's own files
    do, which ``texts`` reads. Raises OptionError, also for files that are none of a node.
    """
    directory = directory_of(own_node, params, option)
    said = node_configuration.read(directory, texts)
    if said.options_file in said.problems:
        raise OptionError("configuration: %s: %s" % (said.options_file, said.problems[said.options_file]))
    if said.options is None and params.get("configuration"):
        raise OptionError("configuration: %s cannot be read, or is not there" % said.options_file)
    return Prober(
        checked_node(own_node, option).host,
        _as_asked(said, usual_credentials(own_node, params, option), params),
        cookie_file_of(own_node, params, option),
        checked_timeout(params["timeout"]),
    )


def _as_asked(said: Configuration, usual: Credentials, params: Mapping[str, Any]) -> Credentials:
    """Return what the node brings to the client's side of its connections, but for what options say otherwise."""
    found = said.credentials("client", usual)
    if params["certfile"]:
        found = found._replace(certfile=params["certfile"], keyfile=None)
    if params["cacertfile"]:
        found = found._replace(cacertfile=params["cacertfile"])
    if params["tls_minimum_version"]:
        found = found._replace(minimum_version=params["tls_minimum_version"], maximum_version=None)
    return found


def checked_timeout(seconds: float, option: str = "timeout") -> float:
    """Return the seconds; raise OptionError when an attempt cannot be bounded by them."""
    if not 0 < seconds <= 600:
        raise OptionError("%s: %g is out of range; write seconds, more than 0 and at most 600" % (option, seconds))
    return seconds


def as_peers(wanted: Sequence[Mapping[str, Any]], epmd_port: int | None) -> list[Peer]:
    """Return the peers of the option; epmd_port is given where their epmd is to be asked. Raises OptionError."""
    found = []
    for number, peer in enumerate(wanted):
        option = "peers[%d]" % number
        named = checked_node(peer["node"], option + ".node", peer.get("name"), peer.get("host"))
        addresses = tuple(peer["address"] or ([peer["host"]] if peer.get("host") not in (None, named.host) else []))
        found.append(Peer(named, addresses, checked_port(peer["port"], option + ".port"), epmd_port))
    return found


def peers_of(node: str | None, params: Mapping[str, Any], epmd_port: int | None) -> list[Peer]:
    """Return the peers of the option but node itself, each where node would look for it: at the addresses given only
    where a table says where nodes are. A host without a node goes by the addresses. Raises OptionError.
    """
    found = [peer for peer in as_peers(params["peers"], epmd_port) if peer.node != node]
    return [peer._replace(addresses=()) for peer in found] if node and params["discovery"] != "map" else found


def target() -> dict[str, dict[str, Any]]:
    """Return the options that name one running node (the fragment ``distribution.target``)."""
    return {
        "node": {"type": "str", "required": True},
        "from_node": {"type": "str"},
        "address": {"type": "list", "elements": "str"},
        "port": {"type": "int", "default": PORT},
        "call_timeout": {"type": "float", "default": 30.0},
    }


def as_target(params: Mapping[str, Any]) -> Peer:
    """Return the running node that the options name; raise OptionError."""
    node = params["node"]
    named = checked_node(node, "node")
    addresses = params["address"] or ([named.host] if params["from_node"] not in (None, node) else [*LOOPBACK, named.host])
    return Peer(named, tuple(addresses), checked_port(params["port"], "port"))


def as_own(node: str, address: Sequence[str] | None, port: int, epmd_port: int | None) -> Peer:
    """Return the node of this host as something to connect to: over the loopback first, as its public address may be
    beyond a NAT.
    """
    named = checked_node(node, "node")
    return Peer(named, (*LOOPBACK, *(address or [named.host])), checked_port(port, "port"), epmd_port)


def asked_epmd_port(params: Mapping[str, Any]) -> int | None:
    """Return the port of the epmds to ask, None where discovery does without; raise OptionError."""
    port = checked_port(params["epmd_port"], "epmd_port")
    return port if params["discovery"] == "epmd" else None
