# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run knows of the nodes that run, read from the variables of its hosts, for changes that nodes cannot have one by one."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import mixing
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import rollout


def found(topology: Mapping[str, t.Any], hostvars: Mapping[str, t.Any], part: Sequence[str]) -> list[mixing.Mixture]:
    """The changes that cannot be mixed; ``hostvars`` are all hosts' variables, ``part`` the hosts of the run.

    Of a host that is not in the run the facts of an earlier one are known, where Ansible keeps them.
    """
    facts = {host: hostvars[host].get("ansible_facts") or {} for host in topology["nodes"] if host in hostvars}
    return mixing.found(topology, {host: known["erlang_survey"] for host, known in facts.items() if "erlang_survey" in known}, part)


def found_back(topology: Mapping[str, t.Any], hostvars: Mapping[str, t.Any], part: Sequence[str]) -> list[mixing.Mixture]:
    """The same where nodes go back to their former generations, by what the module node_generation said of both."""
    said = {host: (hostvars[host].get(rollout.ASKED) or {}).get("about") for host in part}
    going = rollout.returns(part, hostvars)
    told = {host: (about["running"], about["number" if host in going else "running"]) for host, about in said.items() if about}
    return mixing.found_back(topology, told, part)


def together(topology: Mapping[str, t.Any], hostvars: Mapping[str, t.Any], part: Sequence[str]) -> list[str]:
    """The hosts whose nodes are stopped and started together; none without the user's consent, where the run was refused if there were any."""
    return mixing.together(found(topology, hostvars, part)) if topology["cluster"]["together"] else []
