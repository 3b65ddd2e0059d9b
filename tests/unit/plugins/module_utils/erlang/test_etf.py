# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The external term format, on good bytes and on bad ones."""

from __future__ import annotations

import struct
import time
import tracemalloc
import zlib

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import etf_decoder, etf_encoder
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.etf_format import EtfError
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import (
    Atom,
    BitString,
    Export,
    Fun,
    ImproperList,
    Map,
    Pid,
    Port,
    Reference,
    identity,
)
from erlang_strategies import TERMS
from hypothesis import given, settings
from hypothesis import strategies as st

NODE = b"\x64\x00\x03a@b"
# By hand from the tables of the ERTS User's Guide.
FORMATS = [
    (b"\x61\xff", 255),
    (b"\x62\xff\xff\xff\xfe", -2),
    (b"\x6e\x05\x01\x00\x00\x00\x00\x01", -(1 << 32)),
    (b"\x6f\x00\x00\x00\x01\x00\x07", 7),
    (b"\x46\x3f\xf8\x00\x00\x00\x00\x00\x00", 1.5),
    (b"c1.50000000000000000000e+00" + bytes(5), 1.5),
    (b"\x64\x00\x01\xe5", Atom("å")),
    (b"\x73\x01a", Atom("a")),
    (b"\x76\x00\x02\xc3\xa5", Atom("å")),
    (b"\x77\x02\xc3\xa5", Atom("å")),
    (b"\x6a", []),
    (b"\x6b\x00\x02ab", "ab"),
    (b"\x6b\x00\x02\x00\x01", [0, 1]),
    (b"\x6c\x00\x00\x00\x01\x61\x01\x6a", [1]),
    (b"\x6c\x00\x00\x00\x01\x61\x01\x61\x02", ImproperList((1,), 2)),
    (b"\x6c\x00\x00\x00\x01\x61\x01\x6c\x00\x00\x00\x01\x61\x02\x6a", [1, 2]),
    (b"\x6c\x00\x00\x00\x01\x61\x01\x6c\x00\x00\x00\x01\x61\x02\x61\x03", ImproperList((1, 2), 3)),
    (b"\x6c\x00\x00\x00\x01\x62\x00\x00\x20\xac\x6b\x00\x01a", "€a"),
    (b"\x6c\x00\x00\x00\x00\x61\x05", 5),
    (b"\x68\x01\x61\x01", (1,)),
    (b"\x69\x00\x00\x00\x01\x61\x01", (1,)),
    (b"\x74\x00\x00\x00\x01\x61\x01\x61\x02", Map([(1, 2)])),
    (b"\x6d\x00\x00\x00\x02ab", b"ab"),
    (b"\x4d\x00\x00\x00\x02\x03\x01\xff", BitString(b"\x01\xe0", 3)),
    (b"\x4d\x00\x00\x00\x01\x08\x01", b"\x01"),
    (b"\x67" + NODE + bytes((0, 0, 0, 1, 0, 0, 0, 2, 3)), Pid(Atom("a@b"), 1, 2, 3)),
    (b"\x58" + NODE + bytes((0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 1, 3)), Pid(Atom("a@b"), 1, 2, 259)),
    (b"\x66" + NODE + bytes((0, 0, 0, 1, 3)), Port(Atom("a@b"), 1, 3)),
    (b"\x59" + NODE + bytes((0, 0, 0, 1, 0, 0, 0, 3)), Port(Atom("a@b"), 1, 3)),
    (b"\x78" + NODE + bytes((0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 3)), Port(Atom("a@b"), 1 << 32, 3)),
    (b"\x65" + NODE + bytes((0, 0, 0, 1, 3)), Reference(Atom("a@b"), 3, (1,))),
    (b"\x72\x00\x02" + NODE + bytes((3, 0, 0, 0, 1, 0, 0, 0, 2)), Reference(Atom("a@b"), 3, (1, 2))),
    (b"\x5a\x00\x01" + NODE + bytes((0, 0, 0, 3, 0, 0, 0, 1)), Reference(Atom("a@b"), 3, (1,))),
    (b"\x71\x77\x01m\x77\x01f\x61\x02", Export(Atom("m"), Atom("f"), 2)),
    (b"\x70\x00\x00\x00\x20" + bytes(25) + b"\x77\x01m", Fun(Atom("m"), bytes(25) + b"\x77\x01m")),
]

BAD = [
    (b"", "no bytes"),
    (b"\x82\x6a", "version"),
    (b"\x83", "wants 1 bytes"),
    (b"\x83\x00", "unknown term"),
    (b"\x83\x44", "distribution header"),
    (b"\x83\x52\x00", "atom cache"),
    (b"\x83\x68\x01\x50", "inside a term"),
    (b"\x83\x75", "OTP 23"),
    (b"\x83\x79", "the node that made it"),
    (b"\x83\x6a\x6a", "follow the term"),
    (b"\x83\x69\xff\xff\xff\xff", "declares 4294967295 parts"),
    (b"\x83\x6c\xff\xff\xff\xff\x61", "declares"),
    (b"\x83\x74\xff\xff\xff\xff", "declares"),
    (b"\x83\x6d\xff\xff\xff\xff", "wants 4294967295 bytes"),
    (b"\x83\x6f\xff\xff\xff\xff\x00", "wants"),
    (b"\x83\x6e\x01\x02\x01", "sign"),
    (b"\x83\x46\x7f\xf0" + bytes(6), "finite"),
    (b"\x83c" + b"x" * 31, "no number"),
    (b"\x83\x77\x01\xff", "UTF-8"),
    (b"\x83\x64\x01\x00" + b"a" * 256, "255 characters"),
    (b"\x83\x74\x00\x00\x00\x02\x61\x01\x61\x01\x61\x01\x61\x02", "twice"),
    (b"\x83\x4d\x00\x00\x00\x01\x09\x01", "bits"),
    (b"\x83\x4d\x00\x00\x00\x00\x01", "bits"),
    (b"\x83\x67\x61\x01", "an atom should stand"),
    (b"\x83\x72\x00\x06", "words"),
    (b"\x83\x70\x00\x00\x00\x01", "declares 1"),
    (b"\x83\x70\x00\x00\x00\x05\x00", "cut short"),
    (b"\x83\x70\x00\x00\x00\x1e" + bytes(25) + b"\x77\x01m", "cut short"),
    (b"\x83\x71\x77\x01m\x77\x01f\x62", "arity"),
    (b"\x83\x50\x00", "cut short"),
    (b"\x83\x50\xff\xff\xff\xff", "at most"),
    (b"\x83\x50\x00\x00\x00\x01xx", "inflate"),
    (b"\x83\x50\x00\x00\x00\x02" + zlib.compress(b"\x6a"), "does not hold"),
    (b"\x83\x50\x00\x00\x00\x01" + zlib.compress(b"\x6a\x6a"), "does not hold"),
    (b"\x83\x50\x00\x00\x00\x02" + zlib.compress(b"\x6a\x6a"), "inside the compressed"),
    (b"\x83\x50\x00\x00\x00\x01" + zlib.compress(b"\x6a")[:-2], "does not hold"),
    (b"\x83" + b"\x68\x01" * 100000, "deeper"),
]


@pytest.mark.parametrize(("data", "term"), FORMATS)
def test_formats(data, term):
    assert identity(etf_decoder.decode_whole(b"\x83" + data)) == identity(term)
    assert etf_decoder.decode(b"xx\x83" + data + b"yy", 2)[1] == len(data) + 3
    assert identity(etf_decoder.decode(data, versioned=False)[0]) == identity(term)
    assert identity(etf_decoder.decode_whole(etf_encoder.encode(term))) == identity(term)


@pytest.mark.parametrize(("data", "message"), BAD)
def test_bad_bytes(data, message):
    with pytest.raises(EtfError, match=message):
        etf_decoder.decode_whole(data)


@pytest.mark.parametrize("data", [data for data, dummy in FORMATS])
def test_every_cut_is_an_error(data):
    for end in range(len(data)):
        with pytest.raises(EtfError):
            etf_decoder.decode_whole(b"\x83" + data[:end])


@pytest.mark.parametrize(
    "term",
    [
        float("inf"),
        object(),
        Atom("a" * 256),
        Atom("\ud800"),
        Pid(Atom("a"), -1, 0, 0),
        Export(Atom("m"), Atom("f"), 256),
        Reference(Atom("a"), 1 << 32, (1,)),
    ],
)
def test_not_encoded(term):
    with pytest.raises(EtfError):
        etf_encoder.encode(term)


def test_nesting_is_bounded_when_encoding():
    deep = ()
    for _level in range(1000):
        deep = (deep,)
    with pytest.raises(EtfError, match="deeper"):
        etf_encoder.encode(deep)


@settings(max_examples=150, deadline=None)
@given(TERMS)
def test_round_trip(term):
    data = etf_encoder.encode(term)
    assert identity(etf_decoder.decode_whole(data)) == identity(term)
    packed = b"\x83\x50" + struct.pack(">I", len(data) - 1) + zlib.compress(data[1:])
    back, end = etf_decoder.decode(packed + b"more")
    assert identity(back) == identity(term)
    assert end == len(packed)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_end_in_a_term_or_an_etf_error(data):
    try:
        etf_decoder.decode(b"\x83" + data)
    except EtfError as error:
        assert str(error)


@settings(max_examples=150, deadline=None)
@given(TERMS, st.data())
def test_damaged_terms_end_in_a_term_or_an_etf_error(term, draw):
    data = bytearray(etf_encoder.encode(term))
    for _flip in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    try:
        etf_decoder.decode_whole(bytes(data))
    except EtfError as error:
        assert str(error)


def word(number):
    """Return four bytes."""
    return struct.pack(">I", number)


def listed(number, item):
    """Return a list of items that ``item`` makes of their numbers."""
    return b"\x6c" + word(number) + b"".join(map(item, range(number))) + b"\x6a"


def mapped(number, key, value=b"\x6a"):
    """Return a map with keys that ``key`` makes of their numbers."""
    return b"\x74" + word(number) + b"".join(key(index) + value for index in range(number))


def big(index):
    """Return an integer of eight bytes that is no other."""
    return b"\x6e\x08\x00" + (index << 32 | 0xFFFFFFFF).to_bytes(8, "little")


def atom(index):
    """Return an atom that is no other."""
    return b"\x77\x04" + b"%04x" % index


SHAPES = {
    "empty lists": lambda number: listed(number, lambda index: b"\x6a"),
    "lists": lambda number: listed(number, lambda index: b"\x6c\0\0\0\1\x6a\x6a"),
    "tuples of one": lambda number: listed(number, lambda index: b"\x68\1\x6a"),
    "integers": lambda number: listed(number, big),
    "short integers": lambda number: listed(number, lambda index: b"\x62\0\0\1\1"),
    "floats": lambda number: listed(number, lambda index: b"\x46\x3f" + bytes(7)),
    "atoms": lambda number: listed(number, atom),
    "old atoms": lambda number: listed(number, lambda index: b"\x73\1\xe5"),
    "long atoms": lambda number: listed(number, lambda index: b"\x76\1\xf6" + "é".encode() * 247 + b"%08x" % index),
    "binaries": lambda number: listed(number, lambda index: b"\x6d\0\0\0\2xy"),
    "bit strings": lambda number: listed(number, lambda index: b"\x4d\0\0\0\2\3xy"),
    "strings": lambda number: listed(number, lambda index: b"\x6b\0\1x"),
    "wide strings": lambda number: listed(number, lambda index: b"\x6c\0\0\0\1\x62\0\1\xf6\0\x6a"),
    "lists of bytes": lambda number: listed(number, lambda index: b"\x6b\0\x08" + bytes(8)),
    "pids": lambda number: listed(number, lambda index: b"\x58" + NODE + b"\xff" * 12),
    "ports": lambda number: listed(number, lambda index: b"\x78" + NODE + b"\xff" * 12),
    "references": lambda number: listed(number, lambda index: b"\x5a\0\5" + NODE + b"\xff" * 24),
    "external funs": lambda number: listed(number, lambda index: b"\x71" + atom(index) + atom(index) + b"\x61\2"),
    "funs": lambda number: listed(number, lambda index: b"\x70\0\0\0\x20" + bytes(25) + b"\x77\1m"),
    "empty maps": lambda number: listed(number, lambda index: b"\x74" + bytes(4)),
    "maps of one": lambda number: listed(number, lambda index: b"\x74\0\0\0\1\x61\1\x6a"),
    "keys": lambda number: mapped(number, big),
    "atoms as keys": lambda number: mapped(number, atom),
    "floats as keys": lambda number: mapped(number, lambda index: b"\x46" + struct.pack(">d", index / 3)),
    "tuples as keys": lambda number: mapped(number, lambda index: b"\x68\2" + big(index) + b"\x46\x3f" + bytes(7)),
    "references as keys": lambda number: mapped(number, lambda index: b"\x5a\0\5" + NODE + b"\xff" * 20 + word(index)),
    "a list as key": lambda number: mapped(1, lambda index: listed(number, lambda index: b"\x46\x3f" + bytes(7))),
    "bytes as key": lambda number: mapped(1, lambda index: b"\x6b\xff\xff" + bytes(65535)),
    "a map as key": lambda number: mapped(1, lambda index: mapped(number, big)),
    "maps as keys": lambda number: b"\x74\0\0\0\1" * 100 + listed(number, big) + b"\x6a" * 100,
    "a binary": lambda number: b"\x6d" + word(16 * number) + bytes(16 * number),
    "an integer": lambda number: b"\x6f" + word(16 * number) + b"\0" + b"\xff" * (16 * number),
    "an improper list": lambda number: listed(number, big)[:-1] + b"\x61\1",
}


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_memory_stays_below_the_stated_bound(name):
    data = b"\x83" + SHAPES[name](2000)
    charged = []
    tracemalloc.start()
    try:
        decoder = etf_decoder._Decoder(data, 1, etf_decoder.MAX_SIZE, etf_decoder.MAX_MEMORY)
        term = decoder.term(0)
        charged.append(etf_decoder.MAX_MEMORY - decoder.memory_left)
        del decoder
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert term is not None
    assert kept <= charged[0] + 10_000
    assert peak <= charged[0] + len(data) + 10_000, (peak, charged)


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_reading_ends_where_the_memory_does(name):
    data = b"\x83" + SHAPES[name](1000)
    etf_decoder.decode_whole(data)
    with pytest.raises(EtfError, match="more memory"):
        etf_decoder.decode_whole(data, max_memory=7000)


HOSTILE = {
    "empty lists": listed(400_000, lambda index: b"\x6a"),
    "too many terms": listed(800_000, lambda index: b"\x6a"),
    "keys of one hash": mapped(30_000, lambda index: b"\x6e\x0a\x00" + (index * ((1 << 61) - 1)).to_bytes(10, "little")),
    "maps as keys": b"\x74\x00\x00\x00\x01" * 120 + b"\x6b\xff\xff" + bytes(65535) + b"\x6a" * 120,
    "tails of tails": b"\x6c\0\0\0\2\x61\x61\x61\x62" * 100_000 + b"\x6a",
    "empty tails": b"\x6c\0\0\0\0" * 100_000 + b"\x6a",
    "a long integer": b"\x6f" + word(8 << 20) + b"\1" + b"\xff" * (8 << 20),
    "a long integer as key": mapped(1, lambda index: b"\x6f" + word(1 << 20) + b"\1" + b"\xff" * (1 << 20)),
    "a bomb": b"\x50" + word(16 << 20) + zlib.compress(bytes(16 << 20)),
    "a longer bomb": b"\x50" + word(100) + zlib.compress(bytes(64 << 20)),
    "a bomb of terms": b"\x50" + word(800_006) + zlib.compress(listed(800_000, lambda index: b"\x6a")),
}


HARMLESS = listed(200_000, lambda index: b"\x6a")


def cost(encoded):
    """The time that the process spends on reading a term."""
    started = time.process_time()
    try:
        etf_decoder.decode_whole(b"\x83" + encoded)
    except EtfError as error:
        assert str(error)
    return time.process_time() - started


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_bytes_cost_little(name):
    """As much as some lists of as many bytes cost on the same machine, whatever else is measured; what costs the square of its size costs a thousand."""
    assert cost(HOSTILE[name]) < 20 * max(cost(HARMLESS) for _time in range(2))


def test_size_is_bounded():
    with pytest.raises(EtfError, match="too many to decode"):
        etf_decoder.decode(b"\x83\x6d\x00\x00\x00\x10" + bytes(16), max_size=10)
