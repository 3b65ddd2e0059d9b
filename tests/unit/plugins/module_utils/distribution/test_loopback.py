# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attempts over real sockets of the loopback, at a node that Python plays: how they end, what is made of that, and what may be called there."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import (
    asking,
    calling,
    diagnosis,
    epmd_client,
    node_name,
    options,
    probe,
    repeated_connections,
    running,
    side_by_side,
    verification,
    wall_attempts,
    walls,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.attempt import AttemptFailed
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.network import Network, Peer
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import Atom
from played_node import Authority, PlayedNode, prober, rex_failure

OWN, BRAVO = "guard@alpha.test", "guard@bravo.test"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def bravo(authority: Authority) -> PlayedNode:
    return PlayedNode(BRAVO, authority)


def fault_at(peer: Peer, authority: Authority, **brought: Any) -> str | None:
    """The fault of one attempt."""
    edge = probe.edge(OWN, prober(authority, **brought), peer)
    return edge.fault.id if edge.fault else None


def test_an_edge(authority: Authority, bravo: PlayedNode) -> None:
    (edge,) = probe.probe(OWN, prober(authority), [bravo.peer])
    result = edge.result
    assert (result["ok"], result["stage"], result["fault"]) == (True, "cookie", None)
    assert (result["from"], result["to"], result["peer_name"]) == (OWN, BRAVO, BRAVO)
    assert (result["tls_version"], result["certificate_subject"]) == ("TLSv1.3", "CN=bravo.test")
    assert set(result["milliseconds"]) == {"resolve", "connect", "tls", "handshake", "round_trip", "total"}


def test_what_goes_wrong_at_the_peer(authority: Authority, bravo: PlayedNode, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other")
    with socket.create_server(("127.0.0.1", 0)) as closing:
        closed = bravo.peer._replace(port=closing.getsockname()[1])
    cases = {
        "connection-refused": closed,
        "server-certificate-unknown-ca": PlayedNode(BRAVO, authority, other.issue("bravo.test")).peer,
        "server-certificate-name": PlayedNode(BRAVO, authority, authority.issue("carol.test")).peer,
        "server-certificate-expired": PlayedNode(BRAVO, authority, authority.issue("bravo.test", timedelta(hours=-1))).peer,
        "other-node": PlayedNode("guard@carol.test", authority, authority.issue("bravo.test")).peer._replace(named=node_name.parsed(BRAVO)),
        "names-mixed": PlayedNode("guard@bravo", authority, authority.issue("bravo.test")).peer._replace(named=node_name.parsed(BRAVO)),
        "node-not-allowed": PlayedNode(BRAVO, authority, status="not_allowed").peer,
        "node-busy": PlayedNode(BRAVO, authority, status="nok").peer,
        "plain-node": PlayedNode(BRAVO, authority, plain=True).peer,
    }
    assert {name: fault_at(peer, authority) for name, peer in cases.items()} == {name: name for name in cases}


def test_what_goes_wrong_here(authority: Authority, bravo: PlayedNode, tmp_path: Path) -> None:
    foreign = Authority(tmp_path, "foreign").issue("alpha.test")
    assert fault_at(bravo.peer, authority, certificate=foreign) == "client-certificate-unknown-ca"
    assert fault_at(bravo.peer, authority, certificate=authority.issue("alpha.test", timedelta(hours=-1))) == "client-certificate-expired"
    assert fault_at(bravo.peer, authority, cookie=b"crumbs") == "cookie-mismatch"
    assert fault_at(bravo.peer, authority, certificate=tmp_path / "none.pem") == "certificate-file-unreadable"


class Nowhere(Network):
    """A resolver that does not answer in time."""

    def resolve(self, host: str) -> list[str]:
        time.sleep(60)
        return []


def test_a_resolver_that_hangs_keeps_nobody(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "bound", lambda _jobs, _timeout: 0.2)
    brought = prober(authority)
    brought.network = Nowhere()
    (edge,) = probe.probe(OWN, brought, [Peer.of(BRAVO)])
    assert edge.fault is not None and edge.fault.id == "resolve-timeout"


def test_jobs_are_done_side_by_side_and_what_they_raise_is_raised() -> None:
    meeting = threading.Barrier(3)
    assert len(side_by_side.run([lambda: meeting.wait(5)] * 3, 10)) == 3
    assert side_by_side.run([lambda: time.sleep(30), lambda: 7], 0.2) == [None, 7]
    with pytest.raises(ZeroDivisionError):
        side_by_side.run([lambda: 1 // 0], 5)
    one = side_by_side.start(lambda: meeting.wait(5))
    assert len(side_by_side.run([lambda: meeting.wait(5)] * 2, 10)) == 2 and one() in (0, 1, 2)
    with pytest.raises(ZeroDivisionError):
        side_by_side.start(lambda: 1 // 0)()


def wrong(certificate: str | None) -> wall_attempts.WrongCredentials:
    return wall_attempts.WrongCredentials(certificate, b"another")


def test_walls_at_a_node_that_lets_nobody_in(authority: Authority, bravo: PlayedNode, tmp_path: Path) -> None:
    foreign = Authority(tmp_path, "foreign").issue("alpha.test").read_text()
    for wall in ("plain", "no_certificate", "foreign_ca", "wrong_cookie"):
        outcome = wall_attempts.attempt_wall(prober(authority), bravo.peer, wall, wrong(foreign), [OWN, BRAVO])
        assert outcome.held is True, (wall, outcome)
    careful = PlayedNode(BRAVO, authority, status="not_allowed")
    assert wall_attempts.attempt_wall(prober(authority), careful.peer, "wrong_name", wrong(None), [OWN, BRAVO]).held is True
    assert wall_attempts.attempt_wall(prober(authority), bravo.peer, "wrong_name", wrong(None), [OWN, BRAVO]).held is False
    assert wall_attempts.attempt_wall(prober(authority), bravo.peer, "foreign_ca", wrong(None), [OWN, BRAVO]).held is None
    assert wall_attempts.plain(prober(authority), PlayedNode(BRAVO, authority, plain=True).peer).held is False


def test_the_wall_of_a_packet_filter(bravo: PlayedNode) -> None:
    assert wall_attempts.packet_filter(Network(), bravo.peer, bravo.peer.port or 0).held is False


class Host:
    """A host on which nothing is wrong and nobody may try."""

    def connect_as_nobody(self, places: Sequence[tuple[str, int]]) -> list[int | None]:
        return [13] * len(places)


class Described:
    """The own node as far as a verification asks."""

    host = Host()

    def findings(self, _peers: Sequence[str], _now: object) -> list[Any]:
        return []

    def facts(self, _now: object) -> dict[str, Any]:
        return {"hidden": False}


def verified(authority: Authority, own: PlayedNode, peers: Sequence[Peer], **changes: Any) -> dict[str, Any]:
    task = verification.Task(
        origin="alpha",
        own=own.peer,
        peers=peers,
        walls=("plain", "local_account"),
        wrong=wrong(None),
        epmd_port=4369,
        ask_running=True,
        retry_seconds=0,
        node=Described(),  # type: ignore[arg-type]
        **changes,
    )
    return verification.Verification(task, prober(authority), Network()).run()


RUNNING = {
    ("erlang", "system_info"): "27",
    ("erlang", "statistics"): (12300, 5),
    ("erlang", "memory"): [(Atom("total"), 1000)],
    ("erlang", "nodes"): [Atom(BRAVO)],
    ("net_kernel", "get_net_ticktime"): 60,
}


def test_a_verification(authority: Authority, bravo: PlayedNode) -> None:
    own = PlayedNode(OWN, authority)
    own.run = lambda module, function, _arguments: RUNNING[module, function]
    found = verified(authority, own, [bravo.peer])
    assert [edge["ok"] for edge in found["edges"]] == [True]
    assert {(wall["to"], wall["wall"], wall["held"]) for wall in found["walls"]} == {
        (node, wall, True) for node in (OWN, BRAVO) for wall in ("plain", "local_account")
    }
    assert (found["running"]["otp_release"], found["running"]["peers"], found["facts"]) == ("27", [BRAVO], {"hidden": False})
    few = verified(authority, own, [bravo.peer], walls_at=[OWN])
    assert {(wall["to"], wall["wall"]) for wall in few["walls"]} == {(OWN, "plain"), (OWN, "local_account"), (BRAVO, "local_account")}


def test_nothing_is_proven_at_a_node_that_is_not_reached(authority: Authority) -> None:
    own = PlayedNode(OWN, authority)
    own.run = lambda module, function, _arguments: rex_failure("nodedown")
    found = verified(authority, own, [PlayedNode(BRAVO, authority, status="not_allowed").peer])
    assert found["edges"][0]["fault"]["id"] == "node-not-allowed"
    assert {wall["held"] for wall in found["walls"] if wall["to"] == BRAVO} == {None}
    assert (found["running"]["ok"], found["running"]["fault"]["id"]) == (False, "call-failed")


def parameters(**changes: Any) -> dict[str, Any]:
    return {"module": "m", "function": "f", "arguments": [1, "ab"], "call_timeout": 3.0, **changes}


def test_a_call(authority: Authority, bravo: PlayedNode) -> None:
    assert calling.call_tagged(prober(authority), bravo.peer, parameters()) == [1, "ab"]
    with pytest.raises(options.OptionError, match="arguments: "):
        calling.call_tagged(prober(authority), bravo.peer, parameters(arguments=[{"$atom": 7}]))
    with pytest.raises(options.OptionError, match="out of range"):
        calling.call_tagged(prober(authority), bravo.peer, parameters(call_timeout=0))
    failing = PlayedNode(BRAVO, authority)
    failing.run = lambda _module, _function, _arguments: rex_failure("nowhere")
    with pytest.raises(calling.CallFault) as failed:
        calling.call_tagged(prober(authority), failing.peer, parameters())
    assert failed.value.fault.id == "call-failed" and "nowhere" in str(failed.value)
    with pytest.raises(calling.CallFault) as refused:
        calling.call_tagged(prober(authority, cookie=b"crumbs"), bravo.peer, parameters())
    assert refused.value.fault.id == "cookie-mismatch"


def test_a_node_that_says_nonsense_of_itself(authority: Authority) -> None:
    odd = PlayedNode(BRAVO, authority)
    odd.run = lambda _module, _function, _arguments: Atom("nonsense")
    assert running.ask(prober(authority), odd.peer, 3.0)["fault"]["id"] == "call-lost"


def test_questions_of_the_control_command(authority: Authority) -> None:
    own = PlayedNode(OWN, authority)
    mine = asking.Own(OWN, prober(authority), {OWN: own.peer}, "/etc/erlang/guard/peers.config")
    asking.ping(mine, OWN, "guard-control-1@alpha.test")
    own.run = lambda _module, _function, _arguments: (Atom("ok"), b"said")
    question = asking.Question("eval", (b"1.",), 3.0)
    assert asking.text(mine, "guard-control-1@alpha.test", question) == "said"
    own.run = lambda _module, _function, _arguments: (Atom("error"), b"wrong")
    with pytest.raises(asking.Refusal, match=r"^wrong$"):
        asking.text(mine, "guard-control-1@alpha.test", question)
    own.run = lambda _module, _function, _arguments: [(b"node", b"up")]
    assert asking.lines(mine, "guard-control-1@alpha.test", question) == [("node", "up")]
    own.run = lambda _module, _function, _arguments: 7
    with pytest.raises(asking.Refusal, match="does not answer with"):
        asking.lines(mine, "guard-control-1@alpha.test", question)
    with pytest.raises(asking.Refusal, match="no node of this cluster"):
        asking.ping(mine, BRAVO, "guard-control-1@alpha.test")


def epmd_that_says(*answers: bytes) -> int:
    """The port of an epmd that answers questions, one a connection, in turn."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for answer in answers:
            stream, _address = listener.accept()
            with stream:
                stream.recv(512)
                stream.sendall(answer)
        listener.close()

    threading.Thread(target=serve, daemon=True).start()
    return int(listener.getsockname()[1])


NAMES = (4369).to_bytes(4, "big") + b"name guard at port 4370\n"


def test_an_epmd_is_asked() -> None:
    unknown = epmd_that_says(NAMES, b"w\x01")
    assert epmd_client.ask("127.0.0.1", unknown, "nobody", 3.0) == {"epmd_port": 4369, "names": {"guard": 4370}, "node": None}
    assert "node" not in epmd_client.ask("127.0.0.1", epmd_that_says(NAMES), None, 3.0)
    with pytest.raises(epmd_client.EpmdFault) as foreign:
        epmd_client.ask("127.0.0.1", epmd_that_says(b"x"), None, 3.0)
    assert foreign.value.fault.id == "epmd-foreign"
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port = closing.getsockname()[1]
    with pytest.raises(epmd_client.EpmdFault) as down:
        epmd_client.ask("127.0.0.1", port, None, 3.0)
    assert down.value.fault.id == "epmd-down"


def test_ports_are_tried_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeated_connections, "INTERVAL", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threads = repeated_connections.connect(Network(), [("127.0.0.1", listener.getsockname()[1])], time.monotonic() + 2)
        for _attempt in range(2):
            listener.accept()[0].close()
        assert len(threads) == 1


def test_an_attempt_tells_where_it_ended(authority: Authority, bravo: PlayedNode) -> None:
    brought = prober(authority, cookie=b"crumbs")
    with pytest.raises(AttemptFailed, match=r"^cookie: ") as failed:
        brought.open(bravo.peer)
    assert diagnosis.entry_of(failed.value.symptom).id == "cookie-mismatch"
    kept = prober(authority).open(bravo.peer)
    assert kept.challenge is not None and kept.challenge.name == BRAVO
    kept.close()


def test_every_wall_of_the_inside_has_an_attempt() -> None:
    assert set(walls.INSIDE) == {"plain", "no_certificate", "foreign_ca", "wrong_cookie", "wrong_name"}
