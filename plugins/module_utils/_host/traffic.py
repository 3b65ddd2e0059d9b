# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which TCP connections are asked for and answered at this host's interfaces, whatever its packet filter does with them.

What arrives is seen before the packet filter's input rules, what leaves after its output rules: a packet that one host
sent and the other one did not see was dropped between them. Sources: packet(7); the kernel's "Linux Socket Filtering"
(the filter); RFC 791, RFC 8200 and RFC 9293 (headers).
"""

from __future__ import annotations

import ctypes
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

ALL_PROTOCOLS = 3
ATTACH_FILTER = 26
OUTGOING = 4
LOOPBACK = "lo"
TCP = 6
SYN, RST, ACK = 0x02, 0x04, 0x10
HEADERS = 256
"""Bytes of a packet that are looked at."""

MOST_CONNECTIONS = 65536
"""Connections of which answers are known as such."""

_LOAD_BYTE, _LOAD_LENGTH, _LOAD_BYTE_AT_X = 0x30, 0xB1, 0x50
_SHIFT, _EQUAL, _ANY_BIT, _RETURN = 0x74, 0x15, 0x45, 0x06
_FILTER = (
    (_LOAD_BYTE, 0, 0, 0),
    (_SHIFT, 0, 0, 4),
    (_EQUAL, 0, 5, 4),
    (_LOAD_BYTE, 0, 0, 9),
    (_EQUAL, 0, 8, TCP),
    (_LOAD_LENGTH, 0, 0, 0),
    (_LOAD_BYTE_AT_X, 0, 0, 13),
    (_ANY_BIT, 4, 5, SYN | RST),
    (_EQUAL, 0, 4, 6),
    (_LOAD_BYTE, 0, 0, 6),
    (_EQUAL, 0, 2, TCP),
    (_LOAD_BYTE, 0, 0, 40 + 13),
    (_ANY_BIT, 0, 1, SYN | RST),
    (_RETURN, 0, 0, HEADERS),
    (_RETURN, 0, 0, 0),
)
"""Lets through the first packet of a TCP connection and its answer, of IPv4 and IPv6, in BPF's instructions."""


class Segment(NamedTuple):
    """A TCP segment: where it comes from and goes to (address, port), and its flags."""

    source: tuple[str, int]
    target: tuple[str, int]
    flags: int


class Seen:
    """How often a connection with a far end was asked for, and how often that was answered."""

    def __init__(self) -> None:
        self.asked = 0
        self.answered = 0


class Traffic:
    """Counts, until it is closed. ``port`` is the one that others connect to here."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.arrived: dict[tuple[str, int], Seen] = {}
        self.sent: dict[tuple[str, int], Seen] = {}
        self._asked: set[frozenset[tuple[str, int]]] = set()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ALL_PROTOCOLS))
        program = b"".join(struct.pack("HBBI", *instruction) for instruction in _FILTER)
        buffer = ctypes.create_string_buffer(program)
        self._socket.setsockopt(socket.SOL_SOCKET, ATTACH_FILTER, struct.pack("HL", len(_FILTER), ctypes.addressof(buffer)))

    def until(self, end: float) -> None:
        """Count what passes until a time of the monotonic clock."""
        while True:
            left = end - time.monotonic()
            if left <= 0:
                return
            self._socket.settimeout(left)
            try:
                packet, place = self._socket.recvfrom(HEADERS)
            except (socket.timeout, TimeoutError):
                return
            found = segment(packet)
            if found is not None and place[0] != LOOPBACK:
                self.count(found, place[2] == OUTGOING)

    def count(self, found: Segment, outgoing: bool) -> None:
        """Count one segment; of answers only those to a first packet that was seen: what is left of older connections is
        reset at any time.
        """
        first = found.flags & (SYN | ACK | RST) == SYN
        connection = frozenset((found.source, found.target))
        if first and len(self._asked) < MOST_CONNECTIONS:
            self._asked.add(connection)
        elif not first and connection not in self._asked:
            return
        near, far = (found.source, found.target) if outgoing else (found.target, found.source)
        if near[1] == self.port and first != outgoing:
            self._note(self.arrived, (far[0], self.port), first)
        if first == outgoing:
            self._note(self.sent, far, first)

    def close(self) -> None:
        """End it."""
        self._socket.close()

    @staticmethod
    def _note(kept: dict[tuple[str, int], Seen], far: tuple[str, int], first: bool) -> None:
        seen = kept.setdefault(far, Seen())
        if first:
            seen.asked += 1
        else:
            seen.answered += 1


def segment(packet: bytes) -> Segment | None:
    """The TCP segment in an IP packet, None where there is none in its head."""
    try:
        if packet[0] >> 4 == 4 and packet[9] == TCP:
            start, family, addresses = (packet[0] & 0x0F) * 4, socket.AF_INET, (packet[12:16], packet[16:20])
        elif packet[0] >> 4 == 6 and packet[6] == TCP:
            start, family, addresses = 40, socket.AF_INET6, (packet[8:24], packet[24:40])
        else:
            return None
        source, target = struct.unpack_from(">HH", packet, start)
        flags = packet[start + 13]
        near, far = (socket.inet_ntop(family, address) for address in addresses)
    except (IndexError, ValueError, struct.error):
        return None
    return Segment((near, source), (far, target), flags)


def counted(kept: dict[tuple[str, int], Seen], wanted: Sequence[tuple[str, int]] | None = None) -> list[dict[str, Any]]:
    """What was counted, as a result; only for the far ends that are wanted, if any are named."""
    return [{"address": far[0], "port": far[1], "asked": seen.asked, "answered": seen.answered} for far, seen in _chosen(kept, wanted)]


def _chosen(kept: dict[tuple[str, int], Seen], wanted: Sequence[tuple[str, int]] | None) -> Iterator[tuple[tuple[str, int], Seen]]:
    return ((far, seen) for far, seen in sorted(kept.items()) if wanted is None or far in wanted)
