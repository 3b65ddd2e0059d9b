# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What modules that only look at a host have in common."""

    DOCUMENTATION = r"""
options:
  otp_roots:
    description: Directories in which an OTP may be installed, in order of preference. The first that holds one is used.
    type: list
    elements: str
    default: [/usr/lib/erlang]
  otp_prefix:
    description: Directory in which OTPs lie side by side, all of which are told of.
    type: str
"""
