# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A release archive goes to a host that has not unpacked it yet. See the module of the same name."""

from __future__ import annotations

import typing as t

from ansible_collections.beam.tls_distribution.plugins.plugin_utils.install_action import InstallAction


class ActionModule(InstallAction):
    """See the documentation of the module of the same name."""

    module = "beam.tls_distribution.release_install"

    def place(self, arguments: t.Mapping[str, t.Any]) -> str | None:
        """The directory of the release."""
        return arguments.get("path")
