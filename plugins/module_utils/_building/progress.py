# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far make is in a source tree of OTP: files made, of those that are to be made.

What make says for each file that it makes is counted (``V=0``, its default: ``CC``, ``ERLC``, ...), which costs nothing. How many
there will be is known from the sources; an estimate, as some are compiled twice and others for other platforms alone.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator

_MADE = re.compile(rb"\s(?:CC|CXX|ERLC|LD|AR|ASN1)\t|\s*(?:erlc|gcc|g\+\+|cc|c\+\+) ")
_SOURCES = {".erl": (".beam",), ".c": (".o",), ".cpp": (".o",), ".yrl": (".beam",), ".asn1": (".beam",)}
_PASSED_OVER = frozenset(["test", "examples", "doc", "win32", "arm", "bootstrap", "obj", "priv", "html", "internal_doc", "SUITE_data"])
_TWICE = ("lib/kernel/", "lib/stdlib/", "lib/compiler/")
"""Applications that are compiled a second time, for the compiler that compiles the rest."""

Walk = Iterable["tuple[str, list[str], list[str]]"]
"""The directories of a tree from above as ``os.walk`` gives them; it goes into those that are left in the list of names."""


def makes(line: bytes) -> bool:
    """Whether a line of make's output says that it makes a file."""
    return _MADE.match(line) is not None


def expected(tree: str, walk: Walk, told: str) -> int:
    """How many files are to be made in ``tree``; ``told`` is the text of ``lib/SKIP-APPLICATIONS``, which names what configure leaves out."""
    names = _files(tree, walk, told)
    return sum(1 + name.startswith(_TWICE) * name.endswith(".erl") for name in names if posixpath.splitext(name)[1] in _SOURCES)


def made(tree: str, walk: Walk, told: str) -> int:
    """How many files have been made already, by a make that was interrupted; arguments as those of :func:`expected`."""
    return sum(name.endswith(".o") for name in _files(tree, walk, told, ("obj",)))


def _files(tree: str, walk: Walk, told: str, also: tuple[str, ...] = ()) -> Iterator[str]:
    """The files of the emulator and of the applications that are built, by their paths in the tree."""
    skipped = {"lib/" + name for name in told.split()}
    for directory, names, files in walk:
        place = posixpath.relpath(directory, tree)
        if place == ".":
            names[:] = [name for name in names if name in ("erts", "lib")]
            continue
        if "SKIP" in files or place in skipped:
            names[:] = []
            continue
        names[:] = [name for name in names if name not in _PASSED_OVER or name in also]
        for name in files:
            yield "%s/%s" % (place, name)
