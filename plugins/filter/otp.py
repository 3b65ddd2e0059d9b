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


def has_otp_built(topology: dict[str, t.Any], inventory_hostname: str, facts: dict[str, t.Any]) -> bool:
    """Whether a host is the first of those that lack the same OTP; ``facts`` are those of the hosts of the run."""
    nodes = topology["nodes"]
    surveys = {host: found["erlang_survey"] for host, found in facts.items() if host in nodes and "erlang_survey" in found}
    wanted = {
        host: recipe.directory_name(nodes[host]["otp"], survey["platform"])
        for host, survey in surveys.items()
        if nodes[host]["otp"]["source"] == "build"
    }
    for host, name in wanted.items():
        if name == wanted[inventory_hostname] and not any(otp["root"].endswith("/" + name) for otp in surveys[host]["otps"]):
            return host == inventory_hostname
    return True


def otp_state(node: dict[str, t.Any], survey: dict[str, t.Any], cache: str, check_mode: bool = False) -> dict[str, t.Any]:
    """Whether a host has the OTP of its node, what that is, whether it has to be built: whether nobody has put its archive in the cache yet, and
    ``to_survey``, whether the host has another OTP after that, which it has not in check mode.

    Of one that is built also ``build_packages``, with which that is done, ``buildable``, whether they are known, and ``to_prepare``, whether they are to be
    installed on the builder.
    """
    found = states.state(node, survey, cache, recipe.directory_name)
    otp = node["otp"]
    builds = otp["source"] == "build"
    told = {**found, "builds": builds, "to_build": builds and not os.path.isfile(found["archive"]), "to_survey": not check_mode}
    if not builds:
        return told
    given = otp["build_packages"]
    packages = platforms.build_packages(survey["platform"], otp["options"]) if given is None else given
    return {**told, "build_packages": packages, "buildable": packages is not None, "to_prepare": bool(packages) and not check_mode}


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Their names and functions."""
        return {
            "has_otp_built": has_otp_built,
            "otp_questions": states.questions,
            "otp_state": otp_state,
            "port_mapper_state": states.port_mapper,
        }
