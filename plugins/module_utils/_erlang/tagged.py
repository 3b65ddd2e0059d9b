# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Erlang terms as plain data (YAML or JSON), both ways, by the table "Tagged terms" of docs/architecture.md.

What plain data has no word for is a mapping with one key that begins with ``$``. Every term has such data, and comes
back from it the same; the other way round, what is not in the table is an error.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, Callable

from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import term_parser, term_writer
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import (
    CONSTANTS,
    INDIVISIBLE,
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
    TermError,
    printable,
)

LONG_INTEGER = 1 << 13000
"""From here on an integer is written in base 16: Python and others refuse to read and write very long decimal ones."""

_LONG = re.compile(r"(-?)16#([0-9a-fA-F]+)")
_ATOMS = {atom: constant for constant, atom in CONSTANTS.items()}
_ANSIBLES = "__ansible"
"""How keys begin that Ansible takes as its own in what a module returns."""


def from_tagged(value: Any) -> Any:
    """The term that plain data stands for.

    Raises :class:`TermError`, which says where in the data the fault is.
    """
    return _term(value, 0, "")


def to_tagged(term: Any) -> Any:
    """Plain data that stands for ``term``; :func:`from_tagged` makes the same term of it.

    Raises :class:`TermError` for a value that is no term.
    """
    return _data(term, 0)


def _term(value: Any, depth: int, path: str) -> Any:
    if depth > MAX_DEPTH:
        raise TermError(f"the data is nested deeper than {MAX_DEPTH}")
    if value is None or isinstance(value, bool):
        return Atom(CONSTANTS[value])
    if isinstance(value, Atom):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [_term(item, depth + 1, f"{path}[{index}]") for index, item in enumerate(value)]
    if not isinstance(value, Mapping):
        raise TermError(f"{_at(path)}a {type(value).__name__} stands for no Erlang term")
    for key in value:
        if not isinstance(key, str):
            raise TermError(f"{_at(path)}the key {key!r} should be a string; put it in quotes")
        if key.startswith("$"):
            return _tag(value, depth, path)
    return [(Atom(key), _term(item, depth + 1, f"{path}.{key}" if path else str(key))) for key, item in value.items()]


def _tag(value: Mapping[str, Any], depth: int, path: str) -> Any:
    if len(value) != 1:
        raise TermError("{}a tag stands alone in its mapping, here are {}".format(_at(path), ", ".join(sorted(value))))
    ((tag, inner),) = value.items()
    path = f"{path}.{tag}" if path else str(tag)
    of_text, of_list = _OF_TEXT.get(tag), _OF_LIST.get(tag)
    if of_text and isinstance(inner, str):
        return of_text(inner, path)
    if of_list and isinstance(inner, (list, tuple)):
        return of_list(inner, depth + 1, path)
    if not of_text and not of_list:
        raise TermError(f"{_at(path)}{tag} is no tag that can be turned into a term")
    raise TermError("{}this wants {}".format(_at(path), "a string; put it in quotes" if of_text else "a list"))


def _at(path: str) -> str:
    return f"at {path}: " if path else ""


def _atom(text: str, path: str) -> Atom:
    if len(text) > MAX_ATOM:
        raise TermError(f"{_at(path)}an atom has at most {MAX_ATOM} characters")
    return Atom(text)


def _utf_8(text: str, path: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise TermError(f"{_at(path)}this holds half of a surrogate pair, which is no text") from error


def _bytes(text: str, path: str) -> bytes:
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise TermError(f"{_at(path)}this is no base64") from error


def _integer(text: str, path: str) -> int:
    match = _LONG.fullmatch(text)
    if not match:
        raise TermError(f"{_at(path)}this wants an integer in base 16, as in 16#ff")
    value = int(match.group(2), 16)
    return -value if match.group(1) else value


def _export(text: str, path: str) -> Export:
    try:
        fun = term_parser.loads("fun " + text)
    except TermError:
        fun = None
    if not isinstance(fun, Export):
        raise TermError(f"{_at(path)}this wants module:function/arity")
    return fun


def _tuple(items: Any, depth: int, path: str) -> tuple[Any, ...]:
    return tuple([_term(item, depth, f"{path}[{index}]") for index, item in enumerate(items)])


def _map(pairs: Any, depth: int, path: str) -> Map:
    if not all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in pairs):
        raise TermError(f"{_at(path)}this wants a list of pairs [key, value]")
    return Map([_tuple(pair, depth, f"{path}[{index}]") for index, pair in enumerate(pairs)])


def _improper(parts: Any, depth: int, path: str) -> ImproperList:
    if len(parts) != 2 or not isinstance(parts[0], (list, tuple)) or not parts[0]:
        raise TermError(f"{_at(path)}this wants [[items], tail]")
    return ImproperList(_tuple(parts[0], depth, f"{path}[0]"), _term(parts[1], depth, f"{path}[1]"))


def _bits(parts: Any, depth: int, path: str) -> BitString:
    data, bits = _fields(parts, path, "[base64, bits in the last byte]", str, range(1, 8))
    return BitString(_bytes(data, path), bits)


def _pid(parts: Any, depth: int, path: str) -> Pid:
    wanted = "[node, number, serial, creation]"
    node, number, serial, creation = _fields(parts, path, wanted, str, _WORDS, _WORDS, _WORDS)
    return Pid(_atom(node, path), number, serial, creation)


def _port(parts: Any, depth: int, path: str) -> Port:
    node, number, creation = _fields(parts, path, "[node, number, creation]", str, range(1 << 64), _WORDS)
    return Port(_atom(node, path), number, creation)


def _reference(parts: Any, depth: int, path: str) -> Reference:
    wanted = "[node, creation, one to five words]"
    node, creation, *ids = _fields(parts, path, wanted, str, _WORDS, *[_WORDS] * max(1, min(len(parts) - 2, 5)))
    return Reference(_atom(node, path), creation, tuple(ids))


def _fun(parts: Any, depth: int, path: str) -> Any:
    if len(parts) == 3:
        module, function, arity = _fields(parts, path, "[module, function, arity]", str, str, range(256))
        return Export(_atom(module, path), _atom(function, path), arity)
    module, data = _fields(parts, path, "module:function/arity, [module, function, arity] or [module, base64]", str, str)
    return Fun(_atom(module, path), _bytes(data, path))


def _fields(parts: Any, path: str, wanted: str, *kinds: Any) -> list[Any]:
    """The parts, each of which must be a string or a number of a range."""
    fits = len(parts) == len(kinds) and all(
        isinstance(part, str) if kind is str else isinstance(part, int) and not isinstance(part, bool) and part in kind
        for part, kind in zip(parts, kinds)
    )
    if not fits:
        raise TermError(f"{_at(path)}this wants {wanted}")
    return list(parts)


_WORDS = range(1 << 32)
_OF_TEXT: dict[str, Callable[[str, str], Any]] = {
    "$atom": _atom,
    "$binary": _utf_8,
    "$base64": _bytes,
    "$integer": _integer,
    "$fun": _export,
}
_OF_LIST: dict[str, Callable[[Any, int, str], Any]] = {
    "$tuple": _tuple,
    "$map": _map,
    "$improper": _improper,
    "$bits": _bits,
    "$pid": _pid,
    "$port": _port,
    "$ref": _reference,
    "$fun": _fun,
}


def _data(term: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise TermError(f"terms are nested deeper than {MAX_DEPTH}")
    if isinstance(term, Atom):
        name = str(term)
        return _ATOMS.get(name, {"$atom": name})
    if term is None or isinstance(term, (bool, float, str)):
        return term
    if isinstance(term, int):
        return term if abs(term) < LONG_INTEGER else {"$integer": "{}16#{:x}".format("-" if term < 0 else "", abs(term))}
    if isinstance(term, (bytes, bytearray)):
        return _binary_data(bytes(term))
    if isinstance(term, ImproperList):
        return {"$improper": [[_data(item, depth + 1) for item in term.head], _data(term.tail, depth + 1)]}
    if isinstance(term, INDIVISIBLE):
        return _indivisible_data(term)
    if isinstance(term, tuple):
        return {"$tuple": [_data(item, depth + 1) for item in term]}
    if isinstance(term, list):
        if _property_list(term):
            return {str(key): _data(value, depth + 1) for key, value in term}
        return [_data(item, depth + 1) for item in term]
    if isinstance(term, (Map, Mapping)):
        return {"$map": [[_data(key, depth + 1), _data(value, depth + 1)] for key, value in term.items()]}
    raise TermError(f"a Python {type(term).__name__} is no Erlang term")


def _property_list(items: list[Any]) -> bool:
    """Whether items are a property list that comes back the same from a mapping."""
    keys = set()
    for item in items:
        if not isinstance(item, tuple) or hasattr(item, "_fields") or len(item) != 2 or not isinstance(item[0], Atom):
            return False
        if item[0].startswith(("$", _ANSIBLES)):
            return False
        keys.add(item[0])
    return bool(items) and len(keys) == len(items)


def _binary_data(data: bytes) -> dict[str, str]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    return {"$binary": text} if printable([ord(character) for character in text]) else {"$base64": _base64(data)}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _indivisible_data(term: Any) -> dict[str, Any]:
    if isinstance(term, BitString):
        return {"$bits": [_base64(term.data), term.bits]}
    if isinstance(term, Pid):
        return {"$pid": [str(term.node), term.id, term.serial, term.creation]}
    if isinstance(term, Port):
        return {"$port": [str(term.node), term.id, term.creation]}
    if isinstance(term, Reference):
        return {"$ref": [str(term.node), term.creation, *term.ids]}
    if isinstance(term, Export):
        return {"$fun": _export_data(term)}
    return {"$fun": [str(term.module), _base64(term.data)]}


def _export_data(term: Export) -> Any:
    try:
        return term_writer.dumps(term)[len("fun ") :]
    except TermError:
        return [str(term.module), str(term.function), term.arity]
