# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may use sudo: what ``sudo -l`` says, and where its configuration says so. Sources: sudo(8), sudoers(5).

Only sudo knows all that it heeds (netgroups, directories such as LDAP, what excludes whom), so that it is asked; its files only name the line.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import Callable

_INCLUDE = re.compile(r"[@#](include|includedir)\s+(\S.*)\Z")
_ALIAS = re.compile(r"User_Alias\s+(.+)\Z")
_DEFINITION = re.compile(r"\s*([A-Z][A-Z0-9_]*)\s*=\s*(.+)\Z")
_NO_RULE = re.compile(r"(Defaults|User_Alias|Runas_Alias|Host_Alias|Cmnd_Alias|Cmd_Alias)\b")
_COMMA = re.compile(r"\s*,\s*")
_DEEPEST = 10

_MAY = re.compile(r"User \S+ may run the following commands on ")
_MAY_NOT = re.compile(r"User \S+ is not allowed to run sudo on ")
_RUN_AS = re.compile(r"\s*\([^)]*\)")
_TAGS = re.compile(r"\s*(?:[A-Z_]+:\s*)*")
_NEXT_COMMAND = re.compile(r"(?<!\\),")

Reader = Callable[[str], str]
"""Text of a file. Raises ``OSError``."""

Lister = Callable[[str], Sequence[str]]
"""Names in a directory. Raises ``OSError``."""


def allowed(shown: str) -> bool | None:
    """Whether an account may run any command by sudo, from what ``sudo -l -U ACCOUNT`` prints in the C locale; None where it does not say.

    Commands that are all excluded (``!ALL``) are none.
    """
    lines = shown.splitlines()
    for number, line in enumerate(lines):
        if _MAY_NOT.match(line):
            return False
        if _MAY.match(line):
            rules = [rule for rule in lines[number + 1 :] if rule.strip()]
            return not rules or any(map(_allows, rules))
    return None


def _allows(rule: str) -> bool:
    """Whether a line of commands has one that is not excluded."""
    commands = _NEXT_COMMAND.split(_RUN_AS.sub("", rule, count=1))
    return any(command and not command.startswith("!") for command in (_TAGS.sub("", each, count=1).strip() for each in commands))


def rules_for(path: str, user: str, uid: int, groups: Sequence[str], read: Reader, names: Lister) -> list[str]:
    """Where the configuration that begins in ``path`` lets ``user`` use sudo: ``FILE:LINE`` each.

    ``groups`` are all groups of the user. A file that is not readable, or not there, counts as empty.
    """
    lines = list(_lines(path, read, names, 0))
    aliases: dict[str, list[str]] = {}
    for _unused, line in lines:
        alias = _ALIAS.match(line)
        for definition in alias.group(1).split(":") if alias else ():
            match = _DEFINITION.match(definition)
            if match:
                aliases[match.group(1)] = _COMMA.split(match.group(2).strip())
    who = {"ALL", user, "#%d" % uid} | {"%" + group for group in groups}

    def meant(items: Sequence[str], depth: int = 0) -> bool:
        found = False
        for item in items:
            name = item.lstrip("!").strip('"')
            if name in who or (name in aliases and depth < _DEEPEST and meant(aliases[name], depth + 1)):
                found = (len(item) - len(item.lstrip("!"))) % 2 == 0
        return found

    return [
        place
        for place, line in lines
        if "=" in line and not _NO_RULE.match(line) and meant(_COMMA.split(_COMMA.sub(",", line).split(None, 1)[0]))
    ]


def _lines(path: str, read: Reader, names: Lister, depth: int) -> Iterator[tuple[str, str]]:
    """Logical lines with their places, those of included files in their place."""
    try:
        text = read(path)
    except OSError:
        return
    begin, logical = 0, ""
    for number, physical in enumerate(text.splitlines(), 1):
        begin = begin if logical else number
        if physical.endswith("\\"):
            logical += physical[:-1] + " "
            continue
        line, logical = (logical + physical).strip(), ""
        include = _INCLUDE.match(line)
        if include:
            if depth < _DEEPEST:
                for other in _included(include.group(1), include.group(2).strip('"'), path, names):
                    yield from _lines(other, read, names, depth + 1)
        elif line and not re.match(r"#(?![0-9])", line):
            yield "%s:%d" % (path, begin), re.sub(r"\s#(?![0-9]).*", "", line)


def _included(kind: str, target: str, path: str, names: Lister) -> list[str]:
    target = posixpath.join(posixpath.dirname(path), target)
    if kind == "include":
        return [target]
    try:
        return [posixpath.join(target, name) for name in sorted(names(target)) if "." not in name and not name.endswith("~")]
    except OSError:
        return []
