# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter that finds nodes which hosts have under a former name."""

from __future__ import annotations

import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import renames
from ansible_collections.beam.tls_distribution.plugins.module_utils._system import platforms


def renamed_nodes(topology: dict[str, t.Any], facts: dict[str, t.Any]) -> list[str]:
    """A sentence for each node that would meet the one which its host is to have; ``facts`` are those of the hosts of the run."""
    surveys = {host: found["erlang_survey"] for host, found in facts.items() if "erlang_survey" in found}
    return renames.conflicts(topology, {host: survey["nodes"] for host, survey in surveys.items()})


def unmet_needs(facts: dict[str, t.Any]) -> list[str]:
    """A sentence for each thing that a host lacks and that nobody knows the packages of."""
    surveys = {host: found["erlang_survey"] for host, found in facts.items() if "erlang_survey" in found}
    return [
        sentence for host, survey in surveys.items() for sentence in platforms.unmet(host, survey["platform"], survey.get("packages", {}))
    ]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Their names and functions."""
        return {"renamed_nodes": renamed_nodes, "unmet_needs": unmet_needs}
