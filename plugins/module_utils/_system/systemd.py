# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``systemctl show`` prints of units, read from its text. Source: systemctl(1), ``show``."""

from __future__ import annotations

from collections.abc import Sequence


def properties(shown: str) -> dict[str, str]:
    """The properties of one unit, name to value, from lines ``NAME=VALUE``; what is no such line is passed over."""
    return dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)


def properties_by_unit(names: Sequence[str], shown: str) -> dict[str, dict[str, str]]:
    """The properties of several units by their names, in the order in which they were asked for; an empty line stands between them."""
    return {name: properties(block) for name, block in zip(names, shown.split("\n\n"))}
