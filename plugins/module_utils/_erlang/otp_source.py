# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a source tree of OTP is, and which of the ``inet_ssl_port`` patches fits it.

A patch fits if the text that each of its hunks asks for stands in the tree exactly once: then ``patch`` has one place for it, whatever
the line numbers. So the patches themselves say what layouts there are, and the version of a tree is only spoken of.

Sources: OTP "System Principles", chapter "Versions" (``OTP_VERSION``, since OTP 17); ``erts/vsn.mk`` of older trees (``SYSTEM_VSN``);
GNU diffutils manual, "Detailed Description of Unified Format".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

ATTRIBUTE = "inet_ssl_port"
"""The attribute of a patched module, by which a compiled one is known too."""

_OLD_RELEASE = re.compile(r"^SYSTEM_VSN\s*=\s*(\S+)", re.MULTILINE)
_PATCHED = re.compile(r"^-%s\(" % ATTRIBUTE, re.MULTILINE)
_HEADER = re.compile(r"# (Layout|Releases): (.+)\Z")
_FILE = re.compile(r"\+\+\+ b/(\S+)")
_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")


class OtpSourceError(ValueError):
    """A patch that is none, or a tree that is none or that no patch fits; the sentence says what would do."""


class Hunk(NamedTuple):
    """A change of a file: its path in the tree, the lines that have to stand there, and those that replace them."""

    path: str
    before: str
    after: str


class Patch(NamedTuple):
    """A patch: its file's name, the layout it is for, the releases of OTP that have that layout, and its changes."""

    name: str
    layout: str
    releases: tuple[str, ...]
    hunks: tuple[Hunk, ...]


class OtpSource(NamedTuple):
    """A source tree: OTP's version (``27.3.4.1``, ``R11B``), its layout, the name of the patch for it, and whether it is applied already."""

    version: str
    layout: str
    patch: str
    patched: bool


def read_patch(name: str, text: str) -> Patch:
    """The patch in a file: two lines ``# Layout:`` and ``# Releases:``, then unified diffs with ``a/`` and ``b/`` before the paths.

    Raises :class:`OtpSourceError`.
    """
    said: dict[str, str] = {}
    hunks: list[Hunk] = []
    path = ""
    lines = iter(text.splitlines(keepends=True))
    for line in lines:
        header, file, hunk = (form.match(line.rstrip("\n")) for form in (_HEADER, _FILE, _HUNK))
        if header:
            said[header.group(1)] = header.group(2)
        elif file:
            path = file.group(1)
        elif hunk:
            before, after = _sides(lines, int(hunk.group(1) or 1), int(hunk.group(2) or 1))
            hunks.append(Hunk(path, before, after))
    if len(said) != 2 or not hunks or not all(hunk.path and hunk.before for hunk in hunks):
        raise OtpSourceError("%s is no patch of OTP: it needs a layout, releases, and a unified diff with context" % name)
    return Patch(name, said["Layout"], tuple(said["Releases"].split()), tuple(hunks))


def identify(read: Callable[[str], str | None], patches: Sequence[Patch]) -> OtpSource:
    """What a source tree is.

    ``read`` returns the text of a file of the tree by its path there, or None where there is none. Raises :class:`OtpSourceError` for
    what is no OTP, for a tree that no patch fits, and for one that carries another patch of this name.
    """
    version = _version(read)
    if version is None:
        raise OtpSourceError("this is no source tree of OTP: neither OTP_VERSION nor erts/vsn.mk says which release it is")
    texts = {path: read(path) or "" for path in sorted({hunk.path for patch in patches for hunk in patch.hunks})}
    for patch in patches:
        if all(_stands_once(hunk.after, texts[hunk.path]) for hunk in patch.hunks):
            return OtpSource(version, patch.layout, patch.name, patched=True)
    for path, text in texts.items():
        if _PATCHED.search(text):
            raise OtpSourceError(
                "%s of OTP %s carries an %s patch that is none of this collection's; give a source tree without it"
                % (path, version, ATTRIBUTE)
            )
    for patch in patches:
        if all(_stands_once(hunk.before, texts[hunk.path]) for hunk in patch.hunks):
            return OtpSource(version, patch.layout, patch.name, patched=False)
    raise OtpSourceError(
        "no %s patch fits the source tree of OTP %s; there are patches for %s"
        % (ATTRIBUTE, version, ", and ".join(_known(patch) for patch in patches))
    )


def _version(read: Callable[[str], str | None]) -> str | None:
    """The version that a tree says it has."""
    version = (read("OTP_VERSION") or "").strip()
    if version:
        return version
    old = _OLD_RELEASE.search(read("erts/vsn.mk") or "")
    return old.group(1) if old else None


def _known(patch: Patch) -> str:
    return "OTP %s (%s)" % (", ".join(patch.releases), patch.layout)


def _sides(lines: Iterable[str], before: int, after: int) -> tuple[str, str]:
    """The two sides of a hunk that has so many lines on each; nothing if it is cut short."""
    sides: tuple[list[str], list[str]] = ([], [])
    for line in lines:
        if line[0] in " -":
            sides[0].append(line[1:])
        if line[0] in " +":
            sides[1].append(line[1:])
        if (len(sides[0]), len(sides[1])) == (before, after):
            return "".join(sides[0]), "".join(sides[1])
    return "", ""


def _stands_once(lines: str, text: str) -> bool:
    lines, text = "\n" + lines, "\n" + text
    first = text.find(lines)
    return first >= 0 and text.find(lines, first + 1) < 0
