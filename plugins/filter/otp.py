# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters for the OTP of a host: what it lacks, and who has it built."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._building import recipe
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import otp_state as states
from ansible_collections.beam.tls_distribution.plugins.module_utils._system import platforms


def otp_builder(topology: dict[str, t.Any], inventory_hostname: str, facts: dict[str, t.Any]) -> str:
    """The first host that lacks the same OTP as this one; ``facts`` are those of the hosts of the run."""
    nodes = topology["nodes"]
    surveys = {host: found["erlang_survey"] for host, found in facts.items() if host in nodes and "erlang_survey" in found}
    wanted = {
        host: recipe.directory_name(nodes[host]["otp"], survey["platform"])
        for host, survey in surveys.items()
        if nodes[host]["otp"]["source"] == "build"
    }
    for host, name in wanted.items():
        if name == wanted[inventory_hostname] and not any(otp["root"].endswith("/" + name) for otp in surveys[host]["otps"]):
            return host
    return inventory_hostname


def otp_state(node: dict[str, t.Any], survey: dict[str, t.Any], cache: str, check_mode: bool = False) -> dict[str, t.Any]:
    """Whether a host has the OTP of its node, what that is, whether it has to be built: whether nobody has put its archive in the cache yet, and
    ``to_survey``, whether the host has another OTP after that, which it has not in check mode.
    """
    found = states.state(node, survey, cache, recipe.directory_name)
    builds = node["otp"]["source"] == "build"
    return {**found, "builds": builds, "to_build": builds and not os.path.isfile(found["archive"]), "to_survey": not check_mode}


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Their names and functions."""
        return {
            "otp_build_packages": platforms.build_packages,
            "otp_builder": otp_builder,
            "otp_questions": states.questions,
            "otp_state": otp_state,
            "port_mapper_state": states.port_mapper,
        }
