# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a term's text is made of: white space and comments, names, numbers, strings, escape sequences.

Sources: Erlang Reference Manual, "Character Set and Source File Encoding" and "Data Types"; STDLIB, ``erl_scan``.
"""

from __future__ import annotations

import math
import re
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import MAX_ATOM, Atom, TermError

RESERVED_WORDS = frozenset(
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
"""Words that are atoms in quotes only (Erlang Reference Manual, "Reserved Words")."""
_SPACE = re.compile(r"(?:[\x00-\x20\x80-\xa0]+|%[^\n]*)*")
WORD = re.compile(r"[a-z\xdf-\xf6\xf8-\xff][a-zA-Z0-9_@\xc0-\xd6\xd8-\xf6\xf8-\xff]*")
_NUMBER = re.compile(r"([0-9]+(?:_[0-9]+)*)(?:#([0-9a-zA-Z]+(?:_[0-9a-zA-Z]+)*)|(\.[0-9]+(?:_[0-9]+)*(?:[eE][+-]?[0-9]+(?:_[0-9]+)*)?))?")
_STOP = re.compile(r"\.(?=[\x00-\x20\x80-\xa0%]|\Z)")
_PIECE = {'"': re.compile(r'[^"\\]*'), "'": re.compile(r"[^'\\]*")}
_TRIPLE = re.compile(r'("{3,})[ \t]*\r?\n')
_SIGIL = re.compile(r'~([bBsS]?)(?=")')
_ESCAPED = re.compile(r"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|x\{([0-9a-fA-F]{1,8})\}|\^([@-_?])|([^x^]))", re.DOTALL)
_ESCAPED_LETTERS = {"b": 8, "d": 127, "e": 27, "f": 12, "n": 10, "r": 13, "s": 32, "t": 9, "v": 11}
_DIGITS = 4000


def readable(code: int) -> bool:
    """Whether Erlang reads a code point in a text: all but surrogates, U+FFFE and U+FFFF."""
    return code < 0xD800 or 0xDFFF < code < 0xFFFE or code > 0xFFFF


class Scanner:
    """Reads tokens from ``text``; ``offset`` is the next character. Every method raises :class:`TermError` with line and column."""

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

    def name(self) -> Atom:
        """The atom that stands here."""
        self.space()
        start = self.offset
        first = self.text[start : start + 1]
        if first == "'":
            return self.atom(self.quoted("'"), start)
        match = WORD.match(self.text, start)
        if match:
            self.offset = match.end()
            if match.group() in RESERVED_WORDS and match.group() not in ("else", "maybe"):
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
        if code > 0x10FFFF or not readable(code):
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
