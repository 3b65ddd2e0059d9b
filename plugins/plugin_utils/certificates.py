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

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError, listed

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID
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
    _EXTENSIONS = frozenset(
        [
            ExtensionOID.BASIC_CONSTRAINTS,
            ExtensionOID.KEY_USAGE,
            ExtensionOID.EXTENDED_KEY_USAGE,
            ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
            ExtensionOID.SUBJECT_KEY_IDENTIFIER,
            ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ]
    )

LONGEST_PEM = 64 * 1024
"""Characters of a host's certificates that are looked at; one has about 800."""

_ANEW = "begin anew with erlang_cluster_begin_anew"
_LONGEST_SHOWN = 80
# What the clocks of two controllers may differ by.
_SLACK = datetime.timedelta(days=1)
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


def check_ca(key: bytes | None, certificate: bytes | None, passphrase: str | None, now: datetime.datetime) -> None:
    """Holds the files of a CA and its passphrase against each other.

    ``key`` and ``certificate`` are the contents of ``ca.key`` and ``ca.pem``, None where there is no such file.
    Raises InputError, whose problem goes on from the name of the passphrase's variable.
    """
    if key is None:
        if certificate is not None:
            raise InputError(
                "has no key to open: ca.pem is there, and ca.key is not",
                "put ca.key back from your backup, or move ca.pem away and %s" % _ANEW,
            )
        return
    if passphrase is None:
        raise InputError(
            "is not set, and there is no file ca.passphrase beside ca.key",
            "put ca.passphrase back or set it to the passphrase of ca.key; if that is lost, move ca.key and ca.pem away and %s" % _ANEW,
        )
    private = _open_key(key, passphrase)
    if certificate is None:
        return
    try:
        ca = x509.load_pem_x509_certificate(certificate)
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
            "move ca.key and ca.pem away and %s" % _ANEW,
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


class Wanted(t.NamedTuple):
    """What the certificate of a node has to be: the node's name and its host part, the days that a new one is valid, and the
    days before its end from which it counts as expiring.
    """

    node: str
    host: str
    days: int
    renew_before_days: int


def subject(node: str) -> t.Any:
    """The subject of a node's certificate: its name, of which RFC 5280, appendix A.1 (ub-common-name) allows 64 characters."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, node[:64])])


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

    ``found`` is the survey's certificate (``pem``, ``key_matches``, ``labels``) or None, ``ca_pem`` the CA's certificate (empty
    if there is none). A certificate that allows more than the CA would give the node is as wrong as one that lacks something.
    """
    if not isinstance(found, t.Mapping) or not found.get("pem"):
        return ["it has no certificate"]
    try:
        leaf = _only_certificate(str(found["pem"]))
        faults = [] if found.get("key_matches") else ["its key does not belong to its certificate"]
        if not _issued_by(leaf, ca_pem):
            faults.append("its certificate is not from this CA")
        faults += _more(found) + _content(leaf, wanted) + _times(leaf, wanted, now)
    except UNREADABLE:
        return ["its certificate cannot be read"]
    return faults


def issuers_known(pem: t.Any, ca_pem: str) -> bool | None:
    """Whether the first certificate in a host's PEM text is from a CA; None if there is none that can be read."""
    try:
        leaf = _only_certificate(str(pem or ""))
        return _issued_by(leaf, ca_pem)
    except UNREADABLE:
        return None


def _only_certificate(pem: str) -> t.Any:
    """The first certificate of a text that a host sent."""
    if len(pem) > LONGEST_PEM:
        raise ValueError("too long")
    return x509.load_pem_x509_certificate(pem.encode())


def _more(found: t.Mapping[str, t.Any]) -> list[str]:
    """What is in the file beside one key and one certificate."""
    count = str(found["pem"]).count("-----BEGIN CERTIFICATE-----")
    if count > 1:
        return ["its file holds %d certificates instead of one" % count]
    labels = found.get("labels")
    if isinstance(labels, list) and len(labels) > len(_PARTS):
        return ["its file holds more than its key and its certificate"]
    return []


def _content(leaf: t.Any, wanted: Wanted) -> list[str]:
    """What a certificate says that it should not, and what it lacks."""
    faults: list[str] = []
    if leaf.subject != subject(wanted.node):
        faults.append("its certificate has another subject than %s" % wanted.node)
    key = leaf.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        faults.append("its certificate is for a key of another kind than ECDSA with P-256")
    held = {extension.oid: extension.value for extension in leaf.extensions}
    constraints = held.get(ExtensionOID.BASIC_CONSTRAINTS)
    if constraints is not None and constraints.ca:
        faults.append("its certificate is that of a CA, so that it could issue others")
    usage = held.get(ExtensionOID.KEY_USAGE)
    allowed = _allowed(usage)
    if "digital_signature" not in allowed:
        faults.append("its certificate lacks the key usage digitalSignature")
    more = [_USAGES[name] for name in sorted(allowed) if name != "digital_signature"]
    if more:
        faults.append("its certificate allows its key more than a node needs (%s)" % ", ".join(more))
    return faults + _names(held.get(ExtensionOID.SUBJECT_ALTERNATIVE_NAME), wanted.host) + _purposes(held) + _others(held)


def _allowed(usage: t.Any) -> set[str]:
    """The key usages of a certificate; one without the extension may be used for everything (RFC 5280, 4.2.1.3)."""
    if usage is None:
        return set(_USAGES) - {"encipher_only", "decipher_only"}
    # These two have a meaning, and a value that can be read, beside key agreement alone.
    agreeing = {"encipher_only", "decipher_only"} if not usage.key_agreement else set()
    return {name for name in _USAGES if name not in agreeing and getattr(usage, name)}


def _names(alternative: t.Any, host: str) -> list[str]:
    names = [(type(name).__name__, _shown(name)) for name in alternative or ()]
    own = [name for name in names if name[0] == "DNSName" and name[1].lower() == host.lower()]
    faults = [] if own else ["its certificate is not for %s" % host]
    others = [shown for kind, shown in names if (kind, shown) not in own]
    if others and own:
        faults.append("its certificate is also for %s" % listed(others))
    elif len(own) > 1:
        faults.append("its certificate has its name more than once")
    return faults


def _shown(name: t.Any) -> str:
    """A name as it may be shown: hosts are not to write to an operator's terminal."""
    text = str(getattr(name, "value", type(name).__name__))
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:_LONGEST_SHOWN]


def _purposes(held: t.Mapping[t.Any, t.Any]) -> list[str]:
    purposes = set(held.get(ExtensionOID.EXTENDED_KEY_USAGE) or ())
    needed = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    if needed - purposes:
        return ["its certificate lacks the extended key usage of a server and a client"]
    if purposes - needed:
        return ["its certificate has more extended key usages than those of a server and a client"]
    return []


def _others(held: t.Iterable[t.Any]) -> list[str]:
    others = sorted(oid.dotted_string for oid in held if oid not in _EXTENSIONS)
    return ["its certificate has an extension that no node needs (%s)" % listed(others)] if others else []


def _times(leaf: t.Any, wanted: Wanted, now: datetime.datetime) -> list[str]:
    if leaf.not_valid_before_utc > now:
        return ["its certificate is not valid before %s" % leaf.not_valid_before_utc.date()]
    left = leaf.not_valid_after_utc - now
    if left <= datetime.timedelta(0):
        return ["its certificate expired on %s" % leaf.not_valid_after_utc.date()]
    if left < datetime.timedelta(days=wanted.renew_before_days):
        return ["its certificate expires in %d days" % left.days]
    if left > datetime.timedelta(days=wanted.days) + _SLACK:
        return ["its certificate is valid for %d days more, and one may be for %d" % (left.days, wanted.days)]
    return []


def _issued_by(leaf: t.Any, ca_pem: str) -> bool:
    if not ca_pem.strip():
        return False
    try:
        leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(ca_pem.encode()))
    except (*UNREADABLE, InvalidSignature):
        return False
    return True
