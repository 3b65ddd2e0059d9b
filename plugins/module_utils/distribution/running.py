# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a running node says of itself, asked as a hidden node."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils.distribution import certificate, diagnosis, probe
from ansible_collections.beam.tls_distribution.plugins.module_utils.distribution.channel import ChannelError
from ansible_collections.beam.tls_distribution.plugins.module_utils.distribution.hidden_node import (
    BadRpc,
    Call,
    CallError,
    HiddenNode,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils.erlang.etf import EtfError
from ansible_collections.beam.tls_distribution.plugins.module_utils.erlang.terms import Atom

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

RUNNING = (OTP_RELEASE, UPTIME, MEMORY, VISIBLE_NODES, HIDDEN_NODES, NET_TICKTIME)
FULL = (*RUNNING, ERTS_VERSION, APPLICATIONS, NODES_INFO, NET_KERNEL)

TLS_OF_CONNECTIONS = """
[try
     {_, Data} = sys:get_state(Sender, 1000),
     Receiver = element(2, element(2, Data)),
     {ok, Facts} = gen_statem:call(Receiver, {connection_information, false}, 1000),
     Suite = ssl:suite_to_str(proplists:get_value(selected_cipher_suite, Facts)),
     Der = case gen_statem:call(Receiver, peer_certificate, 1000) of
         {ok, Bytes} when is_binary(Bytes) -> Bytes;
         _ -> none
     end,
     {Node, proplists:get_value(protocol, Facts), Suite, Der}
 catch _:_ -> {Node, none, none, none} end
 || {Node, Sender} <- erlang:system_info(dist_ctrl), is_pid(Sender)].
"""
"""What OTP itself has no public function for: version, cipher and peer certificate of each distribution connection.
Evaluated by ``erl_eval`` on the node, so that nothing is loaded there and no key material of the connections leaves
it. The messages are those of ``ssl:connection_information/1`` and ``ssl:peercert/1`` in OTP 25 to 29; where another
release answers otherwise, the fields are null.
"""


def ask(prober: probe.Prober, peer: probe.Peer, timeout: float) -> dict[str, Any]:
    """Return RUNNING of a node; never raises for what the node or the network does."""
    return _answered(prober, peer, lambda node: summary(peer.node, node.calls(RUNNING, timeout)), timeout)


def ask_all(prober: probe.Prober, peer: probe.Peer, timeout: float) -> dict[str, Any]:
    """Return RUNNING of a node with ERTS version, applications, listening address and connections besides."""
    return _answered(prober, peer, lambda node: _everything(peer.node, node, timeout), timeout)


def _everything(name: str, node: HiddenNode, timeout: float) -> dict[str, Any]:
    results = node.calls(FULL, timeout)
    told = summary(name, results)
    erts, applications, nodes_info, state = results[len(RUNNING) :]
    told["erts_version"] = None if isinstance(erts, BadRpc) else erts
    told["applications"] = (
        {str(entry[0]): entry[2] for entry in applications} if isinstance(applications, list) else None
    )
    told["memory_by_type"] = {str(kind): size for kind, size in results[2]} if isinstance(results[2], list) else None
    told["listening"] = listening(state)
    told["connections"] = connections(nodes_info, _evaluate(node, TLS_OF_CONNECTIONS, timeout), node.name)
    return told


def summary(name: str, results: Sequence[Any]) -> dict[str, Any]:
    """Return RUNNING from the results of the calls RUNNING; raise BadRpc where one failed."""
    for result in results[: len(RUNNING)]:
        if isinstance(result, BadRpc):
            raise result
    release, uptime, memory, nodes, hidden, ticktime = results[: len(RUNNING)]
    return {
        "node": name,
        "otp_release": release,
        "uptime": round(uptime[0] / 1000, 1),
        "memory": {str(kind): size for kind, size in memory}.get("total"),
        "peers": sorted(str(peer) for peer in nodes),
        "hidden_peers": sorted(str(peer) for peer in hidden),
        # While a change is under way, {ongoing_change_to, Seconds}.
        "net_ticktime": ticktime[1] if isinstance(ticktime, tuple) else ticktime,
        "ok": True,
        "fault": None,
    }


def listening(state: Any) -> list[dict[str, Any]]:
    """Return the addresses of the listeners that the state of net_kernel holds, as address and port."""
    found = []
    for listener in _tuples(state, "listen"):
        for address in _tuples(listener, "net_address"):
            place = address[1]
            if isinstance(place, tuple) and len(place) == 2:
                found.append({"address": _ip(place[0]), "port": place[1]})
    return found


def connections(nodes_info: Any, tls_facts: Any, ourselves: str) -> list[dict[str, Any]]:
    """Return one entry per connection of the node, ours left out, from ``net_kernel:nodes_info/0`` and
    TLS_OF_CONNECTIONS.
    """
    secured = {entry[0]: entry[1:] for entry in tls_facts} if isinstance(tls_facts, list) else {}
    if not isinstance(nodes_info, tuple) or len(nodes_info) != 2 or not isinstance(nodes_info[1], list):
        return []
    found = []
    for peer, facts in nodes_info[1]:
        if str(peer) == ourselves:
            continue
        known = {str(key): value for key, value in facts}
        found.append({"node": str(peer), **_traffic(known), **_tls(*secured.get(peer, (None, None, None)))})
    return sorted(found, key=lambda entry: str(entry["node"]))


def _traffic(known: dict[str, Any]) -> dict[str, Any]:
    places = [address[1] for address in _tuples(known.get("address"), "net_address")]
    place = places[0] if places and isinstance(places[0], tuple) and len(places[0]) == 2 else None
    return {
        "state": str(known.get("state")),
        "type": str(known.get("type")),
        "address": _ip(place[0]) if place else None,
        "port": place[1] if place else None,
        "messages_in": known.get("in"),
        "messages_out": known.get("out"),
    }


def _tls(version: Any, suite: Any, der: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "tls_version": None,
        "cipher": None,
        "certificate_subject": None,
        "certificate_days_left": None,
    }
    if version not in (None, Atom("none")):
        told["tls_version"] = str(version).replace("tlsv", "TLSv")
    if isinstance(suite, str) and not isinstance(suite, Atom):
        told["cipher"] = suite
    if isinstance(der, bytes):
        try:
            seen = certificate.read(der)
        except certificate.CertificateError:
            return told
        told["certificate_subject"] = seen.subject
        told["certificate_days_left"] = round(seen.days_left(datetime.now(timezone.utc)), 1)
    return told


def _evaluate(node: HiddenNode, source: str, timeout: float) -> Any:
    """Return the value of Erlang expressions, or None where the node cannot evaluate them."""
    try:
        _ok, tokens, _end = node.call("erl_scan", "string", [source], timeout)
        _ok, forms = node.call("erl_parse", "parse_exprs", [tokens], timeout)
        _value, value, _bindings = node.call("erl_eval", "exprs", [forms, []], timeout)
    except (BadRpc, ValueError):
        return None
    return value


def _answered(prober: probe.Prober, peer: probe.Peer, ask_node: Any, timeout: float) -> dict[str, Any]:
    """Connect, ask, and turn what goes wrong into a fault."""
    attempt = prober.attempt(peer)
    try:
        prober.go(attempt)
        return dict(ask_node(HiddenNode.of(attempt)))
    except probe.AttemptFailed as failure:
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


def _tuples(term: Any, name: str, depth: int = 8) -> Iterator[tuple[Any, ...]]:
    """Yield the tuples within term whose first element is the atom name; maps are passed over."""
    if depth and isinstance(term, (tuple, list)):
        if isinstance(term, tuple) and len(term) > 1 and term[0] == Atom(name):
            yield term
            return
        for part in term:
            yield from _tuples(part, name, depth - 1)


def _ip(parts: Any) -> str | None:
    if not isinstance(parts, tuple) or not all(isinstance(part, int) for part in parts):
        return None
    return ".".join(str(part) for part in parts) if len(parts) == 4 else ":".join("%x" % part for part in parts)
