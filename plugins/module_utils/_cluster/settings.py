# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a node's ``sys.config`` and its options of TLS hold, as tagged terms: the role's own settings, and the user's over them.

Sources: kernel(6), CONFIGURATION; ssl(3erl); Erlang/OTP, "Using TLS for Erlang Distribution" (``-ssl_dist_optfile``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import tls_options

BACKLOG = 4096
"""Connections that may wait to be accepted: there is room for what the packet filter lets wait there."""

FIRST_MESSAGE_LONGEST = 4096
"""Bytes that a message may have before the node knows whose it is. Afterwards messages are as long as they are."""

# Of those that connect to the node, the kernel hands over who has sent something (tcp(7), TCP_DEFER_ACCEPT: protocol 6, option 9), and keeps the rest
# waiting for as long as it can, 255 attempts: any number of seconds that is large enough means that. These four bytes are one in either order. So
# silent connections cannot take up the handshakes that OTP does at a time.
_DEFER_ACCEPT = [6, 9, {"$base64": "AQEBAQ=="}]


def system(user: Mapping[str, Any], net_ticktime: int, buffer_bytes: int, inet_ssl_port: int | None) -> dict[str, Any]:
    """Return applications and their parameters: the user's, with the role's own for the kernel where the user has none.

    ``buffer_bytes`` is the size of a connection's buffers. ``inet_ssl_port`` is the port that a patched runtime listens on by its kernel
    variable of that name; None for a stock one, which would not know it and has the port from the epmd module.
    """
    sizes = {"buffer": buffer_bytes, "recbuf": buffer_bytes, "sndbuf": buffer_bytes}
    listening: list[tuple[str, list[Any]]] = [("backlog", [BACKLOG]), ("raw", _DEFER_ACCEPT)]
    listening += [(name, [size]) for name, size in sizes.items()]
    kernel: dict[str, Any] = {
        "net_ticktime": net_ticktime,
        "inet_dist_listen_options": [{"$tuple": [{"$atom": name}, *values]} for name, values in listening],
        "inet_dist_connect_options": sizes,
    }
    if inet_ssl_port is not None:
        kernel["inet_ssl_port"] = inet_ssl_port
    return {**user, "kernel": {**kernel, **(user.get("kernel") or {})}}


def tls(layout: Mapping[str, str], versions: Sequence[str], chosen: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the options of TLS for both sides of a connection; ``versions`` are named as ``ssl`` has them, such as ``tlsv1.3``.

    ``chosen`` is the variable ``erlang_node_tls_options``. Certificates are held against lists of revoked ones, and against revoked keys, as the file of the
    latter says, which the node reads at each handshake (module ``beam_tls_revocation``): so that stays the same whoever signs.
    """
    internal = {"$tuple": [{"$atom": "internal"}, {"dir": layout["revocations"]}]}
    options = {
        "certfile": layout["certificate"],
        "keyfile": layout["certificate"],
        "cacertfile": layout["trust"],
        "verify": {"$atom": "verify_peer"},
        "packet_size": FIRST_MESSAGE_LONGEST,
        "versions": [{"$atom": version} for version in versions],
        **tls_options.terms(versions, chosen),
        "crl_check": {"$atom": "peer"},
        "crl_cache": {"$tuple": [{"$atom": "ssl_crl_hash_dir"}, internal]},
        "verify_fun": {"$tuple": [{"$fun": "beam_tls_revocation:verify/3"}, layout["revoked_keys"]]},
    }
    return {"server": {**options, "fail_if_no_peer_cert": True}, "client": options}
