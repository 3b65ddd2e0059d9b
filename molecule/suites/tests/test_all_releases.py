# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mesh of OTP 25, 27 and 29."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from lab.commands import everywhere, on, play, report, wait_until
from lab.inventory import SECRETS
from lab.settings import CHECKOUT, HOSTS

ATTACKER = "198.51.100.25"
NODES = {host.name: "guard@" + host.fqdn for host in HOSTS}
Answers = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def releases() -> dict[str, str]:
    """The release of each node, as it tells by its own erl."""
    said = everywhere("erlang-guard eval 'erlang:system_info(otp_release).'")
    return {NODES[name]: done.out.strip().strip('"') for name, done in said.items()}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """What each host heard from every other node."""
    directory = tmp_path_factory.mktemp("asked")
    done = play(str(CHECKOUT / "molecule" / "suites" / "ask.yml"), "-e", json.dumps({"asked_directory": str(directory)}))
    assert done.code == 0, done.out[-4000:]
    return {name: json.loads(Path(directory, name + ".json").read_text()) for name in NODES}


def test_three_releases(releases: dict[str, str]) -> None:
    assert sorted(set(releases.values())) == ["25", "27", "29"]


def test_every_host_reaches_every_other_release(answers: Answers) -> None:
    for name, heard in answers.items():
        assert {edge["to"] for edge in heard["pinged"]} == set(NODES.values()) - {NODES[name]}
        assert {(edge["ok"], edge["tls_version"]) for edge in heard["pinged"]} == {(True, "TLSv1.3")}


def test_terms_come_back_from_every_release(answers: Answers) -> None:
    for name, heard in answers.items():
        sent = [{"$atom": name}, {"$map": [[{"$binary": "größe"}, 1.5], [[], 0xFFFFFFFFFFFFFFFFFFFF]]}]
        sent += [{"$improper": [[1], {"$bits": ["oA==", 3]}]}, {"$fun": "lists:map/2"}]
        for result in heard["called"]:
            result["$tuple"][1]["$map"].sort(key=str, reverse=True)
        assert heard["called"] == [{"$tuple": sent}] * 3


def test_every_node_tells_of_itself(answers: Answers, releases: dict[str, str]) -> None:
    for name, heard in answers.items():
        assert [told["otp_release"] for told in heard["told"]] == [releases[told["node"]] for told in heard["told"]]
        for told in heard["told"]:
            assert told["ok"] and told["uptime"] > 0 and told["memory"] > 0 and "guard" in told["applications"]
            assert {place["port"] for place in told["listening"]} == {4370}
            assert set(told["peers"]) == set(NODES.values()) - {told["node"]}, name


def test_both_ends_agree_on_each_connection(answers: Answers) -> None:
    told = {node["node"]: node["connections"] for heard in answers.values() for node in heard["told"]}
    seen = {(node, entry["node"]): entry for node, entries in told.items() for entry in entries if entry["type"] == "normal"}
    assert len(seen) == 12
    for (one, other), entry in seen.items():
        back = seen[other, one]
        assert {entry["direction"], back["direction"]} == {"opened", "accepted"}
        assert (entry["address"], entry["port"]) == (back["own_address"], back["own_port"])
        assert (entry["port"] == 4370) == (entry["direction"] == "opened")
        assert (entry["tls_version"], entry["cipher"]) == ("TLSv1.3", "TLS_AES_256_GCM_SHA384")
        assert entry["certificate_names"] == [other.partition("@")[2]] and entry["certificate_days_left"] > 80
        assert abs(entry["age"] - back["age"]) < 60 and entry["age"] >= 0


def test_every_edge_and_every_wall() -> None:
    found = report()
    assert found["ok"] is True
    assert len(found["edges"]) == 12 and {edge["state"] for edge in found["edges"]} == {"ok"}
    assert {edge["tls_version"] for edge in found["edges"]} == {"TLSv1.3"}
    assert {wall["state"] for wall in found["walls"]} == {"held"}


def test_every_attempt_that_is_refused_leaves_the_message_that_is_documented() -> None:
    """Nothing else is in the logs of attempts that were refused, and no name of a node that exists."""
    documented = (CHECKOUT / "docs" / "report.md").read_text()
    messages = set(re.findall(r"(?:error|notice): `([^`]+)`", documented))
    assert len(messages) == 5
    refused = "journalctl -u erlang-guard -o cat | grep -E 'TLS server: |Connection attempt'"
    before = {name: done.out.count("disallowed node") for name, done in everywhere(refused).items()}
    assert play("verify").code == 0
    for name, done in everywhere(refused).items():
        lines = re.sub(r"\.erl:\d+", ".erl:N", done.out.replace("Certificate Required", "Certificate required"))
        lines = re.sub(r"verification-refused@[a-z.]+", "verification-refused@HOST", lines)
        assert set(lines.splitlines()) == messages, name
        assert lines.count("disallowed node") - before[name] == 3, done.out


def test_the_application_spans_them() -> None:
    assert on("carol", "erlang-guard rpc guard report '[\"%s\"]'" % ATTACKER).code == 0
    assert wait_until(lambda: all(ATTACKER in done.out for done in everywhere("erlang-guard rpc guard known").values()))


def test_every_systemd_reads_the_environment_as_it_was_given() -> None:
    """Line ends, quotes, backslashes and what else it might take for its own."""
    said = everywhere("base64 /proc/$(systemctl show --property=MainPID --value erlang-guard)/environ")
    for name, done in said.items():
        environment = base64.b64decode(done.out).decode().split("\0")
        for variable in ("GUARD_TOKEN", "GUARD_KEY"):
            assert "%s=%s" % (variable, SECRETS[variable]) in environment, name
