# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters about what a node said that did not start, on the controller."""

from __future__ import annotations

import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._system.start_failure import explained, of_text
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import secrets


def start_failure(journal: str, properties: str, started: bool = True, secret: t.Any = None) -> list[str]:
    """The lines that say why a unit's last start failed, the cause first, without what ``secret`` holds."""
    return explained(journal, properties, started, lambda text: secrets.without(text, secret))


def trial_failure(said: str, secret: t.Any = None) -> list[str]:
    """The lines that say why a trial of a generation failed, the cause first, without what ``secret`` holds."""
    return of_text(said, lambda text: secrets.without(text, secret))


def failure_message(said: t.Sequence[str], sentence: str) -> list[str]:
    """What failed, and the lines that say why."""
    return [sentence, *said]


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Their names and functions."""
        return {"failure_message": failure_message, "start_failure": start_failure, "trial_failure": trial_failure}
