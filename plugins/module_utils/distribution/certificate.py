# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a certificate or a revocation list says, read from its DER: enough to explain a refusal, never to decide about
trust.

Trust is decided by the TLS library. Source of the layouts: RFC 5280, sections 4.1 and 5.1; encoding: ITU-T X.690 (DER).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import NamedTuple

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
_ANY_PURPOSE = b"\x55\x1d\x25\x00"
_PURPOSES = {
    b"\x2b\x06\x01\x05\x05\x07\x03\x01": "serverAuth",
    b"\x2b\x06\x01\x05\x05\x07\x03\x02": "clientAuth",
}
_PEM = re.compile(r"-----BEGIN (CERTIFICATE|X509 CRL)-----([A-Za-z0-9+/=\s]*)-----END \1-----")

SIDES = {"server": "serverAuth", "client": "clientAuth"}
"""The sides of a connection, and the extended key usage that a certificate needs there (RFC 5280, section 4.2.1.12)."""

INTEGER, OCTET_STRING, SEQUENCE = 0x02, 0x04, 0x30
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
VERSION, EXTENSIONS = 0xA0, 0xA3
DNS_NAME, IP_ADDRESS, KEY_IDENTIFIER = 0x82, 0x87, 0x80


class CertificateError(ValueError):
    """The bytes are no X.509 certificate."""


class Certificate(NamedTuple):
    """The fields of a certificate that a diagnosis speaks of.

    ``purposes`` are the extended key usages, None where any use is allowed; the key identifiers are empty where the
    certificate has none. ``digest`` is the SHA-256 of the whole.
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
        if fields and fields[0].tag == VERSION:
            del fields[0]
        serial, _algorithm, issuer, validity, subject, _key = fields[:6]
        begin, end = _elements(validity.content)
        extensions = _extensions([field.content for field in fields[6:] if field.tag == EXTENSIONS])
        return Certificate(
            subject=_distinguished_name(subject.content),
            issuer=_distinguished_name(issuer.content),
            not_before=_time(begin),
            not_after=_time(end),
            names=_alternative_names(extensions.get(_SUBJECT_ALT_NAME)),
            serial=int.from_bytes(serial.content, "big", signed=True),
            purposes=_extended_key_usage(extensions.get(_EXTENDED_KEY_USAGE)),
            subject_key=_key_identifier(extensions.get(_SUBJECT_KEY)),
            authority_key=_authority_key(extensions.get(_AUTHORITY_KEY)),
            digest=hashlib.sha256(der).hexdigest(),
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


def from_pem(text: str) -> list[bytes]:
    """Return the DER of the certificates and revocation lists in PEM text, in order; what is damaged is left out."""
    found = []
    for match in _PEM.finditer(text):
        try:
            found.append(base64.b64decode(match.group(2)))
        except (ValueError, binascii.Error):
            continue
    return found


def read_file(path: str) -> Certificate | None:
    """Return the first certificate of a PEM file, None where there is none to be read."""
    try:
        with open(path, encoding="ascii", errors="replace") as stream:
            found = from_pem(stream.read())
        return read(found[0]) if found else None
    except (OSError, CertificateError):
        return None


def fault_of(
    seen: Certificate, host: str, side: str, now: datetime, lists: Sequence[Revocations] = ()
) -> tuple[str, str] | None:
    """Return what keeps a certificate from serving a node of host on a side (one of SIDES), in the word of the
    catalogue and with its detail; None if nothing does. Whether a CA is trusted is not looked at.
    """
    if now > seen.not_after:
        return "expired", "it ended on %s UTC" % seen.not_after.strftime("%Y-%m-%d %H:%M")
    if now < seen.not_before:
        return "not-yet-valid", "it begins on %s UTC" % seen.not_before.strftime("%Y-%m-%d %H:%M")
    if any(seen.serial in revoked.serials for revoked in lists if revoked.issuer == seen.issuer):
        return "revoked", "its serial number %x is in the revocation list" % seen.serial
    if not any(_covers(name, host) for name in seen.names):
        if not seen.names and seen.common_name is not None and _covers(seen.common_name, host):
            return "common-name-only", "it has no subject alternative name"
        return "name", "it is for %s" % (", ".join(seen.names) or seen.common_name or "no name at all")
    if seen.purposes is not None and SIDES[side] not in seen.purposes:
        allowed = ", ".join(seen.purposes) or "something else"
        return "purpose", "it is for %s, and the %s needs %s" % (allowed, side, SIDES[side])
    return None


def _covers(name: str, host: str) -> bool:
    """RFC 9525, section 6.3: names are compared without case; a wildcard stands for the whole first label."""
    name, host = name.lower(), host.lower()
    return name == host or (name.startswith("*.") and name[2:] == host.partition(".")[2])


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


def _extensions(data: Sequence[bytes]) -> dict[bytes, bytes]:
    """Return the extensions by their object identifiers; each value is the DER that its octet string holds."""
    found = {}
    for extension in _elements(_only(data[0], SEQUENCE)) if data else ():
        parts = list(_elements(extension.content))
        if not parts:
            raise ValueError("an extension without a name")
        found[parts[0].content] = parts[-1].content
    return found


def _alternative_names(data: bytes | None) -> list[str]:
    names = []
    for name in _elements(_only(data, SEQUENCE)) if data else ():
        if name.tag == DNS_NAME:
            names.append(name.content.decode("ascii", "replace"))
        elif name.tag == IP_ADDRESS:
            names.append(
                ".".join(str(byte) for byte in name.content) if len(name.content) == 4 else name.content.hex(":")
            )
    return names


def _extended_key_usage(data: bytes | None) -> list[str] | None:
    if not data:
        return None
    found = [usage.content for usage in _elements(_only(data, SEQUENCE))]
    return None if _ANY_PURPOSE in found else [_PURPOSES.get(usage, usage.hex()) for usage in found]


def _key_identifier(data: bytes | None) -> str:
    return _only(data, OCTET_STRING).hex() if data else ""


def _authority_key(data: bytes | None) -> str:
    parts = _elements(_only(data, SEQUENCE)) if data else ()
    return "".join(part.content.hex() for part in parts if part.tag == KEY_IDENTIFIER)
