# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A hidden node that asks: calls functions of a running node and takes their results.

Source: ERTS User's Guide, "Distribution Protocol", section "Protocol between Connected Nodes": frames of 4-byte
length; an empty frame is a tick; without the atom cache every message is PASS_THROUGH (112), a control term, and for
some controls a message term. Calls go to ``rex`` as ``gen_server:call/2`` makes them (``rpc`` of kernel), which every
OTP from 25 to 29 serves.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils.distribution.channel import Channel, Deadline
from ansible_collections.beam.tls_distribution.plugins.module_utils.distribution.diagnosis import CallRefused
from ansible_collections.beam.tls_distribution.plugins.module_utils.distribution.probe import Attempt
from ansible_collections.beam.tls_distribution.plugins.module_utils.erlang import etf
from ansible_collections.beam.tls_distribution.plugins.module_utils.erlang.terms import (
    Atom,
    Pid,
    Reference,
    TermError,
    dumps,
)

PASS_THROUGH = 112
SEND = 2
REG_SEND = 6
SEND_SENDER = 22

FRAME_LIMIT = 16 * 1024 * 1024
"""Bytes of one result that are read."""

FRAMES_PER_CALL = 10000
"""Frames that are read while one batch of calls waits, so that a peer that talks without end is given up."""


class CallError(Exception):
    """A call did not bring a result."""


class BadRpc(CallError, CallRefused):
    """The node could not carry the call out; ``reason`` is its own term for why."""

    def __init__(self, reason: Any) -> None:
        super().__init__(_shortened(reason))
        self.reason = reason


class ProtocolError(CallError):
    """What the node sent does not follow the protocol between connected nodes."""


class Call(NamedTuple):
    """A function of a running node, and its arguments as terms."""

    module: str
    function: str
    arguments: Sequence[Any] = ()


class HiddenNode:
    """Speaks with one node over a channel whose handshake is done.

    ``name`` and ``creation`` are those of our name message.
    """

    def __init__(self, channel: Channel, name: str, creation: int) -> None:
        self.channel = channel
        self.name = name
        self._me = Pid(Atom(name), 1, 0, creation)
        channel.limit = FRAME_LIMIT

    @classmethod
    def of(cls, attempt: Attempt) -> HiddenNode:
        """Return the hidden node at our end of an attempt that went through every stage; raise ProtocolError if it did
        not.
        """
        if attempt.channel is None or attempt.me is None or attempt.me.creation is None:
            raise ProtocolError("the handshake is not done")
        return cls(attempt.channel, attempt.me.name, attempt.me.creation)

    def call(self, module: str, function: str, arguments: Sequence[Any], timeout: float) -> Any:
        """Return the result of ``module:function`` as a term, within timeout seconds.

        Raises BadRpc, ProtocolError, EtfError when an argument is no term, ChannelError (DeadlineExceeded when time is
        up), OSError.
        """
        (result,) = self.calls([Call(module, function, arguments)], timeout)
        if isinstance(result, BadRpc):
            raise result
        return result

    def calls(self, wanted: Sequence[Call], timeout: float) -> list[Any]:
        """Return the results of several calls, sent at once; in place of a result that did not come about stands its
        BadRpc.
        """
        self.channel.deadline = Deadline(timeout)
        asked = [self._ask(call) for call in wanted]
        results: dict[Reference, Any] = {}
        for _frame in range(FRAMES_PER_CALL):
            if len(results) == len(asked):
                return [results[reference] for reference in asked]
            reply = self._reply(self.channel.receive())
            if reply is not None and reply[0] in asked:
                results[reply[0]] = reply[1]
        raise ProtocolError("%d frames came, and no answer among them" % FRAMES_PER_CALL)

    def _ask(self, call: Call) -> Reference:
        reference = Reference(
            self._me.node, self._me.creation, (secrets.randbits(18), secrets.randbits(32), secrets.randbits(32))
        )
        request = (Atom("call"), Atom(call.module), Atom(call.function), list(call.arguments), Atom("user"))
        control = (REG_SEND, self._me, Atom(""), Atom("rex"))
        message = (Atom("$gen_call"), (self._me, reference), request)
        self.channel.send(bytes([PASS_THROUGH]) + etf.encode(control) + etf.encode(message))
        return reference

    def _reply(self, frame: bytes) -> tuple[Reference, Any] | None:
        """Return reference and result when the frame is an answer to us; answer a tick; pass over anything else."""
        if not frame:
            self.channel.send(b"")
            return None
        if frame[0] != PASS_THROUGH:
            raise ProtocolError("a message of type %d, which was not agreed on" % frame[0])
        try:
            control, end = etf.decode(frame, 1)
            if (
                not isinstance(control, tuple)
                or len(control) < 3
                or control[0] not in (SEND, SEND_SENDER)
                or control[2] != self._me
            ):
                return None
            message, _dummy = etf.decode(frame, end)
        except (etf.EtfError, TermError) as error:
            raise ProtocolError("a message that does not decode: %s" % error) from error
        if not isinstance(message, tuple) or len(message) != 2 or not isinstance(message[0], Reference):
            return None
        result = message[1]
        if isinstance(result, tuple) and len(result) == 2 and result[0] == Atom("badrpc"):
            return message[0], BadRpc(result[1])
        return message[0], result


def _shortened(term: Any) -> str:
    try:
        text = dumps(term)
    except TermError:
        text = repr(term)
    return text if len(text) <= 500 else text[:497] + "..."
