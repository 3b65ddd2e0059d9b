# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The backend ``none``: somebody else manages the packet filter, by what the playbook firewall_plan lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.firewall.contract import Program, Wanted


class Nothing:
    """The backend ``none``: it has nothing on a host, and what it has is always right."""

    name = "none"
    summary = "leaves it alone; the plan for whoever manages it comes from the playbook C(firewall_plan)."
    conflicts = ()
    holds_accounts = False

    @staticmethod
    def unit(node: Mapping[str, Any]) -> str:
        """No unit."""
        return ""

    @staticmethod
    def check(node: Mapping[str, Any]) -> list[str]:
        """No command."""
        return []

    @staticmethod
    def told(node: Mapping[str, Any]) -> str:
        """No file."""
        return ""

    @staticmethod
    def wanted(topology: Mapping[str, Any], inventory: str, program: Program, further: Sequence[int] = ()) -> Wanted:
        """Nothing."""
        return Wanted({}, {}, [])

    @staticmethod
    def right(node: Mapping[str, Any], units: Mapping[str, Any]) -> bool:
        """Always."""
        return True
