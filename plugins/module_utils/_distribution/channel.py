# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Frames on a byte stream, within a deadline.

The distribution handshake is framed by 2-byte lengths on plain TCP and by 4-byte lengths over TLS; everything after
the handshake by 4-byte lengths (ERTS User's Guide, "Distribution Protocol", "Distribution Handshake" and "Protocol
between Connected Nodes"; ``inet_tls_dist`` sets ``{packet, 4}`` from the start).
"""

from __future__ import annotations

import socket
import time
from typing import Callable, Protocol

Clock = Callable[[], float]

HANDSHAKE_FRAME_LIMIT = 4096
"""Bytes. The longest handshake message holds a node name of at most 255 characters per part."""


class Stream(Protocol):
    """What a channel needs of a socket; an ``ssl.SSLSocket``, a socket and an in-memory fake all have it."""

    def sendall(self, data: bytes) -> None:
        """Send all of data or raise OSError."""

    def recv(self, size: int) -> bytes:
        """Return at most size bytes, none at the end of the stream."""

    def settimeout(self, seconds: float | None) -> None:
        """Bound the next calls, in seconds."""

    def close(self) -> None:
        """Give the connection up."""


class ChannelError(Exception):
    """The stream did not deliver a frame."""


class DeadlineExceeded(ChannelError):
    """The time given to an attempt is used up."""


class PeerClosed(ChannelError):
    """The other side ended the stream.

    ``received`` is the number of bytes of the unfinished frame that had arrived.
    """

    def __init__(self, received: int = 0) -> None:
        super().__init__("the other side closed the connection")
        self.received = received


class FrameTooLong(ChannelError):
    """The announced length of a frame is beyond the limit, as when the other side does not speak this protocol."""

    def __init__(self, length: int, limit: int) -> None:
        super().__init__("a frame of %d bytes was announced, %d are the limit" % (length, limit))
        self.length = length
        self.limit = limit


class Deadline:
    """A point in time that all steps of one attempt share."""

    def __init__(self, seconds: float, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def left(self) -> float:
        """Return the seconds left, at least 0."""
        return max(0.0, self._end - self._clock())

    def remaining(self) -> float:
        """Return the seconds left; raise DeadlineExceeded when there are none."""
        left = self.left()
        if left <= 0:
            raise DeadlineExceeded("no time is left")
        return left

    def within(self, seconds: float) -> Deadline:
        """Return a deadline that is seconds away, or this one if it comes earlier."""
        return Deadline(min(seconds, self.left()), self._clock)


class Channel:
    """Sends and receives frames with a length prefix of ``prefix`` bytes (2 or 4)."""

    def __init__(self, stream: Stream, deadline: Deadline, prefix: int, limit: int = HANDSHAKE_FRAME_LIMIT) -> None:
        self.stream = stream
        self.deadline = deadline
        self.prefix = prefix
        self.limit = limit
        self.received = 0
        self._buffer = bytearray()

    def send(self, payload: bytes) -> None:
        """Send one frame; raise OSError, or DeadlineExceeded."""
        self.stream.settimeout(self.deadline.remaining())
        self.stream.sendall(len(payload).to_bytes(self.prefix, "big") + payload)

    def receive(self) -> bytes:
        """Return the payload of the next frame; raise ChannelError or OSError."""
        while True:
            frame = self.poll(self.deadline.remaining())
            if frame is not None:
                return frame

    def poll(self, seconds: float) -> bytes | None:
        """Return the payload of the next frame, or None when it is not whole within so many seconds; what has arrived
        of it is kept. Raises ChannelError or OSError.
        """
        patience = self.deadline.within(seconds)
        while True:
            frame = self._frame()
            if frame is not None:
                return frame
            self.deadline.remaining()
            if not self._fill(patience.left()):
                return None

    def _frame(self) -> bytes | None:
        """Take the first frame out of what has arrived, if it is whole."""
        if len(self._buffer) < self.prefix:
            return None
        length = int.from_bytes(self._buffer[: self.prefix], "big")
        if length > self.limit:
            raise FrameTooLong(length, self.limit)
        end = self.prefix + length
        if len(self._buffer) < end:
            return None
        frame = bytes(memoryview(self._buffer)[self.prefix : end])
        del self._buffer[:end]
        return frame

    def _fill(self, seconds: float) -> bool:
        """Wait so many seconds for bytes to arrive; tell whether some did."""
        if seconds <= 0:
            return False
        self.stream.settimeout(seconds)
        try:
            data = self.stream.recv(65536)
        except socket.timeout:
            return False
        if not data:
            raise PeerClosed(len(self._buffer))
        self.received += len(data)
        self._buffer += data
        return True
