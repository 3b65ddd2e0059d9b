# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""epmd's protocol, as a client: which names are registered, and on which port one of them listens.

Source: ERTS User's Guide, chapter "Distribution Protocol", section "EPMD Protocol" (NAMES_REQ 110, PORT_PLEASE2_REQ
122, PORT2_RESP 119). Nothing here opens a socket: a connected stream is handed in.
"""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.channel import Deadline, Stream

NAMES_REQUEST = 110
PORT2_REQUEST = 122
PORT2_RESPONSE = 119
ANSWER_LIMIT = 1 << 20
"""Bytes. An epmd with ten thousand names answers with half of this."""

_LINE = re.compile(rb"name (.+) at port (\d{1,5})")


class EpmdError(Exception):
    """epmd did not answer as the protocol says."""


class EpmdTruncated(EpmdError):
    """The connection ended before the answer was complete."""


class EpmdMalformed(EpmdError):
    """The answer is not one of epmd's: something else listens on the port."""


class EpmdNoSuchName(EpmdError):
    """epmd runs, and the name asked for is not registered with it."""

    def __init__(self, name: str) -> None:
        super().__init__("no node of the name %s is registered" % name)
        self.name = name


class Registered(NamedTuple):
    """One name of the list, and the port its node listens on."""

    name: str
    port: int


class Names(NamedTuple):
    """The answer to NAMES_REQ: epmd's own port, and what is registered with it."""

    epmd_port: int
    registered: list[Registered]


class PortAnswer(NamedTuple):
    """The answer to PORT_PLEASE2_REQ."""

    name: str
    port: int
    hidden: bool
    protocol: int
    highest_version: int
    lowest_version: int
    extra: bytes


def encode_names_request() -> bytes:
    """Return NAMES_REQ with its length."""
    return _request(bytes([NAMES_REQUEST]))


def encode_port_request(name: str) -> bytes:
    """Return PORT_PLEASE2_REQ for the part of a node name before the ``@``, with its length; raise ValueError."""
    encoded = name.encode("utf-8")
    if not 0 < len(encoded) <= 255:
        raise ValueError("the name of a node has 1 to 255 bytes, %r has %d" % (name, len(encoded)))
    return _request(bytes([PORT2_REQUEST]) + encoded)


def decode_names(answer: bytes) -> Names:
    """Return what a complete answer to NAMES_REQ says; raise EpmdTruncated or EpmdMalformed."""
    if len(answer) < 4:
        raise EpmdTruncated("epmd ended its answer after %d bytes" % len(answer))
    registered = []
    for line in answer[4:].splitlines():
        match = _LINE.fullmatch(line)
        if match is None or int(match.group(2)) > 65535:
            raise EpmdMalformed("epmd does not list names as %r" % line[:64])
        registered.append(Registered(match.group(1).decode("utf-8", "replace"), int(match.group(2))))
    return Names(int.from_bytes(answer[:4], "big"), registered)


def decode_port(answer: bytes, name: str) -> PortAnswer:
    """Return what a complete answer to PORT_PLEASE2_REQ says; raise EpmdNoSuchName, EpmdTruncated or EpmdMalformed."""
    if len(answer) < 2:
        raise EpmdTruncated("epmd ended its answer after %d bytes" % len(answer))
    if answer[0] != PORT2_RESPONSE:
        raise EpmdMalformed("epmd answers with %d, not with %r" % (PORT2_RESPONSE, answer[:16]))
    if answer[1] != 0:
        raise EpmdNoSuchName(name)
    if len(answer) < 12:
        raise EpmdTruncated("epmd ended its answer after %d bytes" % len(answer))
    port, kind, protocol, highest, lowest, length = struct.unpack_from(">HBBHHH", answer, 2)
    if len(answer) < 14 + length:
        raise EpmdTruncated("epmd ended its answer within the name")
    alive = answer[12 : 12 + length]
    extra_length = int.from_bytes(answer[12 + length : 14 + length], "big")
    extra = answer[14 + length : 14 + length + extra_length]
    if len(extra) != extra_length:
        raise EpmdTruncated("epmd ended its answer within the extra field")
    if kind not in (72, 77):
        raise EpmdMalformed("%d is no node type" % kind)
    return PortAnswer(alive.decode("utf-8", "replace"), port, kind == 72, protocol, highest, lowest, extra)


def ask_names(stream: Stream, deadline: Deadline) -> Names:
    """Ask the epmd at the other end of stream for its names; raise EpmdError, ChannelError, OSError."""
    return decode_names(_ask(stream, deadline, encode_names_request()))


def ask_port(stream: Stream, deadline: Deadline, name: str) -> PortAnswer:
    """Ask the epmd at the other end of stream where name listens; raise EpmdError, ChannelError, OSError."""
    return decode_port(_ask(stream, deadline, encode_port_request(name)), name)


def _request(payload: bytes) -> bytes:
    return struct.pack(">H", len(payload)) + payload


def _ask(stream: Stream, deadline: Deadline, request: bytes) -> bytes:
    """Send one request and read until epmd closes, as it does after each of these answers."""
    stream.settimeout(deadline.remaining())
    stream.sendall(request)
    answer = bytearray()
    while True:
        stream.settimeout(deadline.remaining())
        data = stream.recv(65536)
        if not data:
            return bytes(answer)
        answer += data
        if len(answer) > ANSWER_LIMIT:
            raise EpmdMalformed("more than %d bytes arrived" % ANSWER_LIMIT)
