# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node's own TLS and cookie files, and the client side of its TLS connections.

The rules are those of ``inet_tls_dist`` (SSL User's Guide, "Using TLS for Erlang Distribution"): both sides verify,
the server name is the host part of the node name and is held against the certificate's subject alternative names (RFC
6125, RFC 9525).
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import tempfile
from collections.abc import Mapping
from typing import NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils.distribution.channel import Deadline

COOKIE_LIMIT = 4096
"""Bytes of a cookie file that are read."""

_AFTER_LINE = re.compile(rb"[\r\n][\r\n ]*\Z")
_PRINTABLE = re.compile(rb"[ -~]*")

CIPHERS = "DEFAULT:!aNULL:!eNULL:@SECLEVEL=0"
"""What OpenSSL may use. Its level stands for the policy of the host, which OTP does not heed: it has its own."""

VERSIONS = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}


class LocalFileError(Exception):
    """A file of this host does not serve.

    ``kind`` is ``certificate``, ``trust`` or ``cookie``, ``problem`` is ``unreadable``, ``invalid``, ``mismatch``,
    ``encrypted``, ``rights`` or ``empty``.
    """

    def __init__(self, kind: str, problem: str, path: str, reason: str) -> None:
        super().__init__("%s: %s" % (path, reason))
        self.kind = kind
        self.problem = problem
        self.path = path


class Credentials(NamedTuple):
    """What a node brings to one side of a connection: where it keeps its certificate, its private key (in the same file
    unless it is said otherwise) and its trust bundle; and the TLS versions it speaks.

    ``revocations`` is the directory of revocation lists, None where certificates are not held against any. ``barred``
    says of files why the node's account cannot read them, whoever reads them here.
    """

    certfile: str
    cacertfile: str
    minimum_version: str = "TLSv1.3"
    keyfile: str | None = None
    maximum_version: str | None = None
    revocations: str | None = None
    barred: Mapping[str, str] = {}


def read_cookie(path: str, barred: Mapping[str, str] | None = None) -> bytes:
    """Return the cookie in a file as ``auth`` of kernel reads it; raise LocalFileError.

    A cookie is printable ASCII, and nothing but line ends and spaces may follow its line. Nobody but the file's owner
    may have a right to it.
    """
    _refuse_barred("cookie", path, barred or {})
    try:
        with open(path, "rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            content = stream.read(COOKIE_LIMIT)
    except OSError as error:
        raise LocalFileError("cookie", "unreadable", path, _reason(error)) from error
    if mode & 0o077:
        raise LocalFileError("cookie", "rights", path, "its mode is %04o" % (mode & 0o7777))
    cookie = _AFTER_LINE.sub(b"", content)
    if not _PRINTABLE.fullmatch(cookie):
        raise LocalFileError("cookie", "invalid", path, "it holds characters that are not printable ASCII")
    if not cookie:
        raise LocalFileError("cookie", "empty", path, "no cookie is in it")
    return cookie


def verifying_context(credentials: Credentials) -> ssl.SSLContext:
    """Return a client context that verifies the server and presents no certificate; raise LocalFileError."""
    context = unverifying_context(credentials)
    context.verify_mode = ssl.CERT_REQUIRED
    context.check_hostname = True
    context.hostname_checks_common_name = False
    path = credentials.cacertfile
    _refuse_barred("trust", path, credentials.barred)
    if credentials.revocations:
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    try:
        context.load_verify_locations(cafile=path, capath=credentials.revocations)
    except ssl.SSLError as error:
        raise LocalFileError("trust", "invalid", path, "it holds no certificate in PEM form") from error
    except OSError as error:
        raise LocalFileError("trust", "unreadable", path, _reason(error)) from error
    return context


def node_context(credentials: Credentials) -> ssl.SSLContext:
    """Return the context of the node itself: it verifies and presents the node's certificate; raise LocalFileError."""
    context = verifying_context(credentials)
    load_identity(context, credentials)
    return context


def unverifying_context(credentials: Credentials) -> ssl.SSLContext:
    """Return a context to look at a server's certificate with, for a diagnosis after a refusal; nothing is sent
    through it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers(CIPHERS)
    # Widened first: the host's own policy may leave no room for the new lower bound.
    context.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED
    context.minimum_version = VERSIONS[credentials.minimum_version]
    if credentials.maximum_version:
        context.maximum_version = VERSIONS[credentials.maximum_version]
    return context


def load_identity(context: ssl.SSLContext, credentials: Credentials) -> None:
    """Load the node's certificate and private key; raise LocalFileError."""
    for path in (credentials.certfile, credentials.keyfile or credentials.certfile):
        _refuse_barred("certificate", path, credentials.barred)
    _load_pair(context, credentials.certfile, credentials.keyfile)


def _load_pair(context: ssl.SSLContext, path: str, keyfile: str | None = None) -> None:
    encrypted = []

    def refuse() -> str:
        encrypted.append(path)
        return ""

    try:
        context.load_cert_chain(path, keyfile, password=refuse)
    except ssl.SSLError as error:
        if encrypted:
            raise LocalFileError("certificate", "encrypted", path, "the private key in it is encrypted") from error
        if "MISMATCH" in (error.reason or ""):
            raise LocalFileError("certificate", "mismatch", path, "the private key is not the certificate's") from error
        raise LocalFileError(
            "certificate", "invalid", path, "it does not hold a certificate and its private key in PEM form"
        ) from error
    except OSError as error:
        raise LocalFileError("certificate", "unreadable", path, _reason(error)) from error
    except ValueError as error:
        raise LocalFileError("certificate", "encrypted", path, "the private key in it is encrypted") from error


def load_identity_text(context: ssl.SSLContext, pem: str) -> None:
    """Load a certificate and private key given as text, through a private file that is gone afterwards; raise
    LocalFileError.
    """
    descriptor, path = tempfile.mkstemp(prefix="node-verify-", suffix=".pem")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(pem)
        _load_pair(context, path)
    finally:
        os.unlink(path)


def secure(plain: socket.socket, context: ssl.SSLContext, server_name: str, deadline: Deadline) -> ssl.SSLSocket:
    """Return the TLS connection on a connected socket; raise ssl.SSLError, OSError, DeadlineExceeded. The socket is
    closed on failure.
    """
    try:
        plain.settimeout(deadline.remaining())
        return context.wrap_socket(plain, server_hostname=server_name)
    except BaseException:
        plain.close()
        raise


def farewell(secured: ssl.SSLSocket) -> None:
    """Tell the peer that nothing follows (close_notify, RFC 8446 section 6.1), wait for no answer, and close."""
    try:
        secured.settimeout(0)
        secured.unwrap()
    except (OSError, ValueError):
        pass
    finally:
        secured.close()


def _refuse_barred(kind: str, path: str, barred: Mapping[str, str]) -> None:
    if path in barred:
        raise LocalFileError(kind, "unreadable", path, barred[path])


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
