# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of docs/architecture.md held against the tree and the specifications of the roles."""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ground import roles

PAGE = "docs/architecture.md"
_ROOM = re.compile(r"^  (_\w+)/ +(?=\S)", re.MULTILINE)
_MODULE = re.compile(r"(?<![\w/{,])([\w/]*(?:\{[\w,]+\}\w*|\*)?)\.py\b")
_LINE = re.compile(r"^(\S+)/ +(\S.*)$", re.MULTILINE)
_PATH = re.compile(r"`([^`]+)`")
ROOTS = ("/", "CLUSTER/")
"""What a whole path of the table of paths begins with."""
_VARIABLE = re.compile(r"`(\w+)`")
_LITERAL = re.compile(r"\A(?:`[^`]*`|-?\d+|true|false)\Z")
ELSEWHERE = ("ansible_pipelining", "erlang_otp_build_")
"""Beginnings of the variables that another page tells of, to which the table points."""


def section(text: str, title: str) -> str:
    """The text below a heading of the second level, up to the next one; empty without such a heading."""
    _before, found, rest = text.partition("\n## %s\n" % title)
    return rest.partition("\n## ")[0] if found else ""


def disagreements(checkout: Path) -> list[str]:
    """Where the page says something else than the tree and the specifications, a sentence each."""
    text = (checkout / PAGE).read_text()
    specified: dict[str, Any] = {}
    for role in sorted(path for path in (checkout / "roles").iterdir() if path.is_dir()):
        specified.update(roles.options(role))
    places = section(text, "Names and paths").partition("\n\nReleases, ")[0]
    found = [
        *rooms(section(text, "Rooms"), checkout),
        *paths(places, given(checkout)),
        *variables(section(text, "Variables a user may set"), specified),
    ]
    return ["%s: %s" % (PAGE, sentence) for sentence in found]


def rooms(block: str, checkout: Path) -> list[str]:
    """What the block of rooms leaves out of the tree, or has of its own: modules of the private rooms, roles, actions and playbooks."""
    found = []
    starts = list(_ROOM.finditer(block))
    ends = [*(start.start() for start in starts[1:]), len(block)]
    listed = {start[1]: re.split(r"\n\S", block[start.end() : end])[0] for start, end in zip(starts, ends)}
    private = checkout / "plugins" / "module_utils"
    for room in sorted({*listed, *(path.name for path in private.iterdir() if any(path.rglob("*.py")))}):
        present = {path.relative_to(private / room).with_suffix("").as_posix() for path in (private / room).rglob("*.py")}
        told = {name for word in _MODULE.findall(listed.get(room, "")) for name in expanded(word, present)}
        found += _differences("room %s" % room, told, present)
    lines = dict(_LINE.findall(block))
    for name, pattern in (("roles", "roles/*"), ("plugins/action", "plugins/action/*.py"), ("playbooks", "playbooks/*.yml")):
        names = {word.strip(",") for word in lines.get(name, "").rpartition(":")[2].split()}
        found += _differences(name, names, {path.stem for path in checkout.glob(pattern) if not path.name.endswith(".md")})
    return found


def expanded(word: str, present: Iterable[str]) -> list[str]:
    """The names that a word with one pair of braces or one star at its end stands for, as a shell takes it."""
    if word.endswith("*"):
        return [name for name in present if name.startswith(word[:-1])] or [word]
    before, brace, rest = word.partition("{")
    inner, _brace, after = rest.partition("}")
    return [before + part + after for part in inner.split(",")] if brace else [word]


def _differences(what: str, told: Iterable[str], present: Iterable[str]) -> list[str]:
    told, present = set(told), set(present)
    return ["%s: %s is not listed" % (what, name) for name in sorted(present - told)] + [
        "%s: there is no %s" % (what, name) for name in sorted(told - present)
    ]


def given(checkout: Path) -> set[str]:
    """The paths that the layout gives for a node NAME, and for a cluster whose directory is CLUSTER."""
    layout = runpy.run_path(str(checkout / "plugins" / "module_utils" / "_cluster" / "layout.py"))
    return {path for path in layout["layout"]("NAME").values() if path.startswith("/")} | set(layout["cluster"]("CLUSTER").values())


def paths(table: str, wanted: Iterable[str]) -> list[str]:
    """What the table of paths leaves out of those that are ``wanted``, or has of its own.

    A name without a directory is in that of the path before it in its row; ``.../`` stands for the last directory of the rows above.
    """
    told, last = set(), ""
    for row in (line.strip("|").split("|") for line in table.splitlines() if line.startswith("| `")):
        directory = ""
        for token in _PATH.findall(row[0]):
            path = last + token[4:] if token.startswith(".../") else token if token.startswith(ROOTS) else directory + token
            told.add(path.rstrip("/"))
            if token.startswith((*ROOTS, ".../")):
                directory = path[: path.rindex("/") + 1]
            if token.startswith("/") and token.endswith("/"):
                last = token
    return _differences("paths", told, wanted)


def variables(table: str, specified: dict[str, dict[str, Any]]) -> list[str]:
    """What the table of variables leaves out of the specifications, has of its own, or gives another default than they do.

    A default is held to the specification where it is a value: words stand for one that is worked out.
    """
    found = []
    listed: set[str] = set()
    for row in (line.strip("|").split("|") for line in table.splitlines() if line.startswith("| `")):
        names, defaults = _VARIABLE.findall(row[0]), [default.strip() for default in row[1].split(" / ")]
        listed.update(names)
        if len(names) != len(defaults):
            found.append("%s: %d names, and %d defaults" % (", ".join(names), len(names), len(defaults)))
        for name, default in zip(names, defaults):
            if name not in specified:
                found.append("%s: no role has this variable" % name)
                continue
            value = specified[name].get("default")
            computed = value is None or (isinstance(value, str) and "{{" in value)
            if not computed and _LITERAL.match(default) and default.strip("`") not in (json.dumps(value), str(value)):
                found.append("%s: its default is %s, not %s" % (name, json.dumps(value), default))
    missing = {name for name in specified if not name.startswith(ELSEWHERE)} - listed
    return found + ["%s: it is not listed" % name for name in sorted(missing)]
