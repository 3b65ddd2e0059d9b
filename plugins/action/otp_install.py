# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An archive of OTP goes to a host that has not unpacked it yet. See the module of the same name."""

from __future__ import annotations

import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.install_action import InstallAction


class ActionModule(InstallAction):
    """See the documentation of the module of the same name."""

    module = "beam.tls_distribution.otp_install"

    def place(self, arguments: t.Mapping[str, t.Any]) -> str | None:
        """The directory of the OTP."""
        return "%s/%s" % (arguments.get("prefix") or layout.OTPS, arguments["name"]) if "name" in arguments else None

    def missing(self, arguments: t.Mapping[str, t.Any], archive: str) -> str:
        """The sentence about an OTP that nobody has built."""
        return "OTP %s is not in the cache (%s); it is built by a host of the same kind, so see what that one said" % (
            arguments["name"],
            archive,
        )
