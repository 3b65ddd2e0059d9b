# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter for texts that may quote what is secret."""

from __future__ import annotations

import typing as t

from ansible_collections.beam.tls_distribution.plugins.plugin_utils import secrets


def without_secrets(text: str, secret: t.Any) -> str:
    """A text without those that ``secret`` holds."""
    return secrets.without(text, secret)


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Its name and function."""
        return {"without_secrets": without_secrets}
