# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A hidden node that asks: calls functions of a running node and takes their results, for as long as they take.

Source: ERTS User's Guide, "Distribution Protocol", section "Protocol between Connected Nodes": frames of 4-byte
length; an empty frame is a tick. A node gives a connection up on which it has heard nothing for ``net_ticktime``
(Kernel, ``kernel(6)``), which is one second at least, so that we tick twice a second whatever the node's setting is.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import remote_call
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.attempt import Attempt
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.channel import (
    Channel,
    Clock,
    Deadline,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.diagnosis import CallRefused
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.handshake import Flag
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.remote_call import (
    Call,
    Failure,
    MalformedSignal,
    Question,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.tagged import to_tagged
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.term_writer import dumps
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import (
    Atom,
    Pid,
    Reference,
    TermError,
)

FRAME_LIMIT = 16 * 1024 * 1024
"""Bytes of one result that are read."""

FRAMES_PER_CALL = 10000
"""Frames that are read while one batch of calls waits, so that a peer that talks without end is given up."""

TICK_SECONDS = 0.25
"""Seconds without a word of ours after which we tick: a quarter of the shortest ``net_ticktime`` there is, as a node itself does. A node may give
up a peer that was silent for three quarters of it (kernel(6), ``net_ticktime``), so that half of it would leave a busy host little time.
"""

STANDARD_OUTPUT = Call("erlang", "whereis", [Atom("user")])
"""The process of a node that writes to its standard output, where ``rpc:call/4`` too has the output of calls go."""


class CallError(Exception):
    """A call did not bring a result."""


class BadRpc(CallError, CallRefused):
    """The node could not carry the call out; ``reason`` is its own term for why."""

    def __init__(self, reason: Any) -> None:
        super().__init__(_shortened(reason))
        self.reason = reason


class ProtocolError(CallError):
    """What the node sent does not follow the protocol between connected nodes."""


class HiddenNode:
    """Speaks with one node over a channel whose handshake is done.

    ``name`` and ``creation`` are those of our name message, ``flags`` the distribution flags that both sides have.
    Calls go by spawn request where those include ``SPAWN``, else to ``rex``, which every OTP serves.
    """

    def __init__(self, channel: Channel, name: str, creation: int, flags: int = 0, clock: Clock = time.monotonic) -> None:
        self.channel = channel
        self.name = name
        self._me = Pid(Atom(name), 1, 0, creation)
        self._spawns = bool(flags & Flag.SPAWN)
        self._leader: Pid | None = None
        self._clock = clock
        self._spoke = clock()
        channel.limit = FRAME_LIMIT

    @classmethod
    def of(cls, attempt: Attempt) -> HiddenNode:
        """Return the hidden node at our end of an attempt that went through every stage; raise ProtocolError if it did
        not.
        """
        me, challenge = attempt.me, attempt.challenge
        if attempt.channel is None or me is None or me.creation is None or challenge is None:
            raise ProtocolError("the handshake is not done")
        return cls(attempt.channel, me.name, me.creation, me.flags & challenge.flags)

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
        self.channel.deadline = Deadline(timeout, self._clock)
        if self._spawns and self._leader is None:
            self._find_leader()
        return self._results([self._question(call) for call in wanted])

    def _find_leader(self) -> None:
        """Learn which process of the node output goes to; where there is none, ``rex`` has to do."""
        (found,) = self._results([remote_call.by_spawn_request(self._me, self._me, STANDARD_OUTPUT)])
        self._leader = found if isinstance(found, Pid) else None
        self._spawns = self._leader is not None

    def _question(self, call: Call) -> Question:
        if self._leader is not None:
            return remote_call.by_spawn_request(self._me, self._leader, call)
        return remote_call.by_rex(self._me, call)

    def _results(self, questions: Sequence[Question]) -> list[Any]:
        for question in questions:
            self._send(question.frame)
        waiting = {question.reference for question in questions}
        results: dict[Reference, Any] = {}
        for _frame in range(FRAMES_PER_CALL):
            if not waiting:
                return [results[question.reference] for question in questions]
            try:
                answer = remote_call.answer(self._me, self._frame())
            except MalformedSignal as error:
                raise ProtocolError(str(error)) from error
            if answer is not None and answer.reference in waiting:
                waiting.remove(answer.reference)
                failed = isinstance(answer.result, Failure)
                results[answer.reference] = BadRpc(answer.result.reason) if failed else answer.result
        raise ProtocolError("%d frames came, and no answer among them" % FRAMES_PER_CALL)

    def _frame(self) -> bytes:
        """Return the next frame that is no tick; until it comes, tick."""
        while True:
            quiet = TICK_SECONDS - (self._clock() - self._spoke)
            if quiet <= 0:
                self._send(b"")
                continue
            frame = self.channel.poll(quiet)
            if frame:
                return frame

    def _send(self, payload: bytes) -> None:
        self.channel.send(payload)
        self._spoke = self._clock()


def _shortened(term: Any) -> str:
    try:
        text = dumps(term)
    except TermError:
        text = json.dumps(to_tagged(term))
    return text if len(text) <= 500 else text[:497] + "..."
