# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils.cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.certificates import certificate_faults, check_ca
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime(2026, 11, 24, tzinfo=datetime.timezone.utc)
HOST = "alpha.example.net"
BOTH = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
PASSPHRASE = "correct horse"


def days(count: float) -> datetime.datetime:
    return NOW + datetime.timedelta(days=count)


class Authority:
    """A CA, and what it issues."""

    def __init__(self, name: str = "CA", end: float = 3650) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._sign(self.name, self.key.public_key(), -1, end, [])
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def _sign(
        self, subject: x509.Name, key: t.Any, start: float, end: float, extensions: list[t.Any]
    ) -> x509.Certificate:
        builder = x509.CertificateBuilder(self.name, subject, key, x509.random_serial_number(), days(start), days(end))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def leaf(
        self, start: float = -1, end: float = 90, names: t.Sequence[str] = (HOST,), usages: t.Sequence[t.Any] = BOTH
    ) -> str:
        extensions: list[t.Any] = []
        if names:
            extensions.append(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]))
        if usages:
            extensions.append(x509.ExtendedKeyUsage(list(usages)))
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "guard@" + HOST)])
        signed = self._sign(subject, key.public_key(), start, end, extensions)
        return signed.public_bytes(serialization.Encoding.PEM).decode()

    def encrypted_key(self, passphrase: str | None = PASSPHRASE) -> bytes:
        encryption: t.Any = serialization.NoEncryption()
        if passphrase:
            encryption = serialization.BestAvailableEncryption(passphrase.encode())
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


CA = Authority()
OTHER = Authority()


def found(pem: str, key_matches: bool = True) -> dict[str, t.Any]:
    return {"pem": pem, "key_matches": key_matches}


@pytest.mark.parametrize("names", [[HOST], ["other.example.net", HOST.upper()]])
def test_a_good_certificate_has_no_faults(names: list[str]) -> None:
    assert certificate_faults(found(CA.leaf(names=names)), CA.pem, HOST, 30, NOW) == []


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        (None, "it has no certificate"),
        ({}, "it has no certificate"),
        (found("-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----"), "its certificate cannot be read"),
        (found(CA.leaf(), key_matches=False), "its key does not belong to its certificate"),
        (found(OTHER.leaf()), "its certificate is not from this CA"),
        (found(CA.leaf(names=[])), "its certificate is not for alpha.example.net"),
        (found(CA.leaf(names=["bravo.example.net"])), "its certificate is not for alpha.example.net"),
        (found(CA.leaf(usages=[])), "its certificate lacks the extended key usage of a server and a client"),
        (found(CA.leaf(usages=BOTH[:1])), "its certificate lacks the extended key usage of a server and a client"),
        (found(CA.leaf(start=2)), "its certificate is not valid before 2026-11-26"),
        (found(CA.leaf(start=-90, end=-1)), "its certificate expired on 2026-11-23"),
        (found(CA.leaf(end=29.9)), "its certificate expires in 29 days"),
    ],
)
def test_each_reason_for_a_new_certificate(certificate: dict[str, t.Any] | None, reason: str) -> None:
    assert certificate_faults(certificate, CA.pem, HOST, 30, NOW) == [reason]


@pytest.mark.parametrize("ca_pem", ["", "no certificate"])
def test_without_a_ca_every_certificate_is_replaced(ca_pem: str) -> None:
    assert certificate_faults(found(CA.leaf()), ca_pem, HOST, 30, NOW) == ["its certificate is not from this CA"]


def test_a_ca_that_is_not_there_or_only_begun_is_fine() -> None:
    check_ca(None, None, None, NOW)
    check_ca(CA.encrypted_key(), None, PASSPHRASE, NOW)
    check_ca(CA.encrypted_key(), CA.pem.encode(), PASSPHRASE, NOW)


@pytest.mark.parametrize(
    ("key", "certificate", "passphrase", "problem"),
    [
        (CA.encrypted_key(), CA.pem, "wrong passphrase", "does not open ca.key"),
        (CA.encrypted_key(), CA.pem, None, "is not set"),
        (CA.encrypted_key(None), CA.pem, PASSPHRASE, "ca.key is not encrypted"),
        (b"no key", CA.pem, PASSPHRASE, "ca.key is no private key"),
        (None, CA.pem, PASSPHRASE, "ca.key is not"),
        (CA.encrypted_key(), OTHER.pem, PASSPHRASE, "certificate of another key"),
        (CA.encrypted_key(), "no certificate", PASSPHRASE, "ca.pem beside it is no certificate"),
    ],
)
def test_each_fault_of_a_ca(key: bytes | None, certificate: str, passphrase: str | None, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as raised:
        check_ca(key, certificate.encode(), passphrase, NOW)
    assert PASSPHRASE not in str(raised.value) and "wrong passphrase" not in str(raised.value)


def test_an_expired_ca_is_a_fault() -> None:
    old = Authority(end=-0.5)
    with pytest.raises(InputError, match="expired on 2026-11-23"):
        check_ca(old.encrypted_key(), old.pem.encode(), PASSPHRASE, NOW)
