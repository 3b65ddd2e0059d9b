# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of signers by which something is decided. All of them are in ``registry.py``."""

PRIVATE_CA = "private_ca"
"""The cluster's own CA, in its directory."""

OWN = "own_certificates"
"""Stands for nobody who signs: the user gives each host its certificate."""
