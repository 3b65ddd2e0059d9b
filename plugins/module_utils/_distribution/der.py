# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DER (ITU-T X.690): elements read from bytes, and written. Pure.

Whatever does not fit raises ValueError.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

LONGEST_OBJECT = 64
"""Bytes of the longest object identifier that is read."""

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OBJECT, SEQUENCE = 0x01, 0x02, 0x03, 0x04, 0x06, 0x30
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
VERSION, EXTENSIONS = 0xA0, 0xA3
DNS_NAME, IP_ADDRESS, KEY_IDENTIFIER = 0x82, 0x87, 0x80


class Element(NamedTuple):
    """One element: its tag and what it holds."""

    tag: int
    content: bytes


def encoded(tag: int, *parts: bytes) -> bytes:
    """Return an element that holds the parts."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def elements(data: bytes) -> Iterator[Element]:
    """Yield the elements that data is a sequence of; raise ValueError where a length does not fit."""
    position = 0
    while position < len(data):
        if position + 2 > len(data):
            raise ValueError("truncated element")
        tag, length = data[position], data[position + 1]
        position += 2
        if length & 0x80:
            size = length & 0x7F
            if not 1 <= size <= 4 or position + size > len(data):
                raise ValueError("bad length")
            length = int.from_bytes(data[position : position + size], "big")
            position += size
        if position + length > len(data):
            raise ValueError("truncated element")
        yield Element(tag, data[position : position + length])
        position += length


def only(data: bytes, tag: int) -> bytes:
    """Return what the only element of data holds, which is of that tag."""
    (element,) = elements(data)
    if element.tag != tag:
        raise ValueError("unexpected element")
    return element.content


def dotted(content: bytes) -> str:
    """Return an object identifier in dotted numbers."""
    if len(content) > LONGEST_OBJECT:
        raise ValueError("an object identifier that is too long")
    numbers = [0]
    for byte in content:
        numbers[-1] = numbers[-1] << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(0)
    if len(numbers) < 2:
        return ""
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:-1]]))


def first(data: bytes) -> bytes:
    """Return the first element of DER, behind which OTP reads no further; data itself where there is none."""
    if len(data) < 2:
        return data
    size = data[1] & 0x7F if data[1] & 0x80 else 0
    length = int.from_bytes(data[2 : 2 + size], "big") if size else data[1]
    return data[: 2 + size + length]
