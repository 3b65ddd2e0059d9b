# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which failures belong together, by the hosts that they have in common. Pure: pairs of names in, groups out.

A router that is shut keeps every host behind it from every host before it, a firewall of one host that host from all
others. So hosts that fail with the same hosts, and not with each other, are taken together as one side; the side that
most failures meet at is what the failures around it have in common.
"""

from __future__ import annotations

import collections
import typing as t

Pair = tuple[str, str]


class Group(t.NamedTuple):
    """Failures with one cause. ``sides`` are the hosts that they are between: first the side that all of them meet at, then
    the others; more than two where every side fails with every other one.
    """

    sides: tuple[tuple[str, ...], ...]
    pairs: tuple[Pair, ...]

    @property
    def centre(self) -> str | None:
        """The one host that all the failures meet at; None where that is several, or not to be told."""
        return self.sides[0][0] if len(self.sides) == 2 and len(self.sides[0]) == 1 else None

    @property
    def direction(self) -> str:
        """``in`` if all failures lead to the first side, ``out`` if all come from there, otherwise ``both``."""
        first = set(self.sides[0])
        ways = {"out" if origin in first else "in" for origin, _target in self.pairs}
        return ways.pop() if len(ways) == 1 and len(self.sides) == 2 else "both"


def groups(failing: t.Iterable[Pair], tried: t.Collection[Pair]) -> list[Group]:
    """The failures in groups, the largest first. ``tried`` are all pairs of which anything is known: what is not known of
    a host does not tell it from others.
    """
    left = list(dict.fromkeys(failing))
    found: list[Group] = []
    while left:
        sides = _sides(left, tried)
        if len(sides) > 2 and _all_apart(sides, left, tried):
            return [*found, Group(tuple(sides), tuple(left))]
        meeting = _meeting(sides, left)
        mine = [pair for pair in left if set(meeting) & set(pair)]
        others = tuple(dict.fromkeys(name for pair in mine for name in pair if name not in meeting))
        found.append(Group((meeting, others), tuple(mine)))
        left = [pair for pair in left if pair not in mine]
    return found


def _sides(failing: t.Sequence[Pair], tried: t.Collection[Pair]) -> list[tuple[str, ...]]:
    """The hosts of the failures, those that fail alike together."""
    names = list(dict.fromkeys(name for pair in failing for name in pair))
    failed, known = set(failing), {*tried, *failing}
    sides: list[list[str]] = []
    for name in names:
        for side in sides:
            if all(_alike(name, other, names, failed, known) for other in side):
                side.append(name)
                break
        else:
            sides.append([name])
    return [tuple(side) for side in sides]


def _alike(one: str, other: str, names: t.Sequence[str], failed: set[Pair], known: set[Pair]) -> bool:
    """Whether two hosts do not fail with each other, and with all others in the same way as far as both are known."""
    if failed & {(one, other), (other, one)}:
        return False
    ways = [((one, name), (other, name)) for name in names] + [((name, one), (name, other)) for name in names]
    return all((mine in failed) == (theirs in failed) for mine, theirs in ways if mine in known and theirs in known)


def _adjacent(sides: t.Sequence[tuple[str, ...]], failing: t.Sequence[Pair]) -> collections.Counter[Pair]:
    """How many failures lead from side to side, a side by its first host."""
    first = {name: side[0] for side in sides for name in side}
    return collections.Counter((first[origin], first[target]) for origin, target in failing)


def _all_apart(sides: t.Sequence[tuple[str, ...]], failing: t.Sequence[Pair], tried: t.Collection[Pair]) -> bool:
    """Whether nothing that was tried between any two sides works."""
    side = {name: side for side in sides for name in side}
    crossing = {pair for pair in tried if {*pair} <= set(side) and side[pair[0]] != side[pair[1]]}
    ways = _adjacent(sides, failing)
    apart = all((one[0], other[0]) in ways or (other[0], one[0]) in ways for one in sides for other in sides if one != other)
    return apart and crossing <= set(failing)


def _meeting(sides: t.Sequence[tuple[str, ...]], failing: t.Sequence[Pair]) -> tuple[str, ...]:
    """The side at which most failures meet; of several the one with the fewest hosts, as a cause is sought in few places."""
    ends = collections.Counter(name for way in _adjacent(sides, failing) for name in way)
    return min(sides, key=lambda side: (-ends[side[0]], len(side)))
