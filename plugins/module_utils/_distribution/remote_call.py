# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a call of a function travels to a connected node, and how its answer is told: by spawn request, or by ``rex``.

Sources: ERTS User's Guide, "Distribution Protocol", section "Protocol between Connected Nodes" (SEND, REG_SEND,
MONITOR_P_EXIT, SPAWN_REQUEST, SPAWN_REPLY); ``erpc`` and ``rpc`` of kernel. Without the atom cache every message is
PASS_THROUGH (112), a control term, and for some controls a message term. Nothing here opens a socket.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import etf_decoder, etf_encoder, etf_format
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import (
    Atom,
    Pid,
    Reference,
    TermError,
)

PASS_THROUGH = 112
SEND = 2
REG_SEND = 6
MONITOR_P_EXIT = 21
SEND_SENDER = 22
SPAWN_REQUEST = 29
SPAWN_REPLY = 31


class MalformedSignal(Exception):
    """What a connected node sent does not follow the protocol between connected nodes."""


class Call(NamedTuple):
    """A function of a running node, and its arguments as terms."""

    module: str
    function: str
    arguments: Sequence[Any] = ()


class Question(NamedTuple):
    """A call under way: what an answer to it is known by, and the frame that asks."""

    reference: Reference
    frame: bytes


class Failure(NamedTuple):
    """A call that brought no result; ``reason`` is the term that ``rpc:call/4`` would have put behind ``badrpc``."""

    reason: Any


class Answer(NamedTuple):
    """The reference of a question, and the result of its call, or its Failure."""

    reference: Reference
    result: Any


def by_spawn_request(me: Pid, leader: Pid, call: Call) -> Question:
    """Return the question that has the node spawn a process for the call, watched by us, as ``erpc:call/4`` does.

    ``leader`` is the process of the node that the call's output goes to. Raises EtfError for arguments that are no
    terms.
    """
    reference = _reference(me)
    control = (
        SPAWN_REQUEST,
        reference,
        me,
        leader,
        (Atom("erpc"), Atom("execute_call"), 4),
        [Atom("monitor")],
    )
    arguments = [reference, Atom(call.module), Atom(call.function), list(call.arguments)]
    return Question(reference, _signal(control, arguments))


def by_rex(me: Pid, call: Call) -> Question:
    """Return the question that has the server ``rex`` of the node carry the call out, as ``gen_server:call/2`` asks it.

    ``rex`` does not tell a value that was thrown from one that was returned. Raises EtfError for arguments that are no
    terms.
    """
    reference = _reference(me)
    request = (Atom("call"), Atom(call.module), Atom(call.function), list(call.arguments), Atom("user"))
    control = (REG_SEND, me, Atom(""), Atom("rex"))
    return Question(reference, _signal(control, (Atom("$gen_call"), (me, reference), request)))


def answer(me: Pid, frame: bytes) -> Answer | None:
    """Return the answer that a frame brings to one of our questions, None for any other signal; raise MalformedSignal."""
    if frame[:1] != bytes((PASS_THROUGH,)):
        raise MalformedSignal("a message of type %d, which was not agreed on" % frame[0] if frame else "an empty message")
    try:
        control, end = etf_decoder.decode(frame, 1)
        if not isinstance(control, tuple) or not control:
            raise MalformedSignal("a control message that is none")
        if control[0] in (SEND, SEND_SENDER) and control[2:] == (me,):
            return _rex_answer(etf_decoder.decode(frame, end)[0])
    except (etf_format.EtfError, TermError) as error:
        raise MalformedSignal("a message that does not decode: %s" % error) from error
    if control[0] == MONITOR_P_EXIT and len(control) == 5 and control[2] == me:
        return _ended(control[3], control[4])
    if control[0] == SPAWN_REPLY and len(control) == 5 and control[2] == me:
        return _spawned(control[1], control[4])
    return None


def _rex_answer(message: Any) -> Answer | None:
    if not isinstance(message, tuple) or len(message) != 2 or not isinstance(message[0], Reference):
        return None
    reference, result = message
    if isinstance(result, tuple) and len(result) == 2 and result[0] == Atom("badrpc"):
        return Answer(reference, Failure(result[1]))
    return Answer(reference, result)


def _ended(reference: Any, reason: Any) -> Answer | None:
    """The process that carried a call out has ended; ``erpc:execute_call/4`` makes the outcome its reason."""
    if not isinstance(reference, Reference):
        return None
    if not isinstance(reason, tuple) or len(reason) < 3 or reason[0] != reference:
        return Answer(reference, Failure((Atom("EXIT"), reason)))
    outcome, value = reason[1:3]
    if outcome == Atom("return"):
        return Answer(reference, value)
    if outcome == Atom("error"):
        return Answer(reference, Failure((Atom("EXIT"), (value, reason[3] if len(reason) > 3 else []))))
    if outcome == Atom("throw"):
        return Answer(reference, Failure((Atom("EXIT"), ((Atom("nocatch"), value), []))))
    return Answer(reference, Failure((Atom("EXIT"), value)))


def _spawned(reference: Any, result: Any) -> Answer | None:
    """A pid says that the call has begun, an atom why it cannot."""
    if isinstance(reference, Reference) and isinstance(result, Atom):
        return Answer(reference, Failure(result))
    return None


def _reference(me: Pid) -> Reference:
    return Reference(me.node, me.creation, (secrets.randbits(18), secrets.randbits(32), secrets.randbits(32)))


def _signal(control: Any, message: Any) -> bytes:
    return bytes((PASS_THROUGH,)) + etf_encoder.encode(control) + etf_encoder.encode(message)
