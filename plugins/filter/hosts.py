# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter that collects a variable of several hosts."""

from __future__ import annotations

import typing as t


def of_each_host(hosts: t.Iterable[str], hostvars: t.Mapping[str, t.Any], variable: str) -> dict[str, t.Any]:
    """The value of a variable of each host by the host's name; those that have no such variable are left out."""
    return {host: hostvars[host][variable] for host in hosts if variable in hostvars[host]}


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Its name and function."""
        return {"of_each_host": of_each_host}
