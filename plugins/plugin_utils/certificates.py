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
_LONGEST_SUBJECT = 120
"""Characters of the name of a CA that are told."""
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


def certificate_faults(found: t.Any, trust: str, wanted: Wanted, now: datetime.datetime) -> list[str]:
    """Why a node needs a new certificate, one reason a sentence part; empty if the one it has will do.

    ``found`` is the survey's certificate (``pem``, ``key_matches``, ``labels``) or None, ``trust`` the certificates of the CAs that nodes trust (empty
    if there is none). What comes behind the first certificate has to lead from it to one of those. A certificate that allows more than the node would be
    given is as wrong as one that lacks something: the rules are those of certificate_rules.py, which hosts hold it to as well.
    """
    if not isinstance(found, t.Mapping) or not found.get("pem"):
        return ["it has no certificate"]
    try:
        contents = _contents(str(found["pem"]))
        leaf, *chain = [certificate.read(content) for content in contents]
    except ValueError:
        return ["its certificate cannot be read"]
    faults = [] if found.get("key_matches") else ["its key does not belong to its certificate"]
    faults += _path_faults(contents, trust, wanted.host, now)
    labels = found.get("labels")
    if isinstance(labels, list) and len(labels) > len(contents) + 1:
        faults.append("its file holds more than its key and its certificates")
    return faults + ["its certificate " + phrase for _code, phrase in certificate_rules.departures(leaf, wanted, now, chain)]


def issuers_known(text: t.Any, trust: str) -> bool | None:
    """Whether the first certificate in a host's PEM text is from a CA that nodes trust, or leads to one by those behind it; None if there is none
    that can be read.
    """
    try:
        contents = _contents(str(text or ""))
    except ValueError:
        return None
    trusted = pem.contents(trust)
    if anchor_of(contents[0], trusted) is not None:
        return True
    return break_in(contents) is None and anchor_of(contents[-1], trusted) is not None


def without_trusted(chain: str, trust: str) -> str:
    """A chain in PEM without the certificates at its end that are trusted: no peer needs them."""
    contents, trusted = pem.contents(chain), pem.contents(trust)
    while len(contents) > 1 and contents[-1] in trusted:
        contents.pop()
    return "".join(pem.text(pem.CERTIFICATE, content) for content in contents)


def _contents(text: str) -> list[bytes]:
    """The certificates in a text that a host sent, as DER. Raises ValueError if there is none, or if what claims to be the first is none."""
    if len(text) > LONGEST_PEM:
        raise ValueError("too long")
    contents = pem.contents(text)
    if not contents:
        raise ValueError("no certificate")
    certificate.read(contents[0])
    return contents


def _path_faults(contents: t.Sequence[bytes], trust: str, host: str, now: datetime.datetime) -> list[str]:
    """What is wrong with the way from a certificate, by those behind it, to a CA that nodes trust.

    Rules: RFC 5280, 6.1. Of the trusted CA nodes take name, key and validity alone, so that no more of it is looked at.
    """
    seen = [certificate.read(content) for content in contents]
    stranger = break_in(contents)
    if stranger is not None:
        return ["behind its certificate comes that of %s, which has not issued the one before it" % named(seen[stranger].subject)]
    trusted = pem.contents(trust)
    anchor = anchor_of(contents[-1], trusted)
    if anchor is None:
        lacks = _last_issuer(seen[-1], trusted)
        short = (
            ": the certificate of %s, which issued %s, does not come behind it" % (named(lacks), "it" if len(seen) == 1 else "the last one")
            if lacks
            else ""
        )
        return [("its certificate is not from this CA" if len(seen) == 1 else "its chain does not lead to a CA that is trusted") + short]
    faults = []
    authorities = [*seen[1:], *([] if anchor == contents[-1] else [certificate.read(anchor)])]
    for authority in authorities:
        if seen[0].not_after > authority.not_after:
            faults.append(
                "its certificate is valid for longer than that of its CA %s, which ends on %s"
                % (named(authority.subject), authority.not_after.date())
            )
        if authority.not_before > now:
            faults.append("the certificate of its CA %s is not valid before %s" % (named(authority.subject), authority.not_before.date()))
    for below, content in enumerate(contents[1:]):
        if content != anchor:
            faults += ["its CA %s %s" % (named(seen[below + 1].subject), fault) for fault in limits(content, below, host)]
    return list(dict.fromkeys(faults))


def break_in(contents: t.Sequence[bytes]) -> int | None:
    """The place of the first certificate that has not issued the one before it."""
    return next((place for place in range(1, len(contents)) if not issued_by(contents[place - 1], contents[place])), None)


def anchor_of(last: bytes, trusted: t.Sequence[bytes]) -> bytes | None:
    """The certificate that is trusted, of those that issued the last one of a chain; or the last one itself."""
    return last if last in trusted else next((content for content in trusted if issued_by(last, content)), None)


def _last_issuer(last: certificate.Certificate, trusted: t.Sequence[bytes]) -> str | None:
    """The issuer of the last certificate of a chain whose own certificate may be missing: neither itself, nor of the name of one that is trusted."""
    names = []
    for content in trusted:
        try:
            names.append(certificate.read(content).subject)
        except certificate.CertificateError:
            continue
    return None if not names or last.own_issuer or last.issuer in names else last.issuer


def limits(content: bytes, below: int, host: str) -> t.Iterator[str]:
    """What in the certificate of a CA keeps it from issuing for a host, with so many CAs between them (RFC 5280, 4.2.1.9 and 4.2.1.10)."""
    try:
        found = x509.load_der_x509_certificate(content).extensions
    except UNREADABLE:
        return
    for extension in found:
        value = extension.value
        if isinstance(value, x509.BasicConstraints) and value.path_length is not None and value.path_length < below:
            yield "may have no more than %d CAs below it" % value.path_length
        if isinstance(value, x509.NameConstraints):
            allowed, denied = (_domains(names) for names in (value.permitted_subtrees, value.excluded_subtrees))
            if (allowed and not any(_within(host, domain) for domain in allowed)) or any(_within(host, domain) for domain in denied):
                yield "may not issue certificates for %s" % host


def _domains(names: t.Iterable[t.Any] | None) -> list[str]:
    return [name.value for name in names or () if isinstance(name, x509.DNSName)]


def _within(host: str, domain: str) -> bool:
    host, domain = host.lower(), domain.lower().lstrip(".")
    return not domain or host == domain or host.endswith("." + domain)


def named(subject: str) -> str:
    """The name of a CA as a host tells it: cut, and nothing in it that is not printed."""
    return "".join(letter if letter.isprintable() else "?" for letter in subject[:_LONGEST_SUBJECT]) or "a CA without a name"


def issued_by(one: bytes, issuer: bytes) -> bool:
    """Whether a certificate is signed by the key of a CA's, whose name is that of its issuer."""
    try:
        x509.load_der_x509_certificate(one).verify_directly_issued_by(x509.load_der_x509_certificate(issuer))
    except (*UNREADABLE, InvalidSignature):
        return False
    return True
