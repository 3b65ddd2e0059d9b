# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a backend of the packet filter is asked: the contract of the files beside this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable, NamedTuple, Protocol

FIREWALLD, UFW = "firewalld", "ufw"
"""Programs that manage the packet filter of a host, as the survey calls them."""

Program = Callable[[str], str]
"""Gives a program of the collection as one file in base64, by its name in the lookup ``host_program``."""


class Wanted(NamedTuple):
    """What a backend has on a host: ``files`` (arguments of the module ``file_set``, empty if it has none), ``needs`` (as the option of
    ``host_survey``), and the ``units`` whose states it has to know.
    """

    files: dict[str, Any]
    needs: dict[str, list[str]]
    units: list[str]


class Backend(Protocol):
    """One way to have a host's packet filter let the plan through and nothing else.

    ``name`` is the value of ``erlang_firewall_backend``, and of the tasks file of the role ``erlang_firewall`` that writes and loads
    the filter. ``summary`` says what it does, the rest of a sentence that begins with its name. ``conflicts`` are the managers of the packet
    filter beside which it cannot work. ``holds_accounts`` is whether it keeps accounts of the host that are no node's from distribution ports.
    """

    @property
    def name(self) -> str:
        """See the class."""

    @property
    def summary(self) -> str:
        """See the class."""

    @property
    def conflicts(self) -> Sequence[str]:
        """See the class."""

    @property
    def holds_accounts(self) -> bool:
        """See the class."""

    def unit(self, node: Mapping[str, Any]) -> str:
        """The full name of the unit without which the node is not to start; empty if there is none."""

    def check(self, node: Mapping[str, Any]) -> list[str]:
        """The command that ends with 0 if the kernel holds what was loaded, and says what is wrong otherwise; empty if there is none."""

    def told(self, node: Mapping[str, Any]) -> str:
        """The file that says what is wrong to who may not run the command; empty if there is none."""

    def wanted(self, topology: Mapping[str, Any], inventory: str, program: Program, further: Sequence[int] = ()) -> Wanted:
        """What the host of a node is to have, which peers may reach at the ports ``further`` as well."""

    def right(self, node: Mapping[str, Any], units: Mapping[str, Any]) -> bool:
        """Whether the filter is loaded, by the states of the units that the survey was asked for; files and check are looked at elsewhere."""
