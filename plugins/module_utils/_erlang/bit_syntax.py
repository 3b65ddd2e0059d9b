# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Binaries and bit strings from the segments that their text is made of: ``<<Value:Size/Types, ...>>``.

Source: Erlang Reference Manual, "Bit Syntax Expressions".
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import BitString, is_integer

SEGMENT_TYPES = frozenset(["integer", "float", "utf8", "utf16", "utf32", "big", "little", "signed", "unsigned"])
"""Types of a segment that are read."""
SEGMENT_BITS = 256
"""Bits that a segment may have at most."""


class Bits:
    """Bits put one after another."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.rest = 0
        self.rest_bits = 0

    def add(self, value: Any, size: int | None, types: Iterable[str]) -> None:
        """Add ``value`` as a segment of ``size`` bits. Raises ``ValueError`` and its like where it does not fit."""
        order = "little" if "little" in types else "big"
        for encoding in ("utf8", "utf16", "utf32"):
            if encoding in types:
                name = encoding if encoding == "utf8" else f"utf-{encoding[3:]}-{order[0]}e"
                self.put(chr(value).encode(name))
                return
        if "float" in types:
            form = {64: "d", 32: "f", 16: "e"}.get(size or 64)
            if form is None:
                raise ValueError("a float has 16, 32 or 64 bits")
            self.put(struct.pack({"little": "<", "big": ">"}[order] + form, value))
            return
        if not is_integer(value):
            raise ValueError("no integer")
        bits = 8 if size is None else size
        number = value & ((1 << bits) - 1)
        if order == "little" and bits > 8:
            number, bits = _little(number, bits)
        self.bits(number, bits)

    def put(self, data: bytes) -> None:
        """Add whole bytes."""
        if not self.rest_bits:
            self.data += data
            return
        for byte in data:
            self.bits(byte, 8)

    def bits(self, number: int, bits: int) -> None:
        """Add the ``bits`` lowest bits of ``number``."""
        self.rest = (self.rest << bits) | number
        self.rest_bits += bits
        whole, left = divmod(self.rest_bits, 8)
        if whole:
            self.data += (self.rest >> left).to_bytes(whole, "big")
            self.rest &= (1 << left) - 1
            self.rest_bits = left

    def result(self) -> Any:
        """``bytes``, or a :class:`BitString`."""
        if not self.rest_bits:
            return bytes(self.data)
        return BitString(bytes(self.data) + bytes((self.rest << (8 - self.rest_bits),)), self.rest_bits)


def _little(number: int, bits: int) -> tuple[int, int]:
    whole, left = divmod(bits, 8)
    low = int.from_bytes((number & ((1 << (8 * whole)) - 1)).to_bytes(whole, "little"), "big")
    return (low << left) | (number >> (8 * whole)), bits
