# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The signers by their names."""

from __future__ import annotations

from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers import command, intermediate, private_ca
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers.contract import Open
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers.names import OWN, PRIVATE_CA

DEFAULT = PRIVATE_CA
SIGNERS: dict[str, Open] = {PRIVATE_CA: private_ca.opened, "intermediate": intermediate.opened, "command": command.opened}
"""What makes each signer ready."""

NAMES = (*SIGNERS, OWN)
"""The values of ``erlang_certs_signer`` and of the option ``signer`` of the module ``node_certificate``."""

EXACT = (PRIVATE_CA, "intermediate")
"""Those whose certificates are word for word what the collection makes; others have rules of their own (``Profile.exact``)."""
