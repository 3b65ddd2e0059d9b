# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host finds wrong with its own node, from facts alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils.distribution import findings
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import foreign

BRAVO, CAROL = "guard@bravo.example.net", "guard@carol.example.net"
OPTIONS = """
[{{server, [{{certfile, "{0}/node.pem"}}, {{cacertfile, "{0}/ca.pem"}}, {{versions, ['tlsv1.3']}}]}},
 {{client, [{{certfile, "{0}/node.pem"}}, {{cacertfile, "{0}/ca.pem"}}, {{versions, ['tlsv1.3']}}]}}].
"""
UP = findings.State("erlang-guard.service", "active", "running", "success", 7, "beam.smp", 7, "beam.smp", (4370,))


class Host:
    """A host whose files are a directory's, and whose unit is as a test says."""

    def __init__(self, state: findings.State) -> None:
        self.it = state
        self.not_for_the_account: dict[str, str] = {}

    def texts(self, paths: Sequence[str]) -> dict[str, str]:
        return {path: Path(path).read_text() for path in paths if Path(path).exists()}

    def directory(self, path: str | None) -> list[str]:
        return [each.read_text() for each in Path(path).iterdir()] if path else []

    def barred(self, account: str, paths: Sequence[str]) -> dict[str, str]:
        return {path: self.not_for_the_account[path] for path in paths if path in self.not_for_the_account}

    def state(self, unit: str, port: int) -> findings.State:
        return self.it


class Bench:
    """A node in whose files and state tests spoil something."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.host = Host(UP)
        self.discovery = "port"
        pem = foreign.certificate("bravo.example.net")
        self.write("node.pem", pem)
        self.write("ca.pem", pem[pem.index("-----BEGIN CERT") :])
        self.write(".cookie", "a-cookie-for-tests")
        (directory / ".cookie").chmod(0o400)
        self.write(findings.OPTIONS, OPTIONS.format(directory))
        self.write(findings.ARGUMENTS, "-name %s\n-proto_dist inet_tls\n" % BRAVO)
        self.write(findings.TABLE, "{listen_port, 4370}.\n{peer, '%s', resolve, 4370}.\n" % CAROL)
        self.write(findings.SYSTEM, "[{kernel, []}].\n")

    def write(self, name: str, text: str) -> None:
        (self.directory / name).write_text(text)

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.directory / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new))

    def node(self) -> findings.Node:
        path = str(self.directory)
        place = findings.Place(
            BRAVO, "merl", "erlang-guard.service", path, path + "/node.pem", path + "/ca.pem", path + "/.cookie", 4370,
            self.discovery, "TLSv1.3",
        )  # fmt: skip
        return findings.Node(place, self.host)

    def found(self) -> list[str]:
        faults = self.node().findings([CAROL], datetime.now(timezone.utc))
        assert all("?" not in one.fault.cause + one.fault.remedy for one in faults)
        assert {one.fault.host for one in faults} <= {"bravo.example.net"}
        return [one.fault.id for one in faults]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_all_is_well(bench: Bench):
    assert bench.found() == []


def test_nothing_is_said_of_a_node_that_systemd_does_not_know(bench: Bench):
    bench.host.it = UP._replace(unit=None, active="", holder=None, process=0, listens=())
    assert bench.found() == []


@pytest.mark.parametrize(
    ("name", "old", "new", "fault"),
    [
        (findings.OPTIONS, "[{server", "[{server}", "options-file-invalid"),
        (findings.SYSTEM, "[]}]", "}]", "options-file-invalid"),
        (findings.TABLE, "4370}.\n{peer", "4370}\n{peer", "options-file-invalid"),
        (findings.TABLE, CAROL, "guard@other.example.net", "node-not-allowed"),
        (findings.ARGUMENTS, "-name", "-sname", "names-mixed"),
        (findings.ARGUMENTS, "-proto_dist inet_tls", "", "plain-node"),
        ("node.pem", "PRIVATE KEY", "PUBLIC KEY", "certificate-file-invalid"),
        ("ca.pem", "CERTIFICATE", "NOTHING", "trust-file-invalid"),
    ],
)
def test_a_spoilt_file(bench: Bench, name: str, old: str, new: str, fault: str):
    bench.edit(name, old, new)
    assert bench.found() == [fault]


def test_a_peer_that_is_not_in_the_table_is_named(bench: Bench):
    bench.edit(findings.TABLE, CAROL, "guard@other.example.net")
    (finding,) = bench.node().findings([CAROL], datetime.now(timezone.utc))
    assert finding.as_result()["peer"] == CAROL


def test_a_certificate_of_another_host(bench: Bench):
    pem = foreign.certificate("carol.example.net")
    bench.write("other.pem", pem)
    bench.edit(findings.OPTIONS, "node.pem", "other.pem")
    assert bench.found() == ["certificate-name"]
    bench.write(findings.OPTIONS, OPTIONS.format(bench.directory).replace("node.pem", "other.pem", 1))
    assert bench.found() == ["server-certificate-name"]
    assert bench.node().credentials("server").certfile.endswith("other.pem")
    assert bench.node().credentials("client").certfile.endswith("node.pem")


def test_a_key_of_another_certificate(bench: Bench):
    other = foreign.certificate("bravo.example.net")
    pem = (bench.directory / "node.pem").read_text()
    bench.write("node.pem", pem[: pem.index("-----BEGIN PRIV")] + other[other.index("-----BEGIN PRIV") :])
    assert bench.found() == ["certificate-key-mismatch"]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("node.pem", "certificate-file-unreadable"),
        ("ca.pem", "trust-file-unreadable"),
        (".cookie", "cookie-file-unreadable"),
        (findings.OPTIONS, "options-file-unreadable"),
    ],
)
def test_a_file_that_the_account_cannot_read(bench: Bench, name: str, fault: str):
    bench.host.not_for_the_account[str(bench.directory / name)] = "the account merl may not read it"
    assert bench.found() == [fault]


def test_a_cookie_that_others_may_read(bench: Bench):
    (bench.directory / ".cookie").chmod(0o440)
    assert bench.found() == ["cookie-file-rights"]


DOWN = UP._replace(active="failed", result="exit-code", process=0, program="", holder=None, holder_program="", listens=())


@pytest.mark.parametrize(
    ("state", "discovery", "fault"),
    [
        (DOWN, "port", "node-down"),
        (UP._replace(holder=None, listens=()), "port", "node-not-distributed"),
        (UP._replace(holder=None, listens=(4399,)), "port", "node-port-differs"),
        (UP._replace(holder=None, listens=(4399,)), "epmd", "epmd-port-not-open"),
        (DOWN._replace(holder=12, holder_program="python3"), "port", "port-taken"),
        (UP._replace(holder=0, holder_program=""), "port", "port-taken"),
    ],
)
def test_state(bench: Bench, state: findings.State, discovery: str, fault: str):
    bench.host.it, bench.discovery = state, discovery
    assert bench.found() == [fault]


def test_a_node_that_does_not_start_with_a_spoilt_file_has_one_fault(bench: Bench):
    bench.host.it = DOWN
    bench.edit(findings.OPTIONS, "[{server", "[{server}")
    assert bench.found() == ["options-file-invalid"]


def test_an_expired_certificate_does_not_explain_that_the_node_is_down(bench: Bench):
    bench.host.it = DOWN
    later = datetime(2100, 1, 1, tzinfo=timezone.utc)
    faults = [one.fault.id for one in bench.node().findings([CAROL], later)]
    assert faults == ["certificate-expired", "node-down"]
