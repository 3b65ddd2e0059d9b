# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters for changes that the nodes of a running cluster cannot have one by one."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import mixing
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import mixing as of_run


def changed_together(
    topology: dict[str, t.Any], inventory_hostname: str, hostvars: Mapping[str, t.Any], part: list[str], check_mode: bool = False
) -> bool:
    """Whether a host's node is stopped and started together with others, which in check mode none is; ``hostvars`` are all hosts' variables, ``part``
    the hosts of the run.
    """
    return not check_mode and inventory_hostname in of_run.together(topology, hostvars, part)


def returns_together(topology: dict[str, t.Any], inventory_hostname: str, hostvars: Mapping[str, t.Any], part: list[str]) -> bool:
    """Whether a host's node goes back together with others."""
    return inventory_hostname in mixing.together(of_run.found_back(topology, hostvars, part))


def listening_port(node: dict[str, t.Any], facts: dict[str, t.Any]) -> int:
    """The port on which a node listens that runs, which is the one that it started with; else the one that it is to listen on.

    ``facts`` are those of its host, among them what it was surveyed for, if it was.
    """
    return mixing.listening_port(node, facts.get("erlang_survey"))


def ports_before(topology: dict[str, t.Any], inventory_hostname: str, survey: dict[str, t.Any]) -> dict[str, t.Any]:
    """The ports that a node needs beside its new ones as long as it may go back, and whether the port mapper has to run for that."""
    return mixing.ports_before(topology, inventory_hostname, survey)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Their names and functions."""
        return {
            "changed_together": changed_together,
            "listening_port": listening_port,
            "ports_before": ports_before,
            "returns_together": returns_together,
        }
