# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ways to damage a sample: its bytes, the elements it is made of, the words it is written in; and terms made wrong."""

from __future__ import annotations

import random
import re
import struct
from collections.abc import Callable, Sequence

Damage = Callable[[random.Random, Sequence[bytes]], bytes]

_NUMBERS = [b"\xff\xff\xff\xff", bytes(4), b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\1\0\0", b"\0\0\0\1", b"\xff", b"\0", b"\x7f"]
LONGEST = 1 << 16
"""Bytes of an input; a sample that grows beyond is cut."""


def damaged_bytes(dice: random.Random, samples: Sequence[bytes]) -> bytes:
    """Return a sample after up to six damages of its bytes."""
    data = bytearray(dice.choice(samples))
    for _damage in range(dice.randrange(7)):
        at = dice.randrange(len(data) + 1)
        kind = dice.randrange(8)
        if kind == 0:
            data[at : at + 1] = bytes((dice.randrange(256),))
        elif kind == 1:
            data[at : at + 1] = bytes((data[at] ^ 1 << dice.randrange(8),)) if at < len(data) else b""
        elif kind == 2:
            del data[at : at + dice.randrange(1, 9)]
        elif kind == 3:
            data[at:at] = dice.randbytes(dice.randrange(1, 5))
        elif kind == 4:
            other = dice.choice(samples) or b"\0"
            start = dice.randrange(len(other))
            data[at:at] = other[start : start + dice.randrange(1, 60)]
        elif kind == 5:
            number = dice.choice(_NUMBERS)
            data[at : at + len(number)] = number
        elif kind == 6:
            data[at:at] = bytes(data[at : at + dice.randrange(1, 7)]) * dice.choice([1, 2, 50, 1000])
        else:
            del data[at:]
    return bytes(data[:LONGEST])


_WORD = re.compile(r"\w+|\s+|.", re.DOTALL)
_WORDS = [
    "{", "}", "[", "]", "(", ")", "|", ",", ".", "..", "=>", "#{", "<<", ">>", "/", ":", "-", "+", "$", "$\\", "\\",
    "'", "\"", "\"\"\"", "~", "~\"", "%", "%\n", "\n", "#", "16#", "36#zz", "1.0e", "1.0e999", "1_000", "fun",
    "fun/", "end", "when", "X", "_", "a", "'a'", "\\x{", "\\x{110000}", "\\^", "/utf8", "/float", ":256", ":257",
    "-little", "\ufeff", "\ufffe", "\U0001f600", "\x00", "\x85", "undefined", "application", "release", "erts",
    "vsn", " ",
    "9" * 4100, "a" * 256, "[" * 200, "{" * 200, '"' * 7, "[[]," * 100,
]  # fmt: skip


def damaged_text(dice: random.Random, samples: Sequence[bytes]) -> bytes:
    """Return a sample after up to six damages of the words and signs that it is written in."""
    words = _WORD.findall(dice.choice(samples).decode("utf-8"))
    for _damage in range(dice.randrange(7)):
        at = dice.randrange(len(words) + 1)
        kind = dice.randrange(5)
        if kind == 0:
            words[at : at + 1] = [dice.choice(_WORDS)]
        elif kind == 1:
            del words[at : at + dice.randrange(1, 5)]
        elif kind == 2:
            words[at:at] = [dice.choice(_WORDS)]
        elif kind == 3:
            words[at:at] = words[at : at + dice.randrange(1, 8)] * dice.choice([1, 2, 30])
        else:
            other = _WORD.findall(dice.choice(samples).decode("utf-8"))
            start = dice.randrange(len(other))
            words[at:at] = other[start : start + dice.randrange(1, 20)]
    return "".join(words).encode("utf-8")[:LONGEST]


def damaged_elements(dice: random.Random, samples: Sequence[bytes]) -> bytes:
    """Return DER after damage to one of its elements; the lengths around it fit again, mostly."""
    return _rebuilt(dice, dice.choice(samples), 0, samples)


def _rebuilt(dice: random.Random, data: bytes, depth: int, samples: Sequence[bytes]) -> bytes:
    elements = _elements(data)
    if not elements or depth > 8:
        return damaged_bytes(dice, [data])
    at = dice.randrange(len(elements))
    tag, content = elements[at]
    kind = dice.randrange(10)
    if kind == 0:
        elements[at : at + 1] = []
    elif kind == 1:
        elements[at:at] = [elements[at]] * dice.choice([1, 2, 300])
    elif kind == 2:
        elements[at] = (dice.randrange(256), content)
    elif kind == 3:
        elements[at] = dice.choice(elements)
    elif kind == 4:
        elements[at] = (tag, b"")
    elif kind == 5:
        elements[at] = (tag, dice.choice(samples))
    else:
        elements[at] = (tag, _rebuilt(dice, content, depth + 1, samples))
    return b"".join([_element(dice, *element) for element in elements])


def _elements(data: bytes) -> list[tuple[int, bytes]]:
    """Return the elements that data is wholly made of, none if it is not."""
    found, at = [], 0
    while at + 2 <= len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
        found.append((tag, data[at : at + length]))
        at += length
    return found if at == len(data) else []


def _element(dice: random.Random, tag: int, content: bytes) -> bytes:
    length = len(content)
    if dice.randrange(40) == 0:
        length = max(0, length + dice.choice([-1, 1, 100]))
    if length < 0x80 and dice.randrange(40):
        return bytes((tag, length)) + content
    size = dice.choice([4, 2]) if length < 0x10000 else 4
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + content


def made_term(dice: random.Random, samples: Sequence[bytes]) -> bytes:
    """Return a term in external format that is wrong in a few places, behind its version; the samples are not used."""
    out = bytearray(b"\x83")
    _make(dice, out, dice.randrange(1, 6), dice.choice([0, 20, 60]))
    return bytes(out[:LONGEST])


_SCALARS = [70, 77, 88, 89, 90, 97, 98, 99, 100, 101, 102, 103, 106, 107, 109, 110, 111, 112, 113, 114, 115, 118, 119, 120]
_COMPOUND = [104, 105, 108, 116]


def _make(dice: random.Random, out: bytearray, depth: int, wrong: int) -> None:
    """Put a term behind ``out``; one in ``wrong`` of its numbers is another than it should be, none if that is 0."""
    faulty = bool(wrong) and dice.randrange(wrong) == 0
    tag = (
        dice.randrange(256) if faulty and dice.random() < 0.3 else dice.choice(_COMPOUND if depth > 0 and dice.random() < 0.6 else _SCALARS)
    )
    out.append(tag)
    size = dice.randrange(6)
    told = max(0, size + dice.choice([-1, 1, 5, 200, 65000])) if faulty else size
    if tag in _COMPOUND:
        _make_parts(dice, out, depth, wrong, (tag, size, told))
    elif tag in (97, 98, 70):
        out += dice.randbytes({97: 1, 98: 4, 70: 8}[tag])
    elif tag == 99:
        out += (b"%.20e" % dice.uniform(-9, 9)).ljust(31, b"\0")
    elif tag in (115, 119, 110):
        out.append(told & 0xFF)
        out += (bytes((dice.randrange(3 if faulty else 2),)) if tag == 110 else b"") + _letters(dice, size)
    elif tag in (100, 118, 107):
        out += struct.pack(">H", told) + _letters(dice, size)
    elif tag in (109, 111, 77):
        out += struct.pack(">I", told)
        out += b"" if tag == 109 else bytes((dice.randrange(2 if tag == 111 else 10),))
        out += dice.randbytes(size)
    elif tag in (88, 89, 101, 102, 103, 120):
        _node(dice, out, wrong)
        out += dice.randbytes({88: 12, 89: 8, 101: 5, 102: 5, 103: 9, 120: 12}[tag])
    elif tag in (90, 114):
        out += struct.pack(">H", told)
        _node(dice, out, wrong)
        out += dice.randbytes((4 if tag == 90 else 1) + 4 * size)
    elif tag == 112:
        out += struct.pack(">I", 4 + 25 + 3 + told) + dice.randbytes(25) + b"\x77\x01m" + dice.randbytes(size)
    elif tag == 113:
        _node(dice, out, wrong)
        _node(dice, out, wrong)
        out += b"\x61" + dice.randbytes(1)


def _make_parts(dice: random.Random, out: bytearray, depth: int, wrong: int, shape: tuple[int, int, int]) -> None:
    """Put the parts of a compound term behind ``out``: its tag, how many there are, and how many it says there are."""
    tag, size, told = shape
    size = size if depth > 0 else 0
    out += bytes((told & 0xFF,)) if tag == 104 else struct.pack(">I", told)
    for _part in range(2 * size if tag == 116 else size):
        _make(dice, out, depth - 1, wrong)
    if tag == 108 and depth > 0 and dice.random() < 0.2:
        _make(dice, out, depth - 1, wrong)
    elif tag == 108:
        out.append(106)


def _node(dice: random.Random, out: bytearray, wrong: int) -> None:
    if wrong and dice.randrange(wrong) == 0:
        _make(dice, out, 0, wrong)
    else:
        out += dice.choice([b"\x77\x03a@b", b"\x64\0\x01\xe5", b"\x76\0\x02\xc3\xa5", b"\x73\1x"])


def _letters(dice: random.Random, size: int) -> bytes:
    return dice.randbytes(size) if dice.randrange(4) == 0 else bytes(dice.choices(b"abc@ \n$", k=size))
