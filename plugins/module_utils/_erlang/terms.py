# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Erlang terms in Python: the types, when two terms are the same, and the bounds that hold for all.

One model serves text (:mod:`term_parser`, :mod:`term_writer`), the external term format (:mod:`etf_decoder`,
:mod:`etf_encoder`) and plain data (:mod:`tagged`):

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

Source: Erlang Reference Manual, "Data Types".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

MAX_DEPTH = 128
"""Deepest nesting of terms that is read or written."""

MAX_ATOM = 255
"""Characters an atom may have (Efficiency Guide, "System Limits")."""

CONSTANTS = {None: "undefined", True: "true", False: "false"}
"""Python's constants, and the atoms that they stand for."""


class TermError(ValueError):
    """A value that is no Erlang term, or text that does not parse.

    ``line`` and ``column`` count from 1 and are 0 where there is no text.
    """

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        self.line = line
        self.column = column
        super().__init__(f"line {line}, column {column}: {message}" if line else message)


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
        return f"Atom({str.__repr__(self)})"


class ImproperList(NamedTuple):
    """A list whose tail is no list: ``[1, 2 | tail]``."""

    head: tuple[Any, ...]
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
    ids: tuple[int, ...]


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
    """An Erlang map: pairs in the order given, never changed. Keys may be any term, so this is no ``dict``.

    Two keys are the same as Erlang's ``=:=`` has it: ``1`` and ``1.0`` differ. A later pair with a key
    seen before replaces the earlier one.
    """

    __slots__ = ("_identity", "_pairs")

    def __init__(self, pairs: Iterable[tuple[Any, Any]] = ()) -> None:
        self._identity: tuple[str, Any] | None = None
        self._pairs: dict[Any, tuple[Any, Any]] = {}
        for key, value in pairs:
            self._pairs[identity(key)] = (key, value)

    def identity(self, depth: int = 0) -> tuple[str, Any]:
        """What :func:`identity` says of this map; worked out once."""
        if self._identity is None:
            self._identity = ("map", frozenset((key, identity(pair[1], depth)) for key, pair in self._pairs.items()))
        return self._identity

    def get(self, key: Any, default: Any = None) -> Any:
        """The value of ``key``, or ``default``."""
        return self._pairs.get(identity(key), (None, default))[1]

    def items(self) -> list[tuple[Any, Any]]:
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
        return isinstance(other, Map) and self.identity() == other.identity()

    def __hash__(self) -> int:
        return hash(self.identity())

    def __repr__(self) -> str:
        return f"Map({self.items()!r})"


INDIVISIBLE = (Pid, Port, Reference, Export, Fun, BitString)
"""Terms that are tuples here and have no parts in Erlang."""


def identity(term: Any, depth: int = 0) -> tuple[Any, ...]:
    """A hashable value that is equal for two terms exactly when Erlang's ``=:=`` holds for them.

    Numbers are turned into text, whose hash an attacker cannot foresee. Raises :class:`TermError` for a value that is
    no term and for nesting deeper than ``MAX_DEPTH``.
    """
    if depth > MAX_DEPTH:
        raise TermError(f"terms are nested deeper than {MAX_DEPTH}")
    if isinstance(term, str):
        return ("atom", str(term)) if isinstance(term, Atom) else ("integers", ",".join(f"{ord(item):x}" for item in term))
    if term is None or isinstance(term, bool):
        return ("atom", CONSTANTS[term])
    if isinstance(term, int):
        return ("integer", f"{term:x}")
    if isinstance(term, float):
        return ("float", repr(float(term)))
    if isinstance(term, (bytes, bytearray)):
        return ("binary", bytes(term))
    if isinstance(term, INDIVISIBLE):
        return (type(term).__name__, repr(term))
    if isinstance(term, ImproperList):
        return ("improper", tuple([identity(item, depth + 1) for item in term.head]), identity(term.tail, depth + 1))
    if isinstance(term, tuple):
        return ("tuple", tuple([identity(item, depth + 1) for item in term]))
    if isinstance(term, list):
        if all(isinstance(item, int) and not isinstance(item, bool) for item in term):
            return ("integers", ",".join(f"{item:x}" for item in term))
        return ("list", tuple([identity(item, depth + 1) for item in term]))
    if isinstance(term, Map):
        return term.identity(depth + 1)
    if isinstance(term, Mapping):
        return Map(term.items()).identity(depth + 1)
    raise TermError(f"a Python {type(term).__name__} is no Erlang term")


def is_integer(value: object) -> bool:
    """Whether a value stands for an Erlang integer; ``True`` and ``False`` stand for atoms."""
    return isinstance(value, int) and not isinstance(value, bool)


def printable(codes: Sequence[Any]) -> bool:
    """Whether a list holds nothing but printable characters, as ``io_lib:printable_unicode_list/1`` has it."""
    return all(is_integer(code) and printable_code(code) for code in codes)


def printable_code(code: int) -> bool:
    """Whether a code point is printable in Erlang's eyes."""
    return (
        32 <= code <= 126
        or 0xA0 <= code <= 0xD7FF
        or 0xE000 <= code <= 0xFFFD
        or 0x10000 <= code <= 0x10FFFF
        or code in (8, 9, 10, 11, 12, 13, 27)
    )
