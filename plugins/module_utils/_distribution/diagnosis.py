# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What went wrong with an edge, in one sentence, and what to do about it, in another.

``symptom`` turns an exception into what the catalogue speaks of; ``explain`` looks it up and fills its sentences in
with the names of the attempt. Codes of certificates are those of OpenSSL's X509_STORE_CTX_get_error(3).
"""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Mapping
from typing import Any, NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import channel, epmd, handshake, tls
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.catalogue import CATALOGUE
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.fault_entry import (
    OWN,
    WAY,
    Entry,
    Symptom,
)

VERIFY_CODES = {
    "2": "unknown-ca",
    "3": "crl-missing",
    "7": "unknown-ca",
    "9": "not-yet-valid",
    "10": "expired",
    "12": "crl-expired",
    "18": "unknown-ca",
    "19": "unknown-ca",
    "20": "unknown-ca",
    "21": "unknown-ca",
    "23": "revoked",
    "26": "purpose",
    "62": "name",
    "64": "name",
}
"""What OpenSSL finds wrong with a server's certificate, in the words of the catalogue."""

CLIENT_ALERTS = {
    "ACCESS_DENIED": "refused",
    "BAD_CERTIFICATE": "refused",
    "CERTIFICATE_EXPIRED": "expired",
    "CERTIFICATE_REQUIRED": "required",
    "CERTIFICATE_REVOKED": "revoked",
    "CERTIFICATE_UNKNOWN": "refused",
    "DECRYPT_ERROR": "refused",
    "UNKNOWN_CA": "unknown-ca",
    "UNSUPPORTED_CERTIFICATE": "refused",
}
"""Alerts by which a server speaks of our own certificate."""


NAMES = (
    "address", "cacertfile", "certfile", "cookie_file", "detail", "epmd_port", "from", "host", "node", "own_host", "port", "timeout", "to", "walls",
)  # fmt: skip
"""What sentences of an entry may use besides ``owner``."""

_BY_ID = {each.id: each for each in CATALOGUE}


class CertificateRefused(Exception):
    """OpenSSL takes a certificate, and nodes do not.

    ``kind`` is ``certificate`` for that of the peer and ``client-certificate`` for our own, ``code`` the word of the
    catalogue.
    """

    def __init__(self, kind: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.code = code


class OtherNode(Exception):
    """Another node than the one meant answered."""


class NamesMixed(Exception):
    """The node meant answered with a short name where its name is long, or the other way round."""


class EpmdPortNotOpen(Exception):
    """The port that epmd names is not the planned one, and does not answer; ``__cause__`` says how."""


class EpmdUnreachable(Exception):
    """No connection with the peer's epmd came about; ``__cause__`` says why."""


class CallRefused(Exception):
    """A node could not carry out a call; hidden_node.BadRpc is one."""


class Fault(NamedTuple):
    """An entry with its sentences filled in; ``host`` is the host part of the node where the remedy is, None if it is
    between the hosts. ``names`` are what the sentences were filled in with, so that those of several faults can become
    one.
    """

    id: str
    host: str | None
    cause: str
    remedy: str
    transient: bool
    names: tuple[tuple[str, str], ...] = ()

    def as_result(self) -> dict[str, Any]:
        """Return the FAULT of a module's result."""
        return {
            "id": self.id,
            "host": self.host,
            "cause": self.cause,
            "remedy": self.remedy,
            "names": dict(self.names),
        }


def entry(name: str) -> Entry:
    """Return the catalogue's entry of that id; raise KeyError."""
    return _BY_ID[name]


def known(name: str) -> bool:
    """Tell whether the catalogue has an entry of that id."""
    return name in _BY_ID


def entry_of(found: Symptom) -> Entry:
    """Return the catalogue's first entry that has the symptom."""
    return next(each for each in CATALOGUE if any(pattern.matches(found) for pattern in each.symptoms))


def explain(found: Symptom, names: Mapping[str, object]) -> Fault:
    """Return the fault of a symptom, with its sentences filled in from names; what is missing reads as ``?``.

    ``names`` holds what the sentences of an Entry may use, but for ``owner``, which follows from it.
    """
    found_entry = entry_of(found)
    at = OWN if found.stage == "host" else found_entry.at
    host = None if at == WAY else names.get("own_host" if at == OWN else "host")
    told = {key: str(value) for key, value in names.items() if value is not None and key in NAMES}
    cause, remedy = sentences(found_entry, {**told, "owner": str(host or "?")})
    return Fault(
        found_entry.id,
        None if host is None else str(host),
        cause,
        remedy,
        found_entry.transient,
        tuple((key, value) for key, value in told.items() if "{%s}" % key in found_entry.cause + found_entry.remedy),
    )


def sentences(told: Entry, names: Mapping[str, str]) -> tuple[str, str]:
    """Return cause and remedy of an entry with names filled in; what is missing reads as ``?``."""
    values = Names(names)
    return told.cause.format_map(values), told.remedy.format_map(values)


def symptom(stage: str, error: BaseException) -> Symptom:
    """Return how an exception shows at a stage."""
    kind, code = _kind(error)
    return Symptom(stage, kind, code)


def describe(error: BaseException) -> str:
    """Return an exception in a few words, without the source positions that OpenSSL puts into its own."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return str(error.verify_message).rstrip(".")
    alert = alert_of(error)
    if alert:
        return alert.lower()
    if isinstance(error, ssl.SSLError):
        return (error.reason or error.strerror or type(error).__name__).lower().replace("_", " ")
    if isinstance(error, (EpmdUnreachable, EpmdPortNotOpen)) and error.__cause__ is not None:
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
    found = re.fullmatch(r"TLSV1_(UNRECOGNIZED_NAME|UNSUPPORTED_EXTENSION|CERTIFICATE_UNOBTAINABLE|BAD_CERTIFICATE_.*)", reason)
    return found.group(1) if found else None


class Names(dict):  # type: ignore[type-arg]  # dict takes no parameters at run time on Python 3.8
    """What sentences are filled in with; what is missing reads as ``?``."""

    def __missing__(self, key: str) -> str:
        return "?"


def _kind(error: BaseException) -> tuple[str, str]:
    """Return kind and code; the order matters, as SSLError and gaierror are OSErrors."""
    if isinstance(error, EpmdUnreachable) and error.__cause__ is not None:
        kind, code = _kind(error.__cause__)
        return "epmd", code if kind == "os" else kind
    if isinstance(error, CertificateRefused):
        return error.kind, error.code
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
    ((NamesMixed,), "names-mixed", ""),
    ((EpmdPortNotOpen,), "epmd-port", ""),
    ((handshake.CookieMismatch,), "cookie", ""),
    ((CallRefused,), "badrpc", ""),
    ((handshake.MalformedMessage, channel.FrameTooLong), "malformed", ""),
    ((epmd.EpmdNoSuchName,), "epmd", "no-such-name"),
    ((epmd.EpmdError,), "epmd", "malformed"),
)


def _tls_kind(error: ssl.SSLError) -> tuple[str, str]:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "certificate", VERIFY_CODES.get(str(error.verify_code), "other")
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return "closed", ""
    if isinstance(error, ssl.SSLWantReadError) or "timed out" in str(error):
        return "timeout", ""
    alert = alert_of(error)
    if alert in CLIENT_ALERTS:
        return "client-certificate", CLIENT_ALERTS[alert]
    if alert:
        return "alert", alert
    reason = (error.reason or "").upper().replace(" ", "_")
    return ("closed", "") if "UNEXPECTED_EOF" in reason else ("tls", reason)


def _resolver_code(error: socket.gaierror) -> str:
    names = [name for name in dir(socket) if name.startswith("EAI_") and getattr(socket, name) == error.errno]
    return names[0] if names else ""
