# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The generation of what a host is given to run: a line ``NAME SHA256`` for each thing that can differ.

A program that starts takes a copy of the text. Whether it runs what is wanted is then told by comparing the two, and by which lines
differ what has to be done. No digest leaves the host, as contents may be secret.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Callable, NamedTuple


class Line(NamedTuple):
    """What a digest is of: the contents of files, by their paths, and a ``text`` that stands for anything else."""

    name: str
    paths: tuple[str, ...]
    text: str


def text(lines: Sequence[Line], content: Callable[[str], bytes]) -> str:
    """The generation of ``lines``; ``content`` gives what is, or will be, in a file."""
    return "".join("%s %s\n" % (line.name, _digest(line, content)) for line in lines)


def stale(wanted: str, running: str) -> list[str]:
    """The names of the lines of ``wanted`` that are not in ``running``."""
    known = set(running.splitlines())
    return [line.split(" ", 1)[0] for line in wanted.splitlines() if line not in known]


def _digest(line: Line, content: Callable[[str], bytes]) -> str:
    digest = hashlib.sha256(line.text.encode("utf-8"))
    for path in line.paths:
        # Lengths keep what belongs to one file from being read as the next one's.
        data = content(path)
        digest.update(b"\0%s\0%d\0" % (path.encode("utf-8"), len(data)))
        digest.update(data)
    return digest.hexdigest()
