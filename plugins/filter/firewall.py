# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters that turn the topology into packet filter rules."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import firewall


def nftables_table(topology: dict[str, t.Any], inventory_hostname: str) -> str:
    """The nftables table of one host of the topology."""
    if inventory_hostname not in topology["nodes"]:
        raise AnsibleFilterError("%s is no node of the cluster; use the inventory name of one." % inventory_hostname)
    return firewall.host_table(topology, inventory_hostname)


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Their names and functions."""
        return {
            "firewall_plan": firewall.plan,
            "firewall_plan_table": firewall.table,
            "nftables_chain": firewall.router_chain,
            "nftables_table": nftables_table,
        }
