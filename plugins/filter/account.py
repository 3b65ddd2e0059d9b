# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter for the account that nodes run as."""

from __future__ import annotations

import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import accounts


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Its name and function."""
        return {"account_state": accounts.state}
