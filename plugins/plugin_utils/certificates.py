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

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import (
    certificate,
    certificate_rules,
    pem,
)

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ImportError as error:
    CRYPTOGRAPHY_MISSING: ImportError | None = error
else:
    CRYPTOGRAPHY_MISSING = None
    # What is raised for what a host sends that is no certificate, and no request for one.
    UNREADABLE = (
        ValueError,
        TypeError,
        OverflowError,
        UnsupportedAlgorithm,
        x509.DuplicateExtension,
        x509.InvalidVersion,
        x509.UnsupportedGeneralNameType,
    )

LONGEST_PEM = 64 * 1024
"""Characters of a host's certificates that are looked at; one has about 800."""

ANEW = "begin anew with erlang_cluster_begin_anew"
"""What to do where a CA is lost, as the rest of a sentence."""
_PARTS = ("private key", "certificate")
_USAGES = {
    "digital_signature": "digitalSignature",
    "content_commitment": "nonRepudiation",
    "key_encipherment": "keyEncipherment",
    "data_encipherment": "dataEncipherment",
    "key_agreement": "keyAgreement",
    "key_cert_sign": "keyCertSign",
    "crl_sign": "cRLSign",
    "encipher_only": "encipherOnly",
    "decipher_only": "decipherOnly",
}


def check_ca(key: bytes | None, ca_pem: bytes | None, passphrase: str | None, now: datetime.datetime) -> None:
    """Holds the files of a CA and its passphrase against each other.

    ``key`` and ``ca_pem`` are the contents of ``ca.key`` and ``ca.pem``, None where there is no such file.
    Raises InputError, whose problem goes on from the name of the passphrase's variable.
    """
    if key is None:
        if ca_pem is not None:
            raise InputError(
                "has no key to open: ca.pem is there, and ca.key is not",
                "put ca.key back from your backup, or move ca.pem away and %s" % ANEW,
            )
        return
    if passphrase is None:
        raise InputError(
            "is not set, and there is no file ca.passphrase beside ca.key",
            "put ca.passphrase back or set it to the passphrase of ca.key; if that is lost, move ca.key and ca.pem away and %s" % ANEW,
        )
    private = _open_key(key, passphrase)
    if ca_pem is None:
        return
    try:
        ca = x509.load_pem_x509_certificate(ca_pem)
    except ValueError:
        raise InputError("opens ca.key, but ca.pem beside it is no certificate", "put ca.pem back from your backup") from None
    if _public(ca.public_key()) != _public(private.public_key()):
        raise InputError(
            "opens ca.key, but ca.pem beside it is the certificate of another key",
            "put back the ca.pem that belongs to ca.key",
        )
    if ca.not_valid_after_utc <= now:
        raise InputError(
            "opens a CA that expired on %s" % ca.not_valid_after_utc.date(),
            "move ca.key and ca.pem away and %s" % ANEW,
        )


def _open_key(key: bytes, passphrase: str) -> t.Any:
    wrong = InputError("does not open ca.key", "set it to the passphrase that ca.key was made with")
    try:
        return serialization.load_pem_private_key(key, passphrase.encode())
    except TypeError:
        raise InputError("is set, but ca.key is not encrypted", "encrypt ca.key with it (openssl pkey -aes256)") from None
    except ValueError as error:
        if b"ENCRYPTED" not in key:
            raise InputError("has no key to open: ca.key is no private key", "put ca.key back from your backup") from None
        raise wrong from error


def _public(key: t.Any) -> bytes:
    return t.cast(bytes, key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))


Wanted = certificate_rules.Profile
"""What the certificate of a node has to be."""


def subject(node: str) -> t.Any:
    """The subject of a node's certificate: its name, as far as RFC 5280 allows."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, node[: certificate_rules.LONGEST_COMMON_NAME])])


def extensions(host: str) -> list[tuple[t.Any, bool]]:
    """What a node's certificate says beside key identifiers, and whether each part is critical."""
    usage = dict.fromkeys(_USAGES, False)
    usage["digital_signature"] = True
    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.KeyUsage(**usage), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        (x509.SubjectAlternativeName([x509.DNSName(host)]), False),
    ]


def certificate_faults(found: t.Any, ca_pem: str, wanted: Wanted, now: datetime.datetime) -> list[str]:
    """Why a node needs a new certificate, one reason a sentence part; empty if the one it has will do.

    ``found`` is the survey's certificate (``pem``, ``key_matches``, ``labels``) or None, ``ca_pem`` the certificate of the CA that signs (empty
    if there is none; of several, any may have signed). A certificate that allows more than the CA would give the node is as wrong as one that lacks
    something: the rules are those of certificate_rules.py, which hosts hold it to as well.
    """
    if not isinstance(found, t.Mapping) or not found.get("pem"):
        return ["it has no certificate"]
    try:
        leaf, content = _only_certificate(str(found["pem"]))
    except ValueError:
        return ["its certificate cannot be read"]
    faults = [] if found.get("key_matches") else ["its key does not belong to its certificate"]
    if not _issued_by(content, ca_pem):
        faults.append("its certificate is not from this CA")
    faults += _more(found)
    return faults + ["its certificate " + phrase for _code, phrase in certificate_rules.departures(leaf, wanted, now)]


def issuers_known(pem: t.Any, ca_pem: str) -> bool | None:
    """Whether the first certificate in a host's PEM text is from a CA, or one of several in PEM; None if there is none that can be read."""
    try:
        return _issued_by(_only_certificate(str(pem or ""))[1], ca_pem)
    except ValueError:
        return None


def _only_certificate(text: str) -> tuple[certificate.Certificate, bytes]:
    """The first certificate of a text that a host sent, and its DER. Raises ValueError."""
    if len(text) > LONGEST_PEM:
        raise ValueError("too long")
    contents = pem.contents(text)
    if not contents:
        raise ValueError("no certificate")
    return certificate.read(contents[0]), contents[0]


def _more(found: t.Mapping[str, t.Any]) -> list[str]:
    """What is in the file beside one key and one certificate."""
    count = len(pem.contents(str(found["pem"])))
    if count > 1:
        return ["its file holds %d certificates instead of one" % count]
    labels = found.get("labels")
    if isinstance(labels, list) and len(labels) > len(_PARTS):
        return ["its file holds more than its key and its certificate"]
    return []


def _issued_by(leaf: bytes, ca_pem: str) -> bool:
    """Whether a certificate is signed by the key of a CA of these, whose name is that of its issuer."""
    return any(_signed_by(leaf, authority) for authority in pem.contents(ca_pem))


def _signed_by(leaf: bytes, authority: bytes) -> bool:
    try:
        x509.load_der_x509_certificate(leaf).verify_directly_issued_by(x509.load_der_x509_certificate(authority))
    except (*UNREADABLE, InvalidSignature):
        return False
    return True
