# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command that docs/signers.md has for Vault, word for word, as the signer of a cluster, with a real server behind it."""

from __future__ import annotations

import datetime
import os
import re
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import certificates
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers import command, contract
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DOCUMENT = Path(__file__).parents[2] / "docs" / "signers.md"
HOST = "alpha.example.net"
WANTED = certificates.Wanted("guard@" + HOST, HOST, 90, 30, exact=command.SIGNER.exact)
NOW = datetime.datetime.now(datetime.timezone.utc)
KEY = ec.generate_private_key(ec.SECP256R1())
PATIENCE = 60.0
"""Seconds for the server to come up."""


def documented() -> tuple[list[str], str]:
    """What the document has for Vault: the settings of the role, and the script."""
    text = DOCUMENT.read_text()
    (section,) = re.findall(r"^Vault, with a role that has `([^`]+)`:\n\n```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return section[0].split(), section[1]


def request(*names: str) -> str:
    """A host's request for a certificate for names, which it may choose as it likes."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, WANTED.node)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


class Vault:
    """A server that keeps all in memory, and what is asked of it."""

    def __init__(self, directory: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = "127.0.0.1:%d" % free.getsockname()[1]
        self.token = secrets.token_hex(16)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "VAULT_ADDR": "http://" + address,
            "VAULT_TOKEN": self.token,
        }
        argv = ["vault", "server", "-dev", "-dev-no-store-token", "-dev-root-token-id=" + self.token, "-dev-listen-address=" + address]
        self.log = directory / "log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment)

    def ask(self, *arguments: str) -> str:
        """What a command answers."""
        done = subprocess.run(["vault", *arguments], capture_output=True, text=True, check=False, env=self.environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def comes_up(self) -> None:
        """Waits until it answers."""
        end = time.monotonic() + PATIENCE
        while subprocess.run(["vault", "status"], capture_output=True, check=False, env=self.environment).returncode != 0:
            assert self.process.poll() is None and time.monotonic() < end, self.log.read_text()
            time.sleep(0.1)

    def has_a_ca(self, role: list[str]) -> str:
        """Sets up a root, a CA below it that signs for nodes by that role, and returns the root in PEM."""
        for path in ("pki_root", "pki_guard"):
            self.ask("secrets", "enable", "-path=" + path, "pki")
            self.ask("secrets", "tune", "-max-lease-ttl=87600h", path)
        kind = ("key_type=ec", "key_bits=256")
        root = self.ask("write", "-field=certificate", "pki_root/root/generate/internal", "common_name=root", "ttl=87600h", *kind)
        asked = self.ask("write", "-field=csr", "pki_guard/intermediate/generate/internal", "common_name=guard", *kind)
        signed = self.ask("write", "-field=certificate", "pki_root/root/sign-intermediate", "csr=" + asked, "ttl=43800h")
        self.ask("write", "pki_guard/intermediate/set-signed", "certificate=" + signed)
        self.gives(role)
        return root

    def gives(self, role: list[str]) -> None:
        """Has it sign for nodes by a role."""
        self.ask("write", "pki_guard/roles/guard", *role, "allowed_domains=example.net", "allow_subdomains=true", "max_ttl=8760h")

    def end(self) -> None:
        """Stops it."""
        self.process.terminate()
        self.process.wait()


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    """The server."""
    server = Vault(tmp_path_factory.mktemp("vault"))
    try:
        server.comes_up()
        yield server
    finally:
        server.end()


@pytest.fixture(scope="module")
def root(vault: Vault) -> str:
    """The root that nodes trust, of a server set up as documented."""
    return vault.has_a_ca(documented()[0])


def signed(vault: Vault, root: str, directory: Path, asked: str, environment: Mapping[str, str] | None = None) -> str:
    """The chain that the signer gives for a request."""
    script = directory / "sign"
    script.write_text(documented()[1])
    script.chmod(0o755)
    with pytest.MonkeyPatch.context() as patched:
        for name, value in {**vault.environment, **(environment or {})}.items():
            patched.setenv(name, value)
        return contract.signed_for(asked, WANTED, command.Command([str(script)], 60, root), NOW)


def test_the_chain_is_what_was_asked_for_and_no_request_decides(vault: Vault, root: str, tmp_path: Path) -> None:
    """A request for the name of another host, which a host that is hostile may send, gets the certificate that it should have."""
    for names in ([HOST], ["bravo.example.net", HOST]):
        chain = x509.load_pem_x509_certificates(signed(vault, root, tmp_path, request(*names)).encode())
        assert len(chain) == 2 and chain[0].public_key() == KEY.public_key()
        chain[0].verify_directly_issued_by(chain[1])
        chain[1].verify_directly_issued_by(x509.load_pem_x509_certificate(root.encode()))
        held = chain[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert held.get_values_for_type(x509.DNSName) == [HOST]
        assert chain[0].not_valid_after_utc <= datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=WANTED.days)


def test_a_role_that_lets_requests_decide_is_found_out(vault: Vault, root: str, tmp_path: Path) -> None:
    """With the one setting that the document warns of changed, the answer is for names of the host's choice, and nobody gets it."""
    role = documented()[0]
    vault.gives(["use_csr_sans=true" if setting.startswith("use_csr_sans=") else setting for setting in role])
    try:
        with pytest.raises(contract.ChainError, match="bravo"):
            signed(vault, root, tmp_path, request("bravo.example.net", HOST))
    finally:
        vault.gives(role)


def test_what_it_says_when_it_refuses_names_no_token(vault: Vault, root: str, tmp_path: Path) -> None:
    wrong = secrets.token_hex(16)
    with pytest.raises(contract.SignerError, match="permission denied") as raised:
        signed(vault, root, tmp_path, request(HOST), {"VAULT_TOKEN": wrong})
    assert wrong not in str(raised.value)
