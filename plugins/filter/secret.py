# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters for what is secret: the file of a node's environment, and texts that may quote secrets."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import environment
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import secrets


def environment_file(variables: dict[str, t.Any], comment: str = "") -> str:
    """The text of a file that systemd reads the variables from. Raises AnsibleFilterError, which shows names and no values."""
    try:
        return environment.environment_file(variables, comment)
    except InputError as error:
        raise AnsibleFilterError("environment_file: %s" % error) from None


def without_secrets(text: str, secret: t.Any) -> str:
    """A text without those that ``secret`` holds."""
    return secrets.without(text, secret)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Their names and functions."""
        return {"environment_file": environment_file, "without_secrets": without_secrets}
