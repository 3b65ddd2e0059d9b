# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The distribution handshake against nodes of both versions of its messages, and its messages one by one."""

from __future__ import annotations

import accepting
import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import handshake
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.channel import (
    Channel,
    Deadline,
    PeerClosed,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.handshake import (
    Challenge,
    ChallengeAck,
    ChallengeReply,
    Complement,
    Flag,
    MalformedMessage,
    Name,
    Refused,
    Status,
)
from streams import Answering

PEER = "guard@bravo.example.net"
COOKIE = b"a-cookie"
CHALLENGE = 0xFEDCBA98
VERSION_6 = handshake.hidden_name("alpha.example.net")
VERSION_5 = VERSION_6._replace(creation=None)
MESSAGES = [
    (Name("a@b", 0x100000007, 5), accepting.decode_name),
    (Name("å@b", 0xFFFFFFFF, None), accepting.decode_name),
    (Status("ok"), handshake.decode_status),
    (Status("named", "a@b", 7), handshake.decode_status),
    (Challenge("a@b", 1 << 34, 2, 3), handshake.decode_challenge),
    (Challenge("a@b", 1 << 31, 2, None), handshake.decode_challenge),
    (Complement(1, 2), accepting.decode_complement),
    (ChallengeReply(1, bytes(16)), accepting.decode_challenge_reply),
    (ChallengeAck(bytes(range(16))), handshake.decode_challenge_ack),
]


class Accepting:
    """The accepting side of the handshake, as the manual has it for a node that knows version 6, or 5 alone."""

    def __init__(self, newest=6, status="ok", cookie=COOKIE):
        self.newest = newest
        self.status = status
        self.cookie = cookie
        self.heard = []

    def channel(self):
        """Return a channel to this side."""
        return Channel(Answering(self.answer), Deadline(5), 2)

    def answer(self, frame):
        """Return what comes back for a frame."""
        self.heard.append(frame)
        if frame[:1] in b"Nn":
            name = accepting.decode_name(frame)
            if name.version > self.newest:
                return []
            replies = [Status(self.status).encode()]
            if self.status not in ("ok", "ok_simultaneous"):
                return replies
            newer = self.newest == 6 and name.flags & Flag.HANDSHAKE_23
            return [*replies, Challenge(PEER, 0xD07DF7FBD, CHALLENGE, 9 if newer else None).encode()]
        if frame[:1] == b"r":
            reply = accepting.decode_challenge_reply(frame)
            if reply.digest != handshake.digest(COOKIE, CHALLENGE):
                return []
            return [ChallengeAck(handshake.digest(self.cookie, reply.challenge)).encode()]
        return []


def shaken(node, me, cookie=COOKIE):
    """Return the challenge after a whole handshake."""
    channel = node.channel()
    challenge = handshake.introduce(channel, me)
    handshake.prove(channel, challenge, cookie)
    return challenge


def test_version_6():
    node = Accepting()
    assert shaken(node, VERSION_6) == Challenge(PEER, 0xD07DF7FBD, CHALLENGE, 9)
    assert [frame[:1] for frame in node.heard] == [b"N", b"r"]


def test_a_version_5_name_is_complemented_after_a_version_6_challenge():
    node = Accepting()
    assert shaken(node, VERSION_5).creation == 9
    assert [frame[:1] for frame in node.heard] == [b"n", b"c", b"r"]
    complement = accepting.decode_complement(node.heard[1])
    assert complement.flags_high == VERSION_5.flags >> 32
    assert complement.creation >= 4


@pytest.mark.parametrize("flags", [VERSION_5.flags, VERSION_5.flags & ~Flag.HANDSHAKE_23])
def test_a_node_of_version_5_alone(flags):
    node = Accepting(newest=5)
    assert shaken(node, VERSION_5._replace(flags=int(flags))) == Challenge(PEER, 0xD07DF7FBD & 0xFFFFFFFF, CHALLENGE, None)
    assert [frame[:1] for frame in node.heard] == [b"n", b"r"]


def test_a_node_of_version_5_alone_hangs_up_on_version_6():
    with pytest.raises(PeerClosed):
        shaken(Accepting(newest=5), VERSION_6)


@pytest.mark.parametrize("status", ["nok", "not_allowed", "alive"])
def test_a_status_that_is_no_welcome(status):
    node = Accepting(status=status)
    with pytest.raises(Refused) as raised:
        shaken(node, VERSION_6)
    assert raised.value.status == status
    assert node.heard[1:] == ([b"sfalse"] if status == "alive" else [])


def test_simultaneous_connections_go_on():
    assert shaken(Accepting(status="ok_simultaneous"), VERSION_6).name == PEER


def test_our_cookie_is_wrong():
    with pytest.raises(PeerClosed):
        shaken(Accepting(), VERSION_6, b"another")


def test_their_cookie_is_wrong():
    with pytest.raises(handshake.CookieMismatch):
        shaken(Accepting(cookie=b"another"), VERSION_6)


def test_the_digest_is_that_of_the_manual():
    assert handshake.digest(b"cookie", 4294967295).hex() == "de56ff9d11b071905bce597a85d67f4f"


@pytest.mark.parametrize(("message", "decode"), MESSAGES)
def test_messages_come_out_as_they_went_in(message, decode):
    assert decode(message.encode()) == message


@pytest.mark.parametrize(("message", "decode"), MESSAGES)
def test_a_message_that_is_cut_short_is_refused(message, decode):
    whole = message.encode()
    open_ended = {"Name": 8, "Challenge": 12}.get(type(message).__name__, len(whole)) if whole[:1] == b"n" else len(whole)
    for end in range(min(open_ended, len(whole))):
        with pytest.raises(MalformedMessage):
            decode(whole[:end])


@pytest.mark.parametrize("name", ["", "x" * 512, "日本@b"])
def test_a_name_that_the_handshake_cannot_carry(name):
    with pytest.raises(ValueError):
        Name(name, 0, 4).encode()


def test_names_of_hidden_nodes_come_from_a_bounded_set():
    names = {handshake.hidden_name("a").name for dummy in range(2 * handshake.NAMES)}
    assert len(names) == handshake.NAMES
    assert {name.rpartition("@")[2] for name in names} == {"a"}
