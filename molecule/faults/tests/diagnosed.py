# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a verification says of a mesh in which something is wrong, held against what was done to it."""

from __future__ import annotations

import json
from typing import NamedTuple

from lab.commands import WITHOUT_WALLS, Completed, play, report
from lab.settings import HOSTS

QUICK = {**WITHOUT_WALLS, "erlang_verify_retry_seconds": 0, "erlang_verify_timeout": 2}
"""Walls are proven in other scenarios, and what is wrong here does not pass."""

NAMES = [known.name for known in HOSTS]
Faults = dict[tuple[str, "str | None"], set[str]]
"""Where each fault shows, by its id and the host where its remedy is."""


class Record(NamedTuple):
    """A fault that was brought about, and what it was called (``id @ host``)."""

    fault: str
    diagnosed: list[str]
    right: bool


RECORDS: list[Record] = []


def edge(origin: str, target: str) -> str:
    """An edge as reports name it."""
    return "%s → %s" % (origin, target)


def into(target: str) -> set[str]:
    """The edges to a host."""
    return {edge(name, target) for name in NAMES if name != target}


def out_of(origin: str) -> set[str]:
    """The edges from a host."""
    return {edge(origin, name) for name in NAMES if name != origin}


def around(name: str) -> set[str]:
    """All edges of a host, and the host itself."""
    return {name} | into(name) | out_of(name)


def verified(limit: str = "all", **variables: object) -> Completed:
    """A verification, of all hosts or of those that a pattern names."""
    return play("verify", "--limit", limit, "-e", json.dumps({**QUICK, **variables}))


def diagnose(fault: str, expected: Faults, **variables: object) -> None:
    """Verify the mesh while a fault is in it: exactly the expected has to be found, in one entry each, and every other edge to
    be right.
    """
    done = verified(**variables)
    told = report()
    found: Faults = {(one["id"], one["host"]): set() for one in told["faults"]}
    for one in told["faults"]:
        found[one["id"], one["host"]] |= set(one["where"])
    RECORDS.append(Record(fault, ["%s @ %s" % known for known in sorted(found, key=str)], found == expected))
    assert done.code != 0, done.out
    assert found == expected, json.dumps(told["faults"], indent=1)
    assert len(told["faults"]) == len(expected), json.dumps(told["faults"], indent=1)
    failed = {edge(one["from"], one["to"]) for one in told["edges"] if one["state"] != "ok"}
    assert failed == {place for places in expected.values() for place in places if " → " in place}
    for one in told["faults"]:
        assert "?" not in one["cause"] + one["remedy"], one
