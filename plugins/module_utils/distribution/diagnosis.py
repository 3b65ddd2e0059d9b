# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What went wrong with an edge, in one sentence, and what to do about it, in another.

The catalogue is data: an entry is recognised by its symptoms (the stage an attempt ended in, and what ended it), and
its sentences are filled in with the names of the attempt. ``symptom`` turns an exception into what the catalogue
speaks of; ``explain`` looks it up. Alert names are those of RFC 8446, section 6; verification codes those of OpenSSL's
X509_STORE_CTX_get_error(3).
"""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Mapping
from typing import NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils.distribution import channel, epmd, handshake, tls

STAGES = ("resolve", "connect", "tls", "handshake", "cookie")
"""The stages of an attempt, in their order."""

ANY = "*"


class OtherNode(Exception):
    """Another node than the one meant answered."""


class PlainNode(Exception):
    """A node without TLS answers at the port."""


class EpmdUnreachable(Exception):
    """No connection with the peer's epmd came about; ``__cause__`` says why."""


class CallRefused(Exception):
    """A node could not carry out a call; hidden_node.BadRpc is one."""


class Symptom(NamedTuple):
    """How a fault shows: the stage it ended, the kind of ending, a code within that kind. ANY matches every value."""

    stage: str
    kind: str
    code: str = ANY

    def matches(self, other: Symptom) -> bool:
        """Tell whether other is an instance of this pattern."""
        return all(mine in (ANY, theirs) for mine, theirs in zip(self, other))


class Entry(NamedTuple):
    """One fault of the catalogue.

    The sentences may use ``{node}``, ``{host}``, ``{address}``, ``{port}``, ``{epmd_port}``, ``{own_host}``,
    ``{certfile}``, ``{cacertfile}``, ``{cookie_file}``, ``{timeout}`` (seconds) and ``{detail}``. ``transient`` says
    that it may pass by itself while a node starts.
    """

    id: str
    symptoms: tuple[Symptom, ...]
    cause: str
    remedy: str
    transient: bool = False


class Fault(NamedTuple):
    """An entry with its sentences filled in."""

    id: str
    cause: str
    remedy: str
    transient: bool

    def as_result(self) -> dict[str, str]:
        """Return the FAULT of a module's result."""
        return {"id": self.id, "cause": self.cause, "remedy": self.remedy}


CATALOGUE = (
    Entry(
        "certificate-file-unreadable",
        (Symptom(ANY, "file", "certificate-unreadable"),),
        "The node's own certificate and key cannot be read on this host ({detail}).",
        "Run the role erlang_certs for this host, and run the check as root or as the node's account.",
    ),
    Entry(
        "certificate-file-invalid",
        (Symptom(ANY, "file", "certificate-invalid"),),
        "The node's own certificate file does not hold a certificate and its private key ({detail}).",
        "Have a new certificate issued: run the role erlang_certs for this host.",
    ),
    Entry(
        "certificate-key-mismatch",
        (Symptom(ANY, "file", "certificate-mismatch"),),
        "The private key in {certfile} is not the one its certificate was issued for.",
        "Have a new certificate issued: run the role erlang_certs for this host.",
    ),
    Entry(
        "certificate-key-encrypted",
        (Symptom(ANY, "file", "certificate-encrypted"),),
        "The private key in {certfile} is encrypted, and a node starts without anybody to type a passphrase.",
        "Store the key without a passphrase, readable for root and the node's group alone.",
    ),
    Entry(
        "trust-file-unreadable",
        (Symptom(ANY, "file", "trust-unreadable"),),
        "The trust bundle cannot be read on this host ({detail}).",
        "Run the role erlang_certs for this host, and run the check as root or as the node's account.",
    ),
    Entry(
        "trust-file-invalid",
        (Symptom(ANY, "file", "trust-invalid"),),
        "The trust bundle {cacertfile} holds no certificate.",
        "Run the role erlang_certs for this host; it writes the cluster's CA there.",
    ),
    Entry(
        "cookie-file-unreadable",
        (Symptom(ANY, "file", "cookie-unreadable"),),
        "The cookie cannot be read on this host ({detail}).",
        "Run the role erlang_node for this host, and run the check as root or as the node's account.",
    ),
    Entry(
        "cookie-file-empty",
        (Symptom(ANY, "file", "cookie-empty"),),
        "The file {cookie_file} holds no cookie.",
        "Run the role erlang_node for this host; it writes the cluster's cookie there.",
    ),
    Entry(
        "cookie-file-invalid",
        (Symptom(ANY, "file", "cookie-invalid"),),
        "The cookie in {cookie_file} holds characters that a node does not accept in one.",
        "Run the role erlang_node for this host; it writes the cluster's cookie there.",
    ),
    Entry(
        "name-unknown",
        (
            Symptom("resolve", "name", "EAI_NONAME"),
            Symptom("resolve", "name", "EAI_NODATA"),
            Symptom("resolve", "name", "EAI_ADDRFAMILY"),
        ),
        "The host part {host} does not resolve to an address on this host.",
        "Add {host} to DNS or to /etc/hosts here, or set erlang_node_addresses of that host and use discovery map.",
    ),
    Entry(
        "resolver-unavailable",
        (Symptom("resolve", "name", ANY),),
        "This host's resolver did not answer for {host} ({detail}).",
        "Check /etc/resolv.conf and the name servers of this host.",
        transient=True,
    ),
    Entry(
        "resolve-timeout",
        (Symptom("resolve", "timeout"),),
        "Finding out where {node} listens took longer than {timeout} seconds.",
        "Check the name servers of this host; a dead one makes every look-up slow.",
        transient=True,
    ),
    Entry(
        "epmd-down",
        (Symptom("resolve", "epmd", "ECONNREFUSED"),),
        "No epmd listens on port {epmd_port} of {address}.",
        "Start epmd on {host}, or use discovery port, which needs none.",
        transient=True,
    ),
    Entry(
        "epmd-filtered",
        (Symptom("resolve", "epmd", "timeout"),),
        "Nothing came back from epmd's port {epmd_port} of {address} within {timeout} seconds: a packet filter drops "
        "it.",
        "Open TCP port {epmd_port} of {host} to this host in every firewall on the way, or use discovery port.",
    ),
    Entry(
        "epmd-name-unknown",
        (Symptom("resolve", "epmd", "no-such-name"),),
        "epmd on {host} runs, and does not know {node}.",
        "Start the node; if it runs, restart it, so that it registers again.",
        transient=True,
    ),
    Entry(
        "epmd-foreign",
        (Symptom("resolve", "epmd", "malformed"), Symptom("resolve", "epmd", "closed")),
        "What listens on port {epmd_port} of {address} is no epmd ({detail}).",
        "Find out what took that port on {host} and move it, or set erlang_cluster_epmd_port.",
    ),
    Entry(
        "epmd-unreachable",
        (Symptom("resolve", "epmd", ANY),),
        "No connection with epmd on port {epmd_port} of {address}: {detail}.",
        "Check routes and firewalls between this host and {host}.",
        transient=True,
    ),
    Entry(
        "connection-refused",
        (Symptom("connect", "os", "ECONNREFUSED"),),
        "Nothing listens on TCP port {port} of {address}, or a firewall rejects it.",
        "Start the node on {host} and check that it listens on that port.",
        transient=True,
    ),
    Entry(
        "connection-filtered",
        (Symptom("connect", "timeout"),),
        "Nothing came back from TCP port {port} of {address} within {timeout} seconds: a packet filter on the way "
        "drops it, or the host is down.",
        "Open TCP port {port} of {address} to this host in every firewall on the way; the playbook firewall_plan "
        "lists the rules.",
        transient=True,
    ),
    Entry(
        "connection-no-route",
        (Symptom("connect", "os", "EHOSTUNREACH"), Symptom("connect", "os", "ENETUNREACH")),
        "No way leads from this host to {address}: {detail}.",
        "Check the routes of both hosts, and whether a firewall on the way rejects TCP port {port}.",
        transient=True,
    ),
    Entry(
        "connection-prohibited",
        (Symptom("connect", "os", "EACCES"), Symptom("connect", "os", "EPERM")),
        "This host's own packet filter does not let connections out to TCP port {port} of {address}.",
        "Allow that connection in the output rules of this host.",
    ),
    Entry(
        "connection-failed",
        (Symptom("connect", ANY),),
        "The connection to TCP port {port} of {address} failed: {detail}.",
        "Check the network between this host and {host}.",
        transient=True,
    ),
    Entry(
        "plain-node",
        (Symptom("tls", "plain-node"),),
        "{node} runs, without TLS: it answers a plain distribution handshake at port {port}.",
        "Run the role erlang_node for that host; every node of a cluster must be stopped before the first one starts "
        "with TLS.",
    ),
    Entry(
        "tls-not-spoken",
        (
            Symptom("tls", "tls", "WRONG_VERSION_NUMBER"),
            Symptom("tls", "tls", "PACKET_LENGTH_TOO_LONG"),
            Symptom("tls", "tls", "RECORD_LAYER_FAILURE"),
            Symptom("tls", "tls", "UNKNOWN_PROTOCOL"),
            Symptom("tls", "tls", "HTTP_REQUEST"),
        ),
        "What listens on port {port} of {address} does not speak TLS.",
        "Find out what took that port on {host}; a node of this cluster must listen there.",
    ),
    Entry(
        "tls-version",
        (
            Symptom("tls", "alert", "PROTOCOL_VERSION"),
            Symptom("tls", "tls", "UNSUPPORTED_PROTOCOL"),
            Symptom("tls", "tls", "NO_PROTOCOLS_AVAILABLE"),
            Symptom("tls", "tls", "WRONG_SSL_VERSION"),
        ),
        "{node} offers no TLS version that this check accepts.",
        "Write versions in both parts of that node's TLS options file (OTP before 29 speaks TLS 1.2 only unless "
        "told), and restart it.",
    ),
    Entry(
        "tls-no-shared-cipher",
        (
            Symptom("tls", "alert", "HANDSHAKE_FAILURE"),
            Symptom("tls", "alert", "INSUFFICIENT_SECURITY"),
            Symptom("tls", "tls", "NO_SHARED_CIPHER"),
            Symptom("tls", "tls", "NO_CIPHERS_AVAILABLE"),
        ),
        "{node} and this host found no cipher, group or signature algorithm in common.",
        "Compare ciphers, supported_groups and signature_algs in the TLS options file of that node with the key type "
        "of both certificates.",
    ),
    Entry(
        "server-certificate-expired",
        (Symptom("tls", "certificate", "10"),),
        "The certificate of {node} has expired ({detail}).",
        "Renew it: run the role erlang_certs for {host}, and check that host's clock.",
    ),
    Entry(
        "server-certificate-not-yet-valid",
        (Symptom("tls", "certificate", "9"),),
        "The certificate of {node} is not valid yet ({detail}).",
        "Compare the clocks of this host, of {host} and of the controller.",
    ),
    Entry(
        "server-certificate-unknown-ca",
        (
            Symptom("tls", "certificate", "2"),
            Symptom("tls", "certificate", "18"),
            Symptom("tls", "certificate", "19"),
            Symptom("tls", "certificate", "20"),
            Symptom("tls", "certificate", "21"),
            Symptom("tls", "certificate", "7"),
        ),
        "The certificate of {node} was not issued by a CA that this host trusts ({detail}).",
        "Run the role erlang_certs for both hosts, so that both hold the cluster's CA in {cacertfile}.",
    ),
    Entry(
        "server-certificate-name",
        (Symptom("tls", "certificate", "62"), Symptom("tls", "certificate", "64")),
        "The certificate that {node} shows is not for {host} ({detail}).",
        "Issue one whose subject alternative name is {host}, the host part of the node name; or correct the address "
        "of the peer.",
    ),
    Entry(
        "server-certificate-purpose",
        (Symptom("tls", "certificate", "26"),),
        "The certificate of {node} may not be used by a server.",
        "Issue one with both extended key usages, serverAuth and clientAuth.",
    ),
    Entry(
        "server-certificate-revoked",
        (Symptom("tls", "certificate", "23"),),
        "The certificate of {node} is revoked.",
        "Issue a new one, if the host may still be a member of the cluster.",
    ),
    Entry(
        "server-certificate-invalid",
        (Symptom("tls", "certificate", ANY),),
        "The certificate of {node} does not verify: {detail}.",
        "Look at it with openssl x509 -text, and issue a new one.",
    ),
    Entry(
        "client-certificate-required",
        (Symptom("tls", "alert", "CERTIFICATE_REQUIRED"),),
        "{node} asks for a certificate, and this host showed none.",
        "Check that {certfile} holds this host's certificate.",
    ),
    Entry(
        "client-certificate-unknown-ca",
        (Symptom("tls", "alert", "UNKNOWN_CA"),),
        "{node} does not trust the CA of this host's certificate.",
        "Run the role erlang_certs for both hosts; a node reads a new trust bundle when it is reloaded.",
    ),
    Entry(
        "client-certificate-expired",
        (Symptom("tls", "alert", "CERTIFICATE_EXPIRED"),),
        "{node} says that this host's certificate has expired or is not valid yet.",
        "Renew {certfile} with the role erlang_certs, and compare the clocks of both hosts.",
    ),
    Entry(
        "client-certificate-revoked",
        (Symptom("tls", "alert", "CERTIFICATE_REVOKED"),),
        "{node} says that this host's certificate is revoked.",
        "Issue a new one, if this host may still be a member of the cluster.",
    ),
    Entry(
        "client-certificate-refused",
        (
            Symptom("tls", "alert", "BAD_CERTIFICATE"),
            Symptom("tls", "alert", "CERTIFICATE_UNKNOWN"),
            Symptom("tls", "alert", "UNSUPPORTED_CERTIFICATE"),
            Symptom("tls", "alert", "ACCESS_DENIED"),
            Symptom("tls", "alert", "DECRYPT_ERROR"),
        ),
        "{node} refuses this host's certificate (alert {detail}).",
        "Look at {certfile} with openssl x509 -text: it needs clientAuth, a signature the node accepts, and the name "
        "{own_host}.",
    ),
    Entry(
        "tls-alert",
        (Symptom("tls", "alert", ANY),),
        "{node} ended the TLS handshake with the alert {detail}.",
        "Read that node's log; raise the log level of ssl in its TLS options file if it is silent.",
    ),
    Entry(
        "tls-timeout",
        (Symptom("tls", "timeout"),),
        "Port {port} of {address} accepts connections, and no TLS answer came within {timeout} seconds.",
        "Check on {host} that the node is responsive and that nothing else listens there; over links with a smaller "
        "MTU, check for lost large packets.",
        transient=True,
    ),
    Entry(
        "tls-closed",
        (Symptom("tls", "closed"),),
        "{node} closed the connection during the TLS handshake without a word.",
        "Read the log of that node: its certificate or key may be unreadable to it, or it is going down.",
        transient=True,
    ),
    Entry(
        "tls-failed",
        (Symptom("tls", ANY),),
        "The TLS handshake with {node} failed: {detail}.",
        "Read that node's log, and compare the TLS options files of both hosts.",
    ),
    Entry(
        "node-not-allowed",
        (Symptom("handshake", "status", "not_allowed"),),
        "{node} does not allow nodes of this host: its table lists no node whose host part is {own_host} and in this "
        "host's certificate.",
        "Check that the table of peers on {host} lists this host's node, and that this host's certificate carries "
        "{own_host}; then reload that node.",
        transient=True,
    ),
    Entry(
        "node-busy",
        (Symptom("handshake", "status", "nok"), Symptom("handshake", "status", "alive")),
        "{node} is busy with another connection of the same name (status {detail}).",
        "Try again; if it stays, restart the node that holds the stale connection.",
        transient=True,
    ),
    Entry(
        "other-node",
        (Symptom("handshake", "other-node"),),
        "Another node answers where {node} should: {detail}.",
        "Correct the address or port of {node}, or its node name.",
    ),
    Entry(
        "handshake-closed",
        (Symptom("handshake", "closed"),),
        "{node} took our certificate and closed the connection instead of answering our name: its table lists no host "
        "of our certificate, or it is going down.",
        "Check that the table of peers on {host} lists this host's node, and reload that node; then read its log.",
        transient=True,
    ),
    Entry(
        "handshake-timeout",
        (Symptom("handshake", "timeout"),),
        "TLS with {node} stands, and it did not answer our name within {timeout} seconds.",
        "Check the load of {host}; net_kernel of that node may be blocked.",
        transient=True,
    ),
    Entry(
        "handshake-malformed",
        (Symptom("handshake", "malformed"), Symptom("cookie", "malformed")),
        "What listens on port {port} of {address} speaks TLS, and not the distribution protocol.",
        "Find out what took that port on {host}; a node of this cluster must listen there.",
    ),
    Entry(
        "cookie-mismatch",
        (Symptom("cookie", "closed"), Symptom("cookie", "cookie")),
        "{node} and this host hold different cookies.",
        "Run the role erlang_node for both hosts; a node reads a new cookie when it is restarted.",
    ),
    Entry(
        "cookie-timeout",
        (Symptom("cookie", "timeout"),),
        "{node} did not answer the proof of our cookie within {timeout} seconds.",
        "Check the load of {host}; net_kernel of that node may be blocked.",
        transient=True,
    ),
    Entry(
        "call-timeout",
        (Symptom("call", "timeout"),),
        "{node} let us in and did not answer the call within {timeout} seconds.",
        "Give the call more time, or look at the load of {host}.",
    ),
    Entry(
        "call-failed",
        (Symptom("call", "badrpc"),),
        "{node} could not carry out the call: {detail}.",
        "Check module, function and arguments of the call.",
    ),
    Entry(
        "call-lost",
        (Symptom("call", ANY),),
        "The connection with {node} ended during the call: {detail}.",
        "Check that the node still runs.",
        transient=True,
    ),
    Entry(
        "unexpected",
        (Symptom(ANY, ANY),),
        "The attempt ended at the stage it was in: {detail}.",
        "Read the log of {node}.",
        transient=True,
    ),
)


def symptom(stage: str, error: BaseException) -> Symptom:
    """Return how an exception shows at a stage."""
    kind, code = _kind(error)
    return Symptom(stage, kind, code)


def explain(found: Symptom, names: Mapping[str, object]) -> Fault:
    """Return the catalogue's first entry that has the symptom, with its sentences filled in from names; what is
    missing reads as ``?``.
    """
    entry = next(entry for entry in CATALOGUE if any(pattern.matches(found) for pattern in entry.symptoms))
    values = _Names(names)
    return Fault(entry.id, entry.cause.format_map(values), entry.remedy.format_map(values), entry.transient)


def describe(error: BaseException) -> str:
    """Return an exception in a few words, without the source positions that OpenSSL puts into its own."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return str(error.verify_message).rstrip(".")
    alert = alert_of(error)
    if alert:
        return alert.lower()
    if isinstance(error, ssl.SSLError):
        return (error.reason or error.strerror or type(error).__name__).lower().replace("_", " ")
    if isinstance(error, EpmdUnreachable) and error.__cause__ is not None:
        return describe(error.__cause__)
    if isinstance(error, handshake.Refused):
        return error.status
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def alert_of(error: BaseException) -> str | None:
    """Return the name of the TLS alert that the other side sent, in capitals, or None."""
    if not isinstance(error, ssl.SSLError):
        return None
    reason = (error.reason or "").upper().replace(" ", "_")
    found = re.search(r"ALERT_([A-Z_]+)$", reason)
    if found:
        return found.group(1)
    found = re.fullmatch(
        r"TLSV1_(UNRECOGNIZED_NAME|UNSUPPORTED_EXTENSION|CERTIFICATE_UNOBTAINABLE|BAD_CERTIFICATE_.*)", reason
    )
    return found.group(1) if found else None


class _Names(dict):  # type: ignore[type-arg]  # dict takes no parameters at run time on Python 3.8
    def __missing__(self, key: str) -> str:
        return "?"


def _kind(error: BaseException) -> tuple[str, str]:
    """Return kind and code; the order matters, as SSLError and gaierror are OSErrors."""
    if isinstance(error, EpmdUnreachable) and error.__cause__ is not None:
        kind, code = _kind(error.__cause__)
        return "epmd", code if kind == "os" else kind
    for kinds, kind, code in _OWN:
        if isinstance(error, kinds):
            return kind, code
    if isinstance(error, tls.LocalFileError):
        return "file", "%s-%s" % (error.kind, error.problem)
    if isinstance(error, handshake.Refused):
        return "status", error.status
    if isinstance(error, ssl.SSLError):
        return _tls_kind(error)
    if isinstance(error, socket.gaierror):
        return "name", _resolver_code(error)
    if isinstance(error, (channel.DeadlineExceeded, socket.timeout, TimeoutError)):
        return "timeout", ""
    if isinstance(error, (channel.PeerClosed, ConnectionResetError, BrokenPipeError, ConnectionAbortedError)):
        return "closed", ""
    if isinstance(error, OSError):
        return "os", errno.errorcode.get(error.errno or 0, "")
    return "unexpected", type(error).__name__


_OWN = (
    ((OtherNode,), "other-node", ""),
    ((PlainNode,), "plain-node", ""),
    ((handshake.CookieMismatch,), "cookie", ""),
    ((CallRefused,), "badrpc", ""),
    ((handshake.MalformedMessage, channel.FrameTooLong), "malformed", ""),
    ((epmd.EpmdNoSuchName,), "epmd", "no-such-name"),
    ((epmd.EpmdError,), "epmd", "malformed"),
)


def _tls_kind(error: ssl.SSLError) -> tuple[str, str]:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "certificate", str(error.verify_code)
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return "closed", ""
    if isinstance(error, ssl.SSLWantReadError) or "timed out" in str(error):
        return "timeout", ""
    alert = alert_of(error)
    if alert:
        return "alert", alert
    reason = (error.reason or "").upper().replace(" ", "_")
    return ("closed", "") if "UNEXPECTED_EOF" in reason else ("tls", reason)


def _resolver_code(error: socket.gaierror) -> str:
    names = [name for name in dir(socket) if name.startswith("EAI_") and getattr(socket, name) == error.errno]
    return names[0] if names else ""
