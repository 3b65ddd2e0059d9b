# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What OTP and OpenSSL make of the certificates that the CA signs, and of name constraints in a CA.

OTP takes a trust anchor for a name and a key, and heeds none of its name constraints; OpenSSL does. So constraints in the CA would not
bind nodes, and would have OpenSSL refuse hosts of a domain that came later. That is why the role erlang_certs writes none.
"""

from __future__ import annotations

import datetime
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import certificates
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers import contract, private_ca
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

INSIDE, OUTSIDE = "alpha.example.net", "bravo.example.org"
NOW = datetime.datetime.now(datetime.timezone.utc)
TIMES = (NOW - datetime.timedelta(hours=1), NOW + datetime.timedelta(days=365))

# Both sides show the certificate and ask for the other's, as nodes do. Arguments: files of the CA and of key and chain, host part, version of TLS.
HANDSHAKE = """
[Ca, Own, Host, Version] = init:get_plain_arguments(),
{ok, _} = application:ensure_all_started(ssl),
logger:set_primary_config(level, none),
Common = [{certfile, Own}, {keyfile, Own}, {cacertfile, Ca}, {verify, verify_peer}, {versions, [list_to_atom(Version)]}, {active, false}],
{ok, Listen} = ssl:listen(0, [{fail_if_no_peer_cert, true} | Common]),
{ok, {_, Port}} = ssl:sockname(Listen),
Self = self(),
spawn(fun() ->
    {ok, Accepted} = ssl:transport_accept(Listen),
    Self ! {server, element(1, ssl:handshake(Accepted, 10000))},
    receive never -> ok end
end),
Client = element(1, ssl:connect("localhost", Port, [{server_name_indication, Host} | Common], 10000)),
Server = receive {server, Answer} -> Answer end,
io:format("~p ~p", [Client, Server]),
halt(0).
"""


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def authority(
    above: private_ca.Authority | None = None, constrained: bool = False, critical: bool = True, path_length: int | None = None
) -> private_ca.Authority:
    """A CA of its own, or below another one; ``constrained`` to one domain or not, with so many CAs below it or any number."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = name("below " + above.certificate.subject.rfc4514_string() if above else "root")
    issuer, signer = (above.certificate.subject, above.key) if above else (subject, key)
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number(), *TIMES)
    builder = builder.add_extension(x509.BasicConstraints(True, path_length), critical=True)
    signing_alone = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    builder = builder.add_extension(signing_alone, critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    if constrained:
        builder = builder.add_extension(x509.NameConstraints([x509.DNSName("example.net")], None), critical=critical)
    return private_ca.Authority(builder.sign(signer, hashes.SHA256()), key)


def pem(made: t.Any) -> str:
    return str(made.certificate.public_bytes(serialization.Encoding.PEM).decode())


def handshake(directory: Path, host: str, version: str = "tlsv1.3") -> bool:
    """Whether two sides on OTP accept each other, with the files ``ca.pem`` and ``node.pem``."""
    erl = ["erl", "-noinput", "-boot", "no_dot_erlang", "-eval", HANDSHAKE, "-extra", "ca.pem", "node.pem", host, version]
    said = subprocess.run(erl, cwd=directory, capture_output=True, text=True, check=False, timeout=60)
    return {"ok ok": True, "error error": False, "ok error": False, "error ok": False}[said.stdout]


def accepted(directory: Path, anchor: private_ca.Authority, signer: private_ca.Authority, host: str) -> tuple[bool, bool]:
    """Whether two sides on OTP, and OpenSSL, accept what ``signer`` signs for a host, where ``anchor`` is trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(name("any")).sign(key, hashes.SHA256())
    wanted = certificates.Wanted("guard@" + host, host, 90, 30)
    leaf = contract.signed_for(request.public_bytes(serialization.Encoding.PEM).decode(), wanted, signer, NOW)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    between = "" if signer is anchor else pem(signer)
    (directory / "ca.pem").write_text(pem(anchor))
    (directory / "leaf.pem").write_text(leaf)
    (directory / "between.pem").write_text(between)
    (directory / "node.pem").write_text(key.private_bytes(*form).decode() + leaf + between)
    chain = ["-untrusted", "between.pem"] if between else []
    openssl = ["openssl", "verify", "-CAfile", "ca.pem", *chain, "-purpose", "sslserver", "-verify_hostname", host, "leaf.pem"]
    verified = subprocess.run(openssl, cwd=directory, capture_output=True, text=True, check=False, timeout=60)
    return handshake(directory, host), verified.returncode == 0


@pytest.mark.parametrize("host", [INSIDE, OUTSIDE])
def test_what_the_ca_signs_is_accepted(tmp_path: Path, host: str) -> None:
    root = authority()
    assert accepted(tmp_path, root, root, host) == (True, True)


@pytest.mark.parametrize("critical", [True, False])
def test_name_constraints_of_a_trust_anchor_bind_openssl_alone(tmp_path: Path, critical: bool) -> None:
    root = authority(constrained=True, critical=critical)
    assert accepted(tmp_path, root, root, INSIDE) == (True, True)
    assert accepted(tmp_path, root, root, OUTSIDE) == (True, False)


def test_name_constraints_of_a_ca_in_between_bind_both(tmp_path: Path) -> None:
    """So that the tests above do see whether a constraint is heeded."""
    root = authority()
    below = authority(root, constrained=True)
    assert accepted(tmp_path, root, below, INSIDE) == (True, True)
    assert accepted(tmp_path, root, below, OUTSIDE) == (False, False)


@pytest.mark.parametrize("version", ["tlsv1.2", "tlsv1.3"])
@pytest.mark.parametrize("kind", ["chain", "long chain", "chain and root", "too short", "foreign", "capped", "another domain"])
def test_chains_are_judged_as_otp_judges_them(tmp_path: Path, kind: str, version: str) -> None:
    """OTP shows what comes behind the certificate in the file, and what our rules find wrong with that it refuses."""
    root, foreign = authority(), authority()
    middle = authority(root, constrained=kind == "another domain", path_length=0 if kind == "capped" else None)
    low = authority(middle)
    signer, behind = {
        "long chain": (low, [low, middle]),
        "chain and root": (middle, [middle, root]),
        "too short": (middle, []),
        "capped": (low, [low, middle]),
    }.get(kind, (middle, [middle]))
    key = ec.generate_private_key(ec.SECP256R1())
    host = OUTSIDE if kind == "another domain" else INSIDE
    wanted = certificates.Wanted("guard@" + host, host, 90, 30)
    chain = signer.sign(contract.Asked("", key.public_key(), wanted, NOW)) + "".join(map(pem, behind))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    trust = pem(foreign if kind == "foreign" else root)
    (tmp_path / "ca.pem").write_text(trust)
    (tmp_path / "node.pem").write_text(key.private_bytes(*form).decode() + chain)
    right = certificates.certificate_faults({"pem": chain, "key_matches": True}, trust, wanted, NOW) == []
    assert right is (kind in ("chain", "long chain", "chain and root"))
    assert handshake(tmp_path, host, version) is right
