# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes that speak TLS 1.2 alone, as ``erlang_node_tls_versions`` allows: whoever connects as such a node does what its files say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import tls_options
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import asking, host_metrics, node_settings, probe
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.hidden_node import HiddenNode
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.prober import Prober
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import tagged, term_writer
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import Atom
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.commands import run as run_command
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.node import Host
from conftest import Mesh, host
from test_modules import OWN, run


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """Two nodes with TLS 1.2 alone, and the directory ``configuration`` of the first."""
    made = Mesh(tmp_path_factory.mktemp("old"))
    try:
        made.start(1, version="1.2")
        made.start(2, version="1.2")
        configuration = made.directory / "configuration"
        configuration.mkdir()
        (configuration / "inet_tls.conf").write_text((made.directory / "home1" / "tls.conf").read_text())
        (configuration / "vm.args").write_text(
            "-name %s\n-proto_dist inet_tls\n-ssl_dist_optfile %s/inet_tls.conf\n" % (OWN, configuration)
        )
        (configuration / "sys.config").write_text("[].\n")
        entry = "{peer, 'guard@%s', \"127.0.0.%d\", %d}.\n"
        (configuration / "peers.config").write_text("".join(entry % (host(number), number, made.port) for number in (1, 2)))
        yield made
    finally:
        for node in made.nodes:
            node.stop()


def peers(mesh: Mesh) -> list[dict[str, Any]]:
    """Return both nodes as options have peers."""
    return [{"node": node.name, "address": [node.address], "port": node.port} for node in mesh.nodes]


def files(mesh: Mesh, **others: Any) -> dict[str, Any]:
    """Return the options by which a module learns of the node's files, and of none in particular."""
    return {"configuration": str(mesh.directory / "configuration"), "certfile": None, "cacertfile": None, **others}


def test_the_watch(old: Mesh) -> None:
    settings = {
        "node": OWN,
        "address": ["127.0.0.1"],
        "port": old.port,
        "certfile": str(old.directory / "host1.node.pem"),
        "cacertfile": str(old.authority.certificate),
        "cookie_file": str(old.cookie_file),
        "configuration": str(old.directory / "configuration"),
        "unit": "erlang-guard.service",
        "account": "nobody-of-this-host",
        "authorities": [old.authority.certificate.read_text()],
        "timeout": 3,
        "discovery": "map",
        "epmd_port": 4369,
        "peers": peers(old),
    }
    found = host_metrics.look(settings, Host(run_command))
    known = {(sample.metric, *sample.labels): sample.value for sample in found.samples}
    assert found.faults == []
    assert known[host_metrics.NODE_UP, OWN] == 1
    assert known[host_metrics.EDGE_UP, OWN, "guard@" + host(2)] == 1


def test_ping(old: Mesh) -> None:
    result = run(old, "node_ping", node=OWN, peers=peers(old), **files(old))
    assert [(edge["ok"], edge["tls_version"]) for edge in result["edges"]] == [(True, "TLSv1.2")] * 2


def test_call(old: Mesh) -> None:
    result = run(old, "node_call", node=OWN, port=old.port, module="erlang", function="node", **files(old))
    assert result["result"] == {"$atom": OWN}


def test_info(old: Mesh) -> None:
    result = run(old, "node_info", node=OWN, port=old.port, **files(old))
    assert result["running"]["ok"] is True


def test_what_is_asked_for_goes_before_what_files_say(old: Mesh) -> None:
    result = run(old, "node_ping", node=OWN, peers=peers(old), fail_on_fault=False, **files(old, tls_minimum_version="TLSv1.3"))
    assert [edge["fault"]["id"] for edge in result["edges"]] == ["tls-version"] * 2


def test_the_control_command(old: Mesh) -> None:
    directory = old.directory / "configuration"
    own = asking.own(OWN, str(directory), Host(run_command).texts, str(old.cookie_file))
    asking.ping(own, "guard@" + host(2), "guard-control-1@" + host(1))


def test_a_directory_without_the_files_of_a_node(old: Mesh, tmp_path: Path) -> None:
    result = run(old, "node_ping", node=OWN, peers=peers(old), **files(old, configuration=str(tmp_path)))
    assert result["failed"] is True
    assert "configuration: %s/inet_tls.conf cannot be read, or is not there" % tmp_path in result["msg"]


LISTS = {
    "one cipher and two groups": (["tlsv1.3"], {"ciphers": ["TLS_AES_256_GCM_SHA384"], "groups": ["secp384r1", "x25519"]}),
    "one group": (["tlsv1.3"], {"groups": ["secp521r1"]}),
    "our signatures alone": (["tlsv1.3"], {"signature_algs": ["ecdsa_secp256r1_sha256"]}),
    "TLS 1.2": (
        ["tlsv1.2"],
        {
            "ciphers": ["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"],
            "groups": ["secp384r1"],
            "signature_algs": ["ecdsa_secp256r1_sha256"],
        },
    ),
    "both versions": (["tlsv1.3", "tlsv1.2"], {key: list(names) for key, names in tls_options.KNOWN.items()}),
}


@pytest.mark.parametrize("name", LISTS)
def test_lists_of_the_role(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    """Two nodes with the lists connect with each other, and so does the prober with them; TLS is what the lists say."""
    versions, chosen = LISTS[name]
    made = Mesh(tmp_path_factory.mktemp("lists"))
    try:
        for number in (1, 2):
            made.start(number, written=written(versions, chosen))
        credentials = node_settings.credentials(
            node_settings.tls_options((made.directory / "home1" / "tls.conf").read_text()).client, made.prober(1).credentials
        )
        prober = Prober(host(1), credentials, str(made.cookie_file), 3.0)
        found = probe.edge(OWN, prober, made.nodes[1].peer)
        assert found.fault is None
        assert found.result["tls_version"] == {"tlsv1.3": "TLSv1.3", "tlsv1.2": "TLSv1.2"}[versions[0]]
        attempt = prober.open(made.nodes[0].peer)
        try:
            assert HiddenNode.of(attempt).call("net_kernel", "connect_node", [Atom("guard@" + host(2))], 10) == Atom("true")
        finally:
            attempt.close()
    finally:
        for node in made.nodes:
            node.stop()


def written(versions: list[str], chosen: dict[str, list[str]]) -> str:
    """What the role writes of lists, as options in Erlang."""
    named = {"versions": [{"$atom": version} for version in versions], **tls_options.terms(versions, chosen)}
    return term_writer.dumps(tagged.from_tagged(named)).strip()[1:-1]
