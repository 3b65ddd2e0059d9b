# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Erlang terms from their text, as ``file:consult/1`` reads it.

Sources: STDLIB, ``file:consult/1``, ``erl_parse:normalise/1``.
"""

from __future__ import annotations

import struct
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.bit_syntax import SEGMENT_BITS, SEGMENT_TYPES, Bits
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.term_scanner import WORD, Scanner
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import (
    MAX_DEPTH,
    Atom,
    Export,
    ImproperList,
    Map,
)

MAX_TEXT = 4 * 1024 * 1024
"""Longest text, in characters, that is parsed unless the caller says otherwise."""


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


class _Parser(Scanner):
    """Reads terms from ``text``, one after another."""

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
        match = WORD.match(self.text, start)
        if match and match.group() == "fun":
            self.offset = match.end()
            return self.export()
        return self.name()

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

    def binary(self, start: int) -> Any:
        """A binary or bit string after ``<<``."""
        out = Bits()
        if not self.accept(">>"):
            self.segment(out)
            while self.accept(","):
                self.segment(out)
            self.expect(">>", start)
        return out.result()

    def segment(self, out: Bits) -> None:
        """One segment of a binary."""
        self.space()
        start = self.offset
        value = self.scalar(self.text[start : start + 1] or ".")
        size = None
        if self.accept(":"):
            self.space()
            size = self.number()
            if not isinstance(size, int) or size > SEGMENT_BITS:
                raise self.error(f"a segment has at most {SEGMENT_BITS} bits", start)
        types: set[str] = set()
        while self.accept("-" if types else "/"):
            self.space()
            match = WORD.match(self.text, self.offset)
            if not match or match.group() not in SEGMENT_TYPES:
                raise self.error("this type of a segment is not read")
            types.add(match.group())
            self.offset = match.end()
        values = [ord(character) for character in value] if isinstance(value, str) and not isinstance(value, Atom) else [value]
        try:
            for item in values:
                out.add(item, size, types)
        except (ValueError, TypeError, OverflowError, struct.error) as error:
            raise self.error("the segment does not fit its type", start) from error
