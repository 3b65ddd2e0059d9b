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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import certificate, der, pem
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.channel import Deadline
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import tls_names

FILE_LIMIT = 1024 * 1024
"""Bytes of a PEM file that are read."""

_NO_PAIR = "it does not hold a certificate and its private key in PEM form"

COOKIE_LIMIT = 4096
"""Bytes of a cookie file that are read."""

_AFTER_LINE = re.compile(rb"[\r\n][\r\n ]*\Z")
_PRINTABLE = re.compile(rb"[ -~]*")

CIPHERS = "DEFAULT:!aNULL:!eNULL:@SECLEVEL=0"
"""What OpenSSL may use. Its level stands for the policy of the host, which OTP does not heed: it has its own."""

VERSIONS = {name: ssl.TLSVersion[name.replace(".", "_")] for name in tls_names.VERSIONS.values()}
"""What Python calls the versions, and what it sets them by."""


class LocalFileError(Exception):
    """A file of this host does not serve.

    ``kind`` is ``certificate``, ``trust`` or ``cookie``, ``problem`` is ``unreadable``, ``invalid``, ``mismatch``,
    ``encrypted``, ``rights``, ``empty`` or ``not-root``.
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
    says of files why the node's account cannot read them, whoever reads them here. ``ciphers`` and ``groups`` are those that the node
    takes, as OTP names them, None where it takes what it knows. ``revoked_keys`` are the digests of keys whose certificates it refuses.
    """

    certfile: str
    cacertfile: str
    minimum_version: str = "TLSv1.3"
    keyfile: str | None = None
    maximum_version: str | None = None
    revocations: str | None = None
    barred: Mapping[str, str] = {}
    ciphers: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    revoked_keys: frozenset[str] = frozenset()


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
    anchors = _anchors(path)
    if credentials.revocations:
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    try:
        context.load_verify_locations(capath=credentials.revocations, cadata=b"".join(anchors))
    except ssl.SSLError as error:
        raise LocalFileError("trust", "invalid", path, "it holds no certificate in PEM form") from error
    except OSError as error:
        raise LocalFileError("trust", "unreadable", path, _reason(error)) from error
    return context


def _anchors(path: str) -> list[bytes]:
    """Return the roots in a trust bundle as OTP takes them, which leaves out what it cannot read; raise LocalFileError."""
    found = _roots(path)
    for _root, seen in found:
        if not seen.own_issuer:
            raise LocalFileError("trust", "not-root", path, "%s in it was issued by another" % (seen.subject or "a certificate"))
    if not found:
        raise LocalFileError("trust", "invalid", path, "it holds no certificate in PEM form")
    return [certificate.anchor(root) for root, _seen in found]


def _roots(path: str) -> list[tuple[bytes, certificate.Certificate]]:
    """Return the certificates in a trust bundle, and what they say; raise LocalFileError."""
    found = []
    for root in pem.contents(_text("trust", path)):
        try:
            found.append((root, certificate.read(root)))
        except certificate.CertificateError:
            continue
    return found


def _text(kind: str, path: str) -> str:
    """Return what a PEM file holds; raise LocalFileError."""
    try:
        with open(path, "rb") as stream:
            content = stream.read(FILE_LIMIT + 1)
    except OSError as error:
        raise LocalFileError(kind, "unreadable", path, _reason(error)) from error
    if len(content) > FILE_LIMIT:
        raise LocalFileError(kind, "invalid", path, "it is longer than %d bytes" % FILE_LIMIT)
    return content.decode("latin-1")


def node_context(credentials: Credentials) -> ssl.SSLContext:
    """Return the context of the node itself: it verifies and presents the node's certificate; raise LocalFileError."""
    context = verifying_context(credentials)
    load_identity(context, credentials, [root for root, _seen in _roots(credentials.cacertfile)])
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
    _restrict(context, credentials)
    return context


def _restrict(context: ssl.SSLContext, credentials: Credentials) -> None:
    """Take no more than the node does, as far as Python can say so: the cipher suites of TLS 1.2, and one group.

    Python (before 3.15) cannot choose among the cipher suites of TLS 1.3, nor give several groups: a connection comes about then with
    others of them as well. That two nodes share none is seen where their options are compared (report, causes.py). In TLS 1.2 OpenSSL takes
    a group for that of certificates as well, and OTP does not (RFC 8422, section 5.1.1), so that none is given there.
    """
    names = [tls_names.CIPHERS[tls_names.TLS_1_2].get(cipher) for cipher in credentials.ciphers or ()]
    known = [name for name in names if name is not None]
    if known:
        context.set_ciphers(":".join(known) + ":@SECLEVEL=0")
    if credentials.groups is not None and len(credentials.groups) == 1 and context.minimum_version == ssl.TLSVersion.TLSv1_3:
        # A library that does not know the group, or not as one for ECDH (OpenSSL 1.1.1 and x25519), goes on with its own.
        with suppress(ssl.SSLError, ValueError):
            context.set_ecdh_curve(tls_names.GROUPS.get(credentials.groups[0], credentials.groups[0]))


def load_identity(context: ssl.SSLContext, credentials: Credentials, roots: Sequence[bytes] = ()) -> None:
    """Load the node's certificate and private key; raise LocalFileError.

    Where the file holds that certificate alone, the one of the roots that issued it is shown with it, as OpenSSL does by
    itself; it would show the root as the context has it.
    """
    for path in (credentials.certfile, credentials.keyfile or credentials.certfile):
        _refuse_barred("certificate", path, credentials.barred)
    _load_pair(context, credentials.certfile, credentials.keyfile, roots)


def _load_pair(context: ssl.SSLContext, path: str, keyfile: str | None = None, roots: Sequence[bytes] = ()) -> None:
    """Load what OTP reads of the files: of a file with two keys it takes none."""
    certificates = _wanted(path, (pem.CERTIFICATE,))
    keys = _wanted(keyfile or path, pem.KEYS)
    if not certificates or not keys:
        raise LocalFileError("certificate", "invalid", path, _NO_PAIR)
    if any(key.encrypted for key in keys):
        raise LocalFileError("certificate", "encrypted", path, "the private key in it is encrypted")
    if len(keys) > 1:
        raise LocalFileError("certificate", "invalid", path, "it holds %d private keys, and a node reads one" % len(keys))
    try:
        own, *chain = [certificate.read(each.content) for each in certificates]
        issuers = [root for root in roots if not chain and own.issued_by(certificate.read(root))]
        certificates += [pem.Entry(pem.CERTIFICATE, root) for root in issuers[:1]]
        with _in_memory("".join(each.text for each in [*keys, *certificates])) as place:
            context.load_cert_chain(place, password=lambda: "")
    except ssl.SSLError as error:
        if "MISMATCH" in (error.reason or ""):
            raise LocalFileError("certificate", "mismatch", path, "the private key is not the certificate's") from error
        raise LocalFileError("certificate", "invalid", path, _NO_PAIR) from error
    except ValueError as error:
        raise LocalFileError("certificate", "invalid", path, str(error)) from error


def _wanted(path: str, labels: Sequence[str]) -> list[pem.Entry]:
    """Return what a PEM file holds of some kinds, certificates without what OTP does not read of them; raise
    LocalFileError.
    """
    try:
        found = [entry for entry in pem.entries(_text("certificate", path)) if entry.label in labels]
    except pem.PemError as error:
        raise LocalFileError("certificate", "invalid", path, str(error)) from error
    return [entry._replace(content=der.first(entry.content)) for entry in found]


@contextmanager
def _in_memory(text: str) -> Iterator[str]:
    """Yield the path of a file that is nowhere but in the memory of this process."""
    descriptor = os.memfd_create("node")
    try:
        with open(descriptor, "w", encoding="ascii", closefd=False) as stream:
            stream.write(text)
        yield "/proc/self/fd/%d" % descriptor
    finally:
        os.close(descriptor)


def load_identity_text(context: ssl.SSLContext, text: str) -> None:
    """Load a certificate and private key given as PEM text; raise LocalFileError."""
    with _in_memory(text) as place:
        _load_pair(context, place)


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


def shown(secured: ssl.SSLSocket) -> list[bytes]:
    """Return the certificates that the peer sent, as DER, its own first.

    Python tells of those behind the first from 3.10 on, and openly from 3.13 on; before, there is the first alone.
    """
    own = secured.getpeercert(binary_form=True)
    if hasattr(secured, "get_unverified_chain"):
        return list(secured.get_unverified_chain())
    tell = getattr(getattr(secured, "_sslobj", None), "get_unverified_chain", None)
    if tell is not None:
        return [ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in tell() or ()]
    return [own] if own else []


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
