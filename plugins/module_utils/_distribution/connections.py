# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a running node knows of each of its connections, from the terms it answers with: who is there, who opened it and
when, and what secures it.

What is missing or of another form than OTP 25 to 29 have it leads to fields that are null, never to an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any, NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import certificate
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import Atom, identity
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.tls_names import VERSIONS

SECURED_AND_SOCKETS = """
{[try
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
  || {Node, Sender} <- erlang:system_info(dist_ctrl), is_pid(Sender)],
 [{Peer, Own}
  || Port <- erlang:ports(), erlang:port_info(Port, name) =:= {name, "tcp_inet"},
     {ok, Peer} <- [inet:peername(Port)], {ok, Own} <- [inet:sockname(Port)]]}.
"""
"""What OTP itself has no public function for: version, cipher and peer certificate of each distribution connection; and
both ends of each TCP socket. Evaluated by ``erl_eval`` on the node, so that nothing is loaded there and no key material
of the connections leaves it. The messages are those of ``ssl:connection_information/1`` and ``ssl:peercert/1`` in OTP 25
to 29; where another release answers otherwise, the fields are null.
"""


class Facts(NamedTuple):
    """What a node answered to ``net_kernel:nodes_info/0``, SECURED_AND_SOCKETS and ``beam_tls_connections:ages/0``, and what
    ``listening`` made of the state of net_kernel.
    """

    nodes_info: Any
    secured_and_sockets: Any
    ages: Any
    listening: list[dict[str, Any]]


def listening(state: Any) -> list[dict[str, Any]]:
    """Return the addresses of the listeners that the state of net_kernel holds, as address and port."""
    places = [_place(address) for listener in _tuples(state, "listen") for address in _tuples(listener, "net_address")]
    return [{"address": place[0], "port": place[1]} for place in places if place]


def connections(facts: Facts, ourselves: str) -> list[dict[str, Any]]:
    """Return one entry per connection of the node, ours left out, sorted by the other node's name."""
    secured_entries, sockets = _pair(facts.secured_and_sockets)
    secured = {identity(entry[0]): entry[1:] for entry in entries(secured_entries, 4)}
    ages = {identity(entry[0]): entry[1] for entry in entries(facts.ages, 2)}
    found = []
    for peer, known in _nodes(facts.nodes_info):
        if str(peer) != ourselves:
            told = {"node": str(peer), **_traffic(known), **_opened(known, sockets, facts.listening)}
            told["age"] = _seconds(ages.get(identity(peer)))
            found.append({**told, **_tls(*secured.get(identity(peer), (None, None, None)))})
    return sorted(found, key=lambda entry: str(entry["node"]))


def _nodes(nodes_info: Any) -> list[tuple[Any, dict[str, Any]]]:
    _ok, nodes = _pair(nodes_info)
    return [(peer, {str(key): value for key, value in entries(known, 2)}) for peer, known in entries(nodes, 2)]


def _traffic(known: dict[str, Any]) -> dict[str, Any]:
    return {
        "state": str(known.get("state")),
        "type": str(known.get("type")),
        "messages_in": known.get("in"),
        "messages_out": known.get("out"),
    }


def _opened(known: dict[str, Any], sockets: Any, listeners: list[dict[str, Any]]) -> dict[str, Any]:
    """Both ends of a connection, and who opened it: the other node, if ours is where the node listens."""
    peers = [place for place in map(_place, _tuples(known.get("address"), "net_address")) if place]
    peer = peers[0] if peers else None
    owns = [own for there, own in map(_ends, entries(sockets, 2)) if own and peer and there == peer]
    own = owns[0] if len(owns) == 1 else None
    accepted = own is not None and own[1] in [place["port"] for place in listeners]
    return {
        "direction": ("accepted" if accepted else "opened") if own else None,
        "address": peer[0] if peer else None,
        "port": peer[1] if peer else None,
        "own_address": own[0] if own else None,
        "own_port": own[1] if own else None,
    }


def _tls(version: Any, suite: Any, der: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "tls_version": None,
        "cipher": None,
        "certificate_subject": None,
        "certificate_names": None,
        "certificate_days_left": None,
    }
    if version not in (None, Atom("none")):
        told["tls_version"] = VERSIONS.get(str(version), str(version))
    if isinstance(suite, str) and not isinstance(suite, Atom):
        told["cipher"] = suite
    if isinstance(der, bytes):
        try:
            seen = certificate.read(der)
        except certificate.CertificateError:
            return told
        told["certificate_subject"] = seen.subject
        told["certificate_names"] = seen.names
        told["certificate_days_left"] = round(seen.days_left(datetime.now(timezone.utc)), 1)
    return told


def _seconds(milliseconds: Any) -> float | None:
    return round(milliseconds / 1000, 1) if isinstance(milliseconds, int) else None


def entries(term: Any, size: int) -> list[tuple[Any, ...]]:
    """Return the tuples of that size in a list of a node's answer; none where term is no list."""
    if not isinstance(term, list):
        return []
    return [entry for entry in term if isinstance(entry, tuple) and len(entry) == size]


def _pair(term: Any) -> tuple[Any, Any]:
    return (term[0], term[1]) if isinstance(term, tuple) and len(term) == 2 else (None, None)


def _tuples(term: Any, name: str, depth: int = 8) -> Iterator[tuple[Any, ...]]:
    """Yield the tuples within term whose first element is the atom name; maps are passed over."""
    if depth and isinstance(term, (tuple, list)):
        if isinstance(term, tuple) and len(term) > 1 and term[0] == Atom(name):
            yield term
            return
        for part in term:
            yield from _tuples(part, name, depth - 1)


def _ends(socket: tuple[Any, ...]) -> tuple[tuple[str, int] | None, tuple[str, int] | None]:
    return _end(socket[0]), _end(socket[1])


def _place(net_address: tuple[Any, ...]) -> tuple[str, int] | None:
    return _end(net_address[1])


def _end(end: Any) -> tuple[str, int] | None:
    """Return address and port as text and number, from ``{Address, Port}`` of ``inet``."""
    if not isinstance(end, tuple) or len(end) != 2 or not isinstance(end[1], int):
        return None
    address = _ip(end[0])
    return (address, end[1]) if address else None


def _ip(parts: Any) -> str | None:
    if not isinstance(parts, tuple) or not parts or not all(isinstance(part, int) for part in parts):
        return None
    return ".".join(str(part) for part in parts) if len(parts) == 4 else ":".join("%x" % part for part in parts)
