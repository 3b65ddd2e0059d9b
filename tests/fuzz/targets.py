# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is fuzzed: each decoder with the errors that it may end in, its good samples, and the ways they are damaged."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from unittest import mock

import corpus
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import (
    certificate,
    certificate_rules,
    connections,
    epmd,
    handshake,
    hidden_node,
    pem,
    remote_call,
    running,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.channel import (
    Channel,
    ChannelError,
    Deadline,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.handshake import Flag
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import (
    beam,
    etf_decoder,
    etf_encoder,
    etf_format,
    release,
    tagged,
    term_parser,
    term_writer,
    terms,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import identity
from damage import Damage, damaged_bytes, damaged_elements, damaged_text, made_term


class Target(NamedTuple):
    """A decoder: what it reads, the errors it may end in, good samples, and the damages that they are given in turn."""

    read: Callable[[bytes], Any]
    errors: tuple[type[Exception], ...]
    samples: Sequence[bytes]
    damages: Sequence[Damage]


class Different(Exception):
    """What was read is not what comes of writing and reading it again."""


class Talking:
    """A stream that says ``data`` and ends, and listens to nothing."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def sendall(self, data: bytes) -> None:
        """Pass over what is sent."""

    def settimeout(self, seconds: float | None) -> None:
        """Wait for nothing."""

    def close(self) -> None:
        """Nothing is open."""

    def recv(self, size: int) -> bytes:
        """Return what is left, at most ``size`` bytes."""
        said, self.data = self.data[:size], self.data[size:]
        return said


def term(data: bytes) -> None:
    """Read a term; what was read comes back the same from its own encoding and from its plain data."""
    found = etf_decoder.decode_whole(data)
    plain = json.loads(json.dumps(tagged.to_tagged(found)))
    back = tagged.from_tagged(plain)
    if identity(back) != identity(found) or identity(etf_decoder.decode_whole(etf_encoder.encode(found))) != identity(found):
        raise Different(repr(plain)[:200])


def text(data: bytes) -> None:
    """Read the text of a term; what was read comes back the same from its own text."""
    found = term_parser.loads(data.decode("utf-8", "replace"))
    if identity(term_parser.loads(term_writer.dumps(found))) != identity(found):
        raise Different(term_writer.dumps(found)[:200])


def judged(data: bytes) -> None:
    """Read a certificate and judge it; as the root that it may be, it says the same of itself."""
    seen = certificate.read(data)
    certificate_rules.fault_of(seen, "alpha", "server", seen.not_before, chain=[seen])
    certificate_rules.excess_of(seen, "alpha")
    root = certificate.read(certificate.anchor(data))
    if (root.subject, root.serial, root.key, root.subject_key) != (seen.subject, seen.serial, seen.key, seen.subject_key):
        raise Different(repr(root)[:200])


def entries(text: str) -> None:
    """Read a PEM file; what was read comes back the same from its own text."""
    found = list(pem.entries(text))
    again = list(pem.entries("".join(entry.text for entry in found)))
    if [entry.content for entry in again] != [entry.content for entry in found]:
        raise Different(text[:200])


def handshake_messages(data: bytes) -> None:
    """Read a message as each of the kinds there are; it is refused if it is none of them."""
    refused = []
    for decode in _MESSAGES:
        try:
            decode(data)
        except handshake.MalformedMessage as error:
            refused.append(error)
    if len(refused) == len(_MESSAGES):
        raise refused[0]


def accepting_side(data: bytes) -> None:
    """Shake hands with a peer that says these frames of two-byte lengths."""
    channel = Channel(Talking(data), Deadline(60), 2)
    handshake.prove(channel, handshake.introduce(channel, handshake.hidden_name("alpha")), b"a-cookie")


def conversation(data: bytes) -> None:
    """Call a function of a peer that says these frames of four-byte lengths; questions have the samples' reference."""
    channel = Channel(Talking(data), Deadline(60), 4)
    node = hidden_node.HiddenNode(channel, str(corpus.ME.node), corpus.ME.creation, int(Flag.SPAWN))
    with mock.patch.object(remote_call, "_reference", lambda me: corpus.REQUEST):
        node.call("m", "f", [], 60)


def answers(data: bytes) -> None:
    """Make of a node's answers what node_info returns."""
    found = etf_decoder.decode_whole(data)
    nodes_info, evaluated, ages, state, results = found if isinstance(found, tuple) and len(found) == 5 else [found] * 5
    places = connections.listening(state)
    told = connections.connections(connections.Facts(nodes_info, evaluated, ages, places), "ourselves")
    json.dumps([places, told])
    if isinstance(results, list) and len(results) == len(running.RUNNING):
        json.dumps(running.summary(corpus.PEER, results))


def framed(frames: Sequence[bytes], prefix: int) -> bytes:
    """Return frames behind their lengths."""
    return b"".join(len(frame).to_bytes(prefix, "big") + frame for frame in frames)


def decoded(read: Callable[[str], Any]) -> Callable[[bytes], Any]:
    """Return a reader of the bytes of a text."""
    return lambda data: read(data.decode("utf-8", "replace"))


def encoded(samples: Sequence[str]) -> list[bytes]:
    """Return texts as bytes."""
    return [sample.encode("utf-8") for sample in samples]


_MESSAGES: list[Callable[[bytes], Any]] = [
    handshake.decode_status,
    handshake.decode_challenge,
    handshake.decode_challenge_ack,
]
_EPMD = (epmd.EpmdTruncated, epmd.EpmdMalformed, epmd.EpmdNoSuchName)
_TEXT = (damaged_text, damaged_bytes)


def made_signal(dice: Any, samples: Sequence[bytes]) -> bytes:
    """Return a control message to us with a term made wrong behind it, or the other way round."""
    made = made_term(dice, samples)
    return b"p" + made + made_term(dice, samples) if dice.randrange(2) else corpus.signal((2, "", corpus.ME)) + made


TARGETS = {
    "etf": Target(term, (etf_format.EtfError,), corpus.TERMS, (made_term, damaged_bytes)),
    "text": Target(text, (terms.TermError,), encoded(corpus.TEXTS), _TEXT),
    "consult": Target(decoded(term_parser.consult), (terms.TermError,), encoded(corpus.FILES), _TEXT),
    "app": Target(decoded(release.read_app), (release.ReleaseError,), encoded(corpus.APPLICATIONS), _TEXT),
    "rel": Target(decoded(release.read_rel), (release.ReleaseError,), encoded(corpus.RELEASES), _TEXT),
    "beam": Target(beam.read, (beam.BeamError,), corpus.MODULES, (damaged_bytes,)),
    "certificate": Target(judged, (certificate.CertificateError,), corpus.CERTIFICATES, (damaged_elements, damaged_bytes)),
    "pem": Target(decoded(entries), (pem.PemError,), encoded(corpus.PEM), _TEXT),
    "epmd_names": Target(epmd.decode_names, _EPMD, corpus.EPMD_NAMES, (damaged_bytes,)),
    "epmd_port": Target(lambda data: epmd.decode_port(data, "guard"), _EPMD, corpus.EPMD_PORTS, (damaged_bytes,)),
    "handshake": Target(handshake_messages, (handshake.MalformedMessage,), corpus.HANDSHAKES, (damaged_bytes,)),
    "accepting_side": Target(
        accepting_side,
        (handshake.HandshakeError, ChannelError),
        [framed([corpus.HANDSHAKES[2], challenge, corpus.HANDSHAKES[8]], 2) for challenge in corpus.HANDSHAKES[4:6]],
        (damaged_bytes,),
    ),
    "signal": Target(
        lambda data: remote_call.answer(corpus.ME, data),
        (remote_call.MalformedSignal,),
        corpus.SIGNALS,
        (made_signal, damaged_bytes),
    ),
    "conversation": Target(
        conversation,
        (hidden_node.CallError, ChannelError),
        [framed(corpus.SIGNALS, 4), framed(corpus.SIGNALS[::-1], 4)],
        (damaged_bytes,),
    ),
    "answers": Target(answers, (etf_format.EtfError, hidden_node.CallError), corpus.ANSWERS, (damaged_bytes,)),
}
