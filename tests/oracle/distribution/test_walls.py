# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Walls against real nodes: they hold where all is well, and fall when the protection they stand for is taken away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import wall_attempts, walls
from conftest import COOKIE, Authority, Mesh, Node, host

NAMES = ["guard@" + host(number) for number in range(1, 4)]


@pytest.fixture(scope="module")
def arms(tmp_path_factory: pytest.TempPathFactory) -> wall_attempts.WrongCredentials:
    """A certificate of another CA, and another cookie."""
    foreign = Authority(tmp_path_factory.mktemp("foreign"), "foreign").issue("host1", host(1))
    return wall_attempts.WrongCredentials(foreign.read_text(), b"another-cookie")


@pytest.fixture
def third(mesh: Mesh, request: pytest.FixtureRequest) -> Iterator[Node]:
    """A node started without the protection that the test names, on a fresh home."""
    node = mesh.start(request.param[0], without=request.param[1])
    yield node
    node.stop()


@pytest.mark.parametrize("wall", walls.INSIDE)
def test_walls_hold(mesh: Mesh, arms: wall_attempts.WrongCredentials, wall: str) -> None:
    outcome = wall_attempts.attempt_wall(mesh.prober(1), mesh.nodes[1].peer, wall, arms, NAMES)
    assert outcome.held is True, outcome


@pytest.mark.parametrize("wall", walls.INSIDE)
def test_walls_prove_nothing_at_a_node_that_is_down(mesh: Mesh, arms: wall_attempts.WrongCredentials, wall: str) -> None:
    down = mesh.nodes[1].peer._replace(addresses=("127.0.0.9",))
    assert wall_attempts.attempt_wall(mesh.prober(1), down, wall, arms, NAMES).held is None


def test_a_name_is_refused_where_there_is_no_third_node(mesh: Mesh, arms: wall_attempts.WrongCredentials) -> None:
    outcome = wall_attempts.attempt_wall(mesh.prober(1), mesh.nodes[1].peer, "wrong_name", arms, NAMES[:2])
    assert outcome.held is True, outcome


@pytest.mark.parametrize("third", [(3, "certificates")], indirect=True)
def test_the_wall_falls_when_certificates_are_not_demanded(mesh: Mesh, arms: wall_attempts.WrongCredentials, third: Node) -> None:
    outcome = wall_attempts.attempt_wall(mesh.prober(1), third.peer, "no_certificate", arms, NAMES)
    assert outcome.held is False, outcome


@pytest.mark.parametrize("third", [(4, "authority")], indirect=True)
def test_the_wall_falls_when_the_authority_is_not_checked(mesh: Mesh, arms: wall_attempts.WrongCredentials, third: Node) -> None:
    outcome = wall_attempts.attempt_wall(mesh.prober(1), third.peer, "foreign_ca", arms, NAMES)
    assert outcome.held is False, outcome


@pytest.mark.parametrize("third", [(5, "names")], indirect=True)
def test_the_wall_falls_when_names_are_not_bound_to_certificates(mesh: Mesh, arms: wall_attempts.WrongCredentials, third: Node) -> None:
    for others in (NAMES, [third.name, NAMES[0]]):
        outcome = wall_attempts.attempt_wall(mesh.prober(1), third.peer, "wrong_name", arms, others)
        assert outcome.held is False, outcome


def test_the_wall_falls_when_the_cookie_is_known(mesh: Mesh, arms: wall_attempts.WrongCredentials) -> None:
    known = arms._replace(wrong_cookie=COOKIE.encode())
    assert wall_attempts.attempt_wall(mesh.prober(1), mesh.nodes[1].peer, "wrong_cookie", known, NAMES).held is False


def test_the_wall_falls_at_a_node_without_tls(mesh: Mesh, arms: wall_attempts.WrongCredentials) -> None:
    node = mesh.start(6, plain=True)
    outcome = wall_attempts.attempt_wall(mesh.prober(1), node.peer, "plain", arms, NAMES)
    node.stop()
    assert (outcome.held, outcome.stage) == (False, "handshake"), outcome


def test_the_foreign_certificate_leaves_no_file(
    mesh: Mesh, arms: wall_attempts.WrongCredentials, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert wall_attempts.attempt_wall(mesh.prober(1), mesh.nodes[1].peer, "foreign_ca", arms, NAMES).held is True
    assert not list(tmp_path.iterdir())


def test_an_open_port_is_no_packet_filter(mesh: Mesh) -> None:
    node = mesh.nodes[1]
    network = mesh.prober(1).network
    assert wall_attempts.packet_filter(network, node.peer, node.port).held is False
    closed = node.peer._replace(addresses=("127.0.0.9",))
    assert wall_attempts.packet_filter(network, closed, node.port).held is None
    assert wall_attempts.packet_filter(network, closed, node.port, reset_counts=True).held is True
