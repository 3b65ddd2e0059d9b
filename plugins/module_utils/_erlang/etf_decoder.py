# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Erlang terms from the external term format, over the term model of :mod:`terms`.

Source: ERTS User's Guide, "External Term Format". Decoding is safe on hostile bytes: a declared length is held against
the bytes that remain before anything is made of it, nesting is bounded, compressed terms are inflated no further than
they declare, time is linear in the bytes, and every failure is an :class:`EtfError`. What is decoded takes at most
``max_memory`` bytes of memory besides the encoded bytes themselves: every term is charged what its objects take in
CPython at worst, and reading ends where the sum is beyond.
"""

from __future__ import annotations

import math
import struct
import zlib
from typing import Any, Callable

from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.etf_format import (
    ATOM,
    ATOM_CACHE_REF,
    ATOM_UTF8,
    BINARY,
    BIT_BINARY,
    COMPRESSED,
    DISTRIBUTION_HEADER,
    EXPORT,
    FLOAT,
    INTEGER,
    LARGE_BIG,
    LARGE_TUPLE,
    LIST,
    MAP,
    NEW_FLOAT,
    NEW_FUN,
    NEW_PID,
    NEW_PORT,
    NEW_REFERENCE,
    NEWER_REFERENCE,
    NIL,
    PID,
    PORT,
    REFERENCE,
    SMALL_ATOM,
    SMALL_ATOM_UTF8,
    SMALL_BIG,
    SMALL_INTEGER,
    SMALL_TUPLE,
    STRING,
    V4_PORT,
    VERSION,
    EtfError,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import (
    MAX_ATOM,
    MAX_DEPTH,
    Atom,
    BitString,
    Export,
    Fun,
    ImproperList,
    Map,
    Pid,
    Port,
    Reference,
    printable,
)

MAX_SIZE = 16 * 1024 * 1024
"""Largest encoded term, in bytes and after inflating, that is decoded unless the caller says otherwise."""

MAX_MEMORY = 64 * 1024 * 1024
"""Bytes of memory that a decoded term may take unless the caller says otherwise: about 700000 small terms."""

_TERM, _RECORD, _OPAQUE_TERM, _NEW_ATOM, _PAIR = 96, 80, 400, 280, 160
"""Bytes charged for any term, and besides for a map or bit string, for a pid, port, reference or fun, for an atom not
seen before, and for the pair of a map. Held against what is taken by ``test_memory_stays_below_the_stated_bound``.
"""
_CHARACTER, _KEY = 8, 5
"""Bytes charged for a character of a list of them, and how many times over what a key of a map takes is charged."""

_REFUSED = {
    DISTRIBUTION_HEADER: "a distribution header",
    ATOM_CACHE_REF: "a reference into a distribution atom cache",
    COMPRESSED: "a compressed term inside a term",
    117: "a fun of the format dropped in OTP 23",
    121: "a term only the node that made it can read",
}


def decode(data: bytes, offset: int = 0, max_size: int = MAX_SIZE, max_memory: int = MAX_MEMORY, versioned: bool = True) -> tuple[Any, int]:
    """Read one term from ``data`` at ``offset``: the term, and the offset of what follows it.

    ``versioned`` is false where the version byte is left out. A list of printable characters comes back as ``str``,
    everything else as :mod:`terms` has it. Raises :class:`EtfError`.
    """
    if versioned:
        if offset >= len(data):
            raise EtfError("there are no bytes to read a term from")
        if data[offset] != VERSION:
            raise EtfError(f"the term at byte {offset} begins with {data[offset]}, not with version {VERSION}")
        offset += 1
        if offset < len(data) and data[offset] == COMPRESSED:
            return _inflate(data, offset, max_size, max_memory)
    decoder = _Decoder(data, offset, max_size, max_memory)
    return decoder.term(0), decoder.offset


def decode_whole(data: bytes, max_size: int = MAX_SIZE, max_memory: int = MAX_MEMORY) -> Any:
    """Read the one term that ``data`` consists of. Raises :class:`EtfError`, also when bytes are left over."""
    term, end = decode(data, 0, max_size, max_memory)
    if end != len(data):
        raise EtfError(f"{len(data) - end} bytes follow the term")
    return term


def _inflate(data: bytes, offset: int, max_size: int, max_memory: int) -> tuple[Any, int]:
    if len(data) - offset < 5:
        raise EtfError(f"the compressed term at byte {offset} is cut short")
    size = struct.unpack_from(">I", data, offset + 1)[0]
    if size > max_size:
        raise EtfError(f"the compressed term declares {size} bytes, at most {max_size} are read")
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(data[offset + 5 :], size + 1)
        while not inflater.eof and len(plain) <= size:
            more = inflater.decompress(inflater.unconsumed_tail, size + 1 - len(plain))
            if not more and not inflater.eof:
                break
            plain += more
    except zlib.error as error:
        raise EtfError(f"the compressed term at byte {offset} does not inflate: {error}") from error
    if not inflater.eof or len(plain) != size:
        raise EtfError(f"the compressed term at byte {offset} does not hold the {size} bytes it declares")
    decoder = _Decoder(plain, 0, max_size, max_memory)
    term = decoder.term(0)
    if decoder.offset != size:
        raise EtfError(f"{size - decoder.offset} bytes follow the term inside the compressed term")
    return term, len(data) - len(inflater.unused_data)


class _Decoder:
    """Reads terms one after another; ``offset`` is where the next one begins."""

    def __init__(self, data: bytes, offset: int, max_size: int, max_memory: int) -> None:
        self.data = data
        self.offset = offset
        self.end = len(data)
        self.memory_left = max_memory
        self.rate = 1
        self.atoms: dict[bytes, Atom] = {}
        if self.end - offset > max_size:
            raise EtfError(f"{self.end - offset} bytes are too many to decode, at most {max_size} are read")

    def charge(self, size: int) -> None:
        """Count ``size`` bytes of memory as taken."""
        self.memory_left -= size * self.rate
        if self.memory_left < 0:
            raise EtfError("the term takes more memory than is given to it")

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes."""
        start = self.offset
        if size > self.end - start:
            raise EtfError(f"byte {start} wants {size} bytes more, {self.end - start} are there")
        self.offset = start + size
        return self.data[start : self.offset]

    def byte(self) -> int:
        """The next byte."""
        at = self.offset
        if at >= self.end:
            raise EtfError(f"byte {at} wants 1 bytes more, 0 are there")
        self.offset = at + 1
        return self.data[at]

    def short(self) -> int:
        """The next two bytes, unsigned."""
        return int.from_bytes(self.take(2), "big")

    def word(self) -> int:
        """The next four bytes, unsigned."""
        return int.from_bytes(self.take(4), "big")

    def payload(self, size: int) -> bytes:
        """The next ``size`` bytes, to be kept as they are or as a number."""
        data = self.take(size)
        self.charge(size + size // 8)
        return data

    def count(self, number: int, least: int) -> int:
        """``number`` of parts of at least ``least`` bytes each, held against what is left."""
        if number * least > self.end - self.offset:
            raise EtfError(f"byte {self.offset} declares {number} parts, {self.end - self.offset} bytes are left")
        return number

    def term(self, depth: int) -> Any:
        """The next term."""
        if depth > MAX_DEPTH:
            raise EtfError(f"terms are nested deeper than {MAX_DEPTH}")
        at = self.offset
        self.charge(_TERM)
        tag = self.byte()
        if tag in (SMALL_TUPLE, LARGE_TUPLE):
            number = self.count(self.byte() if tag == SMALL_TUPLE else self.word(), 1)
            return tuple([self.term(depth + 1) for dummy in range(number)])
        if tag == LIST:
            return self.list_term(depth)
        if tag == MAP:
            return self.map_term(depth)
        reader = _READERS.get(tag)
        if reader is None:
            raise EtfError("byte {} begins {}, which is not read".format(at, _REFUSED.get(tag, f"an unknown term (tag {tag})")))
        return reader(self)

    def list_term(self, depth: int) -> Any:
        """The list after its tag. A tail that is a list again is read on with, so that its items are gone through once."""
        items: list[Any] = []
        more = True
        while more:
            items.extend([self.term(depth + 1) for dummy in range(self.count(self.word(), 1))])
            more = self.offset < self.end and self.data[self.offset] == LIST
            self.offset += 1 if more else 0
        tail = self.term(depth + 1)
        if isinstance(tail, (list, str)) and not isinstance(tail, Atom):
            items.extend(tail if isinstance(tail, list) else map(ord, tail))
            return _text(items) if items and printable(items) else items
        return ImproperList(tuple(items), tail) if items else tail

    def map_term(self, depth: int) -> Map:
        """The map after its tag."""
        at = self.offset
        self.charge(_RECORD)
        number = self.count(self.word(), 2)
        pairs = []
        for _pair in range(number):
            self.charge(_PAIR)
            rate, self.rate = self.rate, _KEY
            key = self.term(depth + 1)
            self.rate = rate
            pairs.append((key, self.term(depth + 1)))
        result = Map(pairs)
        if len(result) != number:
            raise EtfError(f"the map before byte {at} has a key twice")
        return result

    def string(self) -> Any:
        """The list of bytes after its tag: ``str`` where printable."""
        size = self.count(self.short(), 1)
        self.charge(_CHARACTER * size)
        codes = self.take(size)
        if codes and printable(codes):
            return codes.decode("latin-1")
        return list(codes)

    def small_big(self) -> int:
        """An integer of at most 255 bytes."""
        return self.big(self.byte())

    def large_big(self) -> int:
        """An integer of any length."""
        return self.big(self.word())

    def big(self, size: int) -> int:
        """An integer of ``size`` bytes, least significant first, after its sign."""
        sign = self.byte()
        if sign > 1:
            raise EtfError(f"the integer before byte {self.offset} has sign {sign}")
        value = int.from_bytes(self.payload(size), "little")
        return -value if sign else value

    def new_float(self) -> float:
        """An IEEE 754 double."""
        return self.finite(struct.unpack(">d", self.take(8))[0])

    def old_float(self) -> float:
        """A float printed with ``%.20e`` into 31 bytes."""
        text = self.take(31).rstrip(b"\0")
        try:
            return self.finite(float(text.decode("ascii")))
        except ValueError as error:
            raise EtfError(f"the float before byte {self.offset} is no number") from error

    def finite(self, value: float) -> float:
        """``value``, unless Erlang could not hold it."""
        if not math.isfinite(value):
            raise EtfError(f"the float before byte {self.offset} is no finite number")
        return value

    def atom_text(self, raw: bytes, encoding: str) -> Atom:
        """The atom whose name ``raw`` is."""
        known = self.atoms.get(raw) if encoding == "utf-8" else None
        if known is not None:
            return known
        try:
            name = raw.decode(encoding)
        except UnicodeDecodeError as error:
            raise EtfError(f"the atom before byte {self.offset} is no UTF-8") from error
        if len(name) > MAX_ATOM:
            raise EtfError(f"the atom before byte {self.offset} has more than {MAX_ATOM} characters")
        self.charge(_NEW_ATOM + 6 * len(raw))
        atom = Atom(name)
        if encoding == "utf-8":
            self.atoms[raw] = atom
        return atom

    def node(self) -> Atom:
        """The next term, which must be an atom."""
        at = self.offset
        tag = self.byte()
        if tag not in (ATOM, SMALL_ATOM, ATOM_UTF8, SMALL_ATOM_UTF8):
            raise EtfError(f"an atom should stand at byte {at}, not tag {tag}")
        atom = _READERS[tag](self)
        if not isinstance(atom, Atom):
            raise EtfError(f"an atom should stand at byte {at}")
        return atom

    def pid(self, new: bool) -> Pid:
        """A pid, its creation one byte or four."""
        self.charge(_OPAQUE_TERM)
        node = self.node()
        return Pid(node, self.word(), self.word(), self.word() if new else self.byte())

    def port(self, tag: int) -> Port:
        """A port of any of the three formats."""
        self.charge(_OPAQUE_TERM)
        node = self.node()
        number = int.from_bytes(self.take(8), "big") if tag == V4_PORT else self.word()
        return Port(node, number, self.byte() if tag == PORT else self.word())

    def old_reference(self) -> Reference:
        """A reference of one word."""
        self.charge(_OPAQUE_TERM)
        node = self.node()
        number = self.word()
        return Reference(node, self.byte(), (number,))

    def reference(self, newer: bool) -> Reference:
        """A reference of up to five words."""
        self.charge(_OPAQUE_TERM)
        length = self.short()
        if not 1 <= length <= 5:
            raise EtfError(f"the reference before byte {self.offset} has {length} words")
        node = self.node()
        creation = self.word() if newer else self.byte()
        return Reference(node, creation, tuple([self.word() for dummy in range(length)]))

    def export(self) -> Export:
        """``fun m:f/a``."""
        self.charge(_OPAQUE_TERM)
        module, function = self.node(), self.node()
        if self.byte() != SMALL_INTEGER:
            raise EtfError(f"the arity before byte {self.offset} is no small integer")
        return Export(module, function, self.byte())

    def fun(self) -> Fun:
        """A local fun; its inside stays unread but for the module's name."""
        self.charge(_OPAQUE_TERM)
        size = self.word()
        if size < 4:
            raise EtfError(f"the fun before byte {self.offset} declares {size} bytes")
        start = self.offset
        body = self.payload(size - 4)
        end = self.offset
        if len(body) < 25:
            raise EtfError(f"the fun at byte {start} is cut short")
        self.offset = start + 25
        module = self.node()
        if self.offset > end:
            raise EtfError(f"the fun at byte {start} is cut short")
        self.offset = end
        return Fun(module, bytes(body))

    def bits(self) -> Any:
        """A bit string."""
        self.charge(_RECORD)
        size = self.word()
        bits = self.byte()
        data = bytes(self.payload(size))
        if not 1 <= bits <= 8 or not data:
            raise EtfError(f"the bit string before byte {self.offset} has {bits} bits in its last byte")
        return data if bits == 8 else BitString(data[:-1] + bytes((data[-1] & (0xFF << (8 - bits)) & 0xFF,)), bits)


def _text(codes: list[int]) -> str:
    """The text of printable characters. Joining them one by one would take ten times its memory."""
    return struct.pack(f"<{len(codes)}I", *codes).decode("utf-32-le")


_READERS: dict[int, Callable[[_Decoder], Any]] = {
    SMALL_INTEGER: _Decoder.byte,
    INTEGER: lambda decoder: struct.unpack(">i", decoder.take(4))[0],
    FLOAT: _Decoder.old_float,
    NEW_FLOAT: _Decoder.new_float,
    SMALL_BIG: _Decoder.small_big,
    LARGE_BIG: _Decoder.large_big,
    ATOM: lambda decoder: decoder.atom_text(decoder.take(decoder.short()), "latin-1"),
    SMALL_ATOM: lambda decoder: decoder.atom_text(decoder.take(decoder.byte()), "latin-1"),
    ATOM_UTF8: lambda decoder: decoder.atom_text(decoder.take(decoder.short()), "utf-8"),
    SMALL_ATOM_UTF8: lambda decoder: decoder.atom_text(decoder.take(decoder.byte()), "utf-8"),
    NIL: lambda decoder: [],
    STRING: _Decoder.string,
    BINARY: lambda decoder: bytes(decoder.payload(decoder.word())),
    BIT_BINARY: _Decoder.bits,
    PID: lambda decoder: decoder.pid(False),
    NEW_PID: lambda decoder: decoder.pid(True),
    PORT: lambda decoder: decoder.port(PORT),
    NEW_PORT: lambda decoder: decoder.port(NEW_PORT),
    V4_PORT: lambda decoder: decoder.port(V4_PORT),
    REFERENCE: _Decoder.old_reference,
    NEW_REFERENCE: lambda decoder: decoder.reference(False),
    NEWER_REFERENCE: lambda decoder: decoder.reference(True),
    EXPORT: _Decoder.export,
    NEW_FUN: _Decoder.fun,
}
