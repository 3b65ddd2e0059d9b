# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nodes to connect to, and the way to the network."""

from __future__ import annotations

import socket
from typing import NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import node_name
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.node_name import NodeName


class Peer(NamedTuple):
    """A node to connect to.

    ``named`` is its name with its parts. ``addresses`` are tried in their order; none means what the host part resolves to. Where ``epmd_port`` is given the
    peer's epmd is asked for the port, and ``port`` is the one that firewalls open.
    """

    named: NodeName
    addresses: tuple[str, ...] = ()
    port: int | None = None
    epmd_port: int | None = None

    @classmethod
    def of(cls, node: str, addresses: tuple[str, ...] = (), port: int | None = None, epmd_port: int | None = None) -> Peer:
        """Return the peer that has the full name ``node``."""
        return cls(node_name.parsed(node), addresses, port, epmd_port)

    @property
    def node(self) -> str:
        """The full name of the node."""
        return self.named.node

    @property
    def name(self) -> str:
        """The part of the node name before the ``@``."""
        return self.named.name

    @property
    def host(self) -> str:
        """The host part of the node name."""
        return self.named.host


class Network:
    """The way to the network; tests hand in another."""

    def resolve(self, host: str) -> list[str]:
        """Return the addresses of a host, in order; raise socket.gaierror.

        A resolver that has no name server to ask says that it will know later (EAI_AGAIN), which it will not.
        """
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN and not _has_name_server():
                raise socket.gaierror(socket.EAI_NONAME, "no name server is configured") from error
            raise
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))

    def connect(self, address: str, port: int, seconds: float) -> socket.socket:
        """Return a connected TCP socket; raise OSError."""
        connected = socket.create_connection((address, port), timeout=seconds)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected


def _has_name_server() -> bool:
    try:
        with open("/etc/resolv.conf", encoding="utf-8", errors="replace") as stream:
            return any(line.split()[:1] == ["nameserver"] for line in stream)
    except OSError:
        return False
