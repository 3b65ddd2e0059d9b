# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines of roles in which Jinja decides or computes: python tests/ground/jinja.py [ROLE...] shows them.

What a role decides belongs into Python, where it has tests. A line counts if an expression on it has a condition, a loop, a comparison, a test, an
operator, or a filter or method that is none of the collection's. Names, texts with names in them, and the collection's own filters and lookups do not.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import jinja2
import yaml
from jinja2 import nodes

CONDITIONS = frozenset({"changed_when", "failed_when", "that", "until", "when"})
"""Keywords of tasks whose values are expressions without braces."""
PARTS = ("defaults", "handlers", "tasks", "vars")
"""Directories of a role."""
OURS = "beam.tls_distribution."

_DECIDES = (
    nodes.And,
    nodes.BinExpr,
    nodes.Compare,
    nodes.Concat,
    nodes.CondExpr,
    nodes.For,
    nodes.If,
    nodes.Not,
    nodes.Or,
    nodes.Slice,
    nodes.Test,
)
_BLOCK = re.compile(r"[>|][-+]?")
_JINJA = jinja2.Environment(autoescape=True)
"""Only parses: filters and tests need not be known for that."""


def decides(node: nodes.Node) -> bool:
    """Whether a part of an expression decides or computes something."""
    if isinstance(node, nodes.Filter):
        return not node.name.startswith(OURS)
    return isinstance(node, _DECIDES) or (isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr))


def lines(text: str) -> list[int]:
    """The numbers of the lines of a YAML file, from 1, that count."""
    tree = yaml.compose(text, Loader=yaml.SafeLoader)
    return sorted({number for scalar, bare in _scalars(tree) for number in _of_scalar(text, scalar, bare)} if tree else ())


def _scalars(node: yaml.Node, bare: bool = False) -> Iterator[tuple[yaml.ScalarNode, bool]]:
    """The values of a file, and whether each is an expression without braces."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _scalars(value, key.value in CONDITIONS)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _scalars(value, bare)
    elif isinstance(node, yaml.ScalarNode):
        yield node, bare


def _of_scalar(text: str, scalar: yaml.ScalarNode, bare: bool) -> set[int]:
    raw = text[scalar.start_mark.index : scalar.end_mark.index]
    if bare and "{{" not in raw:  # Options of modules may have the same names.
        block = _BLOCK.match(raw)
        raw = "{{ %s }}" % (raw[block.end() :] if block else raw[1:-1] if raw[:1] in ("'", '"') else raw)
    elif "{{" not in raw and "{%" not in raw:
        return set()
    found = _JINJA.parse(raw).find_all(nodes.Node)
    return {scalar.start_mark.line + node.lineno for node in found if decides(node)}


def counted(roles: Path) -> dict[Path, list[int]]:
    """The lines that count, by the file of each role."""
    files = sorted(path for part in PARTS for path in roles.glob("*/%s/*.yml" % part))
    return {path: lines(path.read_text(encoding="utf-8")) for path in files}


def too_many(roles: Path, most: int) -> str:
    """What is wrong where there are more than ``most`` lines; empty if nothing is."""
    count = sum(map(len, counted(roles).values()))
    if count <= most:
        return ""
    return "%d lines of roles have logic in Jinja, %d at most: move it to a filter (python tests/ground/jinja.py shows the lines)" % (
        count,
        most,
    )


def main(chosen: list[str]) -> int:
    """Shows the lines of the roles named, or of all, and how many they are."""
    roles, total = Path(__file__).resolve().parents[2] / "roles", 0
    for path, numbers in counted(roles).items():
        role, content = path.relative_to(roles).parts[0], path.read_text(encoding="utf-8").splitlines()
        if not chosen or role in chosen:
            total += len(numbers)
            for number in numbers:
                print("%s:%d: %s" % (path.relative_to(roles), number, content[number - 1].strip()))
    print("%d lines" % total)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
