# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a node ran until now, so that the last release that was up and stayed up is kept, whatever failed since.

A node boots the releases that its boot script names. When the next one is installed, that script still names the former, and systemd tells
whether the node is up with it, or was for long. If so, ``release.stayed`` in the node's directory names it from then on.
"""

from __future__ import annotations

import glob
import os
import time
from typing import NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._host import commands, writing
from ansible_collections.beam.tls_distribution.plugins.module_utils._system import systemd

RECORD = "release.stayed"
"""The file in a node's directory that names what stayed up, a directory with a slash behind it a line."""
LONG = 60.0
"""Seconds for which a node that was started again and again, or that has ended, has to have been up."""
_PROPERTIES = (
    "ActiveState",
    "InactiveExitTimestampMonotonic",
    "ActiveEnterTimestampMonotonic",
    "ActiveExitTimestampMonotonic",
    "NRestarts",
)


class Last(NamedTuple):
    """What a node did last: ``scripts`` are the texts of its boot scripts.

    ``active``: whether it is up. ``certain``: whether it booted from these scripts, which are not newer than its start. ``stayed``: whether it is up
    without having been started again by systemd, or was up for :data:`LONG`.
    """

    scripts: tuple[str, ...]
    active: bool
    certain: bool
    stayed: bool


def last(node: str, unit: str, run: commands.Runner = commands.run) -> Last:
    """What the node with the directory ``node`` and the service ``unit`` did last."""
    shown = run(["systemctl", "show", "--property=%s" % ",".join(_PROPERTIES), unit]).out
    found = systemd.properties(shown)
    begun, entered, left = (int(found.get(name, "") or 0) / 1e6 for name in _PROPERTIES[1:4])
    now = time.monotonic()
    active = found.get("ActiveState") in ("active", "reloading")
    names = glob.glob(glob.escape(node) + "/boot/*.script")
    newest = max((os.stat(name).st_mtime for name in names), default=0.0)
    # Behind the last time it was up there may be starts that failed.
    certain = entered > 0 and newest <= time.time() - (now - min(begun, entered))
    up = (now if active else left) - entered if entered else 0.0
    stayed = certain and (up >= LONG or (active and found.get("NRestarts") == "0"))
    return Last(tuple(_text(name) for name in names), active, certain, stayed)


def note(node: str, releases: list[str]) -> None:
    """Names releases as what stayed up last. Raises OSError."""
    writing.write(os.path.join(node, RECORD), "".join(release + "/\n" for release in releases), 0o644)


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as stream:
        return stream.read()
