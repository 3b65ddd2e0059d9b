# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of nodes that run: releases of the example, and what the example counted while it was changed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lab import roots
from lab.commands import on
from lab.settings import HOSTS

NEXT = ("guard.app", '{vsn, "1.0.0"}', '{vsn, "1.1.0"}')
RELEASES: dict[str, tuple[tuple[str, str, str], ...]] = {"": (), "next": (NEXT,)}
"""Releases of the example, by label: the example itself, and the one that comes after it."""


def release(label: str, suite: str) -> str:
    """The path of a release of the example."""
    return str(roots.guard(suite, label, RELEASES[label]))


class Counted(NamedTuple):
    """What the example counted on one node, since its log began. ``short`` are seconds, of each time in which it missed more than one node."""

    starts: int
    written: int
    lost_writes: int
    sent: int
    lost: int
    short: list[float]


_FIGURES = """
#{starts := Starts, written := Written, written_and_lost := Gone, edges := Edges, short := Short} = guard_load:figures(),
lists:flatten(io_lib:format("~w", [[Starts, Written, length(Gone),
lists:sum([Sent || #{sent := Sent} <- maps:values(Edges)]), lists:sum([Lost || #{lost := Lost} <- maps:values(Edges)]),
[[From, To] || {From, To, _} <- Short]]])).
"""


def counted(name: str) -> Counted:
    """What the node of a host counted. Raises ``AssertionError`` where it does not say."""
    done = on(name, "erlang-guard eval '%s'" % " ".join(_FIGURES.split()))
    said = "".join(re.findall(r'"([^"]*)"', done.out))
    if done.code or not said:
        raise AssertionError("%s does not say what it counted: %s" % (name, done.out))
    starts, written, lost_writes, sent, lost, short = json.loads(said)
    return Counted(starts, written, lost_writes, sent, lost, [(until - since) / 1000 for since, until in short])


def difference(before: Mapping[str, Counted], after: Mapping[str, Counted]) -> dict[str, Any]:
    """What was counted between two moments, over all nodes. A write that was lost counts whenever it was written."""
    return {
        "written": sum(after[name].written - before[name].written for name in after),
        "written_and_lost": sum(found.lost_writes for found in after.values()),
        "messages": sum(after[name].sent - before[name].sent for name in after),
        "messages_lost": sum(after[name].lost - before[name].lost for name in after),
        "short_by_nodes": max((seconds for name in after for seconds in after[name].short[len(before[name].short) :]), default=0.0),
    }


def ready(name: str) -> bool:
    """Whether the example does its part on a host."""
    done = on(name, "erlang-guard eval 'guard:ready().'")
    return done.code == 0 and done.out.strip() == "true"


def write_figures(path: Path, figures: Mapping[str, Any]) -> None:
    """Adds figures to a file of JSON, and prints them."""
    found = json.loads(path.read_text()) if path.exists() else {}
    found.update(figures)
    path.write_text(json.dumps(found, indent=2) + "\n")
    for title, values in figures.items():
        print("%s: %s" % (title, json.dumps(values)))


EVERY = tuple(host.name for host in HOSTS)
