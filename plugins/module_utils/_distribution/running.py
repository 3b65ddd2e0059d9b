# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a running node says of itself, asked as a hidden node."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import connections, diagnosis, node_name
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.attempt import AttemptFailed
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.channel import ChannelError
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.connections import entries
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.hidden_node import (
    BadRpc,
    CallError,
    HiddenNode,
    ProtocolError,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.network import Peer
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.prober import Prober
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.remote_call import Call
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.etf_format import EtfError
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import Atom

OTP_RELEASE = Call("erlang", "system_info", [Atom("otp_release")])
UPTIME = Call("erlang", "statistics", [Atom("wall_clock")])
MEMORY = Call("erlang", "memory")
VISIBLE_NODES = Call("erlang", "nodes")
HIDDEN_NODES = Call("erlang", "nodes", [Atom("hidden")])
NET_TICKTIME = Call("net_kernel", "get_net_ticktime")
ERTS_VERSION = Call("erlang", "system_info", [Atom("version")])
APPLICATIONS = Call("application", "which_applications", [2000])
NODES_INFO = Call("net_kernel", "nodes_info")
NET_KERNEL = Call("sys", "get_state", [Atom("net_kernel"), 2000])
AGES = Call("beam_tls_connections", "ages")

RUNNING = (OTP_RELEASE, UPTIME, MEMORY, VISIBLE_NODES, HIDDEN_NODES, NET_TICKTIME)
MOST_NAMES = 2000
"""Most connected nodes that are taken from what a node tells."""

LONGEST_NAME = 255
"""Most characters of a node's name: it is an atom."""

FULL = (*RUNNING, ERTS_VERSION, APPLICATIONS, NODES_INFO, NET_KERNEL, AGES)


def ask(prober: Prober, peer: Peer, timeout: float) -> dict[str, Any]:
    """Return RUNNING of a node; never raises for what the node or the network does."""
    return _answered(prober, peer, lambda node: summary(peer.node, node.calls(RUNNING, timeout)), timeout)


def ask_all(prober: Prober, peer: Peer, timeout: float) -> dict[str, Any]:
    """Return RUNNING of a node with ERTS version, applications, listening address and connections besides."""
    return _answered(prober, peer, lambda node: _everything(peer.node, node, timeout), timeout)


def _everything(name: str, node: HiddenNode, timeout: float) -> dict[str, Any]:
    results = node.calls(FULL, timeout)
    told = summary(name, results)
    erts, applications, nodes_info, state, ages = results[len(RUNNING) :]
    told["erts_version"] = erts if isinstance(erts, str) else None
    told["applications"] = {str(entry[0]): entry[2] for entry in entries(applications, 3)} or None
    told["memory_by_type"] = {str(kind): size for kind, size in entries(results[2], 2)}
    told["listening"] = connections.listening(state)
    evaluated = _evaluate(node, connections.SECURED_AND_SOCKETS, timeout)
    facts = connections.Facts(nodes_info, evaluated, ages, told["listening"])
    told["connections"] = connections.connections(facts, node.name)
    return told


def summary(name: str, results: Sequence[Any]) -> dict[str, Any]:
    """Return RUNNING from the results of the calls RUNNING; raise BadRpc where one failed, ProtocolError for what no node
    answers to them.
    """
    for result in results[: len(RUNNING)]:
        if isinstance(result, BadRpc):
            raise result
    release, uptime, memory, nodes, hidden, ticktime = results[: len(RUNNING)]
    total = dict(entries(memory, 2)).get(Atom("total"))
    if not isinstance(uptime, tuple) or not isinstance(uptime[0], int) or not isinstance(total, int):
        raise ProtocolError("the node answered with something else than its uptime and memory")
    return {
        "node": name,
        "otp_release": str(release),
        "uptime": round(uptime[0] / 1000, 1),
        "memory": total,
        "peers": _names(nodes),
        "hidden_peers": _names(hidden),
        # While a change is under way, {ongoing_change_to, Seconds}.
        "net_ticktime": ticktime[1] if isinstance(ticktime, tuple) else ticktime,
        "ok": True,
        "fault": None,
    }


def _evaluate(node: HiddenNode, source: str, timeout: float) -> Any:
    """Return the value of Erlang expressions, or None where the node cannot evaluate them."""
    try:
        _ok, tokens, _end = node.call("erl_scan", "string", [source], timeout)
        _ok, forms = node.call("erl_parse", "parse_exprs", [tokens], timeout)
        _value, value, _bindings = node.call("erl_eval", "exprs", [forms, []], timeout)
    except (BadRpc, TypeError, ValueError):
        return None
    return value


def _answered(prober: Prober, peer: Peer, ask_node: Any, timeout: float) -> dict[str, Any]:
    """Connect, ask, and turn what goes wrong into a fault."""
    attempt = prober.attempt(peer)
    try:
        prober.go(attempt)
        return dict(ask_node(HiddenNode.of(attempt)))
    except AttemptFailed as failure:
        return silent(peer.node, prober.explain(attempt, failure))
    except (CallError, ChannelError, OSError, EtfError) as error:
        names = {**prober.names(attempt, diagnosis.describe(error)), "timeout": "%g" % timeout}
        return silent(peer.node, diagnosis.explain(diagnosis.symptom("call", error), names))
    finally:
        attempt.close()


def silent(name: str, fault: diagnosis.Fault) -> dict[str, Any]:
    """Return RUNNING of a node that could not be asked."""
    nothing = dict.fromkeys(("otp_release", "uptime", "memory", "net_ticktime"))
    return {"node": name, **nothing, "peers": [], "hidden_peers": [], "ok": False, "fault": fault.as_result()}


def strangers(told: Mapping[str, Any], members: Collection[str]) -> dict[str, bool]:
    """Return the nodes that a running node is connected with and that are not of its cluster, and whether each is hidden.

    ``told`` is RUNNING of the node, ``members`` are the node names of the cluster. A hidden node at a host of the cluster is
    no stranger: control commands, remote shells and verifications are such, and their certificate is that of a member.
    """
    hosts = {node_name.parsed(member).host for member in members}
    found = dict.fromkeys((node for node in told["peers"] if node not in members), False)
    found.update(
        dict.fromkeys((node for node in told["hidden_peers"] if node not in members and node_name.parsed(node).host not in hosts), True)
    )
    return found


def _names(nodes: Any) -> list[str]:
    """Return the names that a node told of, in order; a node may be hostile, so that there is a bound to them."""
    return sorted(str(node)[:LONGEST_NAME] for node in nodes[:MOST_NAMES]) if isinstance(nodes, list) else []
