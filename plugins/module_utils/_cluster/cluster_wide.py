# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables that describe the whole cluster, and so have to be the same on every host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.checks import NOTHING_FURTHER, Further
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InventoryFault, listed, shown

VARIABLES = (
    "erlang_cluster_name",
    "erlang_cluster_discovery",
    "erlang_cluster_port",
    "erlang_cluster_epmd_port",
    "erlang_cluster_address_family",
    "erlang_cluster_net_ticktime",
    "erlang_cluster_directory",
    "erlang_cluster_backup_file",
    "erlang_cluster_backup_passphrase",
    "erlang_cluster_begin_anew",
    "erlang_cluster_cookie",
    "erlang_certs_ca_passphrase",
    "erlang_certs_signer",
    "erlang_certs_trust_files",
    "erlang_rollout_serial",
    "erlang_rollout_confirm",
    "erlang_rollout_force",
    "erlang_rollout_together",
)
SECRETS = frozenset(["erlang_cluster_backup_passphrase", "erlang_cluster_cookie", "erlang_certs_ca_passphrase"])


def agreed(hosts: Mapping[str, Mapping[str, Any]], faults: list[InventoryFault], further: Further = NOTHING_FURTHER) -> dict[str, Any]:
    """Return the value of each variable, that of most hosts where they differ, a list as a tuple of texts. Adds what is wrong to ``faults``."""
    cluster: dict[str, Any] = {}
    for variable in (*VARIABLES, *further.checks):
        by_value: dict[Any, list[str]] = {}
        for inventory, variables in hosts.items():
            value = variables.get(variable)
            by_value.setdefault(tuple(map(str, value)) if isinstance(value, list) else value, []).append(inventory)
        if len(by_value) > 1:
            faults.append(_disagreement(variable, by_value, variable in SECRETS | further.secrets))
        cluster[variable] = max(by_value, key=lambda value: len(by_value[value]))
    if not cluster["erlang_cluster_directory"]:
        fix = "set it to a directory on the controller"
        faults.append(InventoryFault(tuple(hosts), "erlang_cluster_directory", None, "has no value", fix))
    return cluster


def _disagreement(variable: str, by_value: Mapping[Any, Sequence[str]], secret: bool) -> InventoryFault:
    everywhere = tuple(inventory for hosts in by_value.values() for inventory in hosts)
    if secret:
        problem = "is not the same on all of them"
    else:
        problem = "is not the same on all of them: %s" % ", ".join(
            "%s on %s" % (shown(value), listed(hosts)) for value, hosts in by_value.items()
        )
    return InventoryFault(everywhere, variable, None, problem, "set it once, for the whole group")
