# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Erlang terms in Python, and their text as ``file:consult/1`` reads it.

One model serves text (this module), the external term format (:mod:`etf`) and plain data (:mod:`tagged`):

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

import math
import re
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

MAX_DEPTH = 128
"""Deepest nesting of terms that is read or written."""

MAX_TEXT = 4 * 1024 * 1024
"""Longest text, in characters, that is parsed unless the caller says otherwise."""

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


# Writing ---------------------------------------------------------------------------------------------------------

_RESERVED = frozenset(
    [
        "after",
        "and",
        "andalso",
        "band",
        "begin",
        "bnot",
        "bor",
        "bsl",
        "bsr",
        "bxor",
        "case",
        "catch",
        "cond",
        "div",
        "else",
        "end",
        "fun",
        "if",
        "let",
        "maybe",
        "not",
        "of",
        "or",
        "orelse",
        "receive",
        "rem",
        "try",
        "when",
        "xor",
    ]
)
_PLAIN_ATOM = re.compile(r"[a-z][a-zA-Z0-9_@]*\Z")
_ESCAPES = {8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 27: "\\e", 92: "\\\\", 127: "\\d"}
_LONG_INTEGER = 1 << 13000
WIDTH = 100
"""Columns a line of pretty text has before it is broken."""


def dumps(term: Any, pretty: bool = False) -> str:
    """The text of ``term``, without a dot; what ``file:consult/1`` reads is the same term again.

    ``pretty`` breaks what does not fit in ``WIDTH`` columns, one element a line. Raises :class:`TermError` for values that
    have no text: pids, ports, references, local funs, floats that are no number.
    """
    return _pretty(term, 0, 0, 0) if pretty else _flat(term, 0)


def dumps_file(terms: Sequence[Any], comment: str = "") -> str:
    """The text of a file that ``file:consult/1`` reads as ``terms``: each pretty and ended by a dot.

    ``comment`` goes on top, every line of it behind ``%% ``.
    """
    lines = [f"%% {line}\n".replace(" \n", "\n") for line in comment.splitlines()]
    return "".join(lines + [f"{dumps(term, pretty=True)}.\n" for term in terms])


def _flat(term: Any, depth: int) -> str:
    if depth > MAX_DEPTH:
        raise TermError(f"terms are nested deeper than {MAX_DEPTH}")
    opened = _opened(term)
    if opened is None:
        return _scalar(term, depth)
    start, parts, end = opened
    return start + ", ".join([_flat(part, depth + 1) for part in parts]) + end


def _opened(term: Any) -> tuple[str, Sequence[Any], str] | None:
    if isinstance(term, list):
        return "[", term, "]"
    if isinstance(term, tuple) and not isinstance(term, (ImproperList, *INDIVISIBLE)):
        return "{", term, "}"
    return None


def _pretty(term: Any, depth: int, column: int, after: int) -> str:
    text = _flat(term, depth)
    if column + len(text) + after <= WIDTH:
        return text
    opened = _opened(term)
    if opened is not None:
        start, parts, end = opened
        inner = [_pretty(part, depth + 1, column + 1, 1 + after) for part in parts]
        return start + (",\n" + " " * (column + 1)).join(inner) + end
    if isinstance(term, (Map, Mapping)):
        inner = [_pretty_pair(key, value, depth, column + 2, 1 + after) for key, value in term.items()]
        return "#{" + (",\n" + " " * (column + 2)).join(inner) + "}"
    return text


def _pretty_pair(key: Any, value: Any, depth: int, column: int, after: int) -> str:
    start = _flat(key, depth + 1) + " =>"
    text = _flat(value, depth + 1)
    if column + len(start) + 1 + len(text) + after <= WIDTH:
        return start + " " + text
    return start + "\n" + " " * (column + 2) + _pretty(value, depth + 1, column + 2, after)


def _scalar(term: Any, depth: int) -> str:
    if isinstance(term, Atom):
        return _atom_text(term)
    if term is None or isinstance(term, bool):
        return CONSTANTS[term]
    if isinstance(term, int):
        return str(int(term)) if abs(term) < _LONG_INTEGER else "{}16#{:x}".format("-" if term < 0 else "", abs(term))
    if isinstance(term, float):
        return _float_text(term)
    if isinstance(term, str):
        return _string_text(term)
    if isinstance(term, (bytes, bytearray)):
        return _binary_text(bytes(term))
    if isinstance(term, BitString):
        parts = [str(byte) for byte in term.data[:-1]]
        return "<<{}>>".format(",".join([*parts, f"{term.data[-1] >> 8 - term.bits}:{term.bits}"]))
    if isinstance(term, ImproperList):
        head = ", ".join([_flat(item, depth + 1) for item in term.head])
        return f"[{head} | {_flat(term.tail, depth + 1)}]"
    if isinstance(term, (Map, Mapping)):
        pairs = [f"{_flat(key, depth + 1)} => {_flat(value, depth + 1)}" for key, value in term.items()]
        return "#{{{}}}".format(", ".join(pairs))
    if isinstance(term, Export):
        return f"fun {_atom_text(term.module)}:{_atom_text(term.function)}/{term.arity}"
    raise TermError(f"a {type(term).__name__} has no text that could be read again")


def _atom_text(atom: Atom) -> str:
    if len(atom) > MAX_ATOM:
        raise TermError(f"an atom of {len(atom)} characters is too long, {MAX_ATOM} are allowed")
    if _PLAIN_ATOM.match(atom) and str(atom) not in _RESERVED:
        return str(atom)
    if not all(_scannable(ord(character)) for character in atom):
        raise TermError("an atom holds a character that Erlang does not read")
    return _quoted(str(atom), "'")


def _scannable(code: int) -> bool:
    return code < 0xD800 or 0xDFFF < code < 0xFFFE or code > 0xFFFF


def _quoted(text: str, quote: str) -> str:
    out = [quote]
    for character in text:
        code = ord(character)
        if character == quote:
            out.append("\\" + quote)
        elif code in _ESCAPES:
            out.append(_ESCAPES[code])
        else:
            out.append(character if printable_code(code) else f"\\x{{{code:x}}}")
    return "".join(out) + quote


def _string_text(text: str) -> str:
    if all(_scannable(ord(character)) for character in text):
        return _quoted(text, '"')
    return "[{}]".format(", ".join(str(ord(character)) for character in text))


def _binary_text(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if not data:
        return "<<>>"
    if not printable([ord(character) for character in text]):
        return "<<{}>>".format(",".join(map(str, data)))
    return "<<{}{}>>".format(_quoted(text, '"'), "" if len(text) == len(data) else "/utf8")


def _float_text(value: float) -> str:
    if not math.isfinite(value):
        raise TermError(f"{value} is no float Erlang has")
    mantissa, mark, exponent = repr(float(value)).partition("e")
    return mantissa + ("" if "." in mantissa else ".0") + mark + exponent.replace("+", "")


# Reading ---------------------------------------------------------------------------------------------------------

_SPACE = re.compile(r"(?:[\x00-\x20\x80-\xa0]+|%[^\n]*)*")
_WORD = re.compile(r"[a-z\xdf-\xf6\xf8-\xff][a-zA-Z0-9_@\xc0-\xd6\xd8-\xf6\xf8-\xff]*")
_NUMBER = re.compile(r"([0-9]+(?:_[0-9]+)*)(?:#([0-9a-zA-Z]+(?:_[0-9a-zA-Z]+)*)|(\.[0-9]+(?:_[0-9]+)*(?:[eE][+-]?[0-9]+(?:_[0-9]+)*)?))?")
_STOP = re.compile(r"\.(?=[\x00-\x20\x80-\xa0%]|\Z)")
_PIECE = {'"': re.compile(r'[^"\\]*'), "'": re.compile(r"[^'\\]*")}
_TRIPLE = re.compile(r'("{3,})[ \t]*\r?\n')
_SIGIL = re.compile(r'~([bBsS]?)(?=")')
_ESCAPED = re.compile(r"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|x\{([0-9a-fA-F]{1,8})\}|\^([@-_?])|([^x^]))", re.DOTALL)
_ESCAPED_LETTERS = {"b": 8, "d": 127, "e": 27, "f": 12, "n": 10, "r": 13, "s": 32, "t": 9, "v": 11}
_DIGITS = 4000
_SEGMENT_BITS = 256


def loads(text: str, max_text: int = MAX_TEXT) -> Any:
    """The one term that ``text`` holds; a dot at its end is optional.

    Raises :class:`TermError` with line and column where the text is no term.
    """
    parser = _Parser(text, max_text)
    term = parser.term(0)
    parser.stop()
    parser.space()
    if parser.offset != len(text):
        raise parser.error("the text should end here")
    return term


def consult(text: str, max_text: int = MAX_TEXT) -> list[Any]:
    """The terms of a file, each ended by a dot, as ``file:consult/1`` reads them.

    Raises :class:`TermError` with line and column.
    """
    parser = _Parser(text, max_text)
    terms = []
    parser.space()
    while parser.offset < len(text):
        terms.append(parser.term(0))
        parser.space()
        if not parser.stop():
            raise parser.error("a dot should end the term here")
        parser.space()
    return terms


class _Parser:
    """Reads terms from ``text``; ``offset`` is the next character."""

    def __init__(self, text: str, max_text: int) -> None:
        if len(text) > max_text:
            raise TermError(f"the text has {len(text)} characters, at most {max_text} are read")
        self.text = text[1:] if text.startswith("\ufeff") else text
        self.offset = 0

    def error(self, message: str, offset: int | None = None) -> TermError:
        """An error at ``offset``, by default here."""
        at = min(self.offset if offset is None else offset, len(self.text))
        line = self.text.count("\n", 0, at) + 1
        return TermError(message, line, at - (self.text.rfind("\n", 0, at) + 1) + 1)

    def space(self) -> None:
        """Step over white space and comments."""
        match = _SPACE.match(self.text, self.offset)
        if match:
            self.offset = match.end()

    def stop(self) -> bool:
        """Step over a dot that ends a term; whether there was one."""
        self.space()
        match = _STOP.match(self.text, self.offset)
        if match:
            self.offset = match.end()
        return bool(match)

    def accept(self, sign: str) -> bool:
        """Step over ``sign``; whether it was there."""
        self.space()
        if not self.text.startswith(sign, self.offset):
            return False
        self.offset += len(sign)
        return True

    def expect(self, sign: str, opened: int) -> None:
        """Step over ``sign``, which must be there to close what ``opened`` at that offset."""
        if not self.accept(sign):
            where = self.error("", opened)
            found = "the text ends" if self.offset >= len(self.text) else f"{self.text[self.offset]!r} stands"
            raise self.error(f"{found} where {sign!r} should close what line {where.line} opened")

    def term(self, depth: int) -> Any:
        """The next term."""
        if depth > MAX_DEPTH:
            raise self.error(f"terms are nested deeper than {MAX_DEPTH}")
        self.space()
        start = self.offset
        rest = self.text[start : start + 2]
        if not rest:
            raise self.error("the text ends where a term should stand")
        if rest[0] == "{":
            self.offset += 1
            return tuple(self.items("}", depth, start))
        if rest[0] == "[":
            self.offset += 1
            return self.list_term(depth, start)
        if rest == "#{":
            self.offset += 2
            return self.map_term(depth, start)
        if rest == "<<":
            self.offset += 2
            return self.binary(start)
        if rest[0] == "(":
            self.offset += 1
            inner = self.term(depth + 1)
            self.expect(")", start)
            return inner
        return self.scalar(rest[0])

    def items(self, end: str, depth: int, start: int) -> list[Any]:
        """Terms between commas up to ``end``."""
        items: list[Any] = []
        if self.accept(end):
            return items
        items.append(self.term(depth + 1))
        while self.accept(","):
            items.append(self.term(depth + 1))
        self.expect(end, start)
        return items

    def list_term(self, depth: int, start: int) -> Any:
        """A list after its bracket."""
        if self.accept("]"):
            return []
        items = [self.term(depth + 1)]
        while self.accept(","):
            items.append(self.term(depth + 1))
        if not self.accept("|"):
            self.expect("]", start)
            return items
        tail = self.term(depth + 1)
        self.expect("]", start)
        if isinstance(tail, list):
            return items + tail
        if isinstance(tail, str) and not isinstance(tail, Atom):
            return items + [ord(character) for character in tail]
        if isinstance(tail, ImproperList):
            return ImproperList(tuple(items) + tail.head, tail.tail)
        return ImproperList(tuple(items), tail)

    def map_term(self, depth: int, start: int) -> Map:
        """A map after ``#{``."""
        pairs: list[tuple[Any, Any]] = []
        if self.accept("}"):
            return Map()
        while True:
            key = self.term(depth + 1)
            if not self.accept("=>"):
                raise self.error("'=>' should follow the key of a map")
            pairs.append((key, self.term(depth + 1)))
            if not self.accept(","):
                break
        self.expect("}", start)
        return Map(pairs)

    def scalar(self, first: str) -> Any:
        """A term without parts, which begins with ``first``."""
        start = self.offset
        if first in '"~':
            return self.string()
        if first in "+-":
            self.offset += 1
            self.space()
            value = self.number()
            return -value if first == "-" else value
        if first == "$" or first.isdigit():
            return self.number()
        match = _WORD.match(self.text, start)
        if match and match.group() == "fun":
            self.offset = match.end()
            return self.export()
        return self.name()

    def name(self) -> Atom:
        """The atom that stands here."""
        self.space()
        start = self.offset
        first = self.text[start : start + 1]
        if first == "'":
            return self.atom(self.quoted("'"), start)
        match = _WORD.match(self.text, start)
        if match:
            self.offset = match.end()
            if match.group() in _RESERVED and match.group() not in ("else", "maybe"):
                raise self.error(f"{match.group()} is a reserved word; as an atom it is written in quotes", start)
            return self.atom(match.group(), start)
        if first.isupper() or first == "_":
            raise self.error("a variable is no term", start)
        raise self.error(f"{first!r} begins no term" if first else "the text ends where a name should stand", start)

    def atom(self, name: str, start: int) -> Atom:
        """The atom of this name."""
        if len(name) > MAX_ATOM:
            raise self.error(f"an atom has {len(name)} characters, {MAX_ATOM} are allowed", start)
        return Atom(name)

    def export(self) -> Export:
        """An external fun after the word ``fun``."""
        names = []
        for sign in ":/":
            names.append(self.name())
            if not self.accept(sign):
                raise self.error("a fun is written as fun module:function/arity")
        self.space()
        arity = self.number()
        if not isinstance(arity, int) or not 0 <= arity <= 255:
            raise self.error("the arity of a fun is a number from 0 to 255")
        return Export(names[0], names[1], arity)

    def number(self) -> Any:
        """A number, or the code of ``$c``."""
        start = self.offset
        if self.text.startswith("$", start):
            return self.character(start)
        match = _NUMBER.match(self.text, start)
        if not match:
            raise self.error("a number should stand here")
        self.offset = match.end()
        whole, based, fraction = (part.replace("_", "") if part else None for part in match.groups())
        try:
            if fraction is not None:
                value = float(f"{whole}{fraction}")
                if not math.isfinite(value):
                    raise self.error("the float is out of range", start)
                return value
            if len(based or whole or "") > _DIGITS:
                raise self.error(f"the number has more than {_DIGITS} digits", start)
            if based is None:
                return int(whole or "0")
            if not 2 <= int(whole or "0") <= 36:
                raise self.error("a base is a number from 2 to 36", start)
            return int(based, int(whole or "0"))
        except TermError:
            raise
        except ValueError as error:
            raise self.error(f"{match.group()[:40]!r} is no number", start) from error

    def character(self, start: int) -> int:
        """The code of ``$c``."""
        self.offset += 1
        if self.text.startswith("\\", self.offset):
            return self.escape()
        if self.offset >= len(self.text):
            raise self.error("a character should follow '$'", start)
        self.offset += 1
        return ord(self.text[self.offset - 1])

    def escape(self) -> int:
        """The code that an escape sequence stands for."""
        match = _ESCAPED.match(self.text, self.offset)
        if not match:
            raise self.error("the escape sequence does not parse")
        octal, two, braces, control, letter = match.groups()
        if octal:
            code = int(octal, 8)
        elif two or braces:
            code = int(two or braces, 16)
        elif control:
            code = 127 if control == "?" else ord(control) & 31
        else:
            code = _ESCAPED_LETTERS.get(letter, ord(letter))
        if code > 0x10FFFF or not _scannable(code):
            raise self.error("the escape sequence is no character Erlang reads")
        self.offset = match.end()
        return code

    def quoted(self, quote: str, verbatim: bool = False) -> str:
        """What stands between two ``quote``, escapes resolved unless ``verbatim``."""
        start = self.offset
        self.offset += 1
        parts: list[str] = []
        if verbatim:
            end = self.text.find(quote, self.offset)
            if end < 0:
                raise self.error(f"the closing {quote} is missing", start)
            parts.append(self.text[self.offset : end])
            self.offset = end + 1
            return parts[0]
        while True:
            match = _PIECE[quote].match(self.text, self.offset)
            if match:
                parts.append(match.group())
                self.offset = match.end()
            if self.offset >= len(self.text):
                raise self.error(f"the closing {quote} is missing", start)
            if self.text[self.offset] == quote:
                self.offset += 1
                return "".join(parts)
            parts.append(chr(self.escape()))

    def string(self) -> Any:
        """Strings side by side, or a sigil."""
        sigil = _SIGIL.match(self.text, self.offset)
        if sigil:
            self.offset = sigil.end()
            text = self.one_string(sigil.group(1) in ("B", "S"))
            return text.encode("utf-8") if sigil.group(1) in ("", "b", "B") else text
        if self.text[self.offset] == "~":
            raise self.error('a sigil is written as ~"..." here')
        parts = [self.one_string(False)]
        while True:
            self.space()
            if not self.text.startswith('"', self.offset):
                return "".join(parts)
            parts.append(self.one_string(False))

    def one_string(self, verbatim: bool) -> str:
        """One string, plain or triple-quoted."""
        triple = _TRIPLE.match(self.text, self.offset)
        return self.triple_quoted(triple.group(1), triple.end()) if triple else self.quoted('"', verbatim)

    def triple_quoted(self, quotes: str, begin: int) -> str:
        """A triple-quoted string (OTP 27); ``begin`` is where its first line does."""
        end = re.compile(r"^([ \t]*)" + quotes, re.MULTILINE).search(self.text, begin)
        if not end:
            raise self.error(f"the closing {quotes} is missing")
        indentation = end.group(1)
        lines = []
        for line in self.text[begin : end.start()].split("\n")[:-1]:
            if line.strip("\r") and not line.startswith(indentation):
                raise self.error(f"a line of the string is indented less than its closing {quotes}")
            lines.append(line[len(indentation) :] if line.strip("\r") else line)
        self.offset = end.end()
        text = "\n".join(lines)
        return text[:-1] if text.endswith("\r") else text

    def binary(self, start: int) -> Any:
        """A binary or bit string after ``<<``."""
        out = _Bits()
        if not self.accept(">>"):
            self.segment(out)
            while self.accept(","):
                self.segment(out)
            self.expect(">>", start)
        return out.result()

    def segment(self, out: _Bits) -> None:
        """One segment of a binary."""
        self.space()
        start = self.offset
        value = self.scalar(self.text[start : start + 1] or ".")
        size = None
        if self.accept(":"):
            self.space()
            size = self.number()
            if not isinstance(size, int) or size > _SEGMENT_BITS:
                raise self.error(f"a segment has at most {_SEGMENT_BITS} bits", start)
        types: set[str] = set()
        while self.accept("-" if types else "/"):
            self.space()
            match = _WORD.match(self.text, self.offset)
            if not match or match.group() not in _SEGMENT_TYPES:
                raise self.error("this type of a segment is not read")
            types.add(match.group())
            self.offset = match.end()
        values = [ord(character) for character in value] if isinstance(value, str) and not isinstance(value, Atom) else [value]
        try:
            for item in values:
                out.add(item, size, types)
        except (ValueError, TypeError, OverflowError, struct.error) as error:
            raise self.error("the segment does not fit its type", start) from error


_SEGMENT_TYPES = frozenset(["integer", "float", "utf8", "utf16", "utf32", "big", "little", "signed", "unsigned"])


class _Bits:
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
