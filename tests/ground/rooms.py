# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Imports between the rooms of plugins/ held against rooms.toml: python tests/ground/rooms.py prints the arrows that there are."""

from __future__ import annotations

import ast
import fnmatch
import graphlib
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import tomllib

CONTRACT = Path(__file__).with_name("rooms.toml")
RELATIVE = "."
OURS = "ansible_collections.beam.tls_distribution.plugins."
_OPENING = frozenset({"open", "read_text", "read_bytes", "write_text", "write_bytes"})


class Import(NamedTuple):
    """One import: the file (below plugins/) and line where it stands, and what is imported."""

    path: Path
    line: int
    name: str


def disagreements(checkout: Path, contract: Path = CONTRACT) -> list[str]:
    """What the plugins of a checkout do that the contract does not allow, a sentence each."""
    told = tomllib.loads(contract.read_text())
    rooms: Mapping[str, Mapping[str, Any]] = told["rooms"]
    plugins = checkout / "plugins"
    try:
        graphlib.TopologicalSorter({room: entry["imports"] for room, entry in rooms.items()}).prepare()
    except graphlib.CycleError as error:
        return ["%s: these rooms may import each other in a ring: %s" % (contract.name, " <- ".join(error.args[1]))]
    files = sorted(path.relative_to(plugins) for path in plugins.rglob("*.py"))
    found = ["%s: there is no such room" % room for room in rooms if not any(room_of(path, rooms) == room for path in files)]
    for path in files:
        room = room_of(path, rooms)
        if room is None:
            found.append("%s: its room is not in %s" % (path, contract.name))
            continue
        tree = ast.parse((plugins / path).read_text())
        pure = is_pure(path, room, rooms)
        for entry in imports(path, tree):
            place = "%s:%d: " % (path, entry.line)
            if entry.name == RELATIVE:
                found.append(place + "it imports by a relative name")
            elif entry.name.startswith(OURS):
                target = Path(entry.name.removeprefix(OURS).replace(".", "/"))
                other = room_of(target, rooms)
                if other != room and other not in rooms[room]["imports"]:
                    found.append(place + "%s imports nothing of %s" % (room, other or target))
                elif pure and not is_pure(target, other, rooms):
                    found.append(place + "it is pure, and %s is not" % target)
            elif pure and entry.name.split(".")[0] in told["touching"]:
                found.append(place + "it is pure, and imports %s" % entry.name)
        if pure:
            found += ["%s:%d: it is pure, and calls %s()" % (path, line, name) for line, name in opened(tree)]
    return found


def room_of(path: Path, rooms: Mapping[str, Any]) -> str | None:
    """The innermost room that a module is in."""
    return next((parent.as_posix() for parent in (path, *path.parents) if parent.as_posix() in rooms), None)


def is_pure(path: Path, room: str | None, rooms: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a module is among the pure ones of its room: the last pattern that fits it says so; ``!`` before it says that it is not."""
    if room is None:
        return False
    name, pure = path.with_suffix("").relative_to(room).as_posix(), False
    for pattern in rooms[room].get("pure", ()):
        if fnmatch.fnmatchcase(name, pattern.lstrip("!")):
            pure = not pattern.startswith("!")
    return pure


def imports(path: Path, tree: ast.Module) -> Iterator[Import]:
    """The imports of a module, of whatever depth. ``from room import module`` is one of the module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(path, node.lineno, name.name)
        elif isinstance(node, ast.ImportFrom) and node.level:
            yield Import(path, node.lineno, RELATIVE)
        elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
            module = node.module or ""
            for name in node.names:
                inner = "%s.%s" % (module, name.name)
                yield Import(path, node.lineno, inner if _is_module(path, inner) else module)


def _is_module(path: Path, name: str) -> bool:
    """Whether a dotted name of ours is a module or a folder, not something inside a module."""
    below = name.removeprefix(OURS).replace(".", "/")
    plugins = CONTRACT.parents[2] / "plugins"
    return name.startswith(OURS) and ((plugins / (below + ".py")).exists() or (plugins / below).is_dir())


def opened(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Calls that open a file, by line; what is handed an open one (``fileobj``) opens none."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and not any(keyword.arg == "fileobj" for keyword in node.keywords):
            name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
            if name in _OPENING:
                yield node.lineno, name


def arrows(checkout: Path, contract: Path = CONTRACT) -> dict[str, dict[str, set[str]]]:
    """The imports that there are: by room, then by the room imported, the modules that do."""
    rooms = tomllib.loads(contract.read_text())["rooms"]
    plugins = checkout / "plugins"
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for path in sorted(path.relative_to(plugins) for path in plugins.rglob("*.py")):
        for entry in imports(path, ast.parse((plugins / path).read_text())):
            if entry.name.startswith(OURS):
                room, other = (room_of(one, rooms) for one in (path, Path(entry.name.removeprefix(OURS).replace(".", "/"))))
                if room and other and room != other:
                    found[room][other].add(path.stem)
    return found


def main() -> int:
    """Prints the arrows between rooms, and what the contract does not allow."""
    checkout = CONTRACT.parents[2]
    for room, others in arrows(checkout).items():
        for other, modules in sorted(others.items()):
            print("%-28s -> %-28s %s" % (room, other, " ".join(sorted(modules))))
    wrong = disagreements(checkout)
    print("\n".join(wrong))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
