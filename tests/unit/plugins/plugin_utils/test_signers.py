# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the CA signs, whatever a host hands back."""

from __future__ import annotations

import base64
import datetime
import random
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import cluster_wide
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError, InventoryFault
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import certificates
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers import contract, private_ca, registry, requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
HOST = "alpha.example.net"
WANTED = certificates.Wanted("guard@" + HOST, HOST, 90, 30)
PASSPHRASE = "correct horse"
PEM = serialization.Encoding.PEM
SHA256 = hashes.SHA256()
KEY = ec.generate_private_key(ec.SECP256R1())


def named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def authority(identifier: bool = True, days: int = 3650) -> private_ca.Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    times = (NOW - datetime.timedelta(days=1), NOW + datetime.timedelta(days=days))
    builder = x509.CertificateBuilder(named("CA"), named("CA"), key.public_key(), x509.random_serial_number(), *times)
    builder = builder.add_extension(x509.BasicConstraints(True, 0), critical=True)
    if identifier:
        builder = builder.add_extension(x509.SubjectKeyIdentifier(b"its own, and no digest"), critical=False)
    return private_ca.Authority(builder.sign(key, hashes.SHA256()), key)


CA = authority()


def request(*extensions: t.Any, key: t.Any = KEY, digest: t.Any = SHA256, subject: str = "guard@alpha.example.net") -> str:
    builder = x509.CertificateSigningRequestBuilder().subject_name(named(subject))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(key, digest).public_bytes(PEM).decode()


FORGED = (
    x509.BasicConstraints(True, None),
    x509.KeyUsage(True, False, False, False, False, True, True, False, False),
    x509.SubjectAlternativeName([x509.DNSName(name) for name in (HOST, "bravo.example.net", "payroll.corp.example")]),
    x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]),
    x509.OCSPNoCheck(),
    x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00"),
)


@pytest.mark.parametrize("asked", [request(), request(*FORGED, subject="CA of Erlang cluster guard")])
@pytest.mark.parametrize("signer", [CA, authority(identifier=False)])
def test_nothing_but_the_key_is_taken(asked: str, signer: private_ca.Authority) -> None:
    """A request for a CA with the names of others gets the same certificate as one that asks for nothing."""
    made = x509.load_pem_x509_certificate(contract.signed_for(asked, WANTED, signer, NOW).encode())
    made.verify_directly_issued_by(signer.certificate)
    assert made.public_key() == KEY.public_key()
    assert made.subject == named("guard@" + HOST)
    held = {extension.oid: (extension.value, extension.critical) for extension in made.extensions}
    values = {type(value): (value, critical) for value, critical in held.values()}
    assert values[x509.BasicConstraints] == (x509.BasicConstraints(False, None), True)
    assert values[x509.KeyUsage] == (x509.KeyUsage(True, *[False] * 8), True)
    assert values[x509.SubjectAlternativeName][0] == x509.SubjectAlternativeName([x509.DNSName(HOST)])
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    assert values[x509.ExtendedKeyUsage][0] == x509.ExtendedKeyUsage(purposes)
    assert values[x509.SubjectKeyIdentifier][0] == x509.SubjectKeyIdentifier.from_public_key(KEY.public_key())
    assert len(held) == 6
    identifier = values[x509.AuthorityKeyIdentifier][0].key_identifier
    own = x509.SubjectKeyIdentifier.from_public_key(signer.key.public_key()).digest
    assert identifier == (b"its own, and no digest" if signer is CA else own)
    assert made.not_valid_before_utc == NOW - datetime.timedelta(hours=1)
    assert made.not_valid_after_utc == NOW + datetime.timedelta(days=90)


def test_what_was_signed_is_held_to_what_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signer that gives more than that is found out before anything is handed out."""
    more = [*certificates.extensions(HOST)[1:], (x509.BasicConstraints(True, None), True)]
    with monkeypatch.context() as patched:
        patched.setattr(certificates, "extensions", lambda host: more)
        with pytest.raises(requests.RequestError, match="is that of a CA"):
            contract.signed_for(request(), WANTED, CA, NOW)
    assert contract.signed_for(request(), WANTED, CA, NOW)


def unproven() -> str:
    """The request of one key with the public key of another in it."""
    own = x509.load_pem_x509_csr(request().encode()).public_bytes(serialization.Encoding.DER)
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    swapped = own.replace(KEY.public_key().public_bytes(*form), other.public_bytes(*form))
    return wrapped(swapped)


def wrapped(der: bytes) -> str:
    text = base64.encodebytes(der).decode()
    return "-----BEGIN CERTIFICATE REQUEST-----\n%s-----END CERTIFICATE REQUEST-----\n" % text


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (None, "no certificate request"),
        ("", "something else than one"),
        (["a list"], "no certificate request"),
        (request() + "x" * requests.LONGEST_REQUEST, "of more than"),
        (request() + request(), "something else than one"),
        (request() + CA.certificate.public_bytes(PEM).decode(), "something else than one"),
        (request().replace("REQUEST", "REQUEST\u202e"), "something else than one"),
        (wrapped(b"no request"), "cannot be read"),
        (unproven(), "without proof"),
        (request(key=ec.generate_private_key(ec.SECP384R1())), "another kind"),
        (request(key=ec.generate_private_key(ec.SECP256K1())), "another kind"),
        (request(key=rsa.generate_private_key(65537, 1024)), "another kind"),
        (request(key=ed25519.Ed25519PrivateKey.generate(), digest=None), "another kind"),
    ],
)
def test_what_is_no_request_for_such_a_key_is_refused(answer: t.Any, problem: str) -> None:
    with pytest.raises(requests.RequestError, match=problem):
        contract.signed_for(answer, WANTED, CA, NOW)


def test_damaged_requests_are_refused() -> None:
    chance = random.Random(11)
    der = x509.load_pem_x509_csr(request(*FORGED).encode()).public_bytes(serialization.Encoding.DER)
    for _round in range(300):
        damaged = bytearray(der)
        for _byte in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] ^= chance.randrange(1, 256)
        if bytes(damaged) != der:
            with pytest.raises(requests.RequestError):
                requests.requested_key(wrapped(bytes(damaged)))


def test_no_certificate_outlives_its_ca() -> None:
    signer = authority(days=40)
    made = x509.load_pem_x509_certificate(contract.signed_for(request(), WANTED, signer, NOW).encode())
    assert made.not_valid_after_utc == signer.certificate.not_valid_after_utc


def test_a_ca_that_ends_before_a_certificate_is_due_signs_nothing() -> None:
    with pytest.raises(contract.SignerError, match=r"The CA ends on .*before a certificate from it would be due to be renewed"):
        contract.signed_for(request(), WANTED, authority(days=29), NOW)


def test_the_ca_is_opened_with_its_passphrase_alone() -> None:
    encryption = serialization.BestAvailableEncryption(PASSPHRASE.encode())
    key = CA.key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, encryption)
    loaded = private_ca.Authority.load(key, CA.certificate.public_bytes(PEM), PASSPHRASE)
    assert contract.signed_for(request(), WANTED, loaded, NOW)
    with pytest.raises(InputError, match=r"does not open ca\.key"):
        private_ca.Authority.load(key, CA.certificate.public_bytes(PEM), "wrong")


def certificate(
    subject: str, issuer: str, public: t.Any, signed_by: t.Any, ca: bool = True, extensions: t.Sequence[tuple[t.Any, bool]] = ()
) -> str:
    times = (NOW - datetime.timedelta(hours=1), NOW + datetime.timedelta(days=90))
    builder = x509.CertificateBuilder(named(issuer), named(subject), public, x509.random_serial_number(), *times)
    for extension, critical in extensions or [(x509.BasicConstraints(ca, None), True)]:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(signed_by, SHA256).public_bytes(PEM).decode()


class Told(t.NamedTuple):
    """A signer that answers what it was told to."""

    chain: str
    trusted: str

    def trust(self) -> str:
        return self.trusted

    def sign(self, asked: contract.Asked) -> str:
        assert asked.wanted == WANTED and asked.request == request_sent
        return self.chain


request_sent = request()
ROOT, MIDDLE, OTHER = (ec.generate_private_key(ec.SECP256R1()) for _number in range(3))
TRUST = certificate("root", "root", ROOT.public_key(), ROOT)
BETWEEN = certificate("middle", "root", MIDDLE.public_key(), ROOT)
NO_CA = certificate("middle", "root", MIDDLE.public_key(), ROOT, ca=False)
FOREIGN = certificate("middle", "other", MIDDLE.public_key(), OTHER)
NODE = "guard@" + HOST
LEAF = certificate(NODE, "middle", KEY.public_key(), MIDDLE, extensions=certificates.extensions(HOST))
OTHERS = certificate(NODE, "middle", OTHER.public_key(), MIDDLE, extensions=certificates.extensions(HOST))
PLAIN = certificate(NODE, "middle", KEY.public_key(), MIDDLE, ca=False)


def test_a_further_signer_is_one_object_and_may_answer_with_a_chain() -> None:
    assert contract.signed_for(request_sent, WANTED, Told(LEAF + BETWEEN, TRUST), NOW) == LEAF + BETWEEN
    assert contract.signed_for(request_sent, WANTED, Told(LEAF + BETWEEN + TRUST, TRUST), NOW) == LEAF + BETWEEN
    direct = Told(LEAF, BETWEEN + TRUST)
    assert contract.signed_for(request_sent, WANTED, direct, NOW) == LEAF


@pytest.mark.parametrize(
    ("chain", "problem"),
    [
        ("", "something else than certificates"),
        ("I signed it:\n" + LEAF + BETWEEN, "something else than certificates"),
        (LEAF + BETWEEN.replace("CERTIFICATE", "PRIVATE KEY"), "something else than certificates"),
        (LEAF + BETWEEN * 8, "more than 8 certificates"),
        (LEAF.replace("MII", "MIJ", 1) + BETWEEN, "cannot be read"),
        (OTHERS + BETWEEN, "for another key"),
        (PLAIN + BETWEEN, "allows its key more than a node needs"),
        (LEAF, "is not from this CA"),
        (LEAF, "the certificate of CN=middle, which issued it, does not come behind it"),
        (LEAF + NO_CA, "has a chain that serves no node: CN=middle in it may not issue certificates"),
        (
            LEAF + FOREIGN,
            "does not lead to a CA that is trusted: the certificate of CN=other, which issued the last one, does not come behind it",
        ),
        (LEAF + BETWEEN + FOREIGN, "behind its certificate comes that of CN=middle, which has not issued the one before it"),
        (LEAF + TRUST, "behind its certificate comes that of CN=root, which has not issued the one before it"),
    ],
)
def test_an_answer_that_is_not_what_was_asked_for_goes_to_nobody(chain: str, problem: str) -> None:
    with pytest.raises(contract.ChainError, match=problem):
        contract.signed_for(request_sent, WANTED, Told(chain, TRUST), NOW)


def test_signers_are_found_by_their_files() -> None:
    assert next(iter(registry.SIGNERS)) == registry.DEFAULT and {"private_ca", "command", "intermediate"} <= set(registry.SIGNERS)
    assert list(registry.CHOICES) == [*registry.SIGNERS, "own_certificates"]
    for kind in registry.SIGNERS.values():
        specified = yaml.safe_load(kind.specification) or {}
        assert set(specified) == set(kind.checks), kind.name
        assert {variable for variable, option in specified.items() if option.get("no_log")} == kind.secrets, kind.name


def test_variables_of_signers_are_the_same_on_all_hosts_and_secrets_are_not_shown() -> None:
    faults: list[InventoryFault] = []
    hosts = {
        name: {"erlang_certs_intermediate_passphrase": "hush " + name, "erlang_certs_command": [name], "erlang_cluster_directory": "/srv"}
        for name in ("alpha", "bravo")
    }
    cluster_wide.agreed(hosts, faults, registry.FURTHER)
    told = "\n".join(str(fault) for fault in faults)
    assert "erlang_certs_intermediate_passphrase is not the same on all of them; set it once" in told and "hush" not in told
    assert "erlang_certs_command is not the same on all of them: " in told


def test_a_ca_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(contract.SignerError, match=r"The CA in .* cannot be read \(No such file or directory\)"):
        registry.SIGNERS["private_ca"].opened({"directory": str(tmp_path), "passphrase": "x"})
