# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The external term format of Erlang terms, over the term model of :mod:`terms`.

Source: ERTS User's Guide, "External Term Format".
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.etf_format import (
    ATOM_UTF8,
    BINARY,
    BIT_BINARY,
    EXPORT,
    INTEGER,
    LARGE_BIG,
    LARGE_TUPLE,
    LIST,
    MAP,
    NEW_FLOAT,
    NEW_FUN,
    NEW_PID,
    NEW_PORT,
    NEWER_REFERENCE,
    NIL,
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
    is_integer,
)


def encode(term: Any) -> bytes:
    """The external term format of ``term``, with the version byte.

    Raises :class:`EtfError` for a value that is no term, a float that is no number and nesting deeper than ``MAX_DEPTH``.
    """
    out = bytearray((VERSION,))
    _encode(term, out, 0)
    return bytes(out)


def _encode(term: Any, out: bytearray, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise EtfError(f"terms are nested deeper than {MAX_DEPTH}")
    if isinstance(term, Atom):
        _encode_atom(term, out)
    elif term is None or isinstance(term, bool):
        _encode_atom(Atom("undefined" if term is None else "true" if term else "false"), out)
    elif isinstance(term, int):
        _encode_integer(int(term), out)
    elif isinstance(term, float):
        if not math.isfinite(term):
            raise EtfError(f"{term} is no float Erlang has")
        out += struct.pack(">Bd", NEW_FLOAT, term)
    elif isinstance(term, str):
        _encode_string(term, out)
    elif isinstance(term, (bytes, bytearray)):
        out += struct.pack(">BI", BINARY, len(term))
        out += term
    elif isinstance(term, (ImproperList, BitString, Pid, Port, Reference, Export, Fun)):
        _encode_special(term, out, depth)
    elif isinstance(term, tuple):
        out += struct.pack(">BB", SMALL_TUPLE, len(term)) if len(term) < 256 else struct.pack(">BI", LARGE_TUPLE, len(term))
        for item in term:
            _encode(item, out, depth + 1)
    elif isinstance(term, list):
        _encode_list(term, out, depth)
    elif isinstance(term, (Map, Mapping)):
        out += struct.pack(">BI", MAP, len(term))
        for key, value in term.items():
            _encode(key, out, depth + 1)
            _encode(value, out, depth + 1)
    else:
        raise EtfError(f"a Python {type(term).__name__} is no Erlang term")


def _encode_atom(atom: str, out: bytearray) -> None:
    if len(atom) > MAX_ATOM:
        raise EtfError(f"an atom of {len(atom)} characters is too long, {MAX_ATOM} are allowed")
    try:
        raw = str.encode(atom, "utf-8")
    except UnicodeEncodeError as error:
        raise EtfError("an atom holds a character that is none in Unicode") from error
    out += struct.pack(">BB", SMALL_ATOM_UTF8, len(raw)) if len(raw) < 256 else struct.pack(">BH", ATOM_UTF8, len(raw))
    out += raw


def _encode_integer(value: int, out: bytearray) -> None:
    if 0 <= value <= 255:
        out += struct.pack(">BB", SMALL_INTEGER, value)
    elif -(1 << 31) <= value < (1 << 31):
        out += struct.pack(">Bi", INTEGER, value)
    else:
        size = (abs(value).bit_length() + 7) // 8
        sign = 1 if value < 0 else 0
        out += struct.pack(">BBB", SMALL_BIG, size, sign) if size < 256 else struct.pack(">BIB", LARGE_BIG, size, sign)
        out += abs(value).to_bytes(size, "little")


def _encode_string(text: str, out: bytearray) -> None:
    if not text:
        out.append(NIL)
    elif len(text) < 65536 and max(text) <= "\xff":
        out += struct.pack(">BH", STRING, len(text))
        out += text.encode("latin-1")
    else:
        out += struct.pack(">BI", LIST, len(text))
        for character in text:
            _encode_integer(ord(character), out)
        out.append(NIL)


def _encode_list(items: list[Any], out: bytearray, depth: int) -> None:
    if not items:
        out.append(NIL)
        return
    if len(items) < 65536 and all(is_integer(item) and 0 <= item <= 255 for item in items):
        out += struct.pack(">BH", STRING, len(items))
        out += bytes(items)
        return
    out += struct.pack(">BI", LIST, len(items))
    for item in items:
        _encode(item, out, depth + 1)
    out.append(NIL)


def _encode_special(term: Any, out: bytearray, depth: int) -> None:
    try:
        if isinstance(term, ImproperList):
            out += struct.pack(">BI", LIST, len(term.head))
            for item in term.head:
                _encode(item, out, depth + 1)
            _encode(term.tail, out, depth + 1)
        elif isinstance(term, BitString):
            out += struct.pack(">BIB", BIT_BINARY, len(term.data), term.bits)
            out += term.data
        elif isinstance(term, Pid):
            out.append(NEW_PID)
            _encode_atom(term.node, out)
            out += struct.pack(">III", term.id, term.serial, term.creation)
        elif isinstance(term, Port):
            wide = term.id >= 1 << 28
            out.append(V4_PORT if wide else NEW_PORT)
            _encode_atom(term.node, out)
            out += struct.pack(">QI" if wide else ">II", term.id, term.creation)
        elif isinstance(term, Reference):
            out += struct.pack(">BH", NEWER_REFERENCE, len(term.ids))
            _encode_atom(term.node, out)
            out += struct.pack(f">{1 + len(term.ids)}I", term.creation, *term.ids)
        elif isinstance(term, Export):
            out.append(EXPORT)
            _encode_atom(term.module, out)
            _encode_atom(term.function, out)
            out += struct.pack(">BB", SMALL_INTEGER, term.arity)
        else:
            out += struct.pack(">BI", NEW_FUN, 4 + len(term.data))
            out += term.data
    except struct.error as error:
        raise EtfError(f"a {type(term).__name__} holds a number that is out of range") from error
