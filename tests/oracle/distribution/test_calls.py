# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls of a hidden node to real nodes: both ways they travel, terms there and back, and calls that take long."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import handshake, hidden_node
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.attempt import AttemptFailed
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.channel import PeerClosed
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.handshake import Flag
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.hidden_node import BadRpc, HiddenNode
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import tagged
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import (
    Atom,
    Fun,
    Pid,
    Port,
    Reference,
    identity,
)
from conftest import Mesh

sys.path.insert(0, str(Path(__file__).parents[1] / "erlang"))
from test_terms_and_etf import Dice

WITHOUT_SPAWN = int(handshake.HIDDEN_NODE_FLAGS & ~Flag.SPAWN)


@pytest.fixture(params=["spawn request", "rex"])
def asking(mesh: Mesh, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[HiddenNode]:
    """A hidden node that is connected with host 2, and calls by spawn request or through rex."""
    if request.param == "rex":
        plain = handshake.hidden_name
        monkeypatch.setattr(handshake, "hidden_name", lambda host: plain(host, WITHOUT_SPAWN))
    attempt = mesh.prober(1).open(mesh.nodes[1].peer)
    node = HiddenNode.of(attempt)
    assert node._spawns is (request.param == "spawn request")
    yield node
    attempt.close()


def evaluated(node: HiddenNode, source: str) -> Any:
    """Return the value of Erlang expressions on a node."""
    _ok, tokens, _end = node.call("erl_scan", "string", [source], 5)
    _ok, forms = node.call("erl_parse", "parse_exprs", [tokens], 5)
    return node.call("erl_eval", "exprs", [forms, []], 5)[1]


def test_output_goes_where_that_of_rpc_goes(asking: HiddenNode) -> None:
    user = asking.call("erlang", "whereis", [Atom("user")], 5)
    leader = asking.call("erlang", "group_leader", [], 5)
    assert leader == user or asking.call("erlang", "process_info", [leader, Atom("registered_name")], 5)[1] == Atom("user")
    assert asking.call("io", "format", ["said by a call~n"], 5) == Atom("ok")


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (
            "error",
            (Atom("EXIT"), (Atom("oops"), [])),
        ),
        ("exit", (Atom("EXIT"), Atom("oops"))),
    ],
)
def test_what_ends_a_function_is_told(asking: HiddenNode, function: str, reason: Any) -> None:
    with pytest.raises(BadRpc) as raised:
        asking.call("erlang", function, [Atom("oops")], 5)
    found = raised.value.reason
    assert found[0] == Atom("EXIT")
    assert (found[1][0] if function == "error" else found[1]) == Atom("oops")


def test_a_function_that_is_none_is_told_with_the_place(asking: HiddenNode) -> None:
    with pytest.raises(BadRpc) as raised:
        asking.call("nowhere", "f", [1], 5)
    kind, (reason, stack) = raised.value.reason
    assert (kind, reason, stack[0][:3]) == (Atom("EXIT"), Atom("undef"), (Atom("nowhere"), Atom("f"), [1]))


def test_what_a_function_throws_is_told_by_a_spawned_call_alone(asking: HiddenNode) -> None:
    if asking._spawns:
        with pytest.raises(BadRpc, match="nocatch"):
            asking.call("erlang", "throw", [1], 5)
    else:
        assert asking.call("erlang", "throw", [1], 5) == 1


@pytest.mark.parametrize("size", [0, 65535, 1000000])
def test_large_terms(asking: HiddenNode, size: int) -> None:
    term = [b"x" * size, list(range(100)), Atom("end")]
    assert asking.call("lists", "reverse", [term], 10) == term[::-1]


def test_random_terms_there_and_back_as_data(asking: HiddenNode) -> None:
    dice = Dice(20061126)
    sent = [dice.term(dice.random.choice([dice.leaf, dice.opaque])) for _index in range(2000)]
    back = asking.call("erlang", "list_to_tuple", [sent], 20)
    assert len(back) == len(sent)
    for ours, theirs in zip(sent, back):
        data = json.loads(json.dumps(tagged.to_tagged(theirs)))
        assert identity(tagged.from_tagged(data)) == identity(theirs) == identity(ours)


def test_what_only_the_node_understands_is_understood_after_a_way_through_data(asking: HiddenNode) -> None:
    made = evaluated(asking, "{self(), make_ref(), hd(erlang:ports()), fun(X) -> X + 1 end, fun lists:sum/1}.")
    assert [type(part) for part in made[:4]] == [Pid, Reference, Port, Fun]
    pid, reference, port, fun, export = tagged.from_tagged(json.loads(json.dumps(tagged.to_tagged(made))))
    assert asking.call("erlang", "is_process_alive", [asking.call("erlang", "whereis", [Atom("user")], 5)], 5) == Atom("true")
    assert asking.call("erlang", "pid_to_list", [pid], 5).startswith("<0.")
    assert asking.call("erlang", "ref_to_list", [reference], 5).startswith("#Ref<0.")
    assert asking.call("erlang", "port_info", [port, Atom("id")], 5)[0] == Atom("id")
    assert asking.call("erlang", "apply", [fun, [41]], 5) == 42
    assert asking.call("erlang", "apply", [export, [[1, 2, 3]]], 5) == 6


def test_a_long_call_outlives_the_shortest_net_ticktime(mesh: Mesh, monkeypatch: pytest.MonkeyPatch) -> None:
    node = mesh.start(3, ticktime=1)
    with_ticks = mesh.prober(1).open(node.peer)
    asking = HiddenNode.of(with_ticks)
    assert asking.call("timer", "sleep", [4000], 20) == Atom("ok")
    assert asking.call("net_kernel", "get_net_ticktime", [], 5) == 1
    with_ticks.close()
    monkeypatch.setattr(hidden_node, "TICK_SECONDS", 60.0)
    silent = mesh.prober(1).open(node.peer)
    with pytest.raises((PeerClosed, OSError)):
        HiddenNode.of(silent).call("timer", "sleep", [4000], 20)
    silent.close()
    node.stop()


def test_a_node_ticks_us_as_well(mesh: Mesh) -> None:
    """Its ticks are empty frames, which a call passes over."""
    node = mesh.start(4, ticktime=1)
    attempt = mesh.prober(1).open(node.peer)
    channel = attempt.channel
    assert channel is not None
    assert [channel.receive() for _tick in range(2)] == [b"", b""]
    attempt.close()
    node.stop()


def test_the_name_of_a_node_of_version_5(mesh: Mesh) -> None:
    """OTP 25 does not answer it."""
    prober = mesh.prober(1)
    asked = HiddenNode.of(prober.open(mesh.nodes[1].peer)).call("erlang", "system_info", [Atom("otp_release")], 5)
    attempt = prober.attempt(mesh.nodes[1].peer)
    attempt.reach()
    attempt.secure(prober.context())
    name = handshake.hidden_name(prober.host)._replace(creation=None)
    if asked == "25":
        with pytest.raises(AttemptFailed):
            attempt.introduce(name)
    else:
        attempt.introduce(name)
        attempt.prove(prober.cookie())
        assert attempt.challenge is not None
        assert attempt.challenge.creation is not None
    attempt.close()
