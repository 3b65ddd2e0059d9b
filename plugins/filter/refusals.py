# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter that finds what keeps the hosts of a run from being changed."""

from __future__ import annotations

import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import mixing, renames
from ansible_collections.beam.tls_distribution.plugins.module_utils._system import platforms
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import mixing as of_run

NONE_CHANGED = "No host was changed."


def refusals(topology: dict[str, t.Any], hostvars: t.Mapping[str, t.Any], part: list[str]) -> dict[str, t.Any]:
    """What keeps the hosts ``part`` of the run from being changed, in ``sentences``: a first one that says so and one for each cause. ``refused`` is whether
    there is any.

    The causes are nodes that a host has under a former name, things that a host lacks and that nobody knows the packages of, and changes that the
    nodes of a running cluster cannot have one by one. ``hostvars`` are all hosts' variables.
    """
    facts = {host: hostvars[host].get("ansible_facts") or {} for host in part}
    surveys = {host: found["erlang_survey"] for host, found in facts.items() if "erlang_survey" in found}
    found = renames.conflicts(topology, {host: survey["nodes"] for host, survey in surveys.items()})
    for host, survey in surveys.items():
        found += platforms.unmet(host, survey["platform"], survey.get("packages", {}))
    return _refused(found + mixing.refused(of_run.found(topology, hostvars, part), topology["cluster"]["together"]))


def refused_returns(topology: dict[str, t.Any], hostvars: t.Mapping[str, t.Any], part: list[str]) -> dict[str, t.Any]:
    """The same for nodes that are to go back to their former generations one by one."""
    return _refused(mixing.refused(of_run.found_back(topology, hostvars, part), topology["cluster"]["together"]))


def _refused(causes: list[str]) -> dict[str, t.Any]:
    return {"refused": bool(causes), "sentences": [NONE_CHANGED, *causes] if causes else []}


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Their names and functions."""
        return {"refusals": refusals, "refused_returns": refused_returns}
