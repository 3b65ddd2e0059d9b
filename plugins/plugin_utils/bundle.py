# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module of ``module_utils`` with all that it imports, as one file that Python runs. Runs on the controller only."""

from __future__ import annotations

import base64 as encoding
import functools
import hashlib
import io
import re
import zipfile
from pathlib import Path

PACKAGE = "ansible_collections.beam.tls_distribution.plugins.module_utils"
MODULES = Path(__file__).resolve().parents[1] / "module_utils"
PROGRAMS = {"control": "_host.control", "packet_filter": "_host.packet_filter", "watch": "_host.watch"}
"""The module of ``module_utils`` that is the start of each program."""
_INTERPRETER = b"#!/usr/bin/env -S python3 -I\n"
_MAIN = "import sys\n\nfrom %s import main\n\nsys.exit(main(sys.argv[1:]))\n"
_IMPORT = re.compile(r"(?m)^[ \t]*from %s\.([\w.]+) import (\([^)]*\)|[^\n]*)" % re.escape(PACKAGE))
_NAME = re.compile(r"\w+")
# What a zip archive can say of a time, and that a file may be read by all.
_TIME = (1980, 1, 1, 0, 0, 0)
_MODE = 0o644 << 16


@functools.cache
def program(module: str) -> bytes:
    """The archive whose start is ``main`` of ``module`` (as ``_host.watch``), which is given the arguments and returns the
    exit code. A system can run it as a program, too. The same sources make the same bytes.

    Source: zipapp of Python's library.
    """
    contents = {"__main__.py": _MAIN % ("%s.%s" % (PACKAGE, module))}
    for name in sorted(closure(module)):
        path = "%s.%s" % (PACKAGE, name)
        contents[path.replace(".", "/") + ".py"] = _source(name)
        parents = path.split(".")[:-1]
        for depth in range(1, len(parents) + 1):
            contents["/".join([*parents[:depth], "__init__.py"])] = ""
    archive = io.BytesIO()
    archive.write(_INTERPRETER)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as stream:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.external_attr, entry.compress_type = _MODE, zipfile.ZIP_DEFLATED
            stream.writestr(entry, contents[name], compresslevel=1)
    return archive.getvalue()


def base64(name: str) -> str:
    """The archive of one of ``PROGRAMS``, in base64."""
    return encoding.b64encode(program(PROGRAMS[name])).decode("ascii")


def digest(module: str) -> str:
    """The SHA-256 of the archive, in hexadecimal."""
    return hashlib.sha256(program(module)).hexdigest()


def closure(module: str) -> set[str]:
    """The modules of ``module_utils`` that a module needs, itself included, without the package's name."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += imported(_source(name))
    return found


def imported(source: str) -> list[str]:
    """The modules of ``module_utils`` that a source imports.

    They are read by their form, which takes a hundredth of what it takes to parse a module: every host of a run asks for a program.
    """
    names = []
    for room, inside in _IMPORT.findall(source):
        for alias in _NAME.findall(inside):
            name = "%s.%s" % (room, alias)
            names.append(name if _path(name).exists() else room)
    return names


def _path(name: str) -> Path:
    return MODULES.joinpath(*name.split(".")).with_suffix(".py")


def _source(name: str) -> str:
    return _path(name).read_text(encoding="utf-8")
