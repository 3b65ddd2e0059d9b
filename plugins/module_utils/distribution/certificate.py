# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a certificate says, read from its DER: enough to explain a refusal, never to decide about trust.

Trust is decided by the TLS library. Source of the layout: RFC 5280, section 4.1; encoding: ITU-T X.690 (DER).
"""

from __future__ import annotations

from collections.abc import Iterator
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

INTEGER, OBJECT_IDENTIFIER, SEQUENCE, SET = 0x02, 0x06, 0x30, 0x31
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
VERSION, EXTENSIONS = 0xA0, 0xA3
DNS_NAME, IP_ADDRESS = 0x82, 0x87


class CertificateError(ValueError):
    """The bytes are no X.509 certificate."""


class Certificate(NamedTuple):
    """The fields of a certificate that a diagnosis speaks of."""

    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    names: list[str]

    def days_left(self, now: datetime) -> float:
        """Return the days until the certificate expires, negative afterwards."""
        return (self.not_after - now).total_seconds() / 86400


class _Element(NamedTuple):
    tag: int
    content: bytes


def read(der: bytes) -> Certificate:
    """Return what the certificate says; raise CertificateError."""
    try:
        certificate = _only(der, SEQUENCE)
        fields = list(_elements(next(_elements(certificate)).content))
        if fields and fields[0].tag == VERSION:
            del fields[0]
        _serial, _algorithm, issuer, validity, subject, _key = fields[:6]
        begin, end = _elements(validity.content)
        extensions = [field.content for field in fields[6:] if field.tag == EXTENSIONS]
        return Certificate(
            subject=_distinguished_name(subject.content),
            issuer=_distinguished_name(issuer.content),
            not_before=_time(begin),
            not_after=_time(end),
            names=_alternative_names(extensions[0]) if extensions else [],
        )
    except (ValueError, StopIteration, OverflowError) as error:
        raise CertificateError("these bytes are no X.509 certificate") from error


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


def _alternative_names(data: bytes) -> list[str]:
    for extension in _elements(_only(data, SEQUENCE)):
        parts = list(_elements(extension.content))
        if not parts:
            raise ValueError("an extension without a name")
        if parts[0].content != _SUBJECT_ALT_NAME:
            continue
        names = []
        for name in _elements(_only(parts[-1].content, SEQUENCE)):
            if name.tag == DNS_NAME:
                names.append(name.content.decode("ascii", "replace"))
            elif name.tag == IP_ADDRESS:
                names.append(
                    ".".join(str(byte) for byte in name.content) if len(name.content) == 4 else name.content.hex(":")
                )
        return names
    return []
