# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The private CA and the certificates that it issued, read on the controller.

Rules: RFC 5280 (basic constraints 4.2.1.9, key usage 4.2.1.3, extended key usage 4.2.1.12, validity 4.1.2.5) and
Erlang/OTP, "Using TLS for Erlang Distribution" (the host part of a node name is in the subject alternative name).
"""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils.cluster.faults import InputError

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import serialization
    from cryptography.x509.oid import ExtendedKeyUsageOID
except ImportError as error:
    CRYPTOGRAPHY_MISSING: ImportError | None = error
else:
    CRYPTOGRAPHY_MISSING = None


def check_ca(key: bytes | None, certificate: bytes | None, passphrase: str | None, now: datetime.datetime) -> None:
    """Holds the files of a CA and its passphrase against each other.

    ``key`` and ``certificate`` are the contents of ``ca.key`` and ``ca.pem``, None where there is no such file.
    Raises InputError, whose problem goes on from the name of the passphrase's variable.
    """
    if key is None:
        if certificate is not None:
            raise InputError(
                "has no key to open: ca.pem is there, and ca.key is not",
                "put ca.key back from your backup, or move ca.pem away to begin with a new CA",
            )
        return
    if passphrase is None:
        raise InputError(
            "is not set, and there is no file ca.passphrase beside ca.key", "set it to the passphrase of ca.key"
        )
    private = _open_key(key, passphrase)
    if certificate is None:
        return
    try:
        ca = x509.load_pem_x509_certificate(certificate)
    except ValueError:
        raise InputError(
            "opens ca.key, but ca.pem beside it is no certificate", "put ca.pem back from your backup"
        ) from None
    if _public(ca.public_key()) != _public(private.public_key()):
        raise InputError(
            "opens ca.key, but ca.pem beside it is the certificate of another key",
            "put back the ca.pem that belongs to ca.key",
        )
    if ca.not_valid_after_utc <= now:
        raise InputError(
            "opens a CA that expired on %s" % ca.not_valid_after_utc.date(),
            "move ca.key and ca.pem away to begin with a new CA",
        )


def _open_key(key: bytes, passphrase: str) -> t.Any:
    wrong = InputError("does not open ca.key", "set it to the passphrase that ca.key was made with")
    try:
        return serialization.load_pem_private_key(key, passphrase.encode())
    except TypeError:
        raise InputError(
            "is set, but ca.key is not encrypted", "encrypt ca.key with it (openssl pkey -aes256)"
        ) from None
    except ValueError as error:
        if b"ENCRYPTED" not in key:
            raise InputError(
                "has no key to open: ca.key is no private key", "put ca.key back from your backup"
            ) from None
        raise wrong from error


def _public(key: t.Any) -> bytes:
    return t.cast(bytes, key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))


def certificate_faults(
    found: t.Mapping[str, t.Any] | None, ca_pem: str, host: str, renew_before_days: int, now: datetime.datetime
) -> list[str]:
    """Why a node needs a new certificate, one reason a sentence part; empty if the one it has will do.

    ``found`` is the survey's certificate (``pem``, ``key_matches``) or None, ``ca_pem`` the CA's certificate (empty if
    there is none), ``host`` the host part of the node name.
    """
    if not found or not found.get("pem"):
        return ["it has no certificate"]
    try:
        leaf = x509.load_pem_x509_certificate(str(found["pem"]).encode())
    except ValueError:
        return ["its certificate cannot be read"]
    faults: list[str] = []
    if not found.get("key_matches"):
        faults.append("its key does not belong to its certificate")
    if not _issued_by(leaf, ca_pem):
        faults.append("its certificate is not from this CA")
    if host.lower() not in (name.lower() for name in _dns_names(leaf)):
        faults.append("its certificate is not for %s" % host)
    missing = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH} - set(_extended_usages(leaf))
    if missing:
        faults.append("its certificate lacks the extended key usage of a server and a client")
    if leaf.not_valid_before_utc > now:
        faults.append("its certificate is not valid before %s" % leaf.not_valid_before_utc.date())
    left = leaf.not_valid_after_utc - now
    if left <= datetime.timedelta(0):
        faults.append("its certificate expired on %s" % leaf.not_valid_after_utc.date())
    elif left < datetime.timedelta(days=renew_before_days):
        faults.append("its certificate expires in %d days" % left.days)
    return faults


def _issued_by(leaf: t.Any, ca_pem: str) -> bool:
    if not ca_pem.strip():
        return False
    try:
        leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(ca_pem.encode()))
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _dns_names(leaf: t.Any) -> list[str]:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return list(names.get_values_for_type(x509.DNSName))


def _extended_usages(leaf: t.Any) -> list[t.Any]:
    try:
        return list(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return []
