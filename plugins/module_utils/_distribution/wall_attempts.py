# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attempts that a node must refuse, and how to tell a refusal from an attempt that came to nothing.

A wall is held (True) when the other side refused for the reason the wall stands for, fell (False) when it did not, and
is None when nothing was proven: the connection failed before the wall could be met, or a correct connection to the
same peer does not work either.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Sequence
from typing import Any, Callable, NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import diagnosis, handshake, node_name, tls
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.attempt import Attempt, AttemptFailed
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.channel import ChannelError, Deadline
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.network import Network, Peer
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.prober import Prober

FILTER_SECONDS = 1.0
"""Seconds after which an unanswered connection counts as dropped."""

TLS_ALERT = 0x15
"""Content type of an alert (RFC 8446, section 5.1)."""

REFUSED = "verification-refused"
"""The name, before the ``@``, under which attempts are made that are to be refused: a node writes it to its log."""

NOBODY = REFUSED + "@nowhere.invalid"
"""A name no certificate carries (RFC 2606, section 2)."""


class Outcome(NamedTuple):
    """How an attempt at a wall ended: held, fell or None; the stage; what the other side answered."""

    held: bool | None
    stage: str
    detail: str

    def as_result(self, origin: str, peer: Peer, wall: str) -> dict[str, Any]:
        """Return the WALL of a module's result; origin is the host that tried."""
        return {
            "from": origin,
            "to": peer.node,
            "wall": wall,
            "held": self.held,
            "stage": self.stage,
            "detail": self.detail,
        }


class WrongCredentials(NamedTuple):
    """What attempts are made with that have to be refused.

    ``foreign_certificate`` is a certificate with its key, in PEM, of a CA the cluster does not know; ``wrong_cookie``
    is any but the cluster's.
    """

    foreign_certificate: str | None
    wrong_cookie: bytes


def plain(prober: Prober, peer: Peer) -> Outcome:
    """Send the first message of a plain TCP distribution handshake to the TLS port."""
    attempt = prober.attempt(peer)
    name = _refused(prober).encode()
    try:
        attempt.reach()
        answer = _answer(attempt, len(name).to_bytes(2, "big") + name)
    except AttemptFailed as failure:
        return _nothing(failure)
    except (socket.timeout, TimeoutError, ChannelError):
        return Outcome(None, "tls", "no answer within %g seconds" % prober.timeout)
    except OSError as error:
        return Outcome(True, "tls", "closed the connection (%s)" % diagnosis.describe(error))
    finally:
        attempt.close()
    if not answer:
        return Outcome(True, "tls", "closed the connection")
    if answer[0] == TLS_ALERT:
        return Outcome(True, "tls", "answered with a TLS alert")
    if answer[2:3] == b"s":
        return Outcome(False, "handshake", "answered a plain distribution handshake: %s" % answer[3:].decode("latin-1"))
    return Outcome(None, "tls", "answered with neither TLS nor the distribution protocol: %s" % answer[:16].hex())


def no_certificate(prober: Prober, peer: Peer) -> Outcome:
    """Speak TLS without showing a certificate."""
    return _stranger(prober, peer, lambda: tls.verifying_context(prober.credentials), "without a certificate")


def foreign_ca(prober: Prober, peer: Peer, certificate: str | None) -> Outcome:
    """Show a certificate of a CA that the cluster does not know."""
    if not certificate:
        return Outcome(None, "tls", "no foreign certificate was handed in")
    text = certificate

    def context() -> ssl.SSLContext:
        made = tls.verifying_context(prober.credentials)
        tls.load_identity_text(made, text)
        return made

    return _stranger(prober, peer, context, "with a foreign CA's certificate")


def wrong_cookie(prober: Prober, peer: Peer, cookie: bytes) -> Outcome:
    """Prove another cookie than the cluster's."""
    attempt = prober.attempt(peer)
    try:
        attempt.reach()
        attempt.secure(prober.context())
        attempt.introduce(_refused(prober))
        attempt.prove(cookie)
    except AttemptFailed as failure:
        if failure.stage == "cookie" and failure.symptom.kind == "closed":
            return Outcome(True, "cookie", "closed the connection")
        if isinstance(failure.error, handshake.CookieMismatch):
            return Outcome(False, "cookie", "let a node with a wrong cookie in")
        return _nothing(failure)
    except tls.LocalFileError as error:
        return Outcome(None, "tls", str(error))
    finally:
        attempt.close()
    return Outcome(False, "cookie", "let a node with a wrong cookie in")


def wrong_name(prober: Prober, peer: Peer, claimed: str) -> Outcome:
    """Show our own valid certificate, and claim a name of another host."""
    attempt = prober.attempt(peer)
    me = _refused(prober)._replace(name=claimed)
    try:
        attempt.reach()
        attempt.secure(prober.context())
        attempt.introduce(me)
    except AttemptFailed as failure:
        found = failure.symptom
        if (found.stage, found.kind) == ("handshake", "closed"):
            return Outcome(True, "handshake", "closed the connection")
        if found.kind == "status":
            held = found.code == "not_allowed"
            return Outcome(held, "handshake", "answered %s to the name %s" % (found.code, claimed))
        return _nothing(failure)
    except tls.LocalFileError as error:
        return Outcome(None, "tls", str(error))
    finally:
        attempt.close()
    return Outcome(False, "handshake", "took a node of this host for %s" % claimed)


def packet_filter(network: Network, peer: Peer, port: int, reset_counts: bool = False) -> Outcome:
    """Try to open a TCP connection from a host that is no peer.

    Dropped (nothing comes back) and rejected (an ICMP error) are held. A reset is what a closed port without any
    filter answers too, and counts only if reset_counts says that the filter on the way resets.
    """
    try:
        addresses = list(peer.addresses) or network.resolve(peer.host)
    except OSError as error:
        return Outcome(None, "resolve", diagnosis.describe(error))
    outcomes = [_connection(network, address, port, reset_counts) for address in addresses]
    for verdict in (False, None):
        for outcome in outcomes:
            if outcome.held is verdict:
                return outcome
    return outcomes[0] if outcomes else Outcome(None, "resolve", "no address is known")


def local_account(place: str, ended: int | None) -> Outcome:
    """Judge how an attempt of an account without business at a node's port ended, where root's comes through: ``ended`` is
    0, an error number, or None where nobody could be made to try.
    """
    if ended is None:
        return Outcome(None, "connect", "nothing was tried: only root can try as another account")
    if ended == 0:
        return Outcome(False, "connect", "an account that is neither root nor a node's reached %s" % place)
    if ended == errno.ETIMEDOUT:
        return Outcome(True, "connect", "dropped: nothing came back from %s" % place)
    return Outcome(True, "connect", "rejected: %s (%s)" % (place, os.strerror(ended)))


def attempt_wall(prober: Prober, peer: Peer, wall: str, wrong: WrongCredentials, others: Sequence[str]) -> Outcome:
    """Make the attempt of that name (one of INSIDE); others are the cluster's node names, at the host of one of which
    wrong_name claims to be.
    """
    if wall == "wrong_name":
        return wrong_name(prober, peer, claimable(prober.host, peer, others))
    if wall == "wrong_cookie":
        return wrong_cookie(prober, peer, wrong.wrong_cookie)
    if wall == "foreign_ca":
        return foreign_ca(prober, peer, wrong.foreign_certificate)
    return no_certificate(prober, peer) if wall == "no_certificate" else plain(prober, peer)


def claimable(own_host: str, peer: Peer, others: Sequence[str]) -> str:
    """Return a name that our certificate does not carry: one at a third node's host if there is one, as the peer's table
    allows every name at that host to who has its certificate.
    """
    foreign = [node for node in others if node_name.parsed(node).host != own_host]
    third = [node for node in foreign if node != peer.node]
    host = node_name.parsed([*third, *foreign, NOBODY][0]).host
    return "%s@%s" % (REFUSED, host)


def unproven(fault: diagnosis.Fault) -> Outcome:
    """Return the outcome of a wall at a node that a correct connection does not reach."""
    return Outcome(None, "connect", "nothing is proven, as a correct connection fails too: %s" % fault.cause)


def _refused(prober: Prober) -> handshake.Name:
    """Return the name message of an attempt that is to be refused. The name is always the same: a node never forgets one."""
    return handshake.hidden_name(prober.host)._replace(name="%s@%s" % (REFUSED, prober.host))


def _stranger(prober: Prober, peer: Peer, make_context: Callable[[], ssl.SSLContext], how: str) -> Outcome:
    """Try with a context that must not get past TLS."""
    attempt = prober.attempt(peer)
    try:
        context = make_context()
        attempt.reach()
        attempt.secure(context)
        attempt.introduce(_refused(prober))
    except AttemptFailed as failure:
        found = failure.symptom
        if found.kind in ("alert", "client-certificate"):
            return Outcome(True, "tls", "answered with the TLS alert %s" % diagnosis.describe(failure.error))
        if found.kind == "closed":
            return Outcome(True, "tls", "closed the connection")
        if found.kind in ("status", "other-node", "names-mixed"):
            return Outcome(False, "handshake", "TLS let us in %s, status %s" % (how, diagnosis.describe(failure.error)))
        return _nothing(failure)
    except (tls.LocalFileError, OSError, ValueError) as error:
        return Outcome(None, "tls", str(error))
    finally:
        attempt.close()
    return Outcome(False, "handshake", "TLS let us in %s" % how)


def _nothing(failure: AttemptFailed) -> Outcome:
    return Outcome(None, failure.stage, "the attempt came to nothing: %s" % diagnosis.describe(failure.error))


def _answer(attempt: Attempt, request: bytes) -> bytes:
    """Send bytes and return the first that come back, none at the end of the stream."""
    stream = attempt.plain
    if stream is None:
        return b""
    stream.settimeout(attempt.deadline.remaining())
    stream.sendall(request)
    stream.settimeout(attempt.deadline.remaining())
    return stream.recv(512)


def _connection(network: Network, address: str, port: int, reset_counts: bool) -> Outcome:
    where = "port %d of %s" % (port, address)
    deadline = Deadline(FILTER_SECONDS)
    try:
        network.connect(address, port, deadline.remaining()).close()
    except (socket.timeout, TimeoutError):
        return Outcome(True, "connect", "dropped: nothing came back from %s" % where)
    except ConnectionRefusedError:
        if reset_counts:
            return Outcome(True, "connect", "rejected: %s answered with a reset" % where)
        return Outcome(
            None,
            "connect",
            "rejected: %s answered with a reset, as a closed port without any packet filter does" % where,
        )
    except OSError as error:
        if error.errno in (errno.EHOSTUNREACH, errno.ECONNRESET):
            return Outcome(True, "connect", "rejected: %s (%s)" % (where, diagnosis.describe(error)))
        return Outcome(None, "connect", "nothing was tried: %s (%s)" % (where, diagnosis.describe(error)))
    return Outcome(False, "connect", "%s accepted a connection" % where)
