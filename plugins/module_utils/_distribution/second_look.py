# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is behind an attempt that failed, where its error does not say: a look at the certificate that the peer shows, at our own, and
whether a node without TLS is there.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Protocol

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import (
    certificate,
    certificate_files,
    certificate_rules,
    diagnosis,
    handshake,
    tls,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.attempt import Attempt, AttemptFailed
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.channel import Channel, ChannelError
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.fault_entry import Symptom
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.network import Network, Peer

PLAIN_LOOK = 1.0
"""Seconds given to the question whether a node without TLS is behind a port that does not answer TLS."""

OPEN = ("name", "purpose", "other")
"""What OpenSSL finds wrong with a certificate where a look of our own may tell more."""


class Brought(Protocol):
    """What a host brings to its attempts; a Prober is one."""

    host: str
    credentials: tls.Credentials
    network: Network

    def attempt(self, peer: Peer) -> Attempt:
        """Return a new attempt at peer."""


def symptom(prober: Brought, attempt: Attempt, failure: AttemptFailed) -> tuple[Symptom, str]:
    """Return how a failed attempt shows, in the words of the catalogue, and what was found."""
    found = failure.symptom
    detail = diagnosis.describe(failure.error)
    if isinstance(failure.error, diagnosis.CertificateRefused):
        return found, detail
    if found.kind == "alert" and attempt.secured is not None:
        # TLS stood on our side: what the server still had to judge is our certificate, whatever it calls that.
        found = Symptom("tls", "client-certificate", "refused")
    if found.kind == "certificate":
        attempt.certificate, attempt.chain = _look_at_certificate(prober, attempt.peer)
        found, detail = _server_certificate(found, attempt, detail)
    elif found.kind in ("client-certificate", "closed", "status"):
        found, detail = _own_certificate(prober, found, detail, attempt)
    if found.stage == "tls" and found.kind in ("timeout", "tls", "closed") and _is_plain_node(prober, attempt.peer):
        return Symptom("tls", "plain-node"), "it answers a plain distribution handshake at port %s" % attempt.port
    return found, detail


def _look_at_certificate(prober: Brought, peer: Peer) -> tuple[certificate.Certificate | None, list[certificate.Certificate]]:
    """Return the certificate that a peer shows, and those behind it, whatever they are."""
    attempt = prober.attempt(peer)
    context = tls.unverifying_context(prober.credentials)
    try:
        tls.load_identity(context, prober.credentials)
        attempt.reach()
        attempt.secure(context)
    except (AttemptFailed, tls.LocalFileError):
        return None, []
    finally:
        attempt.close()
    return attempt.certificate, attempt.chain


def _own_certificate(prober: Brought, found: Symptom, detail: str, attempt: Attempt) -> tuple[Symptom, str]:
    """Return symptom and detail of a refusal, from our own certificate where something is wrong with it: nodes
    hardly say what they have against one.
    """
    own = _first_of(prober.credentials.certfile)
    fault = certificate_rules.fault_of(own, prober.host, "client", datetime.now(timezone.utc)) if own else None
    if found.kind == "status" or found.stage == "handshake":
        bound = fault is not None and fault[0] in ("name", "common-name-only")
        if found.code not in ("", "not_allowed") or not bound:
            return found, prober.host if found.code == "not_allowed" else detail
    if found.code in ("unknown-ca", "revoked", "required"):
        told = "%s says so" % attempt.peer.node
        return found, "%s; its issuer is %s" % (told, own.issuer) if own and found.code == "unknown-ca" else told
    if fault is None:
        return found, detail
    return Symptom("tls", "client-certificate", fault[0]), fault[1]


def _is_plain_node(prober: Brought, peer: Peer) -> bool:
    attempt = Attempt(peer, PLAIN_LOOK, prober.network)
    try:
        attempt.reach()
        if attempt.plain is not None:
            handshake.introduce(Channel(attempt.plain, attempt.deadline, 2), handshake.hidden_name(prober.host))
    except handshake.Refused:
        return True
    except (AttemptFailed, ChannelError, OSError, handshake.HandshakeError):
        return False
    finally:
        attempt.close()
    return True


def _first_of(path: str) -> certificate.Certificate | None:
    """Return the first certificate of a PEM file, None where there is none to be read."""
    try:
        return certificate_files.read(path)[0]
    except (OSError, ValueError, IndexError):
        return None


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
