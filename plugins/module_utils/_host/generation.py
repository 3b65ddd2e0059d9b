# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The generation of what a host is given to run: a line ``ACTION SHA256 PATH`` for each file that counts, or ``ACTION SHA256 -`` for a text.

A program that starts writes down the same lines with the digests of what it finds. Whether it runs what is wanted is then told by
comparing the two, and what has to be done by the actions of the lines that differ. No digest leaves the host, as contents may be secret.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Callable, NamedTuple

TEXT = "-"
"""What stands in the place of the path on a line of a text."""


class Action(NamedTuple):
    """What has to be done when files, or a ``text`` that stands for anything else, are not what a program read."""

    name: str
    paths: tuple[str, ...]
    text: str


def text(actions: Sequence[Action], content: Callable[[str], bytes]) -> str:
    """The generation for ``actions``; ``content`` gives what is, or will be, in a file."""
    lines = []
    for action in actions:
        found = [(TEXT, action.text.encode("utf-8"))] if action.text else []
        found += [(path, content(path)) for path in action.paths]
        lines += ["%s %s %s\n" % (action.name, hashlib.sha256(data).hexdigest(), what) for what, data in found]
    return "".join(lines)


def outdated(wanted: str, running: str) -> list[str]:
    """The names of the actions whose lines are not the same in both, each once."""
    sides = wanted.splitlines(), running.splitlines()
    differing = set(sides[0]) ^ set(sides[1])
    return list(dict.fromkeys(line.split(" ", 1)[0] for side in sides for line in side if line in differing))


def outdated_paths(wanted: str, running: str, action: str) -> list[str]:
    """The paths of an action's lines that are not the same in both, each once."""
    sides = wanted.splitlines(), running.splitlines()
    differing = set(sides[0]) ^ set(sides[1])
    lines = [line.split(" ", 2) for side in sides for line in side if line in differing]
    return list(dict.fromkeys(line[2] for line in lines if len(line) == 3 and line[0] == action))
