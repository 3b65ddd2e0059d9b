# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters about what is to be verified, on the controller."""

from __future__ import annotations

import typing as t

from ansible_collections.beam.tls_distribution.plugins.plugin_utils import proving

SILENT = "connection-filtered"
"""The fault of an edge about which one host alone cannot tell more."""


def silent_peers(answer: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """Where the edges of a host's answer ended that got no answer from the network, as the option ``connect_to``."""
    return [
        {"address": edge["address"], "port": edge["port"]}
        for edge in answer.get("edges") or ()
        if (edge["fault"] or {}).get("id") == SILENT
    ]


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Their names and functions."""
        return {
            "silent_peers": silent_peers,
            "verification_options": proving.options,
            "watch_files": proving.watch_files,
            "watch_questions": proving.watch_questions,
            "watch_state": proving.watch_state,
        }
