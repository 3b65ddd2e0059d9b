# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import datetime
import ipaddress
import random
import typing as t

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.certificates import (
    Wanted,
    certificate_faults,
    check_ca,
    extensions,
    issuers_known,
    subject,
    without_trusted,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime(2026, 11, 24, tzinfo=datetime.timezone.utc)
HOST = "alpha.example.net"
BOTH = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
PASSPHRASE = "correct horse"
WANTED = Wanted("guard@" + HOST, HOST, 90, 30)


def days(count: float) -> datetime.datetime:
    return NOW + datetime.timedelta(days=count)


class Authority:
    """A CA, and what it issues."""

    def __init__(
        self,
        name: str = "CA",
        end: float = 3650,
        above: Authority | None = None,
        extensions: t.Sequence[t.Any] = (x509.BasicConstraints(True, None),),
        start: float = -1,
    ) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        critical = [(extension, True) for extension in extensions]
        self.certificate = (above or self)._sign(self.name, self.key.public_key(), start, end, critical)
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def _sign(
        self,
        subject: x509.Name,
        key: t.Any,
        start: float,
        end: float,
        extensions: t.Sequence[tuple[t.Any, bool]],
        algorithm: t.Any = None,
    ) -> x509.Certificate:
        builder = x509.CertificateBuilder(self.name, subject, key, x509.random_serial_number(), days(start), days(end))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self.key, algorithm or hashes.SHA256())

    def leaf(
        self,
        *changes: t.Any,
        start: float = -1,
        end: float = 90,
        node: str = "guard@" + HOST,
        key: t.Any = None,
        without: tuple[type[t.Any], ...] = (),
        algorithm: t.Any = None,
    ) -> str:
        """What a node is given but for ``changes`` (other extensions in the place of those of their kind)."""
        kinds = (*without, *(type(change) for change in changes))
        kept = [(extension, critical) for extension, critical in extensions(HOST) if not isinstance(extension, kinds)]
        parts = [*kept, *((change, False) for change in changes)]
        key = key or ec.generate_private_key(ec.SECP256R1())
        signed = self._sign(subject(node), key.public_key(), start, end, parts, algorithm)
        return signed.public_bytes(serialization.Encoding.PEM).decode()

    def encrypted_key(self, passphrase: str | None = PASSPHRASE) -> bytes:
        encryption: t.Any = serialization.NoEncryption()
        if passphrase:
            encryption = serialization.BestAvailableEncryption(passphrase.encode())
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


CA = Authority()
OTHER = Authority("other CA")
IMPOSTOR = Authority()
"""A CA of the same name with another key."""


def found(pem: str, key_matches: bool = True) -> dict[str, t.Any]:
    return {"pem": pem, "key_matches": key_matches}


def names(*given: str | x509.GeneralName) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.DNSName(name) if isinstance(name, str) else name for name in given])


def usage(*allowed: str) -> x509.KeyUsage:
    every = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    every += ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{name: name in allowed for name in every})


@pytest.mark.parametrize("good", [CA.leaf(), CA.leaf(names(HOST.upper())), CA.leaf(usage("digital_signature"))])
def test_a_good_certificate_has_no_faults(good: str) -> None:
    assert certificate_faults(found(good), CA.pem, WANTED, NOW) == []
    assert certificate_faults({**found(good), "labels": ["PRIVATE KEY", "CERTIFICATE"]}, CA.pem, WANTED, NOW) == []


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        (None, "it has no certificate"),
        ({}, "it has no certificate"),
        (["no mapping"], "it has no certificate"),
        (found("-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----"), "its certificate cannot be read"),
        (found(CA.leaf() + " " * 70000), "its certificate cannot be read"),
        (found(CA.leaf(), key_matches=False), "its key does not belong to its certificate"),
        (
            found(OTHER.leaf()),
            "its certificate is not from this CA: the certificate of CN=other CA, which issued it, does not come behind it",
        ),
        (found(IMPOSTOR.leaf()), "its certificate is not from this CA"),
        (found(CA.leaf(without=(x509.SubjectAlternativeName,))), "its certificate is not for alpha.example.net"),
        (found(CA.leaf(names("bravo.example.net"))), "its certificate is not for alpha.example.net"),
        (found(CA.leaf(names("*.example.net"))), "its certificate is not for alpha.example.net"),
        (
            found(CA.leaf(x509.ExtendedKeyUsage(BOTH[:1]))),
            "its certificate lacks the extended key usage of a server and a client",
        ),
        (found(CA.leaf(start=2)), "its certificate is not valid before 2026-11-26"),
        (found(CA.leaf(start=-90, end=-1)), "its certificate expired on 2026-11-23"),
        (found(CA.leaf(end=29.9)), "its certificate expires in 29 days"),
    ],
)
def test_each_reason_for_a_new_certificate(certificate: t.Any, reason: str) -> None:
    assert certificate_faults(certificate, CA.pem, WANTED, NOW) == [reason]


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        (
            CA.leaf(names(HOST, "bravo.example.net", "*.corp.example")),
            "is also for bravo.example.net and *.corp.example",
        ),
        (CA.leaf(names(HOST, x509.IPAddress(ipaddress.ip_address("198.18.1.10")))), "is also for 198.18.1.10"),
        (CA.leaf(names(HOST, x509.RFC822Name("root@example.net"))), "is also for root@example.net"),
        (CA.leaf(names(HOST, x509.UniformResourceIdentifier("x:\x1b[2J"))), "is also for x:?[2J"),
        (CA.leaf(names(HOST, HOST)), "has its name more than once"),
        (CA.leaf(x509.BasicConstraints(True, None)), "is that of a CA"),
        (CA.leaf(usage("digital_signature", "key_cert_sign")), "more than a node needs (keyCertSign)"),
        (CA.leaf(usage("digital_signature", "key_agreement", "decipher_only")), "(decipherOnly, keyAgreement)"),
        (CA.leaf(usage("key_agreement")), "lacks the key usage digitalSignature"),
        (CA.leaf(without=(x509.KeyUsage,)), "keyCertSign"),
        (CA.leaf(x509.ExtendedKeyUsage([*BOTH, ExtendedKeyUsageOID.CODE_SIGNING])), "more extended key usages"),
        (CA.leaf(x509.OCSPNoCheck()), "has an extension that no node needs (1.3.6.1.5.5.7.48.1.5)"),
        (CA.leaf(node="guard@bravo.example.net"), "another subject than guard@alpha.example.net"),
        (CA.leaf(key=ec.generate_private_key(ec.SECP384R1())), "key of another kind"),
        (CA.leaf(key=ed25519.Ed25519PrivateKey.generate()), "key of another kind"),
        (CA.leaf(end=3650), "is valid for 3650 days more, and one may be for 90"),
        (CA.leaf() + OTHER.leaf(), "comes that of CN=guard@alpha.example.net, which has not issued the one before it"),
    ],
)
def test_a_certificate_that_allows_more_is_replaced(certificate: str, reason: str) -> None:
    faults = certificate_faults(found(certificate), CA.pem, WANTED, NOW)
    assert any(reason in fault for fault in faults), faults
    assert all(fault.isprintable() for fault in faults)


def test_what_hosts_refuse_is_replaced() -> None:
    """A signature with SHA-224 is in order for the CA's own rules, and no node takes it: one set of rules knows both."""
    signed = CA.leaf(algorithm=hashes.SHA224())
    (reason,) = certificate_faults(found(signed), CA.pem, WANTED, NOW)
    assert reason.startswith("its certificate does not serve a node: ") and "1.2.840.10045.4.3.1" in reason


def test_a_file_with_more_than_key_and_certificate() -> None:
    labels = ["PRIVATE KEY", "CERTIFICATE", "TRUSTED CERTIFICATE"]
    faults = certificate_faults({**found(CA.leaf()), "labels": labels}, CA.pem, WANTED, NOW)
    assert faults == ["its file holds more than its key and its certificates"]


MIDDLE = Authority("middle", above=CA)
LOW = Authority("low", above=MIDDLE)
CAPPED = Authority("capped", above=CA, extensions=[x509.BasicConstraints(True, 0)])
UNDER = Authority("under", above=CAPPED)


def constrained(permitted: str | None, excluded: str | None = None) -> Authority:
    """A CA in between that may issue for some domains alone."""
    trees = ([x509.DNSName(name)] if name else None for name in (permitted, excluded))
    return Authority("bound", above=CA, extensions=[x509.BasicConstraints(True, None), x509.NameConstraints(*trees)])


NET, ORG, NOT_NET = constrained("example.net"), constrained("example.org"), constrained(None, ".example.net")
SOON, LATER = Authority("soon", end=50, above=CA), Authority("later", start=2, above=CA)
SERVERS = Authority(
    "servers", above=CA, extensions=[x509.BasicConstraints(True, None), x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])]
)


@pytest.mark.parametrize(
    "chain",
    [
        MIDDLE.leaf() + MIDDLE.pem,
        LOW.leaf() + LOW.pem + MIDDLE.pem,
        MIDDLE.leaf() + MIDDLE.pem + CA.pem,
        CAPPED.leaf() + CAPPED.pem,
        NET.leaf() + NET.pem,
        SOON.leaf(end=50) + SOON.pem,
    ],
)
def test_a_chain_that_leads_to_a_trusted_ca_is_right(chain: str) -> None:
    labels = ["PRIVATE KEY", *["CERTIFICATE"] * chain.count("BEGIN")]
    for trust in (CA.pem, OTHER.pem + CA.pem):
        assert certificate_faults({**found(chain), "labels": labels}, trust, WANTED, NOW) == []
        assert issuers_known(chain, trust) is True
    assert issuers_known(chain, OTHER.pem) is False
    assert without_trusted(chain, CA.pem) == chain.replace(CA.pem, "")


@pytest.mark.parametrize(
    ("chain", "reason"),
    [
        (
            MIDDLE.leaf(),
            "its certificate is not from this CA: the certificate of CN=middle, which issued it, does not come behind it",
        ),
        (
            LOW.leaf() + LOW.pem,
            "its chain does not lead to a CA that is trusted: the certificate of CN=middle, which issued the last one, does not come behind it",
        ),
        (LOW.leaf() + MIDDLE.pem, "behind its certificate comes that of CN=middle, which has not issued the one before it"),
        (OTHER.leaf() + OTHER.pem, "its chain does not lead to a CA that is trusted"),
        (IMPOSTOR.leaf() + IMPOSTOR.pem, "its chain does not lead to a CA that is trusted"),
        (UNDER.leaf() + UNDER.pem + CAPPED.pem, "its CA CN=capped may have no more than 0 CAs below it"),
        (ORG.leaf() + ORG.pem, "its CA CN=bound may not issue certificates for alpha.example.net"),
        (NOT_NET.leaf() + NOT_NET.pem, "its CA CN=bound may not issue certificates for alpha.example.net"),
        (SOON.leaf() + SOON.pem, "its certificate is valid for longer than that of its CA CN=soon, which ends on 2027-01-13"),
        (LATER.leaf() + LATER.pem, "the certificate of its CA CN=later is not valid before 2026-11-26"),
        (SERVERS.leaf() + SERVERS.pem, "that of its CA CN=servers is for serverAuth, and the client needs clientAuth"),
        (CA.leaf(end=90) + CA.leaf(end=90), "comes that of CN=guard@alpha.example.net, which has not issued the one before it"),
    ],
)
def test_each_reason_why_a_chain_is_wrong(chain: str, reason: str) -> None:
    faults = certificate_faults(found(chain), CA.pem, WANTED, NOW)
    assert any(fault.endswith(reason) for fault in faults), faults


def test_no_certificate_outlives_the_ca_that_is_trusted() -> None:
    ends = Authority(end=40)
    (fault,) = certificate_faults(found(ends.leaf()), ends.pem, WANTED, NOW)
    assert fault == "its certificate is valid for longer than that of its CA CN=CA, which ends on 2027-01-03"


AS_OTHERS_SIGN = CA.leaf(
    usage("digital_signature", "key_encipherment", "key_agreement"),
    x509.OCSPNoCheck(),
    node="what their CA likes",
    key=ec.generate_private_key(ec.SECP384R1()),
    end=80,
)


def test_who_else_signs_may_have_rules_of_its_own() -> None:
    """What serves the node and allows nothing beyond is taken; for the cluster's own CA it is not what was asked for."""
    loose = WANTED._replace(exact=False)
    assert certificate_faults(found(AS_OTHERS_SIGN), CA.pem, loose, NOW) == []
    assert len(certificate_faults(found(AS_OTHERS_SIGN), CA.pem, WANTED, NOW)) == 4
    assert certificate_faults(found(CA.leaf(end=3000)), CA.pem, loose._replace(days=36500, renew_before_days=0), NOW) == []


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        (CA.leaf(names(HOST, "bravo.example.net")), "allows to act for bravo.example.net, which no node needs"),
        (CA.leaf(x509.BasicConstraints(True, None)), "allows to act as a CA"),
        (CA.leaf(usage("digital_signature", "crl_sign")), "to issue certificates or revocation lists"),
        (CA.leaf(x509.ExtendedKeyUsage([*BOTH, ExtendedKeyUsageOID.CODE_SIGNING])), "the purposes codeSigning"),
        (CA.leaf(x509.ExtendedKeyUsage([*BOTH[:1]])), "it is for serverAuth, and the client needs clientAuth"),
        (CA.leaf(without=(x509.SubjectAlternativeName,), node=HOST), "it has no subject alternative name"),
        (CA.leaf(end=3000), "is valid for 3000 days more, and one may be for 90"),
        (CA.leaf(end=20), "expires in 20 days"),
        (CA.leaf(end=-0.5), "expired on 2026-11-23"),
        (CA.leaf(start=1), "is not valid before 2026-11-25"),
        (CA.leaf(usage("key_agreement"), x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING, *BOTH])), "does not go with codeSigning"),
    ],
)
def test_who_else_signs_is_held_to_what_serves_a_node(certificate: str, reason: str) -> None:
    faults = certificate_faults(found(certificate), CA.pem, WANTED._replace(exact=False), NOW)
    assert any(reason in fault for fault in faults), faults


def test_damaged_certificates_never_raise() -> None:
    chance = random.Random(7)
    der = bytearray(x509.load_pem_x509_certificate(CA.leaf().encode()).public_bytes(serialization.Encoding.DER))
    for _round in range(300):
        damaged = bytearray(der)
        for _byte in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        text = base64.encodebytes(bytes(damaged)).decode()
        pem = "-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n" % text
        if damaged != der:
            assert certificate_faults(found(pem), CA.pem, WANTED, NOW)
        issuers_known(pem, CA.pem)


@pytest.mark.parametrize("ca_pem", ["", "no certificate"])
def test_without_a_ca_every_certificate_is_replaced(ca_pem: str) -> None:
    assert certificate_faults(found(CA.leaf()), ca_pem, WANTED, NOW) == ["its certificate is not from this CA"]


def test_whether_a_certificate_is_from_a_ca() -> None:
    assert issuers_known(CA.leaf(), CA.pem) is True
    assert issuers_known(OTHER.leaf(), CA.pem) is False
    assert issuers_known(CA.leaf(), "") is False
    assert issuers_known("no certificate", CA.pem) is None
    assert issuers_known(None, CA.pem) is None


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


def test_of_several_cas_any_may_have_signed() -> None:
    """As nodes trust two while the CA is rotated."""
    assert issuers_known(OTHER.leaf(), CA.pem + OTHER.pem) is True
    assert issuers_known(IMPOSTOR.leaf(), CA.pem + OTHER.pem) is False
