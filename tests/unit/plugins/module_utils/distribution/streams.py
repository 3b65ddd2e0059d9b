# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Streams in memory that stand for the other side, and a clock that moves when nothing comes."""

from __future__ import annotations

import socket
from typing import Callable


class Hand:
    """A clock that is set by hand, in seconds."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Played:
    """Delivers ``parts`` in turn: bytes, a number of seconds in which nothing comes, or nothing for the end of the
    stream. What is sent is kept in ``sent``, with the time at which it was.
    """

    def __init__(self, clock: Hand, *parts: bytes | float) -> None:
        self.clock = clock
        self.parts = list(parts)
        self.patience = 0.0
        self.sent: list[tuple[float, bytes]] = []

    def sendall(self, data: bytes) -> None:
        self.sent.append((self.clock.now, data))

    def settimeout(self, seconds: float | None) -> None:
        self.patience = seconds or 0.0

    def close(self) -> None:
        pass

    def recv(self, size: int) -> bytes:
        if not self.parts:
            return b""
        part = self.parts.pop(0)
        if isinstance(part, bytes):
            if len(part) > size:
                self.parts.insert(0, part[size:])
            return part[:size]
        if part > self.patience:
            self.clock.now += self.patience
            self.parts.insert(0, part - self.patience)
            raise socket.timeout("timed out")
        self.clock.now += part
        return self.recv(size)


class Answering:
    """Takes whole frames behind a length of ``prefix`` bytes and hands each to ``answer``, which returns the frames that
    come back.
    """

    def __init__(self, answer: Callable[[bytes], list[bytes]], prefix: int = 2) -> None:
        self.answer = answer
        self.prefix = prefix
        self.waiting = b""

    def sendall(self, data: bytes) -> None:
        for frame in self.answer(data[self.prefix :]):
            self.waiting += len(frame).to_bytes(self.prefix, "big") + frame

    def settimeout(self, seconds: float | None) -> None:
        pass

    def close(self) -> None:
        pass

    def recv(self, size: int) -> bytes:
        data, self.waiting = self.waiting[:size], self.waiting[size:]
        return data
