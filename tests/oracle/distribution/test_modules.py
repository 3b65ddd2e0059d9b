# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules as Ansible runs them, against real nodes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import running
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.hidden_node import HiddenNode
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import Atom
from conftest import COOKIE, Authority, Mesh, host

MODULES = Path(__file__).parents[3] / "plugins" / "modules"
OWN = "guard@" + host(1)


def run(mesh: Mesh, name: str, **arguments: Any) -> dict[str, Any]:
    """Return the result of a module run with the files of host 1; no secret may be in its output."""
    files = {
        "certfile": str(mesh.directory / "host1.node.pem"),
        "cacertfile": str(mesh.authority.certificate),
        "cookie_file": str(mesh.cookie_file),
    }
    internal = {"_ansible_remote_tmp": str(mesh.directory), "_ansible_keep_remote_files": False}
    call = {"ANSIBLE_MODULE_ARGS": {**files, **arguments, **internal}}
    done = subprocess.run(
        [sys.executable, str(MODULES / (name + ".py"))],
        input=json.dumps(call),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert not done.stderr
    assert COOKIE not in done.stdout
    assert "PRIVATE" not in done.stdout
    return dict(json.loads(done.stdout))


def peers(mesh: Mesh) -> list[dict[str, Any]]:
    """Return host 2 as the modules take peers."""
    node = mesh.nodes[1]
    return [{"node": node.name, "address": [node.address], "port": node.port}]


def nodes_of(mesh: Mesh) -> list[str]:
    """Return what host 2 is connected with, our own question left out."""
    prober = mesh.prober(1)
    attempt = prober.open(mesh.nodes[1].peer)
    try:
        node = HiddenNode.of(attempt)
        connected = [str(name) for name in node.call("erlang", "nodes", [Atom("connected")], 5)]
        return [name for name in connected if name != str(node.name)]
    finally:
        attempt.close()


def test_ping(mesh: Mesh) -> None:
    result = run(mesh, "node_ping", node=OWN, peers=peers(mesh))
    assert result["changed"] is False
    assert [edge["ok"] for edge in result["edges"]] == [True]


def test_ping_fails_with_cause_and_remedy(mesh: Mesh) -> None:
    down = [{"node": "guard@" + host(2), "address": ["127.0.0.9"], "port": mesh.port}]
    result = run(mesh, "node_ping", node=OWN, peers=down)
    assert result["failed"] is True
    assert result["msg"].startswith("guard@%s: Nothing listens on TCP port %d" % (host(2), mesh.port))
    kept = run(mesh, "node_ping", node=OWN, peers=down, fail_on_fault=False)
    assert "failed" not in kept
    assert kept["edges"][0]["fault"]["id"] == "connection-refused"


def test_verify(mesh: Mesh, tmp_path: Path) -> None:
    foreign = Authority(tmp_path, "foreign").issue("host1", host(1)).read_text()
    result = run(
        mesh, "node_verify", node=OWN, host="alpha", peers=peers(mesh), port=mesh.port, discovery="map",
        foreign_certificate=foreign,
    )  # fmt: skip
    assert [edge["ok"] for edge in result["edges"]] == [True]
    assert len(result["walls"]) == 10
    assert [wall for wall in result["walls"] if wall["held"] is not True or wall["from"] != "alpha"] == []
    assert {wall["to"] for wall in result["walls"]} == {mesh.nodes[0].name, mesh.nodes[1].name}
    assert result["running"]["ok"] is True
    assert result["running"]["node"] == OWN


def test_verify_holds_no_wall_of_a_node_that_is_down(mesh: Mesh) -> None:
    down = [{"node": "guard@" + host(2), "address": ["127.0.0.9"], "port": mesh.port}]
    result = run(mesh, "node_verify", node=OWN, peers=down, port=mesh.port, discovery="map", retry_seconds=1, walls=["plain"])
    assert result["edges"][0]["fault"]["id"] == "connection-refused"
    assert [(wall["to"], wall["held"]) for wall in result["walls"]] == [(down[0]["node"], None), (OWN, True)]


def test_verify_leaves_no_connection_behind(mesh: Mesh) -> None:
    run(mesh, "node_verify", node=OWN, peers=peers(mesh), port=mesh.port, discovery="map")
    until = time.monotonic() + 5
    while any(name.startswith("verify-") for name in nodes_of(mesh)) and time.monotonic() < until:
        time.sleep(0.1)
    assert [name for name in nodes_of(mesh) if name.startswith("verify-")] == []


def test_verify_from_outside(mesh: Mesh) -> None:
    result = run(mesh, "node_verify", host="outsider", peers=peers(mesh))
    assert (result["node"], result["edges"], result["running"]) == (None, [], None)
    assert [(wall["wall"], wall["held"]) for wall in result["walls"]] == [("packet_filter", False)]


def test_call(mesh: Mesh) -> None:
    target = {"node": OWN, "port": mesh.port}
    arguments = [[3, 1, 2], {"$tuple": [{"$atom": "a"}, {"$binary": "b"}]}]
    result = run(mesh, "node_call", module="erlang", function="list_to_tuple", arguments=[arguments], **target)
    assert result["changed"] is True
    assert result["result"] == {"$tuple": arguments}
    wrong = run(mesh, "node_call", module="nowhere", function="f", read_only=True, **target)
    assert wrong["fault"]["id"] == "call-failed"
    assert "undef" in wrong["msg"]
    late = run(mesh, "node_call", module="timer", function="sleep", arguments=[5000], call_timeout=0.3, **target)
    assert late["fault"]["id"] == "call-timeout"


def test_info(mesh: Mesh) -> None:
    attempt = mesh.prober(1).open(mesh.nodes[0].peer)
    HiddenNode.of(attempt).call("net_kernel", "connect_node", [Atom(mesh.nodes[1].name)], 10)
    attempt.close()
    told = run(mesh, "node_info", node=OWN, port=mesh.port)["running"]
    assert told["listening"] == [{"address": "127.0.0.1", "port": mesh.port}]
    assert told["peers"] == [mesh.nodes[1].name]
    assert set(told["applications"]) >= {"kernel", "stdlib"}
    (connection,) = [entry for entry in told["connections"] if entry["node"] == mesh.nodes[1].name]
    assert (connection["tls_version"], connection["cipher"]) == ("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    assert (connection["certificate_subject"], connection["certificate_names"]) == ("CN=" + host(2), [host(2)])
    assert connection["certificate_days_left"] > 9
    assert (connection["direction"], connection["address"], connection["port"]) == ("opened", "127.0.0.2", mesh.port)
    assert connection["age"] is None


def test_info_of_the_one_who_was_connected_to(mesh: Mesh) -> None:
    here = run(mesh, "node_info", node=OWN, port=mesh.port)["running"]["connections"]
    there = run(mesh, "node_info", node=mesh.nodes[1].name, from_node=OWN, address=["127.0.0.2"], port=mesh.port)
    (ours,) = [entry for entry in here if entry["node"] == mesh.nodes[1].name]
    (theirs,) = [entry for entry in there["running"]["connections"] if entry["node"] == OWN]
    assert (theirs["direction"], theirs["certificate_names"]) == ("accepted", [host(1)])
    assert (theirs["address"], theirs["port"]) == (ours["own_address"], ours["own_port"])
    assert (ours["address"], ours["port"]) == (theirs["own_address"], theirs["own_port"])


def test_running_of_a_node_that_is_down(mesh: Mesh) -> None:
    down = mesh.nodes[0].peer._replace(addresses=("127.0.0.9",))
    told = running.ask(mesh.prober(1), down, 2)
    assert (told["ok"], told["peers"], told["fault"]["id"]) == (False, [], "connection-refused")


def test_a_node_name_that_is_none(mesh: Mesh) -> None:
    assert "write NAME@HOST" in run(mesh, "node_ping", node="guard", peers=peers(mesh))["msg"]
