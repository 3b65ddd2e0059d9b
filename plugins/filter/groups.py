# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters that tell a playbook the inventory group of the nodes, and that of the hosts that are no peers."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import groups as cluster_groups
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError, InventoryFault
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import specifications

Groups = dict[str, list[str]]


def cluster_group(groups: Groups, hostvars: t.Mapping[str, t.Any]) -> str:
    """The group whose hosts are the nodes.

    Without ``hostvars``, as where tasks or tags are only listed, a group without hosts is replaced by the controller, on which the topology refuses it.
    """
    name = _named(cluster_groups.CLUSTER, groups, hostvars)
    if not groups.get(name) and not hostvars:
        return "localhost"
    if not groups.get(name):
        raise _refused(cluster_groups.without_hosts(name))
    return name


def outsiders_group(groups: Groups, hostvars: t.Mapping[str, t.Any]) -> str:
    """The group of the hosts that are no peers, which need not exist."""
    return _named(cluster_groups.OUTSIDERS, groups, hostvars)


def _named(variable: str, groups: Groups, hostvars: t.Mapping[str, t.Any]) -> str:
    try:
        return cluster_groups.named(variable, specifications.default_of(variable), groups["all"] if hostvars else [], hostvars)
    except InputError as error:
        raise _refused(InventoryFault(("inventory",), variable, None, error.problem, error.fix)) from None


def _refused(fault: InventoryFault) -> AnsibleFilterError:
    return AnsibleFilterError("The inventory has a fault, and no host was touched: %s" % str(fault))


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Their names and functions."""
        return {"cluster_group": cluster_group, "outsiders_group": outsiders_group}
