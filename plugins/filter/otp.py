# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters for an OTP that is not the distribution's: its name, and who has it built."""

from __future__ import annotations

import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._building import recipe


def otp_name(otp: dict[str, t.Any], platform: dict[str, t.Any]) -> str:
    """The name of a node's OTP on a platform."""
    return recipe.directory_name(otp, platform)


def otp_builder(topology: dict[str, t.Any], inventory_hostname: str, facts: dict[str, t.Any]) -> str:
    """The first host that lacks the same OTP as this one; ``facts`` are those of the hosts of the run."""
    nodes = topology["nodes"]
    surveys = {host: found["erlang_survey"] for host, found in facts.items() if host in nodes and "erlang_survey" in found}
    wanted = {
        host: otp_name(nodes[host]["otp"], survey["platform"])
        for host, survey in surveys.items()
        if nodes[host]["otp"]["source"] == "build"
    }
    for host, name in wanted.items():
        if name == wanted[inventory_hostname] and not any(otp["root"].endswith("/" + name) for otp in surveys[host]["otps"]):
            return host
    return inventory_hostname


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Their names and functions."""
        return {"otp_name": otp_name, "otp_builder": otp_builder}
