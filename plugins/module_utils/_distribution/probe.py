# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a connection to a peer gets: resolve, connect, tls, handshake, cookie; with what, and in what time.

No ``erl`` is started: TLS is Python's, the handshake is ours. Every attempt is bounded in time, peers are tried side
by side.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any, Callable, NamedTuple, TypeVar

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import (
    certificate,
    certificate_rules,
    diagnosis,
    epmd,
    handshake,
    node_name,
    pem,
    tls,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.channel import (
    Channel,
    ChannelError,
    Deadline,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.fault_entry import Symptom

T = TypeVar("T")

THREADS = 64
"""Most attempts that are under way at a time."""

PLAIN_LOOK = 1.0
"""Seconds given to the question whether a node without TLS is behind a port that does not answer TLS."""

_DIAGNOSED = (
    diagnosis.CertificateRefused,
    diagnosis.EpmdPortNotOpen,
    diagnosis.EpmdUnreachable,
    diagnosis.NamesMixed,
    diagnosis.OtherNode,
)

OPEN = ("name", "purpose", "other")
"""What OpenSSL finds wrong with a certificate where a look of our own may tell more."""

TIMED = {"resolve": "resolve", "connect": "connect", "tls": "tls", "handshake": "handshake", "cookie": "round_trip"}
"""The stages, and what the time each took is called in a result."""


class Peer(NamedTuple):
    """A node to connect to.

    ``addresses`` are tried in their order; none means what the host part resolves to. Where ``epmd_port`` is given the
    peer's epmd is asked for the port, and ``port`` is the one that firewalls open.
    """

    node: str
    addresses: tuple[str, ...] = ()
    port: int | None = None
    epmd_port: int | None = None

    @property
    def name(self) -> str:
        """The part of the node name before the ``@``."""
        return node_name.parsed(self.node).name

    @property
    def host(self) -> str:
        """The host part of the node name."""
        return node_name.parsed(self.node).host


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

    def judge(self) -> None:
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


class Prober:
    """What this host brings to its attempts: who it is, its files, its cookie, and the time an attempt may take.

    ``host`` is the host part of our own node name: OTP holds it against our certificate. ``cookie_file`` is read once.
    A file that does not serve shows as the fault of every attempt, at the stage it was needed in.
    """

    def __init__(self, host: str, credentials: tls.Credentials, cookie_file: str, timeout: float, network: Network | None = None) -> None:
        self.host = host
        self.credentials = credentials
        self.cookie_file = cookie_file
        self.timeout = timeout
        self.network = network or Network()
        self._context = _kept(lambda: tls.node_context(credentials))
        self._form = _kept(lambda: _form(credentials.certfile))
        self._cookie = _kept(lambda: tls.read_cookie(cookie_file, credentials.barred))

    def context(self) -> ssl.SSLContext:
        """Return the node's own TLS context; raise LocalFileError."""
        return self._context()

    def cookie(self) -> bytes:
        """Return the cookie; raise LocalFileError."""
        return self._cookie()

    def attempt(self, peer: Peer) -> Attempt:
        """Return a new attempt at peer."""
        return Attempt(peer, self.timeout, self.network)

    def open(self, peer: Peer) -> Attempt:
        """Return an attempt that went through every stage, its connection up; raise AttemptFailed. The caller closes
        it.
        """
        attempt = self.attempt(peer)
        try:
            self.go(attempt)
        except AttemptFailed:
            attempt.close()
            raise
        return attempt

    def go(self, attempt: Attempt, me: handshake.Name | None = None) -> None:
        """Take an attempt through every stage, as a hidden node of any name, or as ``me``, whose name nobody else has; raise AttemptFailed.

        In the place of a node, it is content with no other certificates than nodes are. Who comes as ``me`` wants something of the node,
        and not to know whether others get through to it.
        """
        attempt.reach()
        context = self._local("tls", self.context)
        if me is None:
            self._judge_own()
        attempt.secure(context)
        if me is None:
            attempt.judge()
        attempt.introduce(me or handshake.hidden_name(self.host), insist=me is not None)
        attempt.prove(self._local("cookie", self.cookie))

    def _judge_own(self) -> None:
        fault = self._form()
        if fault is not None:
            raise AttemptFailed("tls", diagnosis.CertificateRefused("client-certificate", *fault))

    def edge(self, own_node: str, peer: Peer) -> Edge:
        """Try peer once, and say how far it went."""
        attempt = self.attempt(peer)
        fault = None
        try:
            self.go(attempt)
        except AttemptFailed as failure:
            fault = self.explain(attempt, failure)
        finally:
            attempt.close()
        return Edge(_edge_result(own_node, attempt, fault), fault, attempt.certificate)

    def explain(self, attempt: Attempt, failure: AttemptFailed) -> diagnosis.Fault:
        """Return the diagnosis of a failed attempt; where that takes a second look at the peer, or at our own
        certificate, take it.
        """
        found = failure.symptom
        detail = diagnosis.describe(failure.error)
        if isinstance(failure.error, diagnosis.CertificateRefused):
            return diagnosis.explain(found, self.names(attempt, detail))
        if found.kind == "alert" and attempt.secured is not None:
            # TLS stood on our side: what the server still had to judge is our certificate, whatever it calls that.
            found = Symptom("tls", "client-certificate", "refused")
        if found.kind == "certificate":
            attempt.certificate, attempt.chain = self._look_at_certificate(attempt.peer)
            found, detail = _server_certificate(found, attempt, detail)
        elif found.kind in ("client-certificate", "closed", "status"):
            found, detail = self._own_certificate(found, detail, attempt)
        if found.stage == "tls" and found.kind in ("timeout", "tls", "closed") and self._is_plain_node(attempt.peer):
            found = Symptom("tls", "plain-node")
            detail = "it answers a plain distribution handshake at port %s" % attempt.port
        return diagnosis.explain(found, self.names(attempt, detail))

    def names(self, attempt: Attempt, detail: str) -> dict[str, object]:
        """Return what the sentences of a diagnosis speak of."""
        return {
            "node": attempt.peer.node,
            "host": attempt.peer.host,
            "address": attempt.address,
            "port": attempt.port,
            "epmd_port": attempt.peer.epmd_port,
            "own_host": self.host,
            "certfile": self.credentials.certfile,
            "cacertfile": self.credentials.cacertfile,
            "cookie_file": self.cookie_file,
            "timeout": "%g" % self.timeout,
            "detail": detail,
        }

    def _local(self, stage: str, read: Callable[[], T]) -> T:
        try:
            return read()
        except tls.LocalFileError as error:
            raise AttemptFailed(stage, error) from error

    def _look_at_certificate(self, peer: Peer) -> tuple[certificate.Certificate | None, list[certificate.Certificate]]:
        """Return the certificate that a peer shows, and those behind it, whatever they are."""
        attempt = self.attempt(peer)
        context = tls.unverifying_context(self.credentials)
        try:
            tls.load_identity(context, self.credentials)
            attempt.reach()
            attempt.secure(context)
        except (AttemptFailed, tls.LocalFileError):
            return None, []
        finally:
            attempt.close()
        return attempt.certificate, attempt.chain

    def _own_certificate(self, found: Symptom, detail: str, attempt: Attempt) -> tuple[Symptom, str]:
        """Return symptom and detail of a refusal, from our own certificate where something is wrong with it: nodes
        hardly say what they have against one.
        """
        own = _first_of(self.credentials.certfile)
        fault = certificate_rules.fault_of(own, self.host, "client", datetime.now(timezone.utc)) if own else None
        if found.kind == "status" or found.stage == "handshake":
            bound = fault is not None and fault[0] in ("name", "common-name-only")
            if found.code not in ("", "not_allowed") or not bound:
                return found, self.host if found.code == "not_allowed" else detail
        if found.code in ("unknown-ca", "revoked", "required"):
            told = "%s says so" % attempt.peer.node
            return found, "%s; its issuer is %s" % (told, own.issuer) if own and found.code == "unknown-ca" else told
        if fault is None:
            return found, detail
        return Symptom("tls", "client-certificate", fault[0]), fault[1]

    def _is_plain_node(self, peer: Peer) -> bool:
        attempt = Attempt(peer, PLAIN_LOOK, self.network)
        try:
            attempt.reach()
            if attempt.plain is not None:
                handshake.introduce(Channel(attempt.plain, attempt.deadline, 2), handshake.hidden_name(self.host))
        except handshake.Refused:
            return True
        except (AttemptFailed, ChannelError, OSError, handshake.HandshakeError):
            return False
        finally:
            attempt.close()
        return True


class Edge(NamedTuple):
    """What became of one attempt: the EDGE of a module's result, its fault, and the certificate that the peer showed."""

    result: dict[str, Any]
    fault: diagnosis.Fault | None
    certificate: certificate.Certificate | None = None


def unfinished(own_node: str, prober: Prober, peer: Peer) -> Edge:
    """Return the edge of an attempt that did not come back in time, as when the resolver hangs."""
    attempt = prober.attempt(peer)
    attempt.address = peer.addresses[0] if peer.addresses else peer.host
    fault = diagnosis.explain(Symptom("resolve", "timeout"), prober.names(attempt, "no answer"))
    return Edge(_edge_result(own_node, attempt, fault), fault)


def side_by_side(jobs: Sequence[Callable[[], T]], seconds: float) -> list[T | None]:
    """Run the jobs in threads, at most THREADS at a time; return their results in order, None for those not done after
    seconds.

    What a job raises is raised here. Threads that hang in the resolver do not keep the process from ending.
    """
    results: list[T | None] = [None] * len(jobs)
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, T | None, BaseException | None]] = queue.SimpleQueue()

    def work() -> None:
        while True:
            try:
                index = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                done.put((index, jobs[index](), None))
            except BaseException as error:
                done.put((index, None, error))

    for position in range(len(jobs)):
        waiting.put(position)
    for _thread in range(min(THREADS, len(jobs))):
        threading.Thread(target=work, daemon=True).start()
    deadline = Deadline(seconds)
    for _job_done in jobs:
        try:
            index, result, error = done.get(timeout=max(deadline.left(), 0.001))
        except queue.Empty:
            break
        if error is not None:
            raise error
        results[index] = result
    return results


def bound(jobs: int, timeout: float) -> float:
    """Return the seconds that so many jobs side by side may take: each its own try and a second look."""
    return (2 * timeout + PLAIN_LOOK) * (1 + jobs // THREADS) + 1


def probe(own_node: str, prober: Prober, peers: Sequence[Peer]) -> list[Edge]:
    """Try all peers once, side by side; return their edges in order."""
    found = side_by_side([_job(prober, own_node, peer) for peer in peers], bound(len(peers), prober.timeout))
    return [edge or unfinished(own_node, prober, peer) for edge, peer in zip(found, peers)]


def _job(prober: Prober, own_node: str, peer: Peer) -> Callable[[], Edge]:
    return lambda: prober.edge(own_node, peer)


def _kept(read: Callable[[], T]) -> Callable[[], T]:
    """Return a function that reads once, whatever thread asks first, and repeats the result or the LocalFileError."""
    lock = threading.Lock()
    results: list[T] = []
    errors: list[tls.LocalFileError] = []

    def answer() -> T:
        with lock:
            if not results and not errors:
                try:
                    results.append(read())
                except tls.LocalFileError as error:
                    errors.append(error)
        if errors:
            raise errors[0]
        return results[0]

    return answer


def _edge_result(own_node: str, attempt: Attempt, fault: diagnosis.Fault | None) -> dict[str, Any]:
    seen = attempt.certificate
    return {
        "from": own_node,
        "to": attempt.peer.node,
        "ok": fault is None,
        "stage": attempt.stage,
        "address": attempt.address,
        "addresses": attempt.addresses,
        "port": attempt.port,
        "tls_version": attempt.tls_version,
        "cipher": attempt.cipher,
        "certificate_days_left": round(seen.days_left(datetime.now(timezone.utc)), 1) if seen else None,
        "certificate_subject": seen.subject if seen else None,
        "certificate_digest": seen.digest if seen else None,
        "certificate_issuer": seen.issuer if seen else None,
        "certificate_excess": certificate_rules.excess_of(seen, attempt.peer.host) if seen else None,
        "peer_name": attempt.challenge.name if attempt.challenge else None,
        "peer_otp": None,
        "milliseconds": attempt.milliseconds,
        "fault": fault.as_result() if fault else None,
    }


def _first_of(path: str) -> certificate.Certificate | None:
    """Return the first certificate of a PEM file, None where there is none to be read."""
    try:
        return _certificates_of(path)[0]
    except (OSError, ValueError, IndexError):
        return None


def _certificates_of(path: str) -> list[certificate.Certificate]:
    with open(path, encoding="latin-1") as stream:
        return [certificate.read(content) for content in pem.contents(stream.read())]


def _form(path: str) -> tuple[str, str] | None:
    """Return what of the form of our own certificate a node does not take, None if it takes it or there is none."""
    try:
        own, *chain = _certificates_of(path)
    except (OSError, ValueError):
        return None
    return certificate_rules.form_fault(own, chain)


def _server_certificate(found: Symptom, attempt: Attempt, otherwise: str) -> tuple[Symptom, str]:
    """Return symptom and detail of a server's certificate that we refused, from what it says."""
    seen = attempt.certificate
    if seen is None:
        return found, otherwise
    if found.code == "unknown-ca":
        return found, "its issuer is %s" % seen.issuer
    fault = certificate_rules.fault_of(seen, attempt.peer.host, "server", datetime.now(timezone.utc), chain=attempt.chain)
    if fault is None or (fault[0] != found.code and found.code not in OPEN):
        return found, otherwise
    return found._replace(code=fault[0]), fault[1]


def _same_but_for_domain(one: str, other: str) -> bool:
    """Tell whether two node names differ in nothing but that one has a domain."""
    domains = ["." in name for name in (one, other)]
    return domains[0] != domains[1] and one.partition(".")[0] == other.partition(".")[0]


def _has_name_server() -> bool:
    try:
        with open("/etc/resolv.conf", encoding="utf-8", errors="replace") as stream:
            return any(line.split()[:1] == ["nameserver"] for line in stream)
    except OSError:
        return False
