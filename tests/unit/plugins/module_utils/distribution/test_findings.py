# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host finds wrong with its own node, from facts alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import certificate, findings, node_configuration, pem
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import foreign
from authorities import revocations, root

BRAVO, CAROL = "guard@bravo.example.net", "guard@carol.example.net"
OPTIONS = """
[{{server, [{{certfile, "{0}/node.pem"}}, {{cacertfile, "{0}/ca.pem"}}, {{versions, ['tlsv1.3']}}, {{verify, verify_peer}},
   {{fail_if_no_peer_cert, true}}]}},
 {{client, [{{certfile, "{0}/node.pem"}}, {{cacertfile, "{0}/ca.pem"}}, {{versions, ['tlsv1.3']}}, {{verify, verify_peer}}]}}].
"""
NODE = findings.Listener("0.0.0.0", 4370, True, 7, "beam.smp", "merl")
SQUATTER = findings.Listener("0.0.0.0", 4370, False, 12, "python3", "nobody")
EPMD = findings.Listener("0.0.0.0", 4369, False, 13, "epmd", "root")
UP = findings.State("erlang-guard.service", "active", "running", "success", 7, "beam.smp", (NODE,))


def digest(text: str) -> str:
    """The digest of the first certificate in PEM text."""
    return certificate.read(pem.contents(text)[0]).digest


class Host:
    """A host whose files are a directory's, and whose unit is as a test says."""

    def __init__(self, state: findings.State) -> None:
        self.it = state
        self.not_for_the_account: dict[str, str] = {}
        self.names: list[str] | None = []
        self.filter = ""

    def packet_filter(self, command: Sequence[str]) -> str:
        assert list(command) == ["packet-filter", "check"]
        return self.filter

    def connect_as_nobody(self, places: Sequence[tuple[str, int]]) -> list[int | None]:
        return [None] * len(places)

    def texts(self, paths: Sequence[str]) -> dict[str, str]:
        return {path: Path(path).read_text() for path in paths if Path(path).exists()}

    def directory(self, path: str | None) -> list[str]:
        return [each.read_text() for each in Path(path).iterdir()] if path else []

    def barred(self, account: str, paths: Sequence[str]) -> dict[str, str]:
        return {path: self.not_for_the_account[path] for path in paths if path in self.not_for_the_account}

    def state(self, unit: str, ports: Sequence[int]) -> findings.State:
        return self.it

    def registered(self, port: int) -> list[str] | None:
        return self.names


class Bench:
    """A node in whose files and state tests spoil something."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.host = Host(UP)
        self.discovery = "port"
        self.filter_check: tuple[str, ...] = ("packet-filter", "check")
        pem = foreign.certificate("bravo.example.net")
        self.write("node.pem", pem)
        authority = root()
        self.write("ca.pem", authority)
        self.authorities = (digest(authority),)
        self.write(".cookie", "a-cookie-for-tests")
        (directory / ".cookie").chmod(0o400)
        self.write(node_configuration.OPTIONS, OPTIONS.format(directory))
        self.write(node_configuration.ARGUMENTS, "-name %s\n-proto_dist inet_tls\n" % BRAVO)
        self.write(node_configuration.TABLE, "{listen_port, 4370}.\n{peer, '%s', resolve, 4370}.\n" % CAROL)
        self.write(node_configuration.SYSTEM, "[{kernel, []}].\n")

    def path(self, name: str) -> Path:
        """A file of the configuration by its key in the layout, or any other by its name."""
        return Path(layout.configuration(str(self.directory)).get(name, self.directory / name))

    def write(self, name: str, text: str) -> None:
        self.path(name).write_text(text)

    def edit(self, name: str, old: str, new: str) -> None:
        text = self.path(name).read_text()
        assert old in text
        self.write(name, text.replace(old, new))

    def node(self) -> findings.OwnNode:
        path = str(self.directory)
        place = findings.Place(
            BRAVO, "merl", "erlang-guard.service", path, path + "/node.pem", path + "/ca.pem", path + "/.cookie", 4370,
            self.discovery, "TLSv1.3", 4369, self.authorities, self.filter_check,
        )  # fmt: skip
        return findings.OwnNode(place, self.host)

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
    bench.host.it = UP._replace(unit=None, active="", listeners=(), process=0)
    assert bench.found() == []


@pytest.mark.parametrize(
    ("name", "old", "new", "fault"),
    [
        (node_configuration.OPTIONS, "[{server", "[{server}", "options-file-invalid"),
        (node_configuration.SYSTEM, "[]}]", "}]", "options-file-invalid"),
        (node_configuration.TABLE, "4370}.\n{peer", "4370}\n{peer", "options-file-invalid"),
        (node_configuration.ARGUMENTS, "-name", "-sname", "names-mixed"),
        (node_configuration.ARGUMENTS, "-proto_dist inet_tls", "", "plain-node"),
        ("node.pem", "PRIVATE KEY", "PUBLIC KEY", "certificate-file-invalid"),
        ("ca.pem", "CERTIFICATE", "NOTHING", "trust-file-invalid"),
    ],
)
def test_a_spoilt_file(bench: Bench, name: str, old: str, new: str, fault: str):
    bench.edit(name, old, new)
    assert bench.found() == [fault]


@pytest.mark.parametrize(
    ("name", "old", "new", "faults"),
    [
        (node_configuration.OPTIONS, "{verify, verify_peer}", "{verify, verify_none}", ["trust-loosened"]),
        (node_configuration.OPTIONS, "{verify, verify_peer},\n", "\n", ["trust-loosened"]),
        (node_configuration.OPTIONS, "{fail_if_no_peer_cert, true}", "{fail_if_no_peer_cert, false}", ["trust-loosened"]),
        (node_configuration.OPTIONS, ",\n   {fail_if_no_peer_cert, true}", "", ["trust-loosened"]),
        (node_configuration.OPTIONS, "verify_peer}]}]", "verify_peer}, {server_name_indication, disable}]}]", ["trust-loosened"]),
        (node_configuration.OPTIONS, "{server, [", "{server, [{verify_fun, {my, verify, []}}, ", ["trust-loosened"]),
        (node_configuration.OPTIONS, "{server, [", "{server, [{partial_chain, {my, chain}}, ", ["trust-loosened"]),
        (node_configuration.OPTIONS, "{client, [", "{client, [{customize_hostname_check, []}, ", ["trust-loosened"]),
        (node_configuration.OPTIONS, "{server, [", '{server, [{sni_hosts, [{"a", [{verify, verify_none}]}]}, ', ["trust-loosened"]),
        (node_configuration.OPTIONS, "{server, [", "{server, [{cacerts, public_key:cacerts_get()}, ", ["options-file-invalid"]),
        (node_configuration.OPTIONS, "{server, [", "{server, [{verify_fun, undefined}, ", []),
        (node_configuration.ARGUMENTS, "-proto_dist", "-ssl_dist_opt server_verify verify_none\n-proto_dist", ["trust-loosened"]),
        (node_configuration.TABLE, "4370}.\n", "4370}.\n{peer, 'guard@eve.example.net', resolve, 4370}.\n", ["table-beyond-cluster"]),
    ],
)  # fmt: skip
def test_what_lets_in_more_than_the_cluster(bench: Bench, name: str, old: str, new: str, faults: list[str]):
    bench.edit(name, old, new)
    assert bench.found() == faults


def test_the_cas_that_a_node_trusts(bench: Bench):
    elsewhere, own = root("elsewhere"), (bench.directory / "ca.pem").read_text()
    bench.write("ca.pem", own + elsewhere)
    (finding,) = bench.node().findings([CAROL], datetime.now(timezone.utc))
    assert finding.fault.id == "trust-beyond-cluster" and "CN=elsewhere" in finding.fault.cause
    bench.authorities = (digest(own), digest(elsewhere))
    assert bench.found() == []
    bench.write("ca.pem", elsewhere)
    assert bench.found() == []
    bench.authorities = (digest(own),)
    assert bench.found() == ["trust-unknown-ca"]
    bench.authorities = ()
    assert bench.found() == []


def test_an_intermediate_in_the_bundle_is_one_fault(bench: Bench):
    own, leaf = (bench.directory / "ca.pem").read_text(), foreign.certificate("elsewhere").partition("-----BEGIN PRIV")[0]
    bench.write("ca.pem", own + leaf)
    assert bench.found() == ["trust-beyond-cluster"]
    bench.authorities = (digest(own), digest(leaf))
    assert bench.found() == ["trust-file-not-root"]


def test_a_bundle_of_many_is_told_in_a_few_words(bench: Bench):
    own = (bench.directory / "ca.pem").read_text()
    bench.write("ca.pem", own + "".join(root("ca-%d" % number) for number in range(5)))
    (finding,) = bench.node().findings([CAROL], datetime.now(timezone.utc))
    assert "CN=ca-0; CN=ca-1; CN=ca-2 and 2 more" in finding.fault.cause


def test_each_side_has_a_bundle_of_its_own(bench: Bench):
    bench.write("world.pem", (bench.directory / "ca.pem").read_text() + root("elsewhere"))
    text = OPTIONS.format(bench.directory)
    bench.write(node_configuration.OPTIONS, "world.pem".join(text.rsplit("ca.pem", 1)))
    assert bench.found() == ["trust-beyond-cluster"]
    bench.write(node_configuration.OPTIONS, text.replace("ca.pem", "world.pem", 1))
    assert bench.found() == ["trust-beyond-cluster"]


def test_cas_in_the_options_themselves(bench: Bench):
    (der,) = pem.contents(root("elsewhere"))
    inline = "{cacerts, [<<%s>>]}" % ",".join(str(byte) for byte in der)
    bench.edit(node_configuration.OPTIONS, "{server, [", "{server, [%s, " % inline)
    assert bench.found() == ["trust-unknown-ca"]


def test_options_in_another_file_than_the_role_writes(bench: Bench):
    text = OPTIONS.format(bench.directory)
    bench.write("elsewhere.conf", text.replace("verify_peer", "verify_none"))
    bench.edit(node_configuration.ARGUMENTS, "-proto_dist", "-ssl_dist_optfile %s/elsewhere.conf\n-proto_dist" % bench.directory)
    assert bench.found() == ["trust-loosened"]


def test_a_peer_that_is_not_in_the_table_is_named(bench: Bench):
    bench.edit(node_configuration.TABLE, CAROL, BRAVO)
    (finding,) = bench.node().findings([CAROL], datetime.now(timezone.utc))
    assert finding.as_result()["peer"] == CAROL


def test_a_certificate_of_another_host(bench: Bench):
    pem = foreign.certificate("carol.example.net")
    bench.write("other.pem", pem)
    bench.edit(node_configuration.OPTIONS, "node.pem", "other.pem")
    assert bench.found() == ["certificate-name"]
    bench.write(node_configuration.OPTIONS, OPTIONS.format(bench.directory).replace("node.pem", "other.pem", 1))
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
        (node_configuration.OPTIONS, "options-file-unreadable"),
    ],
)
def test_a_file_that_the_account_cannot_read(bench: Bench, name: str, fault: str):
    bench.host.not_for_the_account[str(bench.path(name))] = "the account merl may not read it"
    assert bench.found() == [fault]


def test_a_cookie_that_others_may_read(bench: Bench):
    (bench.directory / ".cookie").chmod(0o440)
    assert bench.found() == ["cookie-file-rights"]


DOWN = UP._replace(active="failed", result="exit-code", process=0, program="", listeners=())
ELSEWHERE = NODE._replace(port=4399)


@pytest.mark.parametrize(
    ("state", "discovery", "faults"),
    [
        (DOWN, "port", ["node-down"]),
        (UP._replace(listeners=()), "port", ["node-not-distributed"]),
        (UP._replace(listeners=(ELSEWHERE,)), "port", ["node-port-differs"]),
        (UP._replace(listeners=(ELSEWHERE,)), "epmd", ["epmd-port-not-open"]),
        (DOWN._replace(listeners=(SQUATTER,)), "port", ["port-taken"]),
        (UP._replace(listeners=(SQUATTER._replace(process=0),)), "port", ["port-taken"]),
        # The unit's main process only starts the node.
        (UP._replace(process=6, program="sh"), "port", []),
        # Who is not root does not see whose a socket is.
        (UP._replace(listeners=(NODE._replace(own=None, process=0),)), "port", []),
        (UP._replace(listeners=(NODE._replace(address="198.18.2.10"), SQUATTER._replace(address="127.0.0.1"))), "port", []),
        (UP._replace(listeners=(NODE._replace(address="127.0.0.1"), SQUATTER._replace(address="198.18.2.10"))), "port", ["port-taken"]),
        (UP._replace(listeners=(NODE._replace(address="127.0.0.1"),)), "port", ["node-on-loopback"]),
        (UP._replace(listeners=(NODE._replace(address="::1"),)), "port", ["node-on-loopback"]),
        (UP._replace(listeners=(NODE._replace(address="::"),)), "port", []),
        (UP._replace(listeners=(NODE, EPMD)), "port", ["epmd-uninvited"]),
        (UP._replace(listeners=(NODE, EPMD._replace(address="127.0.0.1"))), "map", ["epmd-uninvited"]),
        (UP._replace(listeners=(NODE, EPMD)), "epmd", []),
        (UP._replace(listeners=(NODE, EPMD._replace(process=1, program="systemd"))), "port", ["epmd-uninvited"]),
        (UP._replace(listeners=(NODE, EPMD._replace(program="python3"))), "port", []),
    ],
)
def test_state(bench: Bench, state: findings.State, discovery: str, faults: list[str]):
    bench.host.it, bench.discovery = state, discovery
    assert bench.found() == faults


def test_an_epmd_with_which_nodes_are_registered_is_theirs(bench: Bench):
    bench.host.it = UP._replace(listeners=(NODE, EPMD))
    bench.host.names = ["rabbit"]
    assert bench.found() == []


def test_who_an_uninvited_epmd_is(bench: Bench):
    bench.host.it = UP._replace(listeners=(NODE, EPMD, EPMD._replace(address="::")))
    (finding,) = bench.node().findings([CAROL], datetime.now(timezone.utc))
    assert "epmd (process 13, account root) listens on port 4369 of 0.0.0.0, ::" in finding.fault.cause


def test_a_node_that_does_not_start_with_a_spoilt_file_has_one_fault(bench: Bench):
    bench.host.it = DOWN
    bench.edit(node_configuration.OPTIONS, "[{server", "[{server}")
    assert bench.found() == ["options-file-invalid"]


def test_an_expired_certificate_does_not_explain_that_the_node_is_down(bench: Bench):
    bench.host.it = DOWN
    later = datetime(2100, 1, 1, tzinfo=timezone.utc)
    faults = [one.fault.id for one in bench.node().findings([CAROL], later)]
    assert faults == ["certificate-expired", "node-down"]


def test_a_packet_filter_that_is_not_as_it_was_loaded(bench: Bench):
    bench.host.filter = "it is not loaded"
    assert bench.found() == ["packet-filter-wrong"]
    bench.filter_check = ()
    assert bench.found() == []


def test_connections_that_the_node_does_not_get_to(bench: Bench):
    bench.host.it = UP._replace(waiting="7 wait to be accepted, 6 of them from 198.18.1.10")
    assert bench.found() == ["connections-waiting"]


@pytest.mark.parametrize(
    ("days", "faults"), [(-1, ["revocations-expired"]), (1, ["revocations-expiring"]), (9, []), (None, ["revocations-missing"])]
)
def test_a_revocation_list(bench: Bench, days: int | None, faults: list[str]):
    """One of ten days ago, that holds for some days more; the bundle's CA is its issuer."""
    (bench.directory / "crl").mkdir()
    checked = '{crl_check, peer}, {crl_cache, {ssl_crl_hash_dir, {internal, [{dir, "%s/crl"}]}}}, {verify' % bench.directory
    bench.edit(node_configuration.OPTIONS, "{verify", checked)
    if days is not None:
        authority = certificate.read(pem.contents((bench.directory / "ca.pem").read_text())[0])
        bench.write("crl/1234abcd.r0", revocations(authority.common_name or "", days))
    assert bench.found() == faults


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("{lists, false}.", []),
        ("{lists, true}.", ["revocations-missing"]),
        ('{lists, false}. {key, "%s"}.' % ("0" * 64), []),
        ('{lists, false}. {key, "OWN"}.', ["certificate-revoked"]),
        ("{lists, maybe}.", ["options-file-invalid"]),
        (None, ["revocations-missing"]),
    ],
)
def test_revoked_keys(bench: Bench, text: str | None, faults: list[str]):
    """The file of revoked keys says too whether lists are needed, of which there is none here."""
    (bench.directory / "crl").mkdir()
    checked = '{crl_check, peer}, {crl_cache, {ssl_crl_hash_dir, {internal, [{dir, "%s/crl"}]}}}, {verify_fun, {%s, "%s"}}, {verify, '
    keys = bench.directory / "revoked.config"
    bench.edit(node_configuration.OPTIONS, "{verify, ", checked % (bench.directory, "fun beam_tls_revocation:verify/3", keys))
    if text is not None:
        own = certificate.read(pem.contents((bench.directory / "node.pem").read_text())[0]).key_digest
        keys.write_text(text.replace("OWN", own))
    assert bench.found() == faults
    assert bench.node().facts(datetime.now(timezone.utc))["lists_needed"] is (text == "{lists, true}.")


def test_revoked_keys_that_the_account_cannot_read(bench: Bench):
    keys = bench.directory / "revoked.config"
    keys.write_text("{lists, false}.")
    bench.edit(node_configuration.OPTIONS, "{verify, ", '{verify_fun, {fun beam_tls_revocation:verify/3, "%s"}}, {verify, ' % keys)
    bench.host.not_for_the_account[str(keys)] = "mode 0600"
    assert bench.found() == ["options-file-unreadable"]
