# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every shape of certificate and trust bundle, judged three times: by a node that has it, by a node that connects to that
one, and by our prober in the place of either. What an edge of ours says has to be what the nodes do.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

import der
import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import (
    certificate_rules,
    findings,
    probe,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.network import Peer
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.prober import Prober
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.tls import Credentials
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.commands import Outcome
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.node import Host
from conftest import COOKIE, free_port, host
from shapes import Shape, Workshop, certs

OBEY = """
    net_kernel:allow([%s]),
    Obey = fun Obey() ->
        case io:get_line("") of
            eof -> halt();
            Line ->
                {ok, Tokens, _} = erl_scan:string(Line),
                {ok, Expressions} = erl_parse:parse_exprs(Tokens),
                {value, Value, _} = erl_eval:exprs(Expressions, []),
                io:format("ANSWER ~0p~n", [Value]),
                Obey()
        end
    end,
    io:format("ready~n"),
    Obey().
"""
FORGET = "(catch gen_server:call(ssl_pem_cache_dist, {unconditionally_clear_pem_cache, self()}))."
STATES = """
    (fun Wait(N) ->
        {ok, Known} = net_kernel:nodes_info(),
        States = [State || {_, Info} <- Known, {state, State} <- Info],
        case ets:info(sys_dist, size) of
            Rows when States =:= %s, Rows =:= length(States); N =:= 0 -> States;
            _ -> timer:sleep(5), Wait(N - 1)
        end
    end)(2000).
"""
TOGETHER, ALONE = "[up]", "[]"


class Real:
    """A node that does what it is told, with the files of its directory."""

    def __init__(self, directory: Path, number: int, port: int) -> None:
        self.home = directory / ("home%d" % number)
        self.home.mkdir()
        (self.home / ".erlang.cookie").write_text(COOKIE)
        (self.home / ".erlang.cookie").chmod(0o400)
        self.certificate, self.trust = self.home / "node.pem", directory / "ca.pem"
        side = '{certfile,"%s"},{keyfile,"%s"},{cacertfile,"%s"},{versions,[\'tlsv1.3\']},{verify,verify_peer}'
        side %= (self.certificate, self.certificate, self.trust)
        options = "[{server,[%s,{fail_if_no_peer_cert,true}]},{client,[%s]}].\n" % (side, side)
        (self.home / "inet_tls.conf").write_text(options)
        self.peer = Peer.of("guard@" + host(number), ("127.0.0.%d" % number,), port)
        allowed = ",".join("'guard@%s'" % host(other) for other in (1, 2))
        arguments = [
            "erl", "-noshell", "-proto_dist", "inet_tls", "-ssl_dist_optfile", str(self.home / "inet_tls.conf"),
            "-start_epmd", "false", "-erl_epmd_port", str(port), "-name", self.peer.node,
            "-kernel", "inetrc", '"%s"' % (directory / "inetrc"), "inet_dist_use_interface", "{127,0,0,%d}" % number,
            "dist_auto_connect", "never", "prevent_overlapping_partitions", "false",
            "-eval", re.sub(r"\s+", " ", OBEY % allowed),
        ]  # fmt: skip
        with (self.home / "log").open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, errors="replace",
                env={**os.environ, "HOME": str(self.home)}, cwd=str(self.home),
            )  # fmt: skip
        self._read("ready\n")

    def do(self, expression: str) -> str:
        """What becomes of an expression."""
        assert self.process.stdin is not None
        self.process.stdin.write(expression + "\n")
        self.process.stdin.flush()
        return self._read("ANSWER ")[7:].strip()

    def connects(self, other: Real) -> bool:
        """Whether a connection to another node comes about; it is ended again."""
        came = self.do("net_kernel:connect_node('%s')." % other.peer.node)
        # A connection that is ended while the other node has yet to write down that it is up leaves it there for a moment, in the way of the next one.
        if came == "true":
            self.wait_for(TOGETHER, other)
        self.do("erlang:disconnect_node('%s')." % other.peer.node)
        self.wait_for(ALONE, other)
        return came == "true"

    def wait_for(self, states: str, other: Real) -> None:
        """Waits until both nodes know of connections in these states, and of no others.

        nodes_info leaves out a connection of which one of two processes has ended. As long as the other has not, it is in the table sys_dist, and connect_node
        takes it for the one that is asked for.
        """
        assert [each.do(re.sub(r"\s+", " ", STATES % states)) for each in (self, other)] == [states, states]

    def _read(self, beginning: str) -> str:
        """The next line with that beginning; what the node logs goes between."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(beginning):
                return line
        raise AssertionError((self.home / "log").read_text())


class Bench:
    """Two nodes of one cluster: the mate is as it should be, the other has what is judged."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.workshop = Workshop(host(2))
        lines = "".join('{host, {127,0,0,%d}, ["%s"]}.\n' % (number, host(number)) for number in (1, 2))
        (directory / "inetrc").write_text("{lookup, [file]}.\n" + lines)
        (directory / "cookie").write_text(COOKIE)
        (directory / "cookie").chmod(0o400)
        (directory / "ca.pem").write_text(certs(self.workshop.root.certificate))
        port = free_port()
        self.mate, self.judged = (Real(directory, number, port) for number in (1, 2))
        self.otp = int(self.mate.do("list_to_integer(erlang:system_info(otp_release))."))

    def take(self, shape: Shape) -> None:
        """Have both nodes read a shape, as soon as the connections of the one before have ended."""
        self.mate.wait_for(ALONE, self.judged)
        self.judged.certificate.write_bytes(shape.pem)
        self.judged.trust.write_bytes(shape.trust)
        self.mate.certificate.write_bytes(shape.mate or self.workshop.mate(self.workshop.root))
        for node in (self.mate, self.judged):
            node.do(FORGET)

    def real(self) -> tuple[bool, bool]:
        """Whether nodes connect to the judged one, and it to them."""
        return self.mate.connects(self.judged), self.judged.connects(self.mate)

    def probed(self) -> tuple[str, str]:
        """The same of the prober in the place of either; the fault in the place of False, nothing in that of True."""
        return self._probed(self.mate, self.judged), self._probed(self.judged, self.mate)

    def found(self) -> list[str]:
        """What the host of the judged node finds wrong with it, and what it allows beyond itself."""
        node = self.judged
        place = findings.Place(
            node.peer.node, "nobody-such", "none.service", str(node.home), str(node.certificate), str(node.trust),
            str(self.directory / "cookie"), node.peer.port or 0, "port", "TLSv1.3",
        )  # fmt: skip
        described = findings.OwnNode(place, Host(lambda argv: Outcome(1, "", "")))
        return [one.fault.id for one in described.standing([], datetime.now(timezone.utc))]

    def _probed(self, one: Real, other: Real) -> str:
        credentials = Credentials(str(one.certificate), str(one.trust))
        prober = Prober(one.peer.host, credentials, str(self.directory / "cookie"), 5.0)
        (edge,) = probe.probe(one.peer.node, prober, [other.peer])
        return edge.fault.id if edge.fault else ""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("shapes"))
    yield made
    for node in (made.mate, made.judged):
        node.process.kill()
        node.process.wait(10)


REFUSED, TAKEN = (False, False), (True, True)
LATER, FIRST = {27, 29}, {25}
DIFFER = {
    "key RSA-PSS": LATER,
    "key brainpool": LATER,
    "signed by P-256 with sha1": FIRST,
    "keyUsage keyEncipherment alone": FIRST,
    "keyUsage nonRepudiation alone": FIRST,
    "keyUsage empty": FIRST,
    "keyUsage of a CA too": FIRST,
    "keyUsage of a CA alone": FIRST,
    "keyUsage of a CA too, no extKeyUsage": FIRST,
    "subjectAltName empty list": FIRST,
    "no subjectAltName, CN is the host": FIRST,
    "version 1": FIRST,
    "certificate policies, critical": LATER,
    "policy constraints, critical": LATER,
    "inhibit any policy, critical": LATER,
    "root before the intermediate": LATER,
    "leaf twice": FIRST,
    "stranger behind": set(),
    "stranger behind, and trusted": FIRST,
    "unrelated intermediate behind": FIRST,
    "another host's leaf behind": FIRST,
    "old certificate behind": FIRST,
    "old certificate of another key behind": FIRST,
    "intermediate signed with sha1": FIRST,
}
"""Shapes that the releases of OTP judge differently, and those that take them. Nodes of each may be peers of one mesh, so that the
prober judges as the strictest, whichever it has before it.
"""

WAVERING = {"intermediate, and trusted"}
"""What a node takes today and refuses after its next start, as it depends on the order in which it keeps CAs."""

STRICTER = {
    # OpenSSL does not speak, or not read, what OTP does.
    "key Ed448": REFUSED,
    "signed by RSA-2048 with sha1": REFUSED,
    "extension twice": REFUSED,
    "encoding: certificate with a byte behind": (False, True),
    # OpenSSL judges keyUsage without extKeyUsage, and the version of a CA.
    "keyUsage nonRepudiation alone, no extKeyUsage": (False, True),
    "intermediate of version 1": (False, True),
    # Without key identifiers, OpenSSL takes the first CA of that name.
    "another of its name, and the intermediate": (False, True),
    "two roots of one name, the right one last": REFUSED,
    "two roots of one name, the leaf is the other's": REFUSED,
}
"""Shapes that nodes take and our prober does not, whose faults are told all the same: no CA or tool of today makes them."""

PEERS_ALONE = {
    "intermediate absent",
    "two intermediates, one absent",
    "of a stranger",
    "of a stranger, with the stranger",
    "signature of another key",
    "path of an intermediate too long",
    "intermediate for other names",
    "intermediate not for the host's names",
    "root expired",
    "root not valid yet",
    "two roots of one name and number",
}
"""What the host of a node does not find by itself, as it does not verify signatures: its peers do."""

EXCESSIVE = {
    "keyUsage nonRepudiation alone, no extKeyUsage",
    "no extKeyUsage",
    "extKeyUsage any and both",
    "extKeyUsage code signing too",
    "CA:TRUE",
    "CA:TRUE, pathlen:0",
    "CA:TRUE with keyCertSign",
    "no extensions but the name",
    "subjectAltName wildcard, and the name",
    "subjectAltName other name, and the name",
    "subjectAltName address, and the name",
    "subjectAltName mail, and the name",
    "subjectAltName IDN in letters, and the name",
}
"""What nodes take although it allows more than to be the node of that host."""

EXCESS = "certificate-excess"


class Judgement(NamedTuple):
    """What three said of a shape."""

    real: tuple[bool, bool]
    probed: tuple[str, str]
    found: list[str]


@pytest.fixture(scope="module")
def judgements(bench: Bench) -> dict[str, Judgement]:
    """All shapes, judged once."""
    made = {}
    for shape in bench.workshop.shapes():
        bench.take(shape)
        assert shape.name not in made
        made[shape.name] = Judgement(bench.real(), bench.probed(), bench.found())
    return made


def taken(probed: tuple[str, str]) -> tuple[bool, bool]:
    """Whether the prober found no fault, in either place."""
    return not probed[0], not probed[1]


def test_edges_are_what_nodes_do(bench: Bench, judgements: dict[str, Judgement]) -> None:
    wrong = {}
    for name, (real, probed, _found) in judgements.items():
        if name in DIFFER:
            right = (taken(probed), real == TAKEN) == (REFUSED, bench.otp in DIFFER[name])
        elif name in STRICTER:
            right = (taken(probed), real) == (STRICTER[name], TAKEN)
        else:
            right = taken(probed) == (REFUSED if name in WAVERING else real)
        if not right:
            wrong[name] = (real, probed)
    assert wrong == {}
    assert len(judgements) > 200 and judgements["as it should be"].real == TAKEN


def test_the_host_itself_names_the_cause(judgements: dict[str, Judgement]) -> None:
    wrong = {}
    for name, (real, probed, found) in judgements.items():
        causes = [fault for fault in found if fault != EXCESS]
        refused = taken(probed) != TAKEN and not (name in STRICTER and real == TAKEN and not causes)
        if bool(causes) != (refused and name not in PEERS_ALONE):
            wrong[name] = (probed, found)
    assert wrong == {}


def test_what_allows_too_much_is_found(judgements: dict[str, Judgement]) -> None:
    assert {name for name, judged in judgements.items() if EXCESS in judged.found} == EXCESSIVE


def test_the_comparison_sees_a_prober_that_is_content_with_less(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the rules of our own, which OpenSSL lacks, edges are green that no node has."""
    monkeypatch.setattr(certificate_rules, "fault_of", lambda *_given, **_named: None)
    monkeypatch.setattr(certificate_rules, "form_fault", lambda *_given: None)
    domain = host(2).partition(".")[2]
    stranger = bench.workshop.authority("Stranger", bench.workshop.key("P-256", "stranger"))
    for shape in (
        bench.workshop.shape("wildcard", bench.workshop.leaf(names=der.alternative_names(("dns", "*." + domain)))),
        bench.workshop.shape("stranger", bench.workshop.leaf(), stranger.certificate),
        bench.workshop.shape("old one", bench.workshop.leaf(serial=2), bench.workshop.leaf(serial=1)),
    ):
        bench.take(shape)
        assert (bench.probed()[0], shape.name) == ("", shape.name)
