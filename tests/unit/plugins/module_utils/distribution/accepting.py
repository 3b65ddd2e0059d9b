# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the side of a handshake that accepts a connection reads: the collection only opens them.

Source: OTP, "Distribution Protocol", section "Distribution Handshake".
"""

from __future__ import annotations

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import handshake
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.handshake import (
    ChallengeReply,
    Complement,
    MalformedMessage,
    Name,
)


def decode_name(payload: bytes) -> Name:
    """A send_name message. Raises MalformedMessage."""
    if payload[:1] == b"N":
        flags, creation, length = handshake._unpack(">QIH", payload, "name")
        return Name(handshake._name(payload, 15, length, "name"), flags, creation)
    if payload[:1] == b"n":
        version, flags = handshake._unpack(">HI", payload, "name")
        if version == 5:
            return Name(handshake._name(payload, 7, len(payload) - 7, "name"), flags, None)
    raise MalformedMessage("name", payload)


def decode_complement(payload: bytes) -> Complement:
    """A send_complement message. Raises MalformedMessage."""
    if payload[:1] != b"c" or len(payload) != 9:
        raise MalformedMessage("complement", payload)
    return Complement(*handshake._unpack(">II", payload, "complement"))


def decode_challenge_reply(payload: bytes) -> ChallengeReply:
    """A send_challenge_reply message. Raises MalformedMessage."""
    if payload[:1] != b"r" or len(payload) != 21:
        raise MalformedMessage("challenge reply", payload)
    return ChallengeReply(int.from_bytes(payload[1:5], "big"), payload[5:])
