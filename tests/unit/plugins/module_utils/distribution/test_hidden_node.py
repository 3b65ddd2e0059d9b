# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls of a hidden node: both ways they travel, what comes of them, and the ticks meanwhile."""

from __future__ import annotations

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import hidden_node
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.channel import (
    Channel,
    Deadline,
    DeadlineExceeded,
    FrameTooLong,
    PeerClosed,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.handshake import Flag
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.hidden_node import (
    BadRpc,
    HiddenNode,
    ProtocolError,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.remote_call import Call
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import etf_decoder, etf_encoder, etf_format
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import Atom, Pid, Reference
from streams import Answering, Hand, Played

ME = Pid(Atom("verify-1@alpha"), 1, 0, 7)
USER = Pid(Atom("guard@bravo"), 50, 0, 9)
WORKER = Pid(Atom("guard@bravo"), 60, 0, 9)
STACK = [(Atom("m"), Atom("f"), 0, [])]


def signal(control, message=None):
    """Return the frame of a control message, and of the message behind it if there is one."""
    return b"p" + etf_encoder.encode(control) + (b"" if message is None else etf_encoder.encode(message))


class Peer:
    """The connected node: carries calls out by ``run``, which returns what ``erpc:execute_call/4`` would end with behind
    its reference.
    """

    def __init__(self, run, user=USER):
        self.run = run
        self.user = user
        self.asked = []

    def answer(self, frame):
        """Return what comes back for a frame."""
        if not frame:
            return []
        control, end = etf_decoder.decode(frame, 1)
        message, _end = etf_decoder.decode(frame, end)
        if control[0] == 29:
            return self.spawned(control, message)
        assert control == (6, ME, Atom(""), Atom("rex"))
        reference = message[1][1]
        module, function, arguments, leader = message[2][1:]
        self.asked.append(("rex", str(module), str(function), arguments))
        assert leader == Atom("user")
        outcome = self.run(arguments)
        return [signal((22, WORKER, ME), (reference, outcome[1]))]

    def spawned(self, control, message):
        """Return the reply to a spawn request, and the end of the process."""
        request, me, leader, function, options = control[1:]
        assert (me, function) == (ME, (Atom("erpc"), Atom("execute_call"), 4))
        assert options == [Atom("monitor")]
        reference, module, name, arguments = message
        if name == Atom("whereis"):
            assert leader == ME
            outcome = (Atom("return"), self.user)
        else:
            assert leader == self.user
            self.asked.append(("erpc", str(module), str(name), arguments))
            outcome = self.run(arguments)
        if isinstance(outcome, Atom):
            return [signal((31, request, ME, 0, outcome))]
        reason = (reference, *outcome) if outcome[0] != Atom("killed") else Atom("killed")
        return [signal((31, request, ME, 2, WORKER)), signal((21, WORKER, ME, request, reason))]

    def node(self, flags=int(Flag.SPAWN)):
        """Return a hidden node that is connected with this one."""
        channel = Channel(Answering(self.answer, 4), Deadline(5), 4)
        return HiddenNode(channel, str(ME.node), ME.creation, flags)


def echo(arguments):
    """Return the arguments as a function would."""
    return Atom("return"), arguments


@pytest.mark.parametrize(("flags", "way"), [(int(Flag.SPAWN), "erpc"), (0, "rex")])
def test_calls_travel_the_way_that_is_offered(flags, way):
    peer = Peer(echo)
    node = peer.node(flags)
    assert node.call("lists", "reverse", ["ab", 1], 5) == ["ab", 1]
    assert node.calls([Call("m", "f", [number]) for number in range(3)], 5) == [[0], [1], [2]]
    assert [asked[0] for asked in peer.asked] == [way] * 4


def test_a_node_without_standard_output_is_asked_through_rex():
    peer = Peer(echo, user=Atom("undefined"))
    assert peer.node().call("m", "f", [1], 5) == [1]
    assert [asked[0] for asked in peer.asked] == ["rex"]


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        ((Atom("error"), Atom("undef"), STACK), (Atom("EXIT"), (Atom("undef"), STACK))),
        ((Atom("exit"), Atom("normal")), (Atom("EXIT"), Atom("normal"))),
        ((Atom("throw"), 1), (Atom("EXIT"), ((Atom("nocatch"), 1), []))),
        ((Atom("killed"),), (Atom("EXIT"), Atom("killed"))),
        (Atom("system_limit"), Atom("system_limit")),
        pytest.param((Atom("exit"), (WORKER, 1 << 16000)), (Atom("EXIT"), (WORKER, 1 << 16000)), id="without text"),
    ],
)
def test_what_goes_wrong_there_is_told(outcome, reason):
    with pytest.raises(BadRpc) as raised:
        Peer(lambda arguments: outcome).node().call("m", "f", [], 5)
    assert raised.value.reason == reason


def test_what_goes_wrong_behind_rex_is_told():
    with pytest.raises(BadRpc) as raised:
        Peer(lambda arguments: (None, (Atom("badrpc"), Atom("nodedown")))).node(0).call("m", "f", [], 5)
    assert raised.value.reason == Atom("nodedown")


def test_one_call_that_fails_leaves_the_others():
    peer = Peer(lambda arguments: (Atom("exit"), 1) if arguments else (Atom("return"), 2))
    first, second = peer.node().calls([Call("m", "f", [1]), Call("m", "f", [])], 5)
    assert isinstance(first, BadRpc)
    assert second == 2


def played(*parts):
    """Return a node on a stream that delivers these parts, and the stream."""
    clock = Hand()
    framed = [len(part).to_bytes(4, "big") + part if isinstance(part, bytes) else part for part in parts]
    stream = Played(clock, *framed)
    return HiddenNode(Channel(stream, Deadline(5, clock), 4), str(ME.node), ME.creation, 0, clock), stream


def ticks(stream):
    """Return the times at which empty frames were sent."""
    return [when for when, data in stream.sent if data == bytes(4)]


def pauses(times):
    """Return the longest time between two."""
    return max(after - before for before, after in zip(times, times[1:]))


def test_a_long_call_is_ticked_through():
    node, stream = played(9.75)
    with pytest.raises(DeadlineExceeded):
        node.call("timer", "sleep", [60000], 9)
    assert len(ticks(stream)) >= 35
    assert pauses([0.0, *ticks(stream), 9.0]) <= hidden_node.TICK_SECONDS


@pytest.mark.parametrize("frame", [b"", signal((2, Atom(""), USER), 1)])
def test_a_peer_that_talks_all_the_time_is_ticked_too(frame):
    node, stream = played(*[part for dummy in range(100) for part in (frame, 0.1)])
    with pytest.raises(DeadlineExceeded):
        node.call("timer", "sleep", [60000], 9)
    assert pauses([0.0, *ticks(stream), 9.0]) <= 2 * hidden_node.TICK_SECONDS


def test_ticks_without_end_end_with_the_time_given():
    node, _stream = played(*[part for dummy in range(1000) for part in (b"", 0.01)])
    with pytest.raises(DeadlineExceeded):
        node.call("m", "f", [], 5)


def test_signals_without_end_are_given_up():
    node, _stream = played(*[signal((2, Atom(""), USER), 1)] * hidden_node.FRAMES_PER_CALL)
    with pytest.raises(ProtocolError, match="no answer among them"):
        node.call("m", "f", [], 5)


@pytest.mark.parametrize(
    "frame",
    [
        signal(()),
        signal(1),
        signal((1, 2)),
        signal((2, Atom(""), ME), 5),
        signal((2, Atom(""), ME), (1, 2)),
        signal((2, Atom(""), ME), (Reference(Atom("x"), 1, (1,)), 2)),
        signal((21, WORKER, ME, 1, 2)),
        signal((31, 1, ME, 0, Atom("notsup"))),
        b"\x83D\0",
        b"p",
        b"p\x83",
        signal((2, Atom(""), ME)) + b"\x82",
        b"p\x83\x50\xff\xff\xff\xff",
    ],
)
def test_signals_that_answer_nothing(frame):
    node, _stream = played(frame)
    with pytest.raises((ProtocolError, PeerClosed)):
        node.call("m", "f", [], 5)


def test_a_result_beyond_the_limit_is_refused_before_it_comes():
    clock = Hand()
    channel = Channel(Played(clock, b"\xff\xff\xff\xff"), Deadline(5, clock), 4)
    with pytest.raises(FrameTooLong):
        HiddenNode(channel, "verify-1@alpha", 7, 0, clock).call("m", "f", [], 5)


def test_arguments_that_are_no_terms_are_refused():
    node, stream = played()
    with pytest.raises(etf_format.EtfError):
        node.call("m", "f", [object()], 5)
    assert not stream.sent
