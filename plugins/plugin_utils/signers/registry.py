# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The signers by their names."""

from __future__ import annotations

from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers import command, intermediate, private_ca
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers.contract import Open

DEFAULT = "private_ca"
SIGNERS: dict[str, Open] = {"private_ca": private_ca.opened, "intermediate": intermediate.opened, "command": command.opened}
"""What makes each signer ready."""

OWN = "own_certificates"
"""Stands for nobody who signs: the user gives each host its certificate."""

NAMES = (*SIGNERS, OWN)
"""The values of ``erlang_certs_signer`` and of the option ``signer`` of the module ``node_certificate``."""

EXACT = ("private_ca", "intermediate")
"""Those whose certificates are word for word what the collection makes; others have rules of their own (``Profile.exact``)."""
