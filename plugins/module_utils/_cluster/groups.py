# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which group of the inventory a variable names, wherever in the inventory the variable is set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import (
    InputError,
    InventoryFault,
    listed,
    shown,
)

CLUSTER = "erlang_cluster_group"
"""The variable that names the group of the nodes' hosts."""
OUTSIDERS = "erlang_verify_outsiders_group"
"""The one that names the group of the hosts that are no peers."""


def named(variable: str, default: str, hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]]) -> str:
    """The group that ``variable`` names on some host of the inventory, ``default`` if no host has it.

    ``hostvars`` has the variables of each host, those of its groups and of the command line included. Raises InputError if hosts name several.
    """
    found: dict[str, list[str]] = {}
    for host in hosts:
        value = hostvars[host].get(variable)
        if value is not None:
            found.setdefault(str(value), []).append(host)
    if len(found) > 1:
        problem = "is not the same on all hosts: %s" % ", ".join(
            "%s on %s" % (shown(value), listed(names)) for value, names in found.items()
        )
        raise InputError(problem, "choose one for this run, as with -e %s=%s" % (variable, next(iter(found))))
    return next(iter(found), default)


def without_hosts(group: str) -> InventoryFault:
    """The fault of a group that is to have the nodes' hosts and has none."""
    return InventoryFault(("inventory",), CLUSTER, group, "is a group without hosts", "put the nodes' hosts into it")
