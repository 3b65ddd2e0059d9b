# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates and revocation lists, made by another implementation, and what is wrong with them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import certificate, certificate_rules, der, pem
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
        ({"names": ["*.example.net"]}, "server", "name"),
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
    found = certificate_rules.fault_of(made(**changes), HOST, side, NOW, [revocations(8, 9)])
    assert (found[0] if found else None) == problem


def test_a_list_of_another_authority_revokes_nothing():
    other = revocations(7)._replace(issuer="CN=other")
    assert certificate_rules.fault_of(made(), HOST, "server", NOW, [other]) is None


def test_an_empty_list():
    found = revocations()
    assert found.serials == frozenset() and found.next_update == NOW + timedelta(days=1)


def test_pem():
    assert pem.contents("no pem at all") == []
    damaged = "-----BEGIN CERTIFICATE-----\nAAA\n-----END CERTIFICATE-----"
    assert pem.contents(damaged) == []


@pytest.mark.parametrize("content", [b"", b"\x30\x80", b"\x30\x03\x02\x01\x01", b"\x30\x00"])
def test_what_is_neither(content):
    with pytest.raises(certificate.CertificateError):
        certificate.read(content)
    with pytest.raises(certificate.CertificateError):
        certificate.read_revocations(content)


SEEN = made()
ROOT = SEEN._replace(subject="CN=ca", issuer="CN=ca", subject_key=SEEN.authority_key, authority_key="", names=[], authority=True)
MIDDLE = ROOT._replace(subject="CN=middle", issuer="CN=ca", subject_key="aa", authority_key=ROOT.subject_key)
BELOW = SEEN._replace(issuer="CN=middle", authority_key="aa")
STRANGER = ROOT._replace(subject="CN=stranger", issuer="CN=stranger", subject_key="bb")
BOTH = ["serverAuth", "clientAuth"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"usages": None}, None),
        ({"usages": frozenset({"digitalSignature"})}, None),
        ({"usages": frozenset({"keyAgreement"})}, None),
        ({"usages": frozenset({"keyEncipherment"})}, "usage"),
        ({"usages": frozenset({"keyEncipherment"}), "purposes": ["serverAuth"]}, None),
        ({"usages": frozenset()}, "usage"),
        ({"usages": frozenset({"digitalSignature", "keyCertSign"})}, "usage"),
        ({"usages": frozenset({"digitalSignature", "keyCertSign"}), "authority": True}, None),
        ({"usages": frozenset({"nonRepudiation"}), "purposes": [*BOTH, certificate_rules.ANY_PURPOSE]}, None),
        ({"critical": ("2.5.29.31",)}, "extension"),
        ({"signature": "1.2.840.113549.1.1.4"}, "algorithm"),
        ({"key": "P-224"}, "algorithm"),
        ({"issuer": SEEN.subject}, "unknown-ca"),
    ],
)
def test_form_that_nodes_do_not_take(changes, problem):
    found = certificate_rules.fault_of(SEEN._replace(**changes), HOST, "server", NOW)
    assert (found[0] if found else None) == problem


def test_form_is_judged_without_a_host():
    assert certificate_rules.form_fault(SEEN._replace(names=["*.example.net"]), []) is None
    assert certificate_rules.form_fault(SEEN._replace(names=[]), []) == ("common-name-only", certificate_rules.NAMELESS)


@pytest.mark.parametrize(
    ("seen", "chain", "problem"),
    [
        (SEEN, [ROOT], None),
        (SEEN, [ROOT, STRANGER], None),
        (SEEN, [STRANGER], "chain"),
        (SEEN, [SEEN], "chain"),
        (SEEN, [SEEN._replace(serial=6, not_after=NOW - timedelta(days=1))], "chain"),
        (SEEN, [MIDDLE], "chain"),
        (BELOW, [MIDDLE], None),
        (BELOW, [MIDDLE, ROOT], None),
        (BELOW, [ROOT, MIDDLE], "chain"),
        (BELOW, [MIDDLE, STRANGER], None),
        (BELOW, [MIDDLE, MIDDLE], None),
        (BELOW, [MIDDLE._replace(not_after=NOW - timedelta(hours=1))], "expired"),
        (BELOW, [MIDDLE._replace(not_before=NOW + timedelta(hours=1))], "not-yet-valid"),
        (BELOW, [MIDDLE._replace(signature="1.2.840.10045.4.1")], "algorithm"),
        (BELOW, [MIDDLE._replace(critical=("1.2.3",))], "extension"),
        (BELOW, [MIDDLE._replace(issuer="CN=bottom"), MIDDLE._replace(subject="CN=bottom", issuer="CN=middle")], None),
    ],
)
def test_what_comes_behind(seen, chain, problem):
    found = certificate_rules.fault_of(seen, HOST, "server", NOW, chain=chain)
    assert (found[0] if found else None) == problem


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, None),
        ({"names": [HOST.upper()]}, None),
        ({"authority": True}, "to act as a CA"),
        ({"usages": frozenset({"digitalSignature", "cRLSign"})}, "to issue certificates or revocation lists"),
        ({"names": [HOST, "*.example.net"]}, "to act for *.example.net"),
        ({"names": [HOST, "198.18.1.10"]}, "to act for 198.18.1.10"),
        ({"other_names": ("root@" + HOST,)}, "to act for root@" + HOST),
        ({"purposes": None}, "any purpose"),
        ({"purposes": [*BOTH, certificate_rules.ANY_PURPOSE]}, "any purpose"),
        ({"purposes": [*BOTH, "codeSigning"]}, "the purposes codeSigning"),
        ({"purposes": ["serverAuth"]}, None),
    ],
)
def test_what_a_certificate_allows_beyond_its_host(changes, told):
    found = certificate_rules.excess_of(SEEN._replace(**changes), HOST)
    assert found == ("it allows " + told if told else None)


def test_names_that_others_chose_are_told_in_a_few_printed_words():
    seen = SEEN._replace(names=["x\n\x1b[2J" + "y" * 1000, *map(str, range(9))])
    for told in (certificate_rules.excess_of(seen, HOST), certificate_rules.fault_of(seen, HOST, "server", NOW)[1]):
        assert told.isprintable() and "x??[2Jyyy" in told and told.endswith(", 0, 1, 2, 3 and 5 more") and len(told) < 400


def test_a_root_as_nodes_take_it():
    """Its constraints and its usages are of no account to them, nor is its signature."""
    builder = x509.CertificateBuilder().subject_name(name("ca")).issuer_name(name("ca")).public_key(KEY.public_key())
    builder = builder.serial_number(300).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(KEY.public_key()), False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
    builder = builder.add_extension(x509.NameConstraints([x509.DNSName("example.org")], None), True)
    content = builder.sign(KEY, hashes.SHA512()).public_bytes(DER)
    made_anew = x509.load_der_x509_certificate(certificate.anchor(content))
    assert made_anew.public_key() == KEY.public_key()
    assert made_anew.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is True
    assert [each.oid for each in made_anew.extensions] == [x509.BasicConstraints.oid, x509.SubjectKeyIdentifier.oid]
    seen, before = certificate.read(certificate.anchor(content)), certificate.read(content)
    assert seen._replace(digest="", authority=False, critical=(), extensions=()) == before._replace(digest="", critical=(), extensions=())


def test_what_stands_behind_a_certificate_is_not_of_it():
    builder = x509.CertificateBuilder().subject_name(name("ca")).issuer_name(name("ca")).public_key(KEY.public_key())
    builder = builder.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=1))
    content = builder.sign(KEY, hashes.SHA256()).public_bytes(DER)
    assert der.first(content + b"\0rest") == content
    assert der.first(b"0") == b"0"


@pytest.mark.parametrize(
    ("after", "fault"),
    [(timedelta(0), None), (timedelta(hours=19), None), (timedelta(hours=20), "expiring"), (timedelta(hours=25), "expired")],
)
def test_a_revocation_list_runs_out(after, fault):
    """One that was issued now and holds for a day."""
    authority = made()._replace(subject="CN=ca")
    found = certificate_rules.list_fault([revocations()], [authority], NOW + after)
    assert (found and found[0]) == fault
    assert found is None or found[1] == "that of CN=ca holds until 2026-11-26 12:00 UTC"


def test_a_newer_list_takes_the_place_of_an_old_one_and_each_authority_needs_its_own():
    authority = made()._replace(subject="CN=ca")
    old = revocations()._replace(this_update=NOW - timedelta(days=9), next_update=NOW - timedelta(days=8))
    assert certificate_rules.list_fault([old, revocations()], [authority], NOW) is None
    assert certificate_rules.list_fault([old], [authority], NOW)[0] == "expired"
    assert certificate_rules.list_fault([revocations()._replace(next_update=None)], [authority], NOW) is None
    other = authority._replace(subject="CN=other")
    assert certificate_rules.list_fault([revocations()], [authority, other], NOW) == ("missing", "there is none of CN=other")


def test_what_a_status_says_of_lists() -> None:
    empty = revocations()._replace(serials=frozenset(), next_update=NOW + timedelta(days=3, hours=1))
    assert certificate_rules.told_of_lists([empty], NOW) == ["0 certificates of %s, the list holds for 3 days" % empty.issuer]
    one = empty._replace(serials=frozenset([7]))
    assert certificate_rules.told_of_lists([one], NOW)[0].startswith("1 certificate of ")
    assert "the node takes no certificate" in certificate_rules.told_of_lists([one], NOW + timedelta(days=4))[0]
    assert certificate_rules.told_of_lists([one._replace(next_update=None)], NOW) == ["1 certificate of %s" % one.issuer]
    assert certificate_rules.told_of_lists([], NOW) == ["there is no list of revoked certificates, and the node takes none"]
