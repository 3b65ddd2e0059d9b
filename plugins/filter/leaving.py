# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters for what nodes are asked to do, and for hosts that leave their cluster for good."""

from __future__ import annotations

import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import leaving
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import preload


def left_out(topology: t.Mapping[str, t.Any], inventory_hostname: str) -> bool:
    """See ``leaving.left_out``."""
    preload.preload()
    return leaving.left_out(topology, inventory_hostname)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Their names and functions."""
        return {"call_refused": leaving.refused, "leaving_steps": leaving.steps, "left_out": left_out, "node_hook": leaving.hook}
