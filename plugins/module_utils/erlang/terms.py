# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Erlang terms in Python, and their text as ``file:consult/1`` reads it.

One model serves text (this module) and the external term format (:mod:`etf`):

=====================  ==========================================================
Erlang                 Python
=====================  ==========================================================
atom                   :class:`Atom` (also accepted: ``True``, ``False``, ``None`` for ``undefined``)
integer, float         ``int``, ``float``
tuple                  ``tuple``
list                   ``list``
string ``"..."``       ``str`` (in Erlang the list of its characters)
improper list          :class:`ImproperList`
binary                 ``bytes``
bit string             :class:`BitString`
map                    :class:`Map` (also accepted: ``dict``)
pid, reference, port   :class:`Pid`, :class:`Reference`, :class:`Port`
fun                    :class:`Export` (``fun m:f/1``), :class:`Fun` (any other, opaque)
=====================  ==========================================================

Sources: Erlang Reference Manual, "Data Types"; STDLIB, ``file:consult/1``, ``erl_parse:normalise/1``.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from typing import Any, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

MAX_DEPTH = 200
"""Deepest nesting of terms that is read or written."""

MAX_TEXT = 4 * 1024 * 1024
"""Longest text, in characters, that is parsed unless the caller says otherwise."""

MAX_ATOM = 255
"""Characters an atom may have (Efficiency Guide, "System Limits")."""


class TermError(ValueError):
    """A value that is no Erlang term, or text that does not parse.

    ``line`` and ``column`` count from 1 and are 0 where there is no text.
    """

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        self.line = line
        self.column = column
        super().__init__("line {0}, column {1}: {2}".format(line, column, message) if line else message)


class Atom(str):
    """An Erlang atom. Equal to an atom of the same name only, never to the string of that name."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Atom) and str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(("atom", str(self)))

    def __str__(self) -> str:
        return str.__str__(self)

    def __repr__(self) -> str:
        return "Atom({0})".format(str.__repr__(self))


class ImproperList(NamedTuple):
    """A list whose tail is no list: ``[1, 2 | tail]``."""

    head: Tuple[Any, ...]
    tail: Any


class BitString(NamedTuple):
    """A bit string whose length is no multiple of eight.

    ``bits`` (1 to 7) of the last byte of ``data`` count, the most significant ones.
    """

    data: bytes
    bits: int


class Pid(NamedTuple):
    """A process identifier, as the external term format carries it."""

    node: Atom
    id: int
    serial: int
    creation: int


class Port(NamedTuple):
    """A port identifier."""

    node: Atom
    id: int
    creation: int


class Reference(NamedTuple):
    """A reference: one to five 32-bit words, least significant first."""

    node: Atom
    creation: int
    ids: Tuple[int, ...]


class Export(NamedTuple):
    """An external fun, ``fun module:function/arity``."""

    module: Atom
    function: Atom
    arity: int


class Fun(NamedTuple):
    """A local fun or closure; ``data`` is its external format after the tag, kept as it came."""

    module: Atom
    data: bytes


class Map:
    """An Erlang map: pairs in the order given. Keys may be any term, so this is no ``dict``.

    Two keys are the same as Erlang's ``=:=`` has it: ``1`` and ``1.0`` differ. A later pair with a key
    seen before replaces the earlier one.
    """

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Iterable[Tuple[Any, Any]] = ()) -> None:
        self._pairs: Dict[Any, Tuple[Any, Any]] = {}
        for key, value in pairs:
            self._pairs[identity(key)] = (key, value)

    def get(self, key: Any, default: Any = None) -> Any:
        """The value of ``key``, or ``default``."""
        return self._pairs.get(identity(key), (None, default))[1]

    def items(self) -> List[Tuple[Any, Any]]:
        """The pairs, in order."""
        return list(self._pairs.values())

    def __getitem__(self, key: Any) -> Any:
        return self._pairs[identity(key)][1]

    def __contains__(self, key: object) -> bool:
        return identity(key) in self._pairs

    def __len__(self) -> int:
        return len(self._pairs)

    def __iter__(self) -> Iterator[Any]:
        return (key for key, dummy in self._pairs.values())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Map) and identity(self) == identity(other)

    def __hash__(self) -> int:
        return hash(identity(self))

    def __repr__(self) -> str:
        return "Map({0!r})".format(self.items())


_OPAQUE = (Pid, Port, Reference, Export, Fun, BitString)


def identity(term: Any, depth: int = 0) -> Any:
    """A hashable value that is equal for two terms exactly when Erlang's ``=:=`` holds for them.

    Raises :class:`TermError` for a value that is no term and for nesting deeper than ``MAX_DEPTH``.
    """
    if depth > MAX_DEPTH:
        raise TermError("terms are nested deeper than {0}".format(MAX_DEPTH))
    if isinstance(term, Atom):
        return ("atom", str(term))
    if term is None:
        return ("atom", "undefined")
    if isinstance(term, bool):
        return ("atom", "true" if term else "false")
    if isinstance(term, int):
        return ("integer", int(term))
    if isinstance(term, float):
        return ("float", repr(float(term)))
    if isinstance(term, str):
        return ("list", tuple(("integer", ord(character)) for character in term))
    if isinstance(term, (bytes, bytearray)):
        return ("binary", bytes(term))
    if isinstance(term, ImproperList):
        return ("improper", tuple(identity(item, depth + 1) for item in term.head), identity(term.tail, depth + 1))
    if isinstance(term, _OPAQUE):
        return (type(term).__name__,) + tuple(str(part) if isinstance(part, Atom) else part for part in term)
    if isinstance(term, tuple):
        return ("tuple", tuple(identity(item, depth + 1) for item in term))
    if isinstance(term, list):
        return ("list", tuple(identity(item, depth + 1) for item in term))
    if isinstance(term, (Map, Mapping)):
        return ("map", frozenset((identity(key, depth + 1), identity(value, depth + 1)) for key, value in term.items()))
    raise TermError("a Python {0} is no Erlang term".format(type(term).__name__))


def printable(codes: Sequence[Any]) -> bool:
    """Whether a list holds nothing but printable characters, as ``io_lib:printable_unicode_list/1`` has it."""
    return all(type(code) is int and printable_code(code) for code in codes)


def printable_code(code: int) -> bool:
    """Whether a code point is printable in Erlang's eyes."""
    return (
        32 <= code <= 126
        or 0xA0 <= code <= 0xD7FF
        or 0xE000 <= code <= 0xFFFD
        or 0x10000 <= code <= 0x10FFFF
        or code in (8, 9, 10, 11, 12, 13, 27)
    )
