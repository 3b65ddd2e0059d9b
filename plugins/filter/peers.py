# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter that turns the topology into the table of peers of a node."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import peers


def peers_table(topology: dict[str, t.Any], inventory_hostname: str, port_of_runtime: bool = False, connect: bool = True) -> list[t.Any]:
    """The table of peers of one host of the topology, as tagged terms."""
    if inventory_hostname not in topology["nodes"]:
        raise AnsibleFilterError("%s is no node of the cluster; use the inventory name of one." % inventory_hostname)
    return peers.table(topology, inventory_hostname, port_of_runtime, connect)


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Its name and function."""
        return {"peers_table": peers_table}
