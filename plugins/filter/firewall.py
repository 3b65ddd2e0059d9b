# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters that turn the topology into packet filter rules, and what a role asks of the backend that a host has."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.firewall import backends, nftables, plan
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import bundle


def nftables_table(topology: dict[str, t.Any], inventory_hostname: str) -> str:
    """The nftables table of one host of the topology."""
    if inventory_hostname not in topology["nodes"]:
        raise AnsibleFilterError("%s is no node of the cluster; use the inventory name of one." % inventory_hostname)
    return nftables.host_table(topology, inventory_hostname)


def firewall_questions(topology: dict[str, t.Any], inventory_hostname: str, further: t.Sequence[int] = ()) -> dict[str, t.Any]:
    """What to ask of a host about its packet filter, which lets peers reach the ports ``further`` as well."""
    return backends.questions(topology, inventory_hostname, bundle.base64, further)


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Their names and functions."""
        return {
            "firewall_backend": backends.names,
            "firewall_plan": plan.plan,
            "firewall_plan_table": plan.table,
            "firewall_questions": firewall_questions,
            "firewall_state": backends.state,
            "former_firewall": backends.any_left,
            "nftables_chain": nftables.router_chain,
            "nftables_keeper": nftables.keeper,
            "nftables_table": nftables_table,
        }
