# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The distribution handshake: its messages, flags and digest, and the side of the one who connects.

Source of the formats: ERTS User's Guide, chapter "Distribution Protocol", section "Distribution Handshake". Version 6
messages begin with ``N``, version 5 ones with ``n``. Nothing here opens a socket: a channel is handed in.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import secrets
import struct
import threading
from enum import IntFlag
from typing import NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.channel import Channel


class Flag(IntFlag):
    """Distribution flags, by the names of the manual without ``DFLAG_`` (section "Distribution Flags", and
    ``dist.hrl`` of kernel).
    """

    PUBLISHED = 0x01
    ATOM_CACHE = 0x02
    EXTENDED_REFERENCES = 0x04
    DIST_MONITOR = 0x08
    FUN_TAGS = 0x10
    DIST_MONITOR_NAME = 0x20
    HIDDEN_ATOM_CACHE = 0x40
    NEW_FUN_TAGS = 0x80
    EXTENDED_PIDS_PORTS = 0x100
    EXPORT_PTR_TAG = 0x200
    BIT_BINARIES = 0x400
    NEW_FLOATS = 0x800
    UNICODE_IO = 0x1000
    DIST_HDR_ATOM_CACHE = 0x2000
    SMALL_ATOM_TAGS = 0x4000
    UTF8_ATOMS = 0x10000
    MAP_TAG = 0x20000
    BIG_CREATION = 0x40000
    SEND_SENDER = 0x80000
    BIG_SEQTRACE_LABELS = 0x100000
    EXIT_PAYLOAD = 0x400000
    FRAGMENTS = 0x800000
    HANDSHAKE_23 = 0x1000000
    UNLINK_ID = 0x2000000
    MANDATORY_25_DIGEST = 0x4000000
    SPAWN = 0x1 << 32
    NAME_ME = 0x2 << 32
    V4_NC = 0x4 << 32
    ALIAS = 0x8 << 32
    ALTACT_SIG = 0x20 << 32
    NATIVE_RECORDS = 0x40 << 32


MANDATORY_25 = (
    Flag.EXTENDED_REFERENCES
    | Flag.FUN_TAGS
    | Flag.EXTENDED_PIDS_PORTS
    | Flag.NEW_FUN_TAGS
    | Flag.EXPORT_PTR_TAG
    | Flag.BIT_BINARIES
    | Flag.NEW_FLOATS
    | Flag.UTF8_ATOMS
    | Flag.MAP_TAG
    | Flag.BIG_CREATION
    | Flag.HANDSHAKE_23
)
"""What OTP 25 and later demand, and what ``MANDATORY_25_DIGEST`` stands for."""

MANDATORY_26 = Flag.V4_NC | Flag.UNLINK_ID
"""What OTP 26 and later demand besides."""

HIDDEN_NODE_FLAGS = (
    MANDATORY_25 | MANDATORY_26 | Flag.MANDATORY_25_DIGEST | Flag.SMALL_ATOM_TAGS | Flag.DIST_MONITOR | Flag.DIST_MONITOR_NAME | Flag.SPAWN
)
"""What a hidden node of ours offers: no ``PUBLISHED``, no atom cache, no fragments, no payload behind exit signals.
Without both flags of monitors a node does not say that a process has ended.
"""

STATUSES = ("ok", "ok_simultaneous", "nok", "not_allowed", "alive", "true", "false")


class HandshakeError(Exception):
    """The handshake did not come to its end."""


class MalformedMessage(HandshakeError):
    """What arrived is no handshake message of the kind that was due.

    ``payload`` holds at most 64 bytes of it.
    """

    def __init__(self, expected: str, payload: bytes) -> None:
        super().__init__("expected a %s message, got %s" % (expected, payload[:16].hex() or "an empty frame"))
        self.expected = expected
        self.payload = payload[:64]


class Refused(HandshakeError):
    """The other side answered our name with a status that ends the handshake."""

    def __init__(self, status: str) -> None:
        super().__init__("the node answered our name with the status %s" % status)
        self.status = status


class CookieMismatch(HandshakeError):
    """The other side's digest shows that it holds another cookie."""


NAMES = 4096
"""How many names hidden nodes of one host may have."""

_SLOTS = itertools.count(secrets.randbelow(NAMES))
_NAMES_LOCK = threading.Lock()


class Name(NamedTuple):
    """send_name: who connects. ``creation`` is None in version 5."""

    name: str
    flags: int
    creation: int | None

    @property
    def version(self) -> int:
        """5 or 6."""
        return 5 if self.creation is None else 6

    def encode(self) -> bytes:
        """Return the message; raise ValueError when the name is no Latin-1 or too long."""
        name = encode_name(self.name)
        if self.creation is None:
            return struct.pack(">cHI", b"n", 5, self.flags & 0xFFFFFFFF) + name
        return struct.pack(">cQIH", b"N", self.flags, self.creation, len(name)) + name


class Status(NamedTuple):
    """send_status: one of STATUSES, or ``named`` with the name and creation the other side gives us."""

    status: str
    name: str | None = None
    creation: int | None = None

    def encode(self) -> bytes:
        """Return the message."""
        if self.name is None or self.creation is None:
            return b"s" + self.status.encode("ascii")
        name = encode_name(self.name)
        return b"snamed:" + struct.pack(">H", len(name)) + name + struct.pack(">I", self.creation)


class Challenge(NamedTuple):
    """send_challenge: who answers, and what it wants digested. ``creation`` is None in version 5."""

    name: str
    flags: int
    challenge: int
    creation: int | None

    def encode(self) -> bytes:
        """Return the message."""
        name = encode_name(self.name)
        if self.creation is None:
            return struct.pack(">cHII", b"n", 5, self.flags & 0xFFFFFFFF, self.challenge) + name
        return struct.pack(">cQIIH", b"N", self.flags, self.challenge, self.creation, len(name)) + name


class Complement(NamedTuple):
    """send_complement: what a version 5 name could not say, sent after a version 6 challenge."""

    flags_high: int
    creation: int

    def encode(self) -> bytes:
        """Return the message."""
        return struct.pack(">cII", b"c", self.flags_high, self.creation)


class ChallengeReply(NamedTuple):
    """send_challenge_reply: our challenge, and the digest of theirs."""

    challenge: int
    digest: bytes

    def encode(self) -> bytes:
        """Return the message."""
        return struct.pack(">cI", b"r", self.challenge) + self.digest


class ChallengeAck(NamedTuple):
    """send_challenge_ack: the digest of our challenge."""

    digest: bytes

    def encode(self) -> bytes:
        """Return the message."""
        return b"a" + self.digest


def encode_name(name: str) -> bytes:
    """Return a node name as the handshake carries it (Latin-1); raise ValueError when it cannot."""
    try:
        encoded = name.encode("latin-1")
    except UnicodeEncodeError as error:
        raise ValueError("the node name %r is not Latin-1" % name) from error
    if not 0 < len(encoded) <= 511:
        raise ValueError("a node name has 1 to 511 bytes, this has %d" % len(encoded))
    return encoded


def digest(cookie: bytes, challenge: int) -> bytes:
    """Return the 16 bytes that prove the cookie: MD5 of the cookie followed by the challenge in decimal."""
    data = cookie + str(challenge).encode("ascii")
    try:
        return hashlib.md5(data, usedforsecurity=False).digest()
    except TypeError:
        return hashlib.md5(data).digest()


def decode_status(payload: bytes) -> Status:
    """Return the send_status message in payload; raise MalformedMessage."""
    if payload.startswith(b"snamed:"):
        length = int.from_bytes(payload[7:9], "big")
        name = _name(payload, 9, length, "status")
        if len(payload) < 13 + length:
            raise MalformedMessage("status", payload)
        return Status("named", name, int.from_bytes(payload[9 + length : 13 + length], "big"))
    status = payload[1:].decode("latin-1")
    if payload[:1] != b"s" or status not in STATUSES:
        raise MalformedMessage("status", payload)
    return Status(status)


def decode_challenge(payload: bytes) -> Challenge:
    """Return the send_challenge message in payload; raise MalformedMessage."""
    if payload[:1] == b"N":
        flags, challenge, creation, length = _unpack(">QIIH", payload, "challenge")
        return Challenge(_name(payload, 19, length, "challenge"), flags, challenge, creation)
    if payload[:1] == b"n":
        version, flags, challenge = _unpack(">HII", payload, "challenge")
        if version != 5:
            raise MalformedMessage("challenge", payload)
        return Challenge(_name(payload, 11, len(payload) - 11, "challenge"), flags, challenge, None)
    raise MalformedMessage("challenge", payload)


def decode_challenge_ack(payload: bytes) -> ChallengeAck:
    """Return the send_challenge_ack message in payload; raise MalformedMessage."""
    if payload[:1] != b"a" or len(payload) != 17:
        raise MalformedMessage("challenge acknowledgement", payload)
    return ChallengeAck(payload[1:])


def introduce(channel: Channel, me: Name, insist: bool = False) -> Challenge:
    """Send our name, take the status, return the other side's challenge.

    A node that has a connection with a node of our name still asks whether we go on nevertheless. With ``insist``, which is for a name that nobody
    else has at the same time, we do, and it gives the old connection up.

    Raises Refused when the status is not a welcome, MalformedMessage, ChannelError, OSError.
    """
    channel.send(me.encode())
    status = decode_status(channel.receive())
    if status.status == "alive":
        channel.send(Status("true" if insist else "false").encode())
    if status.status not in ("ok", "ok_simultaneous", "named") and not (insist and status.status == "alive"):
        raise Refused(status.status)
    challenge = decode_challenge(channel.receive())
    if me.creation is None and challenge.creation is not None:
        channel.send(Complement(me.flags >> 32, secrets.randbits(31) + 4).encode())
    return challenge


def prove(channel: Channel, challenge: Challenge, cookie: bytes) -> None:
    """Answer the challenge and check the other side's own answer.

    Raises CookieMismatch when its digest is not that of our cookie; PeerClosed usually means that it found ours wrong.
    """
    ours = secrets.randbits(32)
    channel.send(ChallengeReply(ours, digest(cookie, challenge.challenge)).encode())
    acknowledged = decode_challenge_ack(channel.receive())
    if not hmac.compare_digest(acknowledged.digest, digest(cookie, ours)):
        raise CookieMismatch("the node proved a cookie that is not ours")


def hidden_name(host_part: str, flags: int = HIDDEN_NODE_FLAGS, prefix: str = "verify") -> Name:
    """Return the name message of a hidden node at host_part, with a name that this process has not used lately.

    The name is one of NAMES: a node keeps every name that it has heard in its table of atoms for as long as it runs, and that table is
    bounded (Erlang Efficiency Guide, "System Limits"). Another process is unlikely to hold the same name at the same time.
    """
    with _NAMES_LOCK:
        slot = next(_SLOTS) % NAMES
    return named("%s-%d@%s" % (prefix, slot, host_part), flags)


def named(name: str, flags: int = HIDDEN_NODE_FLAGS) -> Name:
    """Return the name message of a hidden node of that name, begun at this moment."""
    return Name(name, int(flags), secrets.randbits(30) + 4)


def _unpack(form: str, payload: bytes, expected: str) -> tuple[int, ...]:
    if len(payload) < 1 + struct.calcsize(form):
        raise MalformedMessage(expected, payload)
    return struct.unpack_from(form, payload, 1)


def _name(payload: bytes, start: int, length: int, expected: str) -> str:
    name = payload[start : start + length]
    if length < 1 or len(name) != length:
        raise MalformedMessage(expected, payload)
    return name.decode("latin-1")
