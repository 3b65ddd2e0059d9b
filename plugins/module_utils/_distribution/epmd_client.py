# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One epmd, asked for all it knows; what goes wrong comes back as a diagnosis."""

from __future__ import annotations

import socket
from typing import Any, Callable, TypeVar

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import diagnosis, epmd
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.channel import ChannelError, Deadline
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.network import Network

T = TypeVar("T")


class EpmdFault(Exception):
    """epmd could not be asked; ``fault`` says why."""

    def __init__(self, fault: diagnosis.Fault) -> None:
        super().__init__("%s %s" % (fault.cause, fault.remedy))
        self.fault = fault


def ask(host: str, port: int, name: str | None, timeout: float, network: Network | None = None) -> dict[str, Any]:
    """Return ``epmd_port``, ``names`` and, if a name is given, ``node``: None if epmd does not know it. Raises
    EpmdFault.
    """
    way = network or Network()

    def asked(question: Callable[[socket.socket, Deadline], T]) -> T:
        deadline = Deadline(timeout)
        try:
            with way.connect(host, port, timeout) as stream:
                return question(stream, deadline)
        except (OSError, ChannelError) as error:
            failure = diagnosis.EpmdUnreachable("no answer from epmd")
            failure.__cause__ = error
            raise EpmdFault(_explained(failure, host, port, timeout)) from error
        except epmd.EpmdNoSuchName:
            raise
        except epmd.EpmdError as error:
            raise EpmdFault(_explained(error, host, port, timeout)) from error

    found = asked(epmd.ask_names)
    result: dict[str, Any] = {
        "epmd_port": found.epmd_port,
        "names": {entry.name: entry.port for entry in found.registered},
    }
    if name is not None:
        wanted = name
        try:
            known = asked(lambda stream, deadline: epmd.ask_port(stream, deadline, wanted))
        except epmd.EpmdNoSuchName:
            return {**result, "node": None}
        kept = ("name", "port", "hidden", "highest_version", "lowest_version")
        result["node"] = {field: getattr(known, field) for field in kept}
    return result


def _explained(error: Exception, host: str, port: int, timeout: float) -> diagnosis.Fault:
    names = {
        "host": host,
        "address": host,
        "epmd_port": port,
        "timeout": "%g" % timeout,
        "detail": diagnosis.describe(error),
    }
    return diagnosis.explain(diagnosis.symptom("resolve", error), names)
