# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What modules say of themselves."""

    DOCUMENTATION = r"""
attributes:
  idempotent:
    description: When run twice in a row, the second run changes nothing.
    support: full
  platform:
    description: Target operating systems the module runs on.
    support: full
    platforms: posix
"""

    CHANGES = r"""
attributes:
  check_mode:
    description: Can run in check mode and say what would change, without changing it.
    support: full
  diff_mode:
    description: Will return details on what has changed.
    support: full
"""

    LOOKS = r"""
attributes:
  check_mode:
    description: Can run in check mode and answer the same, as nothing is changed.
    support: full
  diff_mode:
    description: Will return details on what has changed.
    support: none
    details: Nothing is ever changed.
"""

    CONTROLLER = r"""
attributes:
  action:
    description: Runs on the controller only; no host is touched.
    support: full
  platform:
    description: Hosts of any kind, since none is touched.
    platforms: all
    support: full
"""

    # Of those that work on the cluster's directory.
    DIRECTORY = r"""
attributes:
  bypass_host_loop:
    description: Asks for C(run_once), since there is one directory for all hosts.
    support: none
  check_mode:
    description: Nothing is written in check mode.
    support: full
  diff_mode:
    description: No file of a host is written, and what is in the directory may be secret.
    support: none
"""
