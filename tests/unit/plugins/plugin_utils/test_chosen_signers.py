# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signers other than the private CA: an intermediate CA, a command, and certificates that the user brings."""

from __future__ import annotations

import datetime
import stat
import typing as t
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InventoryFault
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import certificate, pem
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import certificates
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers import choice, command, contract, own_certificates, registry
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
HOST = "alpha.example.net"
NODE = "guard@" + HOST
NODES = {"alpha": {"node": NODE, "host": HOST}}
PASSPHRASE = "correct horse battery"
PEM = serialization.Encoding.PEM
Certificate, Key = x509.Certificate, t.Any


def named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Made(t.NamedTuple):
    """A certificate with its key."""

    certificate: Certificate
    key: Key

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(PEM).decode()

    def key_pem(self, passphrase: str | None = PASSPHRASE) -> str:
        sealed: t.Any = serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
        return str(self.key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, sealed).decode())


def made(
    name: str, above: Made | None = None, key: Key = None, days: float = 3650, begin: float = -1, ca: bool = True, **more: t.Any
) -> Made:
    key = key or ec.generate_private_key(ec.SECP256R1())
    issuer, signer = (above.certificate.subject, above.key) if above else (named(name), key)
    times = (NOW + datetime.timedelta(days=begin), NOW + datetime.timedelta(days=days))
    builder = x509.CertificateBuilder(issuer, named(name), key.public_key(), x509.random_serial_number(), *times)
    parts = [(x509.BasicConstraints(True, more.get("length")), True), *more.get("extensions", [])] if ca else certificates.extensions(HOST)
    for extension, critical in parts:
        builder = builder.add_extension(extension, critical=critical)
    return Made(builder.sign(signer, hashes.SHA256() if not isinstance(signer, ed25519.Ed25519PrivateKey) else None), key)


ROOT = made("root")
MIDDLE = made("middle", ROOT)
LOW = made("low", MIDDLE)
FOREIGN = made("foreign")
LEAF = made(NODE, MIDDLE, days=90, ca=False)
REQUEST_KEY = ec.generate_private_key(ec.SECP256R1())
REQUEST = x509.CertificateSigningRequestBuilder().subject_name(named("any")).sign(REQUEST_KEY, hashes.SHA256()).public_bytes(PEM).decode()


class Place:
    """Files of a user's, and what is said of them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.faults: list[str] = []

    def write(self, name: str, text: str) -> str:
        (self.directory / name).write_text(text)
        return name

    def read(self, **variables: t.Any) -> choice.Choice:
        values = {"erlang_certs_renew_before_days": 30, "erlang_certs_command_timeout": 60, **variables}
        found: list[InventoryFault] = []
        chosen = choice.read({"alpha": values}, str(self.directory), NODES, NOW, found)
        self.faults = [str(fault) for fault in found]
        return chosen

    def intermediate(self, chain: str, key: str, trust: str = ROOT.pem, **variables: t.Any) -> choice.Choice:
        return self.read(
            erlang_certs_signer="intermediate",
            erlang_certs_trust_files=[self.write("root.pem", trust)],
            erlang_certs_intermediate_certificate=self.write("middle.pem", chain),
            erlang_certs_intermediate_key=self.write("middle.key", key),
            **{"erlang_certs_intermediate_passphrase": PASSPHRASE, **variables},
        )

    def own(self, text: t.Any, trust: str = ROOT.pem) -> choice.Choice:
        files = [self.write("root.pem", trust)]
        return self.read(erlang_certs_signer="own_certificates", erlang_certs_trust_files=files, erlang_certs_own_certificate=text)

    def program(self, text: str) -> list[str]:
        path = self.directory / "sign"
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(stat.S_IRWXU)
        return [str(path)]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def sign(signer: contract.Signer, exact: bool = True, days: int = 90) -> str:
    return contract.signed_for(REQUEST, certificates.Wanted(NODE, HOST, days, 30, exact), signer, NOW)


def test_the_private_ca_needs_nothing(place: Place) -> None:
    chosen = place.read()
    assert place.faults == [] and chosen.signing == {"signer": "private_ca", "trust": [], "tasks": "issue.yml"}
    assert chosen.certificates == {"alpha": {"exact": True, "own": None}}


@pytest.mark.parametrize(("ca", "chain"), [(MIDDLE, MIDDLE.pem), (LOW, LOW.pem + MIDDLE.pem)])
def test_an_intermediate_ca_signs_and_shows_the_way_to_the_root(place: Place, ca: Made, chain: str) -> None:
    chosen = place.intermediate(chain, ca.key_pem())
    assert place.faults == [], place.faults
    signed = sign(registry.SIGNERS["intermediate"].opened({**chosen.signing, "passphrase": PASSPHRASE}))
    assert signed.count("BEGIN CERTIFICATE") == 1 + chain.count("BEGIN CERTIFICATE") and signed.endswith(chain)
    leaf = x509.load_pem_x509_certificate(signed.encode())
    leaf.verify_directly_issued_by(ca.certificate)
    assert leaf.not_valid_after_utc == NOW + datetime.timedelta(days=90)


def test_no_certificate_outlives_a_ca_above_it(place: Place) -> None:
    short = made("short", ROOT, days=60)
    below = made("below", short, days=3000)
    chosen = place.intermediate(below.pem + short.pem, below.key_pem())
    leaf = x509.load_pem_x509_certificate(
        sign(registry.SIGNERS["intermediate"].opened({**chosen.signing, "passphrase": PASSPHRASE})).encode()
    )
    assert leaf.not_valid_after_utc <= short.certificate.not_valid_after_utc


NO_SIGNING = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
ONLY_ORG = x509.NameConstraints([x509.DNSName("example.org")], None)
EARLY, LATE = made("early", ROOT, days=20), made("late", ROOT, begin=2)
WITHOUT_ROOM = made("full", ROOT, length=0)
BELOW_IT = made("below it", WITHOUT_ROOM)
EDWARDS = made("edwards", ROOT, key=ed25519.Ed25519PrivateKey.generate())


@pytest.mark.parametrize(
    ("chain", "key", "more", "problem"),
    [
        (MIDDLE.pem, LOW.key_pem(), {}, "middle.key' is the key of another certificate than the first one in"),
        (LEAF.pem + MIDDLE.pem, LEAF.key_pem(), {}, "is that of CN=guard@alpha.example.net, which is no CA that may issue"),
        (made("x", ROOT, extensions=[(NO_SIGNING, True)]).pem, MIDDLE.key_pem(), {}, "which is no CA that may issue certificates"),
        (BELOW_IT.pem + WITHOUT_ROOM.pem, BELOW_IT.key_pem(), {}, "holds CN=full, which may have no more than 0 CAs below it"),
        (
            made("org", ROOT, extensions=[(ONLY_ORG, True)]).pem,
            MIDDLE.key_pem(),
            {},
            "holds CN=org, which may not issue certificates for alpha",
        ),
        (EARLY.pem, EARLY.key_pem(), {}, "before a certificate from it would be due to be renewed (30 days before its end)"),
        (LATE.pem, LATE.key_pem(), {}, "is not valid before"),
        (LOW.pem, LOW.key_pem(), {}, "does not lead to a root in erlang_certs_trust_files: the last certificate is from CN=middle"),
        (LOW.pem + ROOT.pem, LOW.key_pem(), {}, "has the certificate of CN=root behind one that it has not issued"),
        (MIDDLE.pem, MIDDLE.key_pem(), {"trust": FOREIGN.pem}, "does not lead to a root in erlang_certs_trust_files"),
        (MIDDLE.pem, MIDDLE.key_pem(), {"trust": MIDDLE.pem}, "holds the certificate of CN=middle, which is no root"),
        (MIDDLE.pem, MIDDLE.key_pem(), {"trust": made("old", days=-0.5).pem}, "holds the certificate of CN=old, which expired on"),
        (MIDDLE.pem, MIDDLE.key_pem(), {"trust": "nothing"}, "root.pem' holds something else than certificates in PEM"),
        (MIDDLE.pem, MIDDLE.key_pem(), {"trust": ROOT.pem + ROOT.key_pem(None)}, "root.pem' holds a private key"),
        (MIDDLE.pem, MIDDLE.key_pem(None), {}, "middle.key' holds a key that is not encrypted; encrypt it"),
        (MIDDLE.pem, MIDDLE.pem, {}, "middle.key' holds no private key in PEM"),
        (MIDDLE.pem, MIDDLE.key_pem("another one"), {}, "middle.key' is not opened by erlang_certs_intermediate_passphrase"),
        (MIDDLE.pem, MIDDLE.key_pem(), {"erlang_certs_intermediate_passphrase": None}, "erlang_certs_intermediate_passphrase is not set"),
        (EDWARDS.pem, EDWARDS.key_pem(), {}, "holds a key of a kind that nodes of some OTP take no certificates of"),
        ("", MIDDLE.key_pem(), {}, "middle.pem' holds something else than certificates in PEM"),
    ],
)
def test_an_intermediate_ca_that_will_not_do(place: Place, chain: str, key: str, more: dict[str, t.Any], problem: str) -> None:
    place.intermediate(chain, key, **more)
    assert any(problem in fault for fault in place.faults), place.faults
    assert PASSPHRASE not in "".join(place.faults)


def test_all_that_is_wrong_is_said_at_once(place: Place) -> None:
    place.read(
        erlang_certs_signer="intermediate", erlang_certs_trust_files=["nowhere.pem"], erlang_certs_intermediate_certificate="neither.pem"
    )
    assert (
        len(place.faults) == 3
        and sum("cannot be read on the controller (No such file or directory)" in fault for fault in place.faults) == 2
    )
    place.read(erlang_certs_signer="command")
    assert len(place.faults) == 2 and "names no file, and nodes have to trust the root" in place.faults[0]


ANSWERS = 'cat >/dev/null; cat "%s"'


def as_others_sign(above: Made = MIDDLE, key: t.Any = None, days: float = 90, **more: t.Any) -> str:
    """What a CA with rules of its own gives: another subject, key usages, and extensions."""
    usages = x509.KeyUsage(True, False, True, False, True, False, False, False, False)
    times = (NOW - datetime.timedelta(hours=1), NOW + datetime.timedelta(days=days))
    public = (key or REQUEST_KEY).public_key()
    builder = x509.CertificateBuilder(above.certificate.subject, named("its own idea"), public, x509.random_serial_number(), *times)
    extensions = [(usages, True), *certificates.extensions(more.get("host", HOST))[2:], (x509.OCSPNoCheck(), False)]
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(above.key, hashes.SHA256()).public_bytes(PEM).decode()


def commanded(place: Place, script: str, timeout: int = 30) -> contract.Signer:
    chosen = place.read(
        erlang_certs_signer="command",
        erlang_certs_trust_files=[place.write("root.pem", ROOT.pem)],
        erlang_certs_command=place.program(script),
        erlang_certs_command_timeout=timeout,
    )
    assert place.faults == [] and chosen.certificates["alpha"]["exact"] is False
    return registry.SIGNERS["command"].opened(chosen.signing)


def test_a_command_gets_a_request_and_returns_a_chain(place: Place) -> None:
    place.write("answer.pem", as_others_sign() + MIDDLE.pem + ROOT.pem)
    script = 'cat >"%s/request"; echo "$ERLANG_NODE $ERLANG_HOST $ERLANG_DAYS" >"%s/said"; cat "%s/answer.pem"'
    signer = commanded(place, script % ((place.directory,) * 3))
    signed = sign(signer, exact=False)
    assert signed == as_pem(place.directory / "answer.pem").replace(ROOT.pem, "")
    assert (place.directory / "request").read_text() == REQUEST
    assert (place.directory / "said").read_text() == "guard@alpha.example.net alpha.example.net 90\n"


def as_pem(path: Path) -> str:
    return path.read_text()


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (as_others_sign(), "the certificate of CN=middle, which issued it, does not come behind it"),
        (as_others_sign(FOREIGN) + FOREIGN.pem, "does not lead to a CA that is trusted"),
        (as_others_sign(key=ROOT.key) + MIDDLE.pem, "is for another key than the one that it asked for"),
        (as_others_sign(days=400) + MIDDLE.pem, "days more, and one may be for 90"),
        (as_others_sign(days=2) + MIDDLE.pem, "expires in 1 days"),
        (as_others_sign(host="bravo.example.net") + MIDDLE.pem, "allows to act for bravo.example.net"),
        ("an error page", "something else than certificates in PEM"),
        ("x" * 200000, "something else than certificates in PEM"),
    ],
)
def test_what_a_command_returns_is_held_to_what_was_asked_for(place: Place, answer: str, problem: str) -> None:
    place.write("answer.pem", answer)
    with pytest.raises(contract.ChainError, match=problem):
        sign(commanded(place, ANSWERS % (place.directory / "answer.pem")), exact=False)


@pytest.mark.parametrize(
    ("script", "timeout", "problem"),
    [
        ("echo 'not today' >&2; exit 3", 30, "sign ended with status 3 for guard@alpha.example.net, and said: not today$"),
        ("exit 1", 30, "sign ended with status 1 for guard@alpha.example.net, and said nothing$"),
        ("kill -9 $$", 30, "sign was killed by signal 9"),
        ("echo waiting >&2; sleep 60", 1, "sign did not end within 1 s, and was stopped, and said: waiting$"),
        ("sleep 60 & exit 2", 30, "sign ended with status 2"),
        ("printf 'a\\033[31mb\\nc\\000' >&2; exit 1", 30, r"said: a \[31mb c$"),
        ("yes abcdefg | head -c 100000 >&2; exit 1", 30, "said: (.{0,400})$"),
        ('echo "token $VAULT_TOKEN refused" >&2; exit 1', 30, r"said: token \*{8} refused$"),
        ("printf '%s\\n' '-----BEGIN PRIVATE KEY-----' MIGH '-----END PRIVATE KEY-----' >&2; exit 1", 30, r"said: \*{8}$"),
    ],
)
def test_a_command_that_fails_is_a_sentence(place: Place, monkeypatch: pytest.MonkeyPatch, script: str, timeout: int, problem: str) -> None:
    monkeypatch.setenv("VAULT_TOKEN", "hvs.CAESIJlU02LQZq")
    with pytest.raises(contract.SignerError, match=problem):
        sign(commanded(place, script, timeout), exact=False)


def test_a_command_that_is_not_there(place: Place) -> None:
    place.read(erlang_certs_signer="command", erlang_certs_trust_files=[place.write("r", ROOT.pem)], erlang_certs_command=["./nowhere"])
    assert ["is no program on the controller that can be run" in fault for fault in place.faults] == [True]
    with pytest.raises(contract.SignerError, match=r"cannot be run on the controller \(No such file"):
        command.Command(["/nowhere/sign"], 5, ROOT.pem).sign(contract.Asked("", None, certificates.Wanted(NODE, HOST, 90, 30), NOW))


GIVEN = LEAF.key_pem(None) + LEAF.pem + MIDDLE.pem
RSA_LEAF = made(NODE, MIDDLE, key=rsa.generate_private_key(65537, 2048), days=400, ca=False)


@pytest.mark.parametrize("text", [GIVEN, GIVEN + ROOT.pem, "comment\n" + GIVEN, RSA_LEAF.pem + MIDDLE.pem + RSA_LEAF.key_pem(None)])
def test_the_users_own_certificate(place: Place, text: str) -> None:
    chosen = place.own(text)
    assert place.faults == [], place.faults
    about = chosen.certificates["alpha"]
    assert "PRIVATE" not in str(chosen) and about["own"].count("BEGIN CERTIFICATE") == 2 and about["until"] > NOW.timestamp()
    file = own_certificates.read(text, ROOT.pem).file
    assert file.startswith("-----BEGIN PRIVATE KEY-----") and file.endswith(about["own"])
    found = {"pem": about["own"], "key_matches": True, "labels": ["PRIVATE KEY", "CERTIFICATE", "CERTIFICATE"]}
    assert own_certificates.differs(found, about["own"]) == []
    assert own_certificates.differs({**found, "key_matches": False}, about["own"])
    assert own_certificates.differs({**found, "pem": LEAF.pem}, about["own"]) and own_certificates.differs(None, about["own"])
    assert own_certificates.differs({**found, "labels": ["PRIVATE KEY"] * 4}, about["own"])
    key = certificate.read(pem.contents(about["own"])[0]).key_digest
    (fault,) = choice.revoked(chosen, ["0" * 64, key])
    assert "is for a key that was revoked; give a certificate for a new key" in str(fault) and choice.revoked(chosen, ["0" * 64]) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "has no value; give the host's key and certificate in PEM"),
        (GIVEN + "x" * 70000, "is longer than 65536 characters"),
        (LEAF.pem, "holds no private keys"),
        (LEAF.key_pem(None), "holds no certificate"),
        (LEAF.key_pem(None) * 2 + LEAF.pem, "holds 2 private keys"),
        (LEAF.key_pem() + LEAF.pem, "holds a key with a passphrase, which no node could open"),
        (ROOT.key_pem(None) + LEAF.pem + MIDDLE.pem, "holds a key that does not belong to its first certificate"),
        (LEAF.key_pem(None) + MIDDLE.pem + LEAF.pem, "holds a key that does not belong to its first certificate"),
        (LEAF.key_pem(None) + LEAF.pem[:200], "is no PEM that can be read to its end"),
        (LEAF.key_pem(None) + LEAF.pem.replace("MII", "MIJ"), "holds a key or a certificate that cannot be read"),
        (LEAF.key_pem(None) + LEAF.pem, "the certificate of CN=middle, which issued it, does not come behind it"),
        (made(NODE, MIDDLE, days=-0.1, ca=False), "its certificate expired on"),
        (made(NODE, MIDDLE, begin=1, days=90, ca=False), "its certificate is not valid before"),
        (made(NODE, MIDDLE, key=rsa.generate_private_key(65537, 1024), days=9, ca=False), "holds an RSA key of 1024 bits"),
        (made(HOST, MIDDLE, days=9, extensions=[]), "allows to act as a CA"),
    ],
)
def test_a_certificate_of_the_users_that_will_not_do(place: Place, text: t.Any, problem: str) -> None:
    given = text.key_pem(None) + text.pem + MIDDLE.pem if isinstance(text, Made) else text
    place.own(given)
    assert len(place.faults) == 1 and problem in place.faults[0], place.faults
    assert place.faults[0].startswith("alpha: erlang_certs_own_certificate ") and "BEGIN" not in place.faults[0]
