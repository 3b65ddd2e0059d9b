# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a certificate or a revocation list says, read from its DER, and what keeps OTP from taking it.

That it was signed by a CA that is trusted is decided by the TLS library; what is found here can only make that stricter, as
OTP is in much. Its rules are held against OTP in tests/oracle; where its releases differ, that of the strictest is the rule,
as nodes of each may be peers. Source of the layouts: RFC 5280, sections 4.1 and 5.1; encoding: ITU-T X.690 (DER).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import pem

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

_USAGES = (
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
_GOES_WITH = {
    "clientAuth": ("digitalSignature", "keyAgreement"),
    "serverAuth": ("digitalSignature", "keyAgreement", "keyEncipherment"),
    "codeSigning": ("digitalSignature",),
}
"""The key usages one of which has to be there with an extended one (RFC 5280, section 4.2.1.12, as OTP 27 reads it)."""

_SIGNATURES = {
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
_SERVING = ("RSA", "P-256", "P-384", "P-521", "Ed25519")
"""Keys with which nodes of every OTP, and what is not OTP, know each other by in TLS 1.3."""

NAMED, LONGEST_NAME = 5, 255
"""How many names of a certificate are told, and how much of each."""

NAMELESS = "it has no subject alternative name"

SIDES = {"server": "serverAuth", "client": "clientAuth"}
"""The sides of a connection, and the extended key usage that a certificate needs there (RFC 5280, section 4.2.1.12)."""

LONGEST_OBJECT = 64
"""Bytes of the longest object identifier that is read."""

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OBJECT, SEQUENCE = 0x01, 0x02, 0x03, 0x04, 0x06, 0x30
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
VERSION, EXTENSIONS = 0xA0, 0xA3
DNS_NAME, IP_ADDRESS, KEY_IDENTIFIER = 0x82, 0x87, 0x80


class CertificateError(ValueError):
    """The bytes are no X.509 certificate."""


class Certificate(NamedTuple):
    """The fields of a certificate that a diagnosis speaks of.

    ``names`` are the DNS names and addresses, ``other_names`` what else it is for. ``purposes`` are the extended key usages
    and ``usages`` the key usages, None where any use is allowed; the key identifiers are empty where the certificate has
    none. ``digest`` is the SHA-256 of the whole. ``authority`` tells whether it may issue others. ``critical`` are critical
    extensions that not every OTP heeds, ``key`` is the kind of key, ``signature`` how it is signed, as object identifiers
    where nodes do not know them.
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
        keys = {self.authority_key, authority.subject_key}
        return self.issuer == authority.subject and (len(keys) == 1 or "" in keys)

    def days_left(self, now: datetime) -> float:
        """Return the days until the certificate expires, negative afterwards."""
        return (self.not_after - now).total_seconds() / 86400


class _Element(NamedTuple):
    tag: int
    content: bytes


class Revocations(NamedTuple):
    """What a revocation list says: whose certificates it is about, which are revoked, and until when it holds."""

    issuer: str
    serials: frozenset[int]
    next_update: datetime | None


def read(der: bytes) -> Certificate:
    """Return what the certificate says; raise CertificateError."""
    try:
        certificate = _only(der, SEQUENCE)
        fields = list(_elements(next(_elements(certificate)).content))
        version = 1
        if fields and fields[0].tag == VERSION:
            version = int.from_bytes(_only(fields.pop(0).content, INTEGER), "big") + 1
        serial, algorithm, issuer, validity, subject, key = fields[:6]
        begin, end = _elements(validity.content)
        found = _extensions([field.content for field in fields[6:] if field.tag == EXTENSIONS])
        extensions = {name: value for name, value, _critical in found}
        names = _alternative_names(extensions.get(_SUBJECT_ALT_NAME))
        signed = _object(next(_elements(algorithm.content)).content)
        return Certificate(
            subject=_distinguished_name(subject.content),
            issuer=_distinguished_name(issuer.content),
            not_before=_time(begin),
            not_after=_time(end),
            names=[name for kind, name in names if kind in (DNS_NAME, IP_ADDRESS)],
            serial=int.from_bytes(serial.content, "big", signed=True),
            purposes=_extended_key_usage(extensions.get(_EXTENDED_KEY_USAGE)),
            subject_key=_key_identifier(extensions.get(_SUBJECT_KEY)),
            authority_key=_authority_key(extensions.get(_AUTHORITY_KEY)),
            digest=hashlib.sha256(der).hexdigest(),
            version=version,
            other_names=tuple(name for kind, name in names if kind not in (DNS_NAME, IP_ADDRESS)),
            usages=_key_usage(extensions.get(_KEY_USAGE)),
            authority=_is_authority(extensions.get(_BASIC_CONSTRAINTS)),
            critical=tuple(_object(name) for name, _value, critical in found if critical and name not in _HEEDED),
            key=_key_kind(key.content),
            signature=_SIGNATURES.get(signed, signed),
        )
    except (ValueError, StopIteration, OverflowError) as error:
        raise CertificateError("these bytes are no X.509 certificate") from error


def read_revocations(der: bytes) -> Revocations:
    """Return what the revocation list says; raise CertificateError."""
    try:
        fields = list(_elements(next(_elements(_only(der, SEQUENCE))).content))
        if fields and fields[0].tag == INTEGER:
            del fields[0]
        issuer = fields[1]
        following = [field for field in fields[3:] if field.tag in (UTC_TIME, GENERALIZED_TIME)]
        revoked = [field for field in fields[3:] if field.tag == SEQUENCE]
        serials = [next(_elements(entry.content)).content for entry in _elements(revoked[0].content)] if revoked else []
        return Revocations(
            _distinguished_name(issuer.content),
            frozenset(int.from_bytes(serial, "big", signed=True) for serial in serials),
            _time(following[0]) if following else None,
        )
    except (ValueError, StopIteration, IndexError, OverflowError) as error:
        raise CertificateError("these bytes are no X.509 revocation list") from error


def from_pem(text: str, label: str = pem.CERTIFICATE) -> list[bytes]:
    """Return the DER of the certificates, or what else a label is for, in PEM text as OTP reads it, in order, up to what it
    cannot read.
    """
    found = []
    try:
        for entry in pem.entries(text):
            if entry.label == label:
                found.append(first(entry.content))
    except pem.PemError:
        pass
    return found


def first(data: bytes) -> bytes:
    """Return the first element of DER, behind which OTP reads no further; data itself where there is none."""
    if len(data) < 2:
        return data
    size = data[1] & 0x7F if data[1] & 0x80 else 0
    length = int.from_bytes(data[2 : 2 + size], "big") if size else data[1]
    return data[: 2 + size + length]


def anchor(der: bytes) -> bytes:
    """Return a root as OTP takes it: name, key, validity and key identifier, and whatever else it says of itself left out.
    Its signature is not looked at. Raises CertificateError.
    """
    seen = read(der)
    try:
        content, algorithm, signature = _elements(_only(der, SEQUENCE))
    except ValueError as error:
        raise CertificateError("these bytes are no X.509 certificate") from error
    fields = list(_elements(content.content))
    if fields[0].tag == VERSION:
        del fields[0]
    extensions = [(_BASIC_CONSTRAINTS, _encoded(SEQUENCE, _encoded(BOOLEAN, b"\xff")))]
    if seen.subject_key:
        extensions.append((_SUBJECT_KEY, _encoded(OCTET_STRING, bytes.fromhex(seen.subject_key))))
    told = [_encoded(SEQUENCE, _encoded(OBJECT, name), _encoded(OCTET_STRING, value)) for name, value in extensions]
    made = _encoded(
        SEQUENCE,
        _encoded(VERSION, _encoded(INTEGER, b"\x02")),
        *(_encoded(*field) for field in fields[:6]),
        _encoded(EXTENSIONS, _encoded(SEQUENCE, *told)),
    )
    return _encoded(SEQUENCE, made, _encoded(*algorithm), _encoded(*signature))


def read_file(path: str) -> Certificate | None:
    """Return the first certificate of a PEM file, None where there is none to be read."""
    try:
        with open(path, encoding="ascii", errors="replace") as stream:
            found = from_pem(stream.read())
        return read(found[0]) if found else None
    except (OSError, CertificateError):
        return None


def fault_of(
    seen: Certificate,
    host: str,
    side: str,
    now: datetime,
    lists: Sequence[Revocations] = (),
    chain: Sequence[Certificate] = (),
) -> tuple[str, str] | None:
    """Return what keeps a certificate, and those that come behind it, from serving a node of host on a side (one of SIDES),
    in the word of the catalogue and with its detail; None if nothing does. Whether a CA is trusted is not looked at.
    """
    if now > seen.not_after:
        return "expired", "it ended on %s UTC" % seen.not_after.strftime("%Y-%m-%d %H:%M")
    if now < seen.not_before:
        return "not-yet-valid", "it begins on %s UTC" % seen.not_before.strftime("%Y-%m-%d %H:%M")
    if any(seen.serial in revoked.serials for revoked in lists if revoked.issuer == seen.issuer):
        return "revoked", "its serial number %x is in the revocation list" % seen.serial
    if not any(_covers(name, host) for name in seen.names):
        if not seen.names and seen.common_name is not None and _covers(seen.common_name, host):
            return "common-name-only", NAMELESS
        return "name", "it is for %s" % (_shown(seen.names) or _shown([seen.common_name or ""]) or "no name at all")
    if seen.purposes is not None and SIDES[side] not in seen.purposes:
        allowed = ", ".join(seen.purposes) or "something else"
        return "purpose", "it is for %s, and the %s needs %s" % (allowed, side, SIDES[side])
    return form_fault(seen, chain) or _path_fault(seen, side, chain, now)


def form_fault(seen: Certificate, chain: Sequence[Certificate]) -> tuple[str, str] | None:
    """Return what of a certificate's form, and of those that come behind it, keeps a node of some OTP from taking it,
    whatever names it has and whatever its dates are; None if nothing does.
    """
    if seen.own_issuer:
        return "unknown-ca", "it has signed itself"
    if not seen.names and seen.common_name is not None:
        return "common-name-only", NAMELESS
    if seen.key not in _SERVING:
        return "algorithm", "its key is %s, and nodes take %s" % (seen.key, ", ".join(_SERVING))
    for one in (seen, *path_of(seen, chain)):
        if one.signature not in _SIGNATURES.values() and not one.own_issuer:
            return "algorithm", "%s is signed by the algorithm %s" % (one.subject or "it", one.signature)
        if one is not seen and not one.own_issuer and not _may_issue(one):
            return "chain", "%s in it may not issue certificates" % one.subject
        if one.critical and not one.own_issuer:
            return "extension", "%s has the critical extension %s" % (one.subject or "it", ", ".join(one.critical))
    return _usage_fault(seen) or _chain_fault(seen, chain)


def path_of(seen: Certificate, chain: Sequence[Certificate]) -> list[Certificate]:
    """Return those of the certificates that come behind one that lead to its root, in order."""
    found: list[Certificate] = []
    last = seen
    while not last.own_issuer:
        issuer = next((one for one in chain if last.issued_by(one) and one not in found), None)
        if issuer is None:
            break
        found.append(issuer)
        last = issuer
    return found


def excess_of(seen: Certificate, host: str) -> str | None:
    """Return what a certificate allows beyond being the node of one host, in words; None if nothing."""
    names = _shown([name for name in (*seen.names, *seen.other_names) if name.lower() != host.lower()])
    found = ["to act as a CA"] if seen.authority else []
    found += ["to issue certificates or revocation lists"] if {"keyCertSign", "cRLSign"} & (seen.usages or set()) else []
    found += ["to act for " + names] if names else []
    purposes = {ANY_PURPOSE} if seen.purposes is None else set(seen.purposes) - set(SIDES.values())
    found += ["any purpose" if ANY_PURPOSE in purposes else "the purposes " + ", ".join(sorted(purposes))] if purposes else []
    return "it allows " + "; ".join(found) if found else None


def _shown(names: Sequence[str]) -> str:
    """Return names that somebody else chose: a few of them, cut, and nothing in them that is not printed."""
    cut = ["".join(letter if letter.isprintable() else "?" for letter in name[:LONGEST_NAME]) for name in names[:NAMED]]
    more = len(names) - NAMED
    return ", ".join(cut) + (" and %d more" % more if more > 0 else "")


def _may_issue(seen: Certificate) -> bool:
    return seen.version < 3 or (seen.authority and (seen.usages is None or "keyCertSign" in seen.usages))


def _usage_fault(seen: Certificate) -> tuple[str, str] | None:
    if seen.usages is None or seen.version < 3:
        return None
    told = ", ".join(usage for usage in _USAGES if usage in seen.usages) or "nothing"
    if "keyCertSign" in seen.usages and not seen.authority:
        return "usage", "its key usage is %s, and it is no CA" % told
    purposes = seen.purposes or []
    for purpose in [] if ANY_PURPOSE in purposes else purposes:
        wanted = _GOES_WITH.get(purpose, ())
        if wanted and not seen.usages & set(wanted):
            return "usage", "its key usage is %s, which does not go with %s" % (told, purpose)
    return None


def _chain_fault(seen: Certificate, chain: Sequence[Certificate]) -> tuple[str, str] | None:
    """OTP 27 takes a stranger only behind an issuer, OTP 25 a root only behind the others that lead to it."""
    path = path_of(seen, chain)
    if chain and not path:
        return "chain", "behind it comes %s, which has not issued it" % (chain[0].subject or "a certificate without a name")
    places = [chain.index(one) for one in path]
    if path and path[-1].own_issuer and places[-1] < max(places):
        return "chain", "its root, %s, comes before the CA that it has issued" % path[-1].subject
    return None


def _path_fault(seen: Certificate, side: str, chain: Sequence[Certificate], now: datetime) -> tuple[str, str] | None:
    for one in path_of(seen, chain):
        if one.purposes is not None and SIDES[side] not in one.purposes and not one.own_issuer:
            return "purpose", "that of its CA %s is for %s, and the %s needs %s" % (
                one.subject, ", ".join(one.purposes), side, SIDES[side],
            )  # fmt: skip
        if now > one.not_after:
            return "expired", "that of its CA %s ended on %s UTC" % (one.subject, one.not_after.strftime("%Y-%m-%d %H:%M"))
        if now < one.not_before:
            return "not-yet-valid", "that of its CA %s begins on %s UTC" % (
                one.subject, one.not_before.strftime("%Y-%m-%d %H:%M"),
            )  # fmt: skip
    return None


def _covers(name: str, host: str) -> bool:
    """Names are compared without case. A wildcard covers nothing: nodes take none."""
    return name.lower() == host.lower()


def _encoded(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _elements(data: bytes) -> Iterator[_Element]:
    """Yield the elements that data is a sequence of; raise ValueError where a length does not fit."""
    position = 0
    while position < len(data):
        if position + 2 > len(data):
            raise ValueError("truncated element")
        tag, length = data[position], data[position + 1]
        position += 2
        if length & 0x80:
            size = length & 0x7F
            if not 1 <= size <= 4 or position + size > len(data):
                raise ValueError("bad length")
            length = int.from_bytes(data[position : position + size], "big")
            position += size
        if position + length > len(data):
            raise ValueError("truncated element")
        yield _Element(tag, data[position : position + length])
        position += length


def _only(data: bytes, tag: int) -> bytes:
    (element,) = _elements(data)
    if element.tag != tag:
        raise ValueError("unexpected element")
    return element.content


def _distinguished_name(data: bytes) -> str:
    parts = []
    for relative in _elements(data):
        for attribute in _elements(relative.content):
            kind, value = _elements(attribute.content)
            parts.append("%s=%s" % (_ATTRIBUTES.get(kind.content, kind.content.hex()), _text(value)))
    return ", ".join(parts)


def _text(element: _Element) -> str:
    encodings = {0x1E: "utf-16-be", 0x1C: "utf-32-be", 0x14: "latin-1"}
    return element.content.decode(encodings.get(element.tag, "utf-8"), "replace")


def _time(element: _Element) -> datetime:
    """RFC 5280 4.1.2.5: two-digit years from 50 on belong to the 20th century; always UTC."""
    text = element.content.decode("ascii")
    if element.tag == UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    elif element.tag != GENERALIZED_TIME:
        raise ValueError("no time")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=timezone.utc)


def _extensions(data: Sequence[bytes]) -> list[tuple[bytes, bytes, bool]]:
    """Return the extensions: their object identifiers, the DER that their octet strings hold, whether they are critical."""
    found = []
    for extension in _elements(_only(data[0], SEQUENCE)) if data else ():
        parts = list(_elements(extension.content))
        if not parts:
            raise ValueError("an extension without a name")
        critical = any(part.tag == BOOLEAN and part.content != b"\0" for part in parts)
        found.append((parts[0].content, parts[-1].content, critical))
    return found


def _alternative_names(data: bytes | None) -> list[tuple[int, str]]:
    """Return the alternative names, each with its tag."""
    names = []
    for name in _elements(_only(data, SEQUENCE)) if data else ():
        if name.tag == IP_ADDRESS:
            content = name.content
            names.append((name.tag, ".".join(map(str, content)) if len(content) == 4 else content.hex(":")))
        else:
            names.append((name.tag, name.content.decode("ascii", "replace")))
    return names


def _key_usage(data: bytes | None) -> frozenset[str] | None:
    if not data:
        return None
    content = _only(data, BIT_STRING)[1:]
    return frozenset(name for place, name in enumerate(_USAGES) if _bit(content, place))


def _bit(content: bytes, place: int) -> bool:
    return place // 8 < len(content) and bool(content[place // 8] << place % 8 & 0x80)


def _is_authority(data: bytes | None) -> bool:
    parts = list(_elements(_only(data, SEQUENCE))) if data else []
    return bool(parts) and parts[0].tag == BOOLEAN and parts[0].content != b"\0"


def _key_kind(data: bytes) -> str:
    """Return the kind of key in a subjectPublicKeyInfo: the curve of those on one."""
    kind, *parameters = _elements(next(_elements(data)).content)
    name = _object(kind.content)
    if name == _EC and parameters:
        name = _object(parameters[0].content) if parameters[0].tag == OBJECT else "a curve of its own"
        return _CURVES.get(name, name)
    return _KEYS.get(name, name)


def _object(content: bytes) -> str:
    """Return an object identifier in dotted numbers."""
    if len(content) > LONGEST_OBJECT:
        raise ValueError("an object identifier that is too long")
    numbers = [0]
    for byte in content:
        numbers[-1] = numbers[-1] << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(0)
    if len(numbers) < 2:
        return ""
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:-1]]))


def _extended_key_usage(data: bytes | None) -> list[str] | None:
    if not data:
        return None
    found = [usage.content for usage in _elements(_only(data, SEQUENCE))]
    return [_PURPOSES.get(usage, _object(usage)) for usage in found]


def _key_identifier(data: bytes | None) -> str:
    return _only(data, OCTET_STRING).hex() if data else ""


def _authority_key(data: bytes | None) -> str:
    parts = _elements(_only(data, SEQUENCE)) if data else ()
    return "".join(part.content.hex() for part in parts if part.tag == KEY_IDENTIFIER)
