# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The probe against real nodes: every stage reached where all is well, and the right diagnosis where it is not."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import node_name, probe
from conftest import COOKIE, Authority, Mesh, Node, host

OWN = "guard@" + host(1)


def edge(mesh: Mesh, node: Node, **changes: Path) -> dict[str, object]:
    """Return the edge from host 1 to node."""
    (found,) = probe.probe(OWN, mesh.prober(1, **changes), [node.peer])
    return found.result


def fault(result: dict[str, object]) -> object:
    """Return stage and identifier of what went wrong."""
    found = result["fault"]
    assert isinstance(found, dict), result
    return result["stage"], found["id"]


def test_every_stage_is_reached(mesh: Mesh) -> None:
    found = edge(mesh, mesh.nodes[1])
    assert found["fault"] is None
    assert (found["ok"], found["stage"], found["peer_name"]) == (True, "cookie", mesh.nodes[1].name)
    assert (found["tls_version"], found["cipher"]) == ("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    assert 9 < float(str(found["certificate_days_left"])) <= 10
    assert found["certificate_subject"] == "CN=" + host(2)


def test_wrong_cookie(mesh: Mesh, tmp_path: Path) -> None:
    other = tmp_path / "cookie"
    other.write_text("another-cookie")
    other.chmod(0o400)
    assert fault(edge(mesh, mesh.nodes[1], cookie_file=other)) == ("cookie", "cookie-mismatch")


def test_own_certificate_of_a_foreign_authority(mesh: Mesh, tmp_path: Path) -> None:
    foreign = Authority(tmp_path, "foreign").issue("host1", host(1))
    assert fault(edge(mesh, mesh.nodes[1], certificate=foreign)) == ("tls", "client-certificate-unknown-ca")


def test_own_certificate_expired(mesh: Mesh) -> None:
    expired = mesh.authority.issue("expired1", host(1), "-days", "-1")
    assert fault(edge(mesh, mesh.nodes[1], certificate=expired)) == ("tls", "client-certificate-expired")


def test_own_certificate_for_a_host_that_is_no_peer(mesh: Mesh) -> None:
    stranger = mesh.authority.issue("stranger", "stranger." + host(1))
    found = fault(edge(mesh, mesh.nodes[1], certificate=stranger))
    assert found == ("handshake", "client-certificate-name")


def test_own_certificate_for_another_host(mesh: Mesh) -> None:
    other = mesh.authority.issue("other1", host(3))
    assert fault(edge(mesh, mesh.nodes[1], certificate=other)) == ("handshake", "client-certificate-name")


def test_own_certificate_without_the_clients_usage(mesh: Mesh) -> None:
    """OTP says no more than that the certificate is bad; our own certificate tells the rest."""
    server_only = mesh.authority.issue("server1", host(1), usage="serverAuth")
    assert fault(edge(mesh, mesh.nodes[1], certificate=server_only)) == ("tls", "client-certificate-purpose")


def test_a_cookie_that_others_may_read(mesh: Mesh, tmp_path: Path) -> None:
    """``auth`` of kernel refuses such a file, whatever is in it."""
    shared = tmp_path / "cookie"
    shared.write_text(COOKIE)
    shared.chmod(0o444)
    assert fault(edge(mesh, mesh.nodes[1], cookie_file=shared)) == ("handshake", "cookie-file-rights")


def test_peers_certificate_of_a_foreign_authority(mesh: Mesh, tmp_path: Path) -> None:
    trust = Authority(tmp_path, "foreign").certificate
    found = edge(mesh, mesh.nodes[1], trust=trust)
    assert fault(found) == ("tls", "server-certificate-unknown-ca")
    assert "CN=ca" in str(found["fault"])


def test_peers_certificate_expired(mesh: Mesh) -> None:
    node = mesh.start(3, mesh.authority.issue("expired3", host(3), "-days", "-1"))
    found = edge(mesh, node)
    node.stop()
    assert fault(found) == ("tls", "server-certificate-expired")
    assert -1.1 < float(str(found["certificate_days_left"])) < -0.9


def test_peers_certificate_for_another_name(mesh: Mesh) -> None:
    node = mesh.start(4, mesh.authority.issue("misnamed4", "elsewhere.example.net"))
    found = edge(mesh, node)
    node.stop()
    assert fault(found) == ("tls", "server-certificate-name")
    assert "elsewhere.example.net" in str(found["fault"])


def test_peer_without_tls(mesh: Mesh) -> None:
    node = mesh.start(5, plain=True)
    found = edge(mesh, node)
    node.stop()
    assert fault(found) == ("tls", "plain-node")


def test_peer_down(mesh: Mesh) -> None:
    down = mesh.nodes[1].peer._replace(addresses=("127.0.0.9",))
    (found,) = probe.probe(OWN, mesh.prober(1), [down])
    assert fault(found.result) == ("connect", "connection-refused")


def test_another_node_answers(mesh: Mesh) -> None:
    wrong = mesh.nodes[1].peer._replace(named=node_name.parsed("other@" + host(2)))
    (found,) = probe.probe(OWN, mesh.prober(1), [wrong])
    assert fault(found.result) == ("handshake", "other-node")
