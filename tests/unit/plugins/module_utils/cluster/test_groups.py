# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The group that a variable names, wherever in the inventory it is set."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.beam.tls_distribution.plugins.filter.groups import cluster_group, outsiders_group
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.groups import CLUSTER, named

GROUPS = {"all": ["alpha", "bravo", "probe"], "my-nodes.eu": ["alpha", "bravo"], "erlang": [], "out": ["probe"]}


def variables(**cluster: str) -> dict[str, dict[str, str]]:
    return {host: {"erlang_cluster_group": cluster[host]} if host in cluster else {} for host in GROUPS["all"]}


def test_a_variable_of_some_hosts_is_enough() -> None:
    assert named(CLUSTER, "erlang", GROUPS["all"], variables(bravo="my-nodes.eu")) == "my-nodes.eu"
    assert named(CLUSTER, "erlang", GROUPS["all"], variables()) == "erlang"


def test_two_clusters_in_one_inventory() -> None:
    with pytest.raises(InputError) as refused:
        named(CLUSTER, "erlang", GROUPS["all"], variables(alpha="one", bravo="two", probe="two"))
    assert str(refused.value) == (
        "is not the same on all hosts: 'one' on alpha, 'two' on bravo and probe; choose one for this run, as with -e erlang_cluster_group=one"
    )


def test_the_filters() -> None:
    assert cluster_group(GROUPS, variables(alpha="my-nodes.eu")) == "my-nodes.eu"
    assert outsiders_group(GROUPS, {**variables(), "probe": {"erlang_verify_outsiders_group": "out"}}) == "out"
    assert outsiders_group(GROUPS, variables()) == "erlang_outsiders"
    with pytest.raises(AnsibleFilterError, match="erlang_cluster_group 'erlang' is a group without hosts; put the nodes' hosts into it"):
        cluster_group(GROUPS, variables())
    with pytest.raises(AnsibleFilterError, match="erlang_cluster_group is not the same on all hosts"):
        cluster_group(GROUPS, variables(alpha="one", bravo="two"))


def test_without_the_variables_of_hosts() -> None:
    """As in the first play of a run, or where tags are only listed: the default, or the controller, where the topology refuses it."""
    assert cluster_group({"all": ["alpha"], "erlang": ["alpha"]}, {}) == "erlang"
    assert cluster_group(GROUPS, {}) == "localhost"
