# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compiled Erlang modules (``.beam``): their name and their attributes, from the file's bytes.

Sources: STDLIB ``beam_lib(3)``; the file is an IFF form: ``FOR1``, length, ``BEAM``, then chunks of a four-letter name, a length
and data padded to four bytes. The compiler may have it packed by gzip (option ``compressed``).
"""

from __future__ import annotations

import struct
import zlib
from typing import Any, NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import etf_decoder, etf_format
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import Atom

MAX_SIZE = 16 * 1024 * 1024
"""Largest file, in bytes and after unpacking, that is read."""

_MAX_CHUNKS = 1000


class BeamError(ValueError):
    """Bytes that are no compiled Erlang module."""


class Beam(NamedTuple):
    """A compiled module: its name, and its attributes with the list of values of each."""

    module: str
    attributes: dict[str, list[Any]]


def read(data: bytes) -> Beam:
    """Module name and attributes of a ``.beam``. Raises :class:`BeamError`."""
    found = chunks(_unpacked(data))
    try:
        attributes = etf_decoder.decode_whole(found["Attr"], MAX_SIZE) if "Attr" in found else []
        values: dict[str, list[Any]] = {}
        for key, value in attributes:
            values.setdefault(str(key), []).extend(value)
        return Beam(_module(found), values)
    except (etf_format.EtfError, TypeError, ValueError) as error:
        raise BeamError(f"the attributes of the module are not readable: {error}") from error


def chunks(data: bytes) -> dict[str, bytes]:
    """The chunks of an unpacked ``.beam`` by name. Raises :class:`BeamError`."""
    if len(data) < 12 or data[:4] != b"FOR1" or data[8:12] != b"BEAM":
        raise BeamError("this is no compiled Erlang module; one begins with FOR1 and BEAM")
    end = 8 + struct.unpack_from(">I", data, 4)[0]
    if end > len(data):
        raise BeamError(f"the module is cut short: it declares {end} bytes and has {len(data)}")
    found: dict[str, bytes] = {}
    offset = 12
    while offset + 8 <= end:
        name, size = struct.unpack_from(">4sI", data, offset)
        if size > end - offset - 8 or len(found) >= _MAX_CHUNKS:
            raise BeamError(f"the chunk at byte {offset} is longer than the module")
        found[name.decode("latin-1")] = data[offset + 8 : offset + 8 + size]
        offset += 8 + (size + 3) // 4 * 4
    return found


def _unpacked(data: bytes) -> bytes:
    if data[:2] == b"\x1f\x8b":
        inflater = zlib.decompressobj(31)
        try:
            data = inflater.decompress(data, MAX_SIZE + 1)
        except zlib.error as error:
            raise BeamError(f"the module does not unpack: {error}") from error
        if not inflater.eof and len(data) <= MAX_SIZE:
            raise BeamError("the packed module is cut short")
    if len(data) > MAX_SIZE:
        raise BeamError(f"the module is larger than {MAX_SIZE} bytes")
    return data


def _module(found: dict[str, bytes]) -> str:
    """The first atom, which is the module's name. From OTP 28 on the count is negative and lengths are of variable size."""
    for name, encoding in (("AtU8", "utf-8"), ("Atom", "latin-1")):
        atoms = found.get(name)
        if atoms is None:
            continue
        if len(atoms) < 5:
            break
        size, start = atoms[4], 5
        if struct.unpack_from(">i", atoms, 0)[0] < 0:
            size, start = _length(atoms)
        text = atoms[start : start + size]
        if len(text) != size or not size:
            break
        return str(Atom(text.decode(encoding)))
    raise BeamError("the module has no readable table of atoms")


def _length(atoms: bytes) -> tuple[int, int]:
    """A length in the compiler's compact form: four bits, or eleven with bit 3 set, above a tag of three bits."""
    first = atoms[4]
    if first & 0x08 == 0:
        return first >> 4, 5
    if first & 0x10 == 0 and len(atoms) > 5:
        return (first >> 5) << 8 | atoms[5], 6
    raise BeamError("the name of the module is too long")
