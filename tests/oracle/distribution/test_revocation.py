# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nodes refuse by the module ``beam_tls_revocation`` and by lists of revoked certificates, with the options that the role writes."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout, settings
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import certificate, pem, probe
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.hidden_node import HiddenNode
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.prober import Prober
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import tagged, term_writer
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import Atom
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import revocations
from conftest import P_256, Mesh, host
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from test_modules import OWN

NOW = datetime.datetime.now(datetime.timezone.utc)
KEYS = {
    "P-256": P_256,
    "P-384": ("ec", "-pkeyopt", "ec_paramgen_curve:P-384"),
    "RSA": ("rsa:2048",),
    "Ed25519": ("ed25519",),
}


class Revoking(Mesh):
    """Nodes that read what is revoked from files of their own."""

    def begin(self, number: int, code: Path) -> None:
        places = self.places(number)
        Path(places["revocations"]).mkdir(parents=True)
        self.tell(number)
        terms = settings.tls(places, ["tlsv1.3"], {})["client"]
        heeded = {key: terms[key] for key in ("versions", "crl_check", "crl_cache", "verify_fun")}
        self.start(number, written=term_writer.dumps(tagged.from_tagged(heeded)).strip()[1:-1], code=code)

    def places(self, number: int) -> dict[str, str]:
        """Where the files of a node's configuration are."""
        return layout.configuration(str(self.directory / ("node%d" % number)))

    def tell(self, number: int, *keys: str, lists: str = "false", text: str | None = None) -> None:
        """Writes what a node refuses, or any text in the place of that."""
        lines = ["{lists, %s}." % lists, *('{key, "%s"}.' % key for key in keys)]
        Path(self.places(number)["revoked_keys"]).write_text("\n".join(lines) + "\n" if text is None else text)

    def list_of(self, number: int, *serials: int, until: datetime.timedelta) -> None:
        """Brings a node a list of the CA."""
        key = serialization.load_pem_private_key((self.directory / "ca.key").read_bytes(), None)
        issuer = x509.load_pem_x509_certificate(self.authority.certificate.read_bytes())
        asked = revocations.Asked(dict.fromkeys(serials, NOW), 1, NOW - datetime.timedelta(days=2), NOW + until)
        for name, text in revocations.files(revocations.signed(issuer, key, asked)).items():
            (Path(self.places(number)["revocations"]) / name).write_text(text)


def told(mesh: Mesh, prober: Prober, node: int = 0) -> str | None:
    """The fault of an attempt to connect with a node, None if it lets in."""
    found = probe.edge(OWN, prober, mesh.nodes[node].peer)
    return found.fault.id if found.fault else None


def read(path: Path) -> certificate.Certificate:
    return certificate.read(pem.contents(path.read_text())[0])


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory, ebin: Path) -> Iterator[Revoking]:
    made = Revoking(tmp_path_factory.mktemp("revoking"))
    try:
        made.begin(1, ebin)
        made.begin(2, ebin)
        yield made
    finally:
        for node in made.nodes:
            node.stop()


@pytest.mark.parametrize("kind", KEYS)
def test_a_node_refuses_a_revoked_key_at_the_next_handshake(mesh: Revoking, kind: str) -> None:
    prober = mesh.prober(3, certificate=mesh.authority.issue("other" + kind, host(3), key=KEYS[kind]))
    key = read(Path(prober.credentials.certfile)).key_digest
    assert told(mesh, prober) is None
    try:
        mesh.tell(1, "00" * 32, key)
        assert told(mesh, prober) == "client-certificate-revoked"
        # Other keys of the same host are as good as before: who was revoked may come back.
        assert told(mesh, mesh.prober(3)) is None
    finally:
        mesh.tell(1)
    assert told(mesh, prober) is None, "it was that file which refused it"


def test_a_node_connects_with_nobody_whose_key_is_revoked(mesh: Revoking) -> None:
    def connected() -> object:
        attempt = mesh.prober(3).open(mesh.nodes[0].peer)
        try:
            node, other = HiddenNode.of(attempt), Atom("guard@" + host(2))
            node.call("erlang", "disconnect_node", [other], 10)
            return node.call("net_kernel", "connect_node", [other], 10)
        finally:
            attempt.close()

    try:
        mesh.tell(1, read(mesh.directory / "host2.node.pem").key_digest)
        assert connected() == Atom("false")
    finally:
        mesh.tell(1)
    assert connected() == Atom("true")


def test_a_prober_is_held_to_the_same(mesh: Revoking) -> None:
    prober = mesh.prober(3)
    key = read(mesh.directory / "host1.node.pem").key_digest
    strict = Prober(prober.host, prober.credentials._replace(revoked_keys=frozenset([key])), prober.cookie_file, 3.0)
    assert (told(mesh, prober), told(mesh, strict), told(mesh, strict, 1)) == (None, "server-certificate-revoked", None)


def test_whether_lists_are_needed_is_said_while_nodes_run(mesh: Revoking) -> None:
    prober = mesh.prober(3)
    try:
        mesh.tell(1, lists="true")
        assert told(mesh, prober) is not None, "there is no list"
        mesh.list_of(1, until=datetime.timedelta(days=1))
        assert told(mesh, prober) is None
        mesh.list_of(1, read(mesh.directory / "host3.node.pem").serial, until=datetime.timedelta(days=1))
        assert told(mesh, prober) == "client-certificate-revoked"
        # A list that is there is heeded, needed or not; one that is over is as none.
        mesh.tell(1)
        assert told(mesh, prober) == "client-certificate-revoked"
        mesh.list_of(1, until=datetime.timedelta(days=-1))
        assert told(mesh, prober) is None
        mesh.tell(1, lists="true")
        assert told(mesh, prober) is not None
    finally:
        for path in Path(mesh.places(1)["revocations"]).iterdir():
            path.unlink()
        mesh.tell(1)
    assert told(mesh, prober) is None


@pytest.mark.parametrize("text", ["", "{lists, perhaps}.", "{lists, false}.\n{key, short}.", "{lists, false", "{lists, false}.\nrevoked."])
def test_a_file_that_cannot_be_read_refuses_everybody(mesh: Revoking, text: str) -> None:
    prober = mesh.prober(3)
    try:
        mesh.tell(1, text=text)
        assert told(mesh, prober) is not None
    finally:
        mesh.tell(1)
    assert told(mesh, prober) is None


def test_names_stay_bound_beside_the_own_verification(mesh: Revoking) -> None:
    """ssl asks the function for what it finds wrong itself, which stays wrong."""
    assert told(mesh, mesh.prober(3, certificate=mesh.authority.issue("strange", "nobody.example.net"))) is not None
    assert told(mesh, mesh.prober(3, certificate=mesh.authority.issue("old", host(3), "-days", "-1"))) is not None
    assert told(mesh, mesh.prober(3)) is None
