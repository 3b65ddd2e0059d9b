# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates of any shape, built from their DER, as no library builds those that are wrong (RFC 5280, X.690)."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa

HASHES = {
    "md5": hashes.MD5,
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
RSA_SIGNATURES = {"md5": 4, "sha1": 5, "sha224": 14, "sha256": 11, "sha384": 12, "sha512": 13}
EC_SIGNATURES = {"sha1": "1", "sha224": "3.1", "sha256": "3.2", "sha384": "3.3", "sha512": "3.4"}
HASH_NAMES = {
    "sha1": "1.3.14.3.2.26",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
RSA_PSS = "1.2.840.113549.1.1.10"
NULL = b"\x05\x00"
USAGES = ("digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign", "cRLSign")
PURPOSES = {"server": "1.3.6.1.5.5.7.3.1", "client": "1.3.6.1.5.5.7.3.2", "code": "1.3.6.1.5.5.7.3.3", "any": "2.5.29.37.0"}
NAME_TAGS = {"email": 0x81, "dns": 0x82, "uri": 0x86, "ip": 0x87}


def tlv(tag: int, *parts: bytes) -> bytes:
    """An element of DER."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def sequence(*parts: bytes) -> bytes:
    """A sequence of elements."""
    return tlv(0x30, *parts)


def oid(text: str) -> bytes:
    """An object identifier."""
    first, second, *others = map(int, text.split("."))
    content = bytearray()
    for number in (first * 40 + second, *others):
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(0x80 | number & 0x7F)
        content += bytes(reversed(groups))
    return tlv(0x06, bytes(content))


def integer(number: int) -> bytes:
    """An integer, of any sign."""
    return tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def bits(content: bytes, unused: int = 0) -> bytes:
    """A string of bits."""
    return tlv(0x03, bytes([unused]), content)


def name(common_name: str) -> bytes:
    """A distinguished name with a common name, or an empty one."""
    return sequence(tlv(0x31, sequence(oid("2.5.4.3"), tlv(0x0C, common_name.encode())))) if common_name else sequence()


def time(moment: datetime, generalized: bool = False) -> bytes:
    """A time as RFC 5280 wants it, or GeneralizedTime before 2050 too."""
    if generalized or moment.year >= 2050:
        return tlv(0x18, moment.strftime("%Y%m%d%H%M%SZ").encode())
    return tlv(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())


def extension(identifier: str, value: bytes, critical: bool = False) -> bytes:
    """An extension."""
    return sequence(oid(identifier), *([tlv(0x01, b"\xff")] if critical else []), tlv(0x04, value))


def basic_constraints(authority: bool, path_length: int | None = None, critical: bool = True) -> bytes:
    """The extension basicConstraints."""
    parts = [tlv(0x01, b"\xff")] if authority else []
    return extension("2.5.29.19", sequence(*parts, *([] if path_length is None else [integer(path_length)])), critical)


def key_usage(*usages: str, critical: bool = True) -> bytes:
    """The extension keyUsage."""
    value = sum(0x80 >> USAGES.index(usage) for usage in usages)
    unused = next((bit for bit in range(8) if value >> bit & 1), 0)
    return extension("2.5.29.15", bits(bytes([value]), unused) if usages else bits(b""), critical)


def purposes(*wanted: str, critical: bool = False) -> bytes:
    """The extension extKeyUsage."""
    return extension("2.5.29.37", sequence(*(oid(PURPOSES[each]) for each in wanted)), critical)


def alternative_names(*names: tuple[str, str | bytes], critical: bool = False) -> bytes:
    """The extension subjectAltName; names are pairs of a kind and a value."""
    parts = [tlv(NAME_TAGS[kind], value.encode() if isinstance(value, str) else value) for kind, value in names]
    return extension("2.5.29.17", sequence(*parts), critical)


def name_constraints(permitted: tuple[str, ...] = (), excluded: tuple[str, ...] = (), critical: bool = True) -> bytes:
    """The extension nameConstraints, of DNS names."""
    trees = [(0xA0, permitted), (0xA1, excluded)]
    parts = [tlv(tag, *(sequence(tlv(0x82, each.encode())) for each in wanted)) for tag, wanted in trees if wanted]
    return extension("2.5.29.30", sequence(*parts), critical)


class Key:
    """A private key, and how it signs; ``pss`` makes it one that is for RSASSA-PSS alone."""

    def __init__(self, private: Any, pss: bool = False) -> None:
        self.private = private
        self.pss = pss

    @property
    def public(self) -> bytes:
        """The subjectPublicKeyInfo."""
        der: bytes = self.private.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return der if not self.pss else sequence(sequence(oid(RSA_PSS)), der[der.index(b"\x03\x82") :])

    def pem(self, form: str = "pkcs8", passphrase: bytes | None = None) -> str:
        """The private key in PEM: ``pkcs8``, or ``traditional`` for PKCS#1 and SEC1."""
        if self.pss:
            inner = self.private.private_bytes(
                serialization.Encoding.DER, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
            )
            return pem("PRIVATE KEY", sequence(integer(0), sequence(oid(RSA_PSS)), tlv(0x04, inner)))
        forms = {"pkcs8": serialization.PrivateFormat.PKCS8, "traditional": serialization.PrivateFormat.TraditionalOpenSSL}
        sealed = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
        text: bytes = self.private.private_bytes(serialization.Encoding.PEM, forms[form], sealed)
        return text.decode()

    def sign(self, content: bytes, how: str) -> tuple[bytes, bytes]:
        """The algorithm and the signature of content; ``how`` is a hash, with ``pss-`` before it for RSASSA-PSS."""
        digest = how.rpartition("-")[2]
        if isinstance(self.private, rsa.RSAPrivateKey) and (how.startswith("pss") or self.pss):
            made = HASHES[digest]()
            parameters = sequence(
                tlv(0xA0, sequence(oid(HASH_NAMES[digest]), NULL)),
                tlv(0xA1, sequence(oid("1.2.840.113549.1.1.8"), sequence(oid(HASH_NAMES[digest]), NULL))),
                tlv(0xA2, integer(made.digest_size)),
            )
            signed = self.private.sign(content, padding.PSS(padding.MGF1(made), made.digest_size), made)
            return sequence(oid(RSA_PSS), parameters), signed
        if isinstance(self.private, rsa.RSAPrivateKey):
            algorithm = sequence(oid("1.2.840.113549.1.1.%d" % RSA_SIGNATURES[digest]), NULL)
            return algorithm, self.private.sign(content, padding.PKCS1v15(), HASHES[digest]())
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            return sequence(oid("1.2.840.10045.4." + EC_SIGNATURES[digest])), self.private.sign(content, ec.ECDSA(HASHES[digest]()))
        if isinstance(self.private, dsa.DSAPrivateKey):
            return sequence(oid("2.16.840.1.101.3.4.3.2")), self.private.sign(content, hashes.SHA256())
        curve = "1.3.101.112" if "25519" in type(self.private).__name__ else "1.3.101.113"
        return sequence(oid(curve)), self.private.sign(content)


class Issuer(NamedTuple):
    """A CA: its name, its key, and its certificate."""

    name: bytes
    key: Key
    certificate: bytes


HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def certificate(
    subject: bytes,
    key: Key,
    issuer: Issuer | None,
    extensions: list[bytes],
    how: str = "sha256",
    serial: int = 0x1234567,
    begin: timedelta | datetime = -HOUR,
    end: timedelta | datetime = 30 * DAY,
    generalized: bool = False,
    version: int = 3,
) -> bytes:
    """The DER of a certificate, self-signed without an issuer."""
    now = datetime.now(timezone.utc)
    times = [moment if isinstance(moment, datetime) else now + moment for moment in (begin, end)]
    signer = issuer.key if issuer else key
    algorithm, _signature = signer.sign(b"", how)
    fields = [
        *([tlv(0xA0, integer(version - 1))] if version > 1 else []),
        integer(serial),
        algorithm,
        issuer.name if issuer else subject,
        sequence(*(time(moment, generalized) for moment in times)),
        subject,
        key.public,
        *([tlv(0xA3, sequence(*extensions))] if extensions else []),
    ]
    content = sequence(*fields)
    return sequence(content, algorithm, bits(signer.sign(content, how)[1]))


def pem(label: str, der: bytes) -> str:
    """DER as PEM text."""
    text = base64.encodebytes(der).decode().replace("\n", "")
    lines = [text[position : position + 64] for position in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN %s-----" % label, *lines, "-----END %s-----" % label, ""])
