# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node that Python plays on the loopback: TLS with certificates that are demanded, the handshake, and calls through ``rex``."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import accepting
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import handshake
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.channel import Channel, ChannelError, Deadline
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.handshake import HIDDEN_NODE_FLAGS, Flag
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.network import Peer
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.prober import Prober
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.tls import Credentials
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import etf_decoder, etf_encoder
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import Atom
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

COOKIE = b"biscuit"
FLAGS = int(HIDDEN_NODE_FLAGS) & ~int(Flag.SPAWN)
PEM = serialization.Encoding.PEM


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


class Authority:
    """A CA in a directory: ``trust`` is its bundle."""

    def __init__(self, directory: Path, name: str = "CA") -> None:
        self.directory, self.name = directory, name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.trust = directory / (name + ".pem")
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        self.trust.write_bytes(self._signed(name, self.key, [(constraints, True)], timedelta(days=9)))

    def _signed(self, subject: str, key: Any, extensions: list[tuple[Any, bool]], left: timedelta) -> bytes:
        now = datetime.now(timezone.utc)
        builder = x509.CertificateBuilder(_named(self.name), _named(subject), key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(days=2)).not_valid_after(now + left)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(PEM)

    def issue(self, host: str, left: timedelta = timedelta(days=2)) -> Path:
        """A file with a key and a certificate for a host."""
        key = ec.generate_private_key(ec.SECP256R1())
        usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        private = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path = self.directory / ("%s-%s-%d.pem" % (self.name, host, left.total_seconds()))
        path.write_bytes(private + self._signed(host, key, [(names, False), (usages, False)], left))
        return path


class PlayedNode:
    """The node ``name``; ``run`` carries out what is called. ``status`` is what it answers a name with."""

    def __init__(self, name: str, authority: Authority, certificate: Path | None = None, status: str = "ok", plain: bool = False) -> None:
        self.name, self.status, self.plain = name, status, plain
        self.run: Callable[[str, str, list[Any]], Any] = lambda _module, _function, arguments: arguments
        self.cookie = COOKIE
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.context.load_verify_locations(str(authority.trust))
        self.context.load_cert_chain(str(certificate or authority.issue(self.host)))
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def host(self) -> str:
        """The host part of its name."""
        return self.name.partition("@")[2]

    @property
    def peer(self) -> Peer:
        """The node as something to connect to."""
        return Peer.of(self.name, ("127.0.0.1",), int(self.listener.getsockname()[1]))

    def _serve(self) -> None:
        while True:
            try:
                stream, _address = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._accepted, args=(stream,), daemon=True).start()

    def _accepted(self, stream: socket.socket) -> None:
        try:
            stream.settimeout(5)
            if self.plain:
                self._handshake(Channel(stream, Deadline(5), 2))
                return
            with self.context.wrap_socket(stream, server_side=True, do_handshake_on_connect=False) as secured:
                self._secured(secured)
        except (OSError, ChannelError, ValueError, handshake.HandshakeError):
            stream.close()

    def _secured(self, secured: ssl.SSLSocket) -> None:
        try:
            secured.do_handshake()
        except ssl.SSLError:
            # An alert that was sent arrives only if what the peer sent meanwhile is taken.
            secured.settimeout(0.5)
            with suppress(OSError):
                while socket.socket.recv(secured, 4096):
                    pass
            raise
        self._handshake(Channel(secured, Deadline(5), 4))

    def _handshake(self, channel: Channel) -> None:
        peer = accepting.decode_name(channel.receive())
        channel.send(handshake.Status(self.status).encode())
        if self.status != "ok":
            return
        channel.send(handshake.Challenge(self.name, FLAGS, 7, 9).encode())
        reply = accepting.decode_challenge_reply(channel.receive())
        if reply.digest != handshake.digest(self.cookie, 7):
            return
        channel.send(handshake.ChallengeAck(handshake.digest(self.cookie, reply.challenge)).encode())
        channel.limit = 65536
        while True:
            frame = channel.receive()
            if frame:
                channel.send(self._answered(frame, peer.name))

    def _answered(self, frame: bytes, _asked_by: str) -> bytes:
        control, end = etf_decoder.decode(frame, 1)
        message, _end = etf_decoder.decode(frame, end)
        module, function, arguments, _leader = message[2][1:]
        result = self.run(str(module), str(function), arguments)
        return b"p" + etf_encoder.encode((22, control[1], control[1])) + etf_encoder.encode((message[1][1], result))


def prober(authority: Authority, host: str = "alpha.test", certificate: Path | None = None, cookie: bytes = COOKIE) -> Prober:
    """What a host brings to its attempts."""
    kept = authority.directory / ("cookie-%s" % cookie.decode())
    if not kept.exists():
        kept.write_bytes(cookie)
        kept.chmod(0o400)
    return Prober(host, Credentials(str(certificate or authority.issue(host)), str(authority.trust)), str(kept), 3.0)


def rex_failure(reason: str) -> Any:
    """What ``rpc`` answers with where a call fails."""
    return (Atom("badrpc"), Atom(reason))
