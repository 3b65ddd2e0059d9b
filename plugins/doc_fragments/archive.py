# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What modules that install an archive of the controller have in common."""

    DOCUMENTATION = r"""
options:
  sha256:
    description: SHA-256 of the archive. Without one that of the archive as it is found is taken.
    type: str
  sent:
    description: Where the action plugin has put the archive on the host.
    type: path
"""
