# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a certificate or a revocation list says, read from its DER. Pure; what keeps a node from taking it is in certificate_rules.py.

Source of the layouts: RFC 5280, sections 4.1 and 5.1; encoding: ITU-T X.690 (DER).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import der, pem

_ATTRIBUTES = {
    b"\x55\x04\x03": "CN",
    b"\x55\x04\x06": "C",
    b"\x55\x04\x07": "L",
    b"\x55\x04\x08": "ST",
    b"\x55\x04\x0a": "O",
    b"\x55\x04\x0b": "OU",
}
_SUBJECT_ALT_NAME = b"\x55\x1d\x11"
_SUBJECT_KEY = b"\x55\x1d\x0e"
_AUTHORITY_KEY = b"\x55\x1d\x23"
_EXTENDED_KEY_USAGE = b"\x55\x1d\x25"
_BASIC_CONSTRAINTS = b"\x55\x1d\x13"
_KEY_USAGE = b"\x55\x1d\x0f"
_NAME_CONSTRAINTS = b"\x55\x1d\x1e"
_HEEDED = (_SUBJECT_ALT_NAME, _EXTENDED_KEY_USAGE, _BASIC_CONSTRAINTS, _KEY_USAGE, _NAME_CONSTRAINTS)
"""Extensions that every OTP heeds where they are critical."""

USAGES = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)
ANY_PURPOSE = "anyExtendedKeyUsage"
_PURPOSES = {
    b"\x55\x1d\x25\x00": ANY_PURPOSE,
    b"\x2b\x06\x01\x05\x05\x07\x03\x03": "codeSigning",
    b"\x2b\x06\x01\x05\x05\x07\x03\x01": "serverAuth",
    b"\x2b\x06\x01\x05\x05\x07\x03\x02": "clientAuth",
}
SIGNATURES = {
    "1.2.840.113549.1.1.11": "RSA with SHA-256",
    "1.2.840.113549.1.1.12": "RSA with SHA-384",
    "1.2.840.113549.1.1.13": "RSA with SHA-512",
    "1.2.840.10045.4.3.2": "ECDSA with SHA-256",
    "1.2.840.10045.4.3.3": "ECDSA with SHA-384",
    "1.2.840.10045.4.3.4": "ECDSA with SHA-512",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
}
"""How a certificate may be signed."""

_EC, _RSA, _RSA_PSS, _DSA = "1.2.840.10045.2.1", "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "1.2.840.10040.4.1"
_KEYS = {_RSA: "RSA", _RSA_PSS: "RSASSA-PSS", _DSA: "DSA", "1.3.101.112": "Ed25519", "1.3.101.113": "Ed448"}
_CURVES = {
    "1.2.840.10045.3.1.7": "P-256",
    "1.3.132.0.34": "P-384",
    "1.3.132.0.35": "P-521",
    "1.3.132.0.33": "P-224",
    "1.3.132.0.10": "secp256k1",
}


class CertificateError(ValueError):
    """The bytes are no X.509 certificate."""


class Certificate(NamedTuple):
    """The fields of a certificate that a diagnosis speaks of.

    ``names`` are the DNS names and addresses, ``other_names`` what else it is for. ``purposes`` are the extended key usages
    and ``usages`` the key usages, None where any use is allowed; the key identifiers are empty where the certificate has
    none. ``digest`` is the SHA-256 of the whole, ``key_digest`` that of the bits of its public key. ``authority`` tells whether it may
    issue others. ``critical`` are critical extensions that not every OTP heeds, ``extensions`` all that it has, as object identifiers;
    ``key`` is the kind of key, ``signature`` how it is signed, as object identifiers where nodes do not know them.
    """

    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    names: list[str]
    serial: int
    purposes: list[str] | None
    subject_key: str
    authority_key: str
    digest: str
    version: int = 3
    other_names: tuple[str, ...] = ()
    usages: frozenset[str] | None = None
    authority: bool = False
    critical: tuple[str, ...] = ()
    key: str = "P-256"
    signature: str = "ECDSA with SHA-256"
    extensions: tuple[str, ...] = ()
    key_digest: str = ""

    @property
    def own_issuer(self) -> bool:
        """Whether it names itself as its issuer, as roots do."""
        return self.issuer == self.subject

    @property
    def common_name(self) -> str | None:
        """The last common name of the subject."""
        found = [part[3:] for part in self.subject.split(", ") if part.startswith("CN=")]
        return found[-1] if found else None

    def issued_by(self, authority: Certificate) -> bool:
        """Tell whether authority is, by its name and key identifier, the CA that issued this certificate."""
        return names_issuer((self.issuer, self.authority_key), (authority.subject, authority.subject_key))

    def days_left(self, now: datetime) -> float:
        """Return the days until the certificate expires, negative afterwards."""
        return (self.not_after - now).total_seconds() / 86400


def names_issuer(named: tuple[str, str], authority: tuple[str, str]) -> bool:
    """Tell whether the issuer that a certificate names is a CA: each is a name and a key identifier, which is empty where there is none."""
    keys = {named[1], authority[1]}
    return named[0] == authority[0] and (len(keys) == 1 or "" in keys)


class Revocations(NamedTuple):
    """What a revocation list says: whose certificates it is about, which are revoked, and when it was issued. It holds until
    ``next_update``, None where it does not say.
    """

    issuer: str
    serials: frozenset[int]
    next_update: datetime | None
    this_update: datetime


def read(content: bytes) -> Certificate:
    """Return what the certificate says; raise CertificateError."""
    try:
        certificate = der.only(content, der.SEQUENCE)
        fields = list(der.elements(next(der.elements(certificate)).content))
        version = 1
        if fields and fields[0].tag == der.VERSION:
            version = int.from_bytes(der.only(fields.pop(0).content, der.INTEGER), "big") + 1
        serial, algorithm, issuer, validity, subject, key = fields[:6]
        begin, end = der.elements(validity.content)
        found = _extensions([field.content for field in fields[6:] if field.tag == der.EXTENSIONS])
        extensions = {name: value for name, value, _critical in found}
        names = _alternative_names(extensions.get(_SUBJECT_ALT_NAME))
        signed = der.dotted(next(der.elements(algorithm.content)).content)
        return Certificate(
            subject=_distinguished_name(subject.content),
            issuer=_distinguished_name(issuer.content),
            not_before=_time(begin),
            not_after=_time(end),
            names=[name for kind, name in names if kind in (der.DNS_NAME, der.IP_ADDRESS)],
            serial=int.from_bytes(serial.content, "big", signed=True),
            purposes=_extended_key_usage(extensions.get(_EXTENDED_KEY_USAGE)),
            subject_key=_key_identifier(extensions.get(_SUBJECT_KEY)),
            authority_key=_authority_key(extensions.get(_AUTHORITY_KEY)),
            digest=hashlib.sha256(content).hexdigest(),
            version=version,
            other_names=tuple(name for kind, name in names if kind not in (der.DNS_NAME, der.IP_ADDRESS)),
            usages=_key_usage(extensions.get(_KEY_USAGE)),
            authority=_is_authority(extensions.get(_BASIC_CONSTRAINTS)),
            critical=tuple(der.dotted(name) for name, _value, critical in found if critical and name not in _HEEDED),
            key=_key_kind(key.content),
            signature=SIGNATURES.get(signed, signed),
            extensions=tuple(der.dotted(name) for name, _value, _critical in found),
            key_digest=_key_digest(key.content),
        )
    except (ValueError, StopIteration, OverflowError) as error:
        raise CertificateError("these bytes are no X.509 certificate") from error


def read_revocations(content: bytes) -> Revocations:
    """Return what the revocation list says; raise CertificateError."""
    try:
        fields = list(der.elements(next(der.elements(der.only(content, der.SEQUENCE))).content))
        if fields and fields[0].tag == der.INTEGER:
            del fields[0]
        issuer = fields[1]
        following = [field for field in fields[3:] if field.tag in (der.UTC_TIME, der.GENERALIZED_TIME)]
        issued = _time(fields[2])
        revoked = [field for field in fields[3:] if field.tag == der.SEQUENCE]
        serials = [next(der.elements(entry.content)).content for entry in der.elements(revoked[0].content)] if revoked else []
        return Revocations(
            _distinguished_name(issuer.content),
            frozenset(int.from_bytes(serial, "big", signed=True) for serial in serials),
            _time(following[0]) if following else None,
            issued,
        )
    except (ValueError, StopIteration, IndexError, OverflowError) as error:
        raise CertificateError("these bytes are no X.509 revocation list") from error


def revocations_in(text: str) -> list[Revocations]:
    """Return what the revocation lists in a PEM text say; what is none is left out."""
    found = []
    for content in pem.contents(text, pem.REVOCATIONS):
        try:
            found.append(read_revocations(content))
        except CertificateError:
            continue
    return found


def anchor(root: bytes) -> bytes:
    """Return a root as OTP takes it: name, key, validity and key identifier, and whatever else it says of itself left out.
    Its signature is not looked at. Raises CertificateError.
    """
    seen = read(root)
    try:
        content, algorithm, signature = der.elements(der.only(root, der.SEQUENCE))
    except ValueError as error:
        raise CertificateError("these bytes are no X.509 certificate") from error
    fields = list(der.elements(content.content))
    if fields[0].tag == der.VERSION:
        del fields[0]
    extensions = [(_BASIC_CONSTRAINTS, der.encoded(der.SEQUENCE, der.encoded(der.BOOLEAN, b"\xff")))]
    if seen.subject_key:
        extensions.append((_SUBJECT_KEY, der.encoded(der.OCTET_STRING, bytes.fromhex(seen.subject_key))))
    told = [der.encoded(der.SEQUENCE, der.encoded(der.OBJECT, name), der.encoded(der.OCTET_STRING, value)) for name, value in extensions]
    made = der.encoded(
        der.SEQUENCE,
        der.encoded(der.VERSION, der.encoded(der.INTEGER, b"\x02")),
        *(der.encoded(*field) for field in fields[:6]),
        der.encoded(der.EXTENSIONS, der.encoded(der.SEQUENCE, *told)),
    )
    return der.encoded(der.SEQUENCE, made, der.encoded(*algorithm), der.encoded(*signature))


def _distinguished_name(data: bytes) -> str:
    parts = []
    for relative in der.elements(data):
        for attribute in der.elements(relative.content):
            kind, value = der.elements(attribute.content)
            parts.append("%s=%s" % (_ATTRIBUTES.get(kind.content, kind.content.hex()), _text(value)))
    return ", ".join(parts)


def _text(element: der.Element) -> str:
    encodings = {0x1E: "utf-16-be", 0x1C: "utf-32-be", 0x14: "latin-1"}
    return element.content.decode(encodings.get(element.tag, "utf-8"), "replace")


def _time(element: der.Element) -> datetime:
    """RFC 5280 4.1.2.5: two-digit years from 50 on belong to the 20th century; always UTC."""
    text = element.content.decode("ascii")
    if element.tag == der.UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    elif element.tag != der.GENERALIZED_TIME:
        raise ValueError("no time")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=timezone.utc)


def _extensions(data: Sequence[bytes]) -> list[tuple[bytes, bytes, bool]]:
    """Return the extensions: their object identifiers, the DER that their octet strings hold, whether they are critical."""
    found = []
    for extension in der.elements(der.only(data[0], der.SEQUENCE)) if data else ():
        parts = list(der.elements(extension.content))
        if not parts:
            raise ValueError("an extension without a name")
        critical = any(part.tag == der.BOOLEAN and part.content != b"\0" for part in parts)
        found.append((parts[0].content, parts[-1].content, critical))
    return found


def _alternative_names(data: bytes | None) -> list[tuple[int, str]]:
    """Return the alternative names, each with its tag."""
    names = []
    for name in der.elements(der.only(data, der.SEQUENCE)) if data else ():
        if name.tag == der.IP_ADDRESS:
            content = name.content
            names.append((name.tag, ".".join(map(str, content)) if len(content) == 4 else content.hex(":")))
        else:
            names.append((name.tag, name.content.decode("ascii", "replace")))
    return names


def _key_usage(data: bytes | None) -> frozenset[str] | None:
    if not data:
        return None
    content = der.only(data, der.BIT_STRING)[1:]
    return frozenset(name for place, name in enumerate(USAGES) if _bit(content, place))


def _bit(content: bytes, place: int) -> bool:
    return place // 8 < len(content) and bool(content[place // 8] << place % 8 & 0x80)


def _is_authority(data: bytes | None) -> bool:
    parts = list(der.elements(der.only(data, der.SEQUENCE))) if data else []
    return bool(parts) and parts[0].tag == der.BOOLEAN and parts[0].content != b"\0"


def _key_digest(data: bytes) -> str:
    """Return the SHA-256 of the subjectPublicKey in a subjectPublicKeyInfo, as hexadecimal text."""
    _algorithm, key = der.elements(data)
    if key.tag != der.BIT_STRING:
        raise ValueError("no public key")
    return hashlib.sha256(key.content[1:]).hexdigest()


def _key_kind(data: bytes) -> str:
    """Return the kind of key in a subjectPublicKeyInfo: the curve of those on one."""
    kind, *parameters = der.elements(next(der.elements(data)).content)
    name = der.dotted(kind.content)
    if name == _EC and parameters:
        name = der.dotted(parameters[0].content) if parameters[0].tag == der.OBJECT else "a curve of its own"
        return _CURVES.get(name, name)
    return _KEYS.get(name, name)


def _extended_key_usage(data: bytes | None) -> list[str] | None:
    if not data:
        return None
    found = [usage.content for usage in der.elements(der.only(data, der.SEQUENCE))]
    return [_PURPOSES.get(usage, der.dotted(usage)) for usage in found]


def _key_identifier(data: bytes | None) -> str:
    return der.only(data, der.OCTET_STRING).hex() if data else ""


def _authority_key(data: bytes | None) -> str:
    parts = der.elements(der.only(data, der.SEQUENCE)) if data else ()
    return "".join(part.content.hex() for part in parts if part.tag == der.KEY_IDENTIFIER)
