# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with an inventory, as sentences: host, variable, value, problem, fix."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

# Variables whose default is the value of another one.
INHERITED = {
    "erlang_node_name": "erlang_cluster_name",
    "erlang_node_port": "erlang_cluster_port",
    "erlang_node_listen_port": "erlang_node_port",
    "erlang_node_sources": "erlang_node_addresses",
}


_PASSWORD = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^\s/?#:@]*):[^\s/?#]*@")
"""What of a URL is its password, with the scheme and the user before it. A password with an at sign in it ends at the last one."""


class InputError(ValueError):
    """What is wrong with a value, as the rest of a sentence that begins with it, and what to do."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__("%s; %s" % (problem, fix))
        self.problem = problem
        self.fix = fix


class Problem(NamedTuple):
    """One fault in a value: what is shown of it (None where nothing may be), what is wrong as the rest of a sentence, and what to do."""

    shown: Any
    problem: str
    fix: str


class InventoryFault(NamedTuple):
    """One fault of the inventory: where it is, what was given, and how it is put right.

    ``hosts`` are inventory names. ``value`` is None where it is absent, or must not be shown.
    """

    hosts: tuple[str, ...]
    variable: str
    value: Any
    problem: str
    fix: str

    @property
    def host(self) -> str:
        """The hosts, as a person lists them."""
        return listed(self.hosts)

    def __str__(self) -> str:
        given = "" if self.value is None else " %s" % shown(self.value)
        return without_password("%s: %s%s %s; %s." % (self.host, self.variable, given, self.problem, self.fix))


class TopologyError(Exception):
    """All faults of an inventory."""

    def __init__(self, faults: Iterable[InventoryFault]) -> None:
        self.faults = fold(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


def listed(words: Iterable[str], last: str = " and ", joint: str = ", ", most: int = 7) -> str:
    """Different words as a person lists them: ``a, b and c``; of a long list the first ones, ``most`` at most, and how many more there are."""
    every = list(dict.fromkeys(words))
    if len(every) > most + 1:
        every = [*every[:most], "%d more" % (len(every) - most)]
        last = last.replace(" or ", " and ")
    return last.join([joint.join(every[:-1]), every[-1]] if len(every) > 1 else every)


def shown(value: Any) -> str:
    """A value as a sentence shows it: strings in quotes, long ones cut short, passwords of URLs left out."""
    text = without_password("'%s'" % value if isinstance(value, str) else str(value))
    text = " ".join(text.split()) or "''"
    return text if len(text) <= 100 else text[:97] + "..."


def without_password(text: str) -> str:
    """A text in which no URL shows the password that is part of it.

    Source: RFC 3986, section 3.2.1 (userinfo).
    """
    return _PASSWORD.sub(r"\1:...@", text)


def fold(faults: Iterable[InventoryFault]) -> list[InventoryFault]:
    """One fault for what several hosts have in common, without those that only repeat the fault of another variable.

    A variable that takes its default from another one has that one's fault too; only the first is worth a sentence.
    """
    seen: dict[tuple[str, str, str, str], InventoryFault] = {}
    faults = list(faults)
    blamed = {(host, fault.variable, repr(fault.value)) for fault in faults for host in fault.hosts}
    for fault in faults:
        hosts = tuple(host for host in fault.hosts if not _inherits_fault(host, fault, blamed))
        if not hosts:
            continue
        key = (fault.variable, repr(fault.value), fault.problem, fault.fix)
        known = seen.get(key)
        if known is not None:
            hosts = known.hosts + tuple(host for host in hosts if host not in known.hosts)
        seen[key] = fault._replace(hosts=hosts)
    return list(seen.values())


def _inherits_fault(host: str, fault: InventoryFault, blamed: set[tuple[str, str, str]]) -> bool:
    parent = INHERITED.get(fault.variable)
    while parent is not None:
        if fault.value is not None and (host, parent, repr(fault.value)) in blamed:
            return True
        parent = INHERITED.get(parent)
    return False
