# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nodes that this collection has made on a host, read from their configuration.

Whether one of them bears a former name of the node that is wanted is for the controller to say (``_cluster/renames.py``).
"""

from __future__ import annotations

import glob
import os
import re
import shlex
from collections.abc import Mapping
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")
_NODE = re.compile(r"[A-Za-z0-9_-]+@[A-Za-z0-9.-]+\Z")
_LISTEN = re.compile(r"\{\s*listen_port\s*,\s*(\d{1,5})\s*\}")
_PATCHED = re.compile(r"\{\s*inet_ssl_port\s*,\s*(\d{1,5})\s*\}")
_LISTENS = re.compile(r"(?m)^listens (\d{1,5})$")
_PEER = re.compile(r"\{\s*peer\s*,\s*'?([A-Za-z0-9_-]+@[A-Za-z0-9.-]+)'?")
_LONGEST = 1 << 20


def names(directory: str) -> list[str]:
    """The nodes that have a configuration below a directory: the parts of their names before the @."""
    found = (os.path.basename(os.path.dirname(path)) for path in glob.glob(layout.configuration(glob.escape(directory) + "/*")["vm_args"]))
    return sorted(name for name in found if _NAME.match(name))


def unit(name: str) -> str:
    """The service of a node."""
    return layout.units(name)[0]


def read(directory: str, name: str, state: Mapping[str, Any], units: str = layout.SYSTEMD) -> dict[str, Any] | None:
    """What a node is, from its configuration and the ``state`` of its service. None for one that has no name in its ``vm.args``.

    Gives ``name``, ``node``, ``port`` (None where it is not said), ``peers`` (names of nodes), ``units`` (those that are there), ``active`` and
    ``enabled`` of the service, ``mnesia``, directories of tables in its home, ``about`` (:func:`about`), and ``listens``, the port on which the node listens
    since its start, None where its unit has not written it down.
    """
    places = layout.configuration(os.path.join(directory, name))
    node = _node(_text(places["vm_args"]))
    if node is None:
        return None
    table = _text(places["peers"])
    port = _number(_LISTEN, table) or _number(_PATCHED, _text(places["sys_config"]))
    home = re.search(r"(?m)^WorkingDirectory=(/\S+)$", _text(os.path.join(units, unit(name))))
    return {
        "name": name,
        "node": node,
        "port": port,
        "peers": sorted(set(_PEER.findall(table))),
        "units": [made for made in layout.units(name) if os.path.lexists(os.path.join(units, made))],
        "active": state.get("active", ""),
        "enabled": state.get("enabled", ""),
        "mnesia": sorted(glob.glob(glob.escape(home[1]) + "/Mnesia.*")) if home else [],
        "about": about(layout.layout(name)),
        "listens": _number(_LISTENS, _text(layout.layout(name)["running_generation"])),
    }


def about(places: Mapping[str, str]) -> str | None:
    """What the generation that a node started with says of itself (``about.json``), None if nothing does; ``places`` is the node's layout.

    Which one that is the node's unit has written down. The link to the current one may lead to another already: a run may have ended behind the
    switch and before the restart. It says what there is for a node whose unit has written down nothing.
    """
    generations = "%s/" % places["generations"]
    started = set(re.findall(r"(?m)^restart \S+ %s([1-9][0-9]{0,8})/" % re.escape(generations), _text(places["running_generation"])))
    if len(started) > 1:
        return None
    return about_of(places, int(started.pop())) if started else _text(places["about"]) or None


def about_of(places: Mapping[str, str], number: int) -> str | None:
    """What a generation says of itself, None if it does not."""
    return _text(os.path.join(places["generations"], str(number), os.path.basename(places["about"]))) or None


def _node(arguments: str) -> str | None:
    try:
        words = shlex.split(arguments, comments=True)
    except ValueError:
        return None
    for flag, value in zip(words, words[1:]):
        if flag in ("-name", "-sname") and _NODE.match(value):
            return value
    return None


def _number(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(text)
    return (int(found[1]) or None) if found else None


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read(_LONGEST)
    except OSError:
        return ""
