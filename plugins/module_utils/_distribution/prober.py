# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host brings to its attempts, and an attempt taken through its stages."""

from __future__ import annotations

import ssl
import threading
from typing import Callable, TypeVar

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import (
    certificate_files,
    certificate_rules,
    diagnosis,
    handshake,
    second_look,
    tls,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.attempt import Attempt, AttemptFailed
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.network import Network, Peer

T = TypeVar("T")


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
            self._check_own_certificate()
        attempt.secure(context)
        attempt.refuse_revoked(self.credentials.revoked_keys)
        if me is None:
            attempt.check_certificate()
        attempt.introduce(me or handshake.hidden_name(self.host), insist=me is not None)
        attempt.prove(self._local("cookie", self.cookie))

    def _check_own_certificate(self) -> None:
        fault = self._form()
        if fault is not None:
            raise AttemptFailed("tls", diagnosis.CertificateRefused("client-certificate", *fault))

    def explain(self, attempt: Attempt, failure: AttemptFailed) -> diagnosis.Fault:
        """Return the diagnosis of a failed attempt; where that takes a second look at the peer, or at our own certificate, take it."""
        found, detail = second_look.symptom(self, attempt, failure)
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


def _form(path: str) -> tuple[str, str] | None:
    """Return what of the form of our own certificate a node does not take, None if it takes it or there is none."""
    try:
        own, *chain = certificate_files.read(path)
    except (OSError, ValueError):
        return None
    return certificate_rules.form_fault(own, chain)
