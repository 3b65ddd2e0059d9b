# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text of Erlang terms, which ``file:consult/1`` reads as the same terms again."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.term_scanner import RESERVED_WORDS, readable
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import (
    CONSTANTS,
    INDIVISIBLE,
    MAX_ATOM,
    MAX_DEPTH,
    Atom,
    BitString,
    Export,
    ImproperList,
    Map,
    TermError,
    printable,
    printable_code,
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
    if _PLAIN_ATOM.match(atom) and str(atom) not in RESERVED_WORDS:
        return str(atom)
    if not all(readable(ord(character)) for character in atom):
        raise TermError("an atom holds a character that Erlang does not read")
    return _quoted(str(atom), "'")


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
    if all(readable(ord(character)) for character in text):
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
