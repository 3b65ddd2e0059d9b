# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that another than the private CA signs, on a mesh that runs: each signer takes over from the one before, and no node is restarted."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from lab.commands import Completed, altered, on, play, wait_until
from lab.fault_injection import AUTHORITY, CERTIFICATE, TRUST
from lab.settings import HOSTS, host

NAMES = [known.name for known in HOSTS]
KEYS, STOLEN = "/etc/erlang/guard/revoked.config", "/root/stolen.pem"
WITHOUT_KEYS = ("cp -p %s /root/kept && sed -i '/^{key/d' %s" % (KEYS, KEYS), "mv /root/kept " + KEYS)
PASSPHRASE = "a passphrase that nobody is shown"
PEM = serialization.Encoding.PEM
NOW = datetime.now(timezone.utc)

# What signs elsewhere: it has rules of its own for subject, usages and extensions.
SIGN = """#!{python}
import datetime, os, sys
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.hazmat.primitives import hashes, serialization
request = x509.load_pem_x509_csr(sys.stdin.buffer.read())
chain = open("{place}/middle.pem", "rb").read()
ca = x509.load_pem_x509_certificate(chain)
key = serialization.load_pem_private_key(open("{place}/plain.key", "rb").read(), None)
now = datetime.datetime.now(datetime.timezone.utc)
end = now + datetime.timedelta(days=int(os.environ["ERLANG_DAYS"]))
builder = x509.CertificateBuilder(ca.subject, x509.Name([]), request.public_key(), x509.random_serial_number(), now, end)
builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(os.environ["ERLANG_HOST"])]), critical=True)
builder = builder.add_extension(x509.KeyUsage(True, False, True, False, True, False, False, False, False), critical=True)
purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False).add_extension(x509.OCSPNoCheck(), critical=False)
sys.stdout.buffer.write(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM) + chain)
"""


class Authority(NamedTuple):
    """A CA of the user's."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(PEM).decode()

    def issue(self, name: str, key: Any, extensions: list[Any], days: int = 3000) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        times = (NOW - timedelta(hours=1), NOW + timedelta(days=days))
        builder = x509.CertificateBuilder(self.certificate.subject, subject, key, x509.random_serial_number(), *times)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.key, hashes.SHA256())


def key_pem(key: ec.EllipticCurvePrivateKey, passphrase: str | None = None) -> str:
    sealed: Any = serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, sealed).decode()


def authorities() -> tuple[Authority, Authority]:
    """A root, and a CA below it."""
    found: list[Authority] = []
    for name in ("root of the user's", "middle"):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        above = found[0] if found else None
        issuer, signer = (above.certificate.subject, above.key) if above else (subject, key)
        times = (NOW - timedelta(hours=1), NOW + timedelta(days=3000))
        builder = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number(), *times)
        builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
        found.append(Authority(builder.sign(signer, hashes.SHA256()), key))
    return found[0], found[1]


class Place(NamedTuple):
    """Files of the user's on the controller, and the private keys among them."""

    directory: Path
    keys: list[str]

    def variables(self, name: str, **given: Any) -> tuple[str, str]:
        """Variables of a run, in a file: none of them stands in the list of processes."""
        path = self.directory / (name + ".json")
        path.write_text(json.dumps(given))
        return "-e", "@%s" % path

    def at(self, *names: str) -> list[str]:
        return [str(self.directory / name) for name in names]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    directory = tmp_path_factory.mktemp("signers")
    root, middle = authorities()
    files = {
        "root.pem": root.pem,
        "middle.pem": middle.pem,
        "middle.key": key_pem(middle.key, PASSPHRASE),
        "plain.key": key_pem(middle.key),
    }
    keys = []
    for name in NAMES:
        key = ec.generate_private_key(ec.SECP384R1())
        purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        names = x509.SubjectAlternativeName([x509.DNSName(host(name).fqdn)])
        usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
        leaf = middle.issue("brought by " + name, key.public_key(), [names, purposes, usage], 500)
        files[name + ".pem"] = key_pem(key) + leaf.public_bytes(PEM).decode() + middle.pem
        keys += key_pem(key).splitlines()[1:3]
    for name, text in files.items():
        (directory / name).write_text(text)
    sign = directory / "sign"
    sign.write_text(SIGN.format(python=sys.executable, place=directory))
    sign.chmod(0o700)
    return Place(directory, keys)


@pytest.fixture(scope="module", autouse=True)
def as_before() -> Iterator[None]:
    """Afterwards the private CA has signed, and is trusted alone."""
    yield
    done = play("site", "--skip-tags=verify", "-e", "erlang_cluster_begin_anew=guard")
    assert done.code == 0, done.out
    assert {count("TRUST", name) for name in NAMES} == {1}


def count(which: str, name: str) -> int:
    """How many certificates are in a file of a host."""
    return int(on(name, "grep -c 'BEGIN CERTIFICATE' " + {"TRUST": TRUST, "CERTIFICATE": CERTIFICATE}[which]).out)


def subjects() -> set[str]:
    """Subject and issuer of the certificate of each node."""
    return {on(name, "openssl x509 -noout -subject -issuer -in " + CERTIFICATE).out for name in NAMES}


def starts() -> list[str]:
    return [on(name, "systemctl show --property=MainPID,NRestarts erlang-guard").out for name in NAMES]


def taken_over(done: Completed, running: list[str], length: int) -> None:
    """All nodes have certificates with so many in the file, trust one root alone, and none was restarted."""
    assert done.code == 0 and "rotation: the signer is changed" in done.out, done.out[-6000:]
    assert {count("CERTIFICATE", name) for name in NAMES} == {length} and {count("TRUST", name) for name in NAMES} == {1}
    assert starts() == running


def needs_lists() -> set[str]:
    """Whether nodes refuse a certificate without a list of revoked ones."""
    return {on(name, "sed -n 's/^{lists, *\\(.*\\)}[.]$/\\1/p' " + KEYS).out.strip() for name in NAMES}


def shows(to: str) -> str:
    """What a node says to who shows it the certificate that was stolen from dave, from a host that its packet filter lets in."""
    ask = "(sleep 1) | timeout 9 openssl s_client -connect %s.example.net:4370 -cert %s -cert_chain %s -key %s -CAfile %s -tls1_3 2>&1"
    return on("bravo", ask % (to, STOLEN, STOLEN, STOLEN, TRUST)).out


def revoked_and_back(options: tuple[str, str], running: list[str]) -> str:
    """Revokes dave's certificate, of which there is no list, and has dave back with another: the stolen one stays worthless. Returns what runs at dave."""
    key = on("dave", "cat " + CERTIFICATE).out
    with altered("bravo", "umask 077; printf %%s %s > %s" % (shlex.quote(key), STOLEN), "rm " + STOLEN):
        assert "alert" not in shows("alpha")
        done = play("revoke", "-e", "erlang_certs_revoke=dave", "--skip-tags=verify", *options)
        assert done.code == 0 and "certificate revoked" in shows("alpha") and starts()[:-1] == running, done.out
        (AUTHORITY / "decommissioned" / "dave").unlink()
        done = play("site", "--skip-tags=verify", *options)
        assert done.code == 0 and on("dave", "cat " + CERTIFICATE).out != key and starts()[:-1] == running, done.out
        assert all("certificate revoked" in shows(name) for name in ("alpha", "carol", "dave"))
        with altered("alpha", *WITHOUT_KEYS):
            assert "alert" not in shows("alpha"), "it is that file which refuses it"
    assert wait_until(lambda: on("dave", "erlang-guard eval 'nodes().'").out.count("guard@") == 3)
    return starts()[-1]


def words(done: Completed) -> str:
    return " ".join(done.out.split())


def test_each_signer_takes_over_from_the_one_before(place: Place) -> None:
    middle = {
        "erlang_certs_signer": "intermediate",
        "erlang_certs_trust_files": place.at("root.pem"),
        "erlang_certs_intermediate_certificate": place.at("middle.pem")[0],
        "erlang_certs_intermediate_key": place.at("middle.key")[0],
        "erlang_certs_intermediate_passphrase": PASSPHRASE,
    }
    refused = play("site", *place.variables("middle", **middle))
    assert refused.code != 0 and "run the playbook rotate_ca, which has all nodes trust both first" in words(refused), refused.out
    running = starts()
    begun = play("rotate_ca", "-e", "erlang_certs_rotate_until=trust", *place.variables("middle", **middle))
    assert begun.code == 0 and needs_lists() == {"false"}, begun.out
    assert {count("TRUST", name) for name in NAMES} == {2} and not any("middle" in said for said in subjects())
    trusting = play("site", "--skip-tags=verify", *place.variables("middle", **middle))
    assert trusting.code == 0 and "taken from one signer to another (private_ca to intermediate)" in words(trusting), trusting.out
    assert set(trusting.changed.values()) == {0} and starts() == running
    done = play("rotate_ca", "-vvv", "--diff", *place.variables("middle", **middle))
    assert PASSPHRASE not in done.out
    taken_over(done, running, 2)
    assert all("middle" in said and "guard@" in said for said in subjects())

    command = {"erlang_certs_signer": "command", "erlang_certs_trust_files": place.at("root.pem"), "erlang_certs_command": place.at("sign")}
    taken_over(play("rotate_ca", *place.variables("command", **command)), running, 2)
    assert all("middle" in said and "guard@" not in said for said in subjects())
    running[-1] = revoked_and_back(place.variables("command", **command), running[:-1])

    own = {
        "erlang_certs_signer": "own_certificates",
        "erlang_certs_trust_files": place.at("root.pem"),
        "erlang_certs_own_certificate": "{{ lookup('ansible.builtin.file', '%s/' ~ inventory_hostname ~ '.pem') }}" % place.directory,
    }
    done = play("rotate_ca", "-vvv", "--diff", *place.variables("own", **own))
    assert not any(line in done.out for line in place.keys)
    taken_over(done, running, 2)
    assert all("brought by" in said for said in subjects())
    due = play("renew", *place.variables("due", **own, erlang_certs_days=900, erlang_certs_renew_before_days=600))
    assert due.code != 0 and "give it a new one by erlang_certs_own_certificate" in words(due), due.out

    taken_over(play("rotate_ca"), running, 1)
    assert needs_lists() == {"true"}
    written = [json.loads(line)["issuer"] for line in (AUTHORITY / "issued.jsonl").read_text().splitlines()]
    assert (
        not (AUTHORITY / "rotation.json").exists()
        and json.loads((AUTHORITY / "signing.json").read_text())["signing"]["signer"] == "private_ca"
    )
    assert [issuer == "CN=middle" for issuer in written[-4:]] == [False] * 4 and sum(issuer == "CN=middle" for issuer in written) >= 12
