# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One try at one peer, stage by stage: resolve, connect, tls, handshake, cookie.

No ``erl`` is started: TLS is Python's, the handshake is ours. Every attempt is bounded in time.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import (
    certificate,
    certificate_rules,
    diagnosis,
    epmd,
    handshake,
    tls,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.channel import Channel, ChannelError, Deadline
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.fault_entry import Symptom
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.network import Network, Peer

_DIAGNOSED = (
    diagnosis.CertificateRefused,
    diagnosis.EpmdPortNotOpen,
    diagnosis.EpmdUnreachable,
    diagnosis.NamesMixed,
    diagnosis.OtherNode,
)

TIMED = {"resolve": "resolve", "connect": "connect", "tls": "tls", "handshake": "handshake", "cookie": "round_trip"}
"""The stages, and what the time each took is called in a result."""


class AttemptFailed(Exception):
    """An attempt ended at a stage; ``error`` is what ended it."""

    def __init__(self, stage: str, error: BaseException) -> None:
        super().__init__("%s: %s" % (stage, diagnosis.describe(error)))
        self.stage = stage
        self.error = error

    @property
    def symptom(self) -> Symptom:
        """What the catalogue of diagnoses is asked for."""
        return diagnosis.symptom(self.stage, self.error)


class Attempt:
    """One try at one peer, stage by stage: ``reach``, ``secure``, ``introduce``, ``prove``, then ``close``.

    Every stage raises AttemptFailed; what is known by then stays in the attributes.
    """

    def __init__(self, peer: Peer, timeout: float, network: Network) -> None:
        self.peer = peer
        self.network = network
        self.timeout = timeout
        self.deadline = Deadline(timeout)
        self.stage = "resolve"
        self.milliseconds: dict[str, float] = {}
        self.address: str | None = None
        self.addresses: list[str] = []
        self.port = peer.port
        self.plain: socket.socket | None = None
        self.secured: ssl.SSLSocket | None = None
        self.channel: Channel | None = None
        self.me: handshake.Name | None = None
        self.challenge: handshake.Challenge | None = None
        self.certificate: certificate.Certificate | None = None
        self.chain: list[certificate.Certificate] = []
        self.tls_version: str | None = None
        self.cipher: str | None = None
        self._began = time.perf_counter()

    @contextmanager
    def _timed(self, stage: str, more: bool = False) -> Iterator[None]:
        """Time a stage, or with ``more`` what is done more in it, and say of a failure that it was there."""
        self.stage = stage
        began = time.perf_counter() - (self.milliseconds.get(TIMED[stage], 0.0) / 1000 if more else 0.0)
        try:
            yield
        except (OSError, ChannelError, handshake.HandshakeError, epmd.EpmdError, ValueError) as error:
            raise AttemptFailed(self.stage, error) from error
        except (*_DIAGNOSED, tls.LocalFileError) as error:
            raise AttemptFailed(self.stage, error) from error
        finally:
            now = time.perf_counter()
            self.milliseconds[TIMED[stage]] = round((now - began) * 1000, 3)
            self.milliseconds["total"] = round((now - self._began) * 1000, 3)

    def reach(self) -> None:
        """Find the peer's addresses and port (stage resolve) and open a TCP connection (stage connect)."""
        with self._timed("resolve"):
            addresses = list(self.peer.addresses) or self.network.resolve(self.peer.host)
            if not addresses:
                raise socket.gaierror(socket.EAI_NONAME, "no address")
            self.address = addresses[0]
            self.addresses = addresses
            if self.peer.epmd_port is not None:
                addresses = [self._ask_epmd(addresses, self.peer.epmd_port)]
        with self._timed("connect"):
            try:
                self.plain = self._connect(addresses, self.port or 0)
            except OSError as error:
                if self.port == self.peer.port:
                    raise
                raise diagnosis.EpmdPortNotOpen("no answer at the port that epmd names") from error

    def secure(self, context: ssl.SSLContext) -> None:
        """Set TLS up (stage tls)."""
        with self._timed("tls"):
            if self.plain is None:
                raise ValueError("not connected")
            self.secured = tls.secure(self.plain, context, self.peer.host, self.deadline)
            self.tls_version = self.secured.version()
            cipher = self.secured.cipher()
            self.cipher = cipher[0] if cipher else None
            self.channel = Channel(self.secured, self.deadline, 4)
            shown = [certificate.read(der) for der in tls.shown(self.secured)]
            self.certificate, self.chain = (shown[0] if shown else None), shown[1:]

    def refuse_revoked(self, keys: Collection[str]) -> None:
        """Refuse the peer where its key is among the digests of revoked ones (stage tls)."""
        with self._timed("tls", more=True):
            fault = certificate_rules.key_fault(self.certificate, keys) if self.certificate is not None else None
            if fault is not None:
                raise diagnosis.CertificateRefused("certificate", *fault)

    def check_certificate(self) -> None:
        """Hold what the peer showed against what nodes take, which is less than OpenSSL does (stage tls)."""
        with self._timed("tls", more=True):
            if self.certificate is None:
                return
            fault = certificate_rules.fault_of(self.certificate, self.peer.host, "server", datetime.now(timezone.utc), chain=self.chain)
            if fault is not None:
                raise diagnosis.CertificateRefused("certificate", *fault)

    def introduce(self, me: handshake.Name, insist: bool = False) -> None:
        """Say who we are and take the challenge (stage handshake); ``insist`` as in handshake.introduce.

        A server that speaks TLS 1.3 answers our certificate only after we believe the handshake done (RFC 8446,
        section 4.4.2.4): its alert arrives in place of the first answer, and belongs to the stage tls.
        """
        with self._timed("handshake"):
            channel = self._channel()
            self.me = me
            try:
                self.challenge = self._introduce(channel, me, insist)
            except ssl.SSLError as error:
                if diagnosis.alert_of(error):
                    self.stage = "tls"
                raise
            if self.challenge.name != self.peer.node:
                mixed = _same_but_for_domain(self.challenge.name, self.peer.node)
                raise (diagnosis.NamesMixed if mixed else diagnosis.OtherNode)("it is " + self.challenge.name)

    def prove(self, cookie: bytes) -> None:
        """Answer the challenge and check the peer's own proof (stage cookie)."""
        with self._timed("cookie"):
            if self.challenge is None:
                raise ValueError("no challenge")
            handshake.prove(self._channel(), self.challenge, cookie)

    def close(self) -> None:
        """End the connection cleanly, as far as there is one."""
        if self.secured is not None:
            tls.farewell(self.secured)
        elif self.plain is not None:
            self.plain.close()

    def _channel(self) -> Channel:
        if self.channel is None:
            raise ValueError("no channel")
        return self.channel

    @staticmethod
    def _introduce(channel: Channel, me: handshake.Name, insist: bool) -> handshake.Challenge:
        try:
            return handshake.introduce(channel, me, insist)
        except (BrokenPipeError, ConnectionResetError):
            # The alert may lie in the receive buffer still: the peer sent it before it reset the connection.
            channel.receive()
            raise

    def _connect(self, addresses: Sequence[str], port: int) -> socket.socket:
        """Try the addresses in turn, sharing the time that is left; raise the last one's OSError."""
        failure: OSError = OSError("no address")
        for position, address in enumerate(addresses):
            self.address = address
            try:
                share = self.deadline.remaining() / (len(addresses) - position)
                return self.network.connect(address, port, share)
            except OSError as error:
                failure = error
        raise failure

    def _ask_epmd(self, addresses: Sequence[str], port: int) -> str:
        """Ask the peer's epmd for its port; return the address it was reached at."""
        try:
            with self._connect(addresses, port) as stream:
                self.port = epmd.ask_port(stream, self.deadline, self.peer.name).port
        except (OSError, ChannelError) as error:
            raise diagnosis.EpmdUnreachable("no answer from epmd") from error
        return self.address or addresses[0]


def _same_but_for_domain(one: str, other: str) -> bool:
    """Tell whether two node names differ in nothing but that one has a domain."""
    domains = ["." in name for name in (one, other)]
    return domains[0] != domains[1] and one.partition(".")[0] == other.partition(".")[0]
