# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters about what is to be verified, on the controller."""

from __future__ import annotations

import typing as t

from ansible_collections.beam.tls_distribution.plugins.plugin_utils import proving, watch


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Their names and functions."""
        return {
            "hosts_that_count": proving.counting,
            "outsiders": proving.outsiders,
            "silent_peers": proving.silent,
            "verification_options": proving.options,
            "watch_files": watch.watch_files,
            "watch_program": watch.watch_program,
            "watch_questions": watch.watch_questions,
            "watch_state": watch.watch_state,
        }
