# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates and revocation lists, made by another implementation, and what is wrong with them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils.distribution import certificate
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=timezone.utc)
HOST = "bravo.example.net"
KEY = ec.generate_private_key(ec.SECP256R1())
DER = serialization.Encoding.DER
USAGES = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def made(names=(HOST,), usages=tuple(USAGES), begin=NOW - timedelta(days=1), end=NOW + timedelta(days=1), serial=7):
    builder = x509.CertificateBuilder().subject_name(name(HOST)).issuer_name(name("ca")).public_key(KEY.public_key())
    builder = builder.serial_number(serial).not_valid_before(begin).not_valid_after(end)
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(KEY.public_key()), False)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), False)
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), False)
    return certificate.read(builder.sign(KEY, hashes.SHA256()).public_bytes(DER))


def revocations(*serials: int) -> certificate.Revocations:
    builder = x509.CertificateRevocationListBuilder().issuer_name(name("ca")).last_update(NOW)
    builder = builder.next_update(NOW + timedelta(days=1))
    for serial in serials:
        revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW).build()
        builder = builder.add_revoked_certificate(revoked)
    return certificate.read_revocations(builder.sign(KEY, hashes.SHA256()).public_bytes(DER))


def test_fields():
    seen = made()
    assert (seen.subject, seen.issuer, seen.names, seen.serial) == ("CN=" + HOST, "CN=ca", [HOST], 7)
    assert seen.purposes == ["serverAuth", "clientAuth"]
    assert seen.common_name == HOST
    assert len(seen.authority_key) == 40 and len(seen.digest) == 64
    assert made(usages=None).purposes is None


@pytest.mark.parametrize(
    ("changes", "side", "problem"),
    [
        ({}, "server", None),
        ({}, "client", None),
        ({"usages": None}, "client", None),
        ({"names": ["*.example.net"]}, "server", None),
        ({"names": ["BRAVO.example.net"]}, "server", None),
        ({"end": NOW - timedelta(hours=1)}, "server", "expired"),
        ({"begin": NOW + timedelta(hours=1)}, "client", "not-yet-valid"),
        ({"names": ["carol.example.net"]}, "server", "name"),
        ({"names": ["*.net"]}, "server", "name"),
        ({"names": []}, "server", "common-name-only"),
        ({"usages": [ExtendedKeyUsageOID.SERVER_AUTH]}, "client", "purpose"),
        ({"usages": [ExtendedKeyUsageOID.SERVER_AUTH]}, "server", None),
        ({"usages": [ExtendedKeyUsageOID.CLIENT_AUTH]}, "server", "purpose"),
        ({"serial": 9}, "server", "revoked"),
    ],
)
def test_fault(changes, side, problem):
    found = certificate.fault_of(made(**changes), HOST, side, NOW, [revocations(8, 9)])
    assert (found[0] if found else None) == problem


def test_a_list_of_another_authority_revokes_nothing():
    other = revocations(7)._replace(issuer="CN=other")
    assert certificate.fault_of(made(), HOST, "server", NOW, [other]) is None


def test_an_empty_list():
    found = revocations()
    assert found.serials == frozenset() and found.next_update == NOW + timedelta(days=1)


def test_pem():
    assert certificate.from_pem("no pem at all") == []
    damaged = "-----BEGIN CERTIFICATE-----\nAAA\n-----END CERTIFICATE-----"
    assert certificate.from_pem(damaged) == []


@pytest.mark.parametrize("der", [b"", b"\x30\x80", b"\x30\x03\x02\x01\x01", b"\x30\x00"])
def test_what_is_neither(der):
    with pytest.raises(certificate.CertificateError):
        certificate.read(der)
    with pytest.raises(certificate.CertificateError):
        certificate.read_revocations(der)
