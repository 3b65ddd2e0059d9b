# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the TLS distribution of a patched OTP listens, seen from outside the nodes. 4370 is the port of the howto."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import beam, otp_source
from conftest import CHECKOUT, HOST, Nodes, Sources, command, evaluated, identified

LAYOUTS = {"23": "gen_listen.patch", "25": "gen_listen.patch", "27": "fam_listen.patch", "29": "fam_listen.patch"}
BAD = ("0", "70000", "-1", "any", "4370.0", "[]", '"4370"', "{5,4}", "{0,4370}", "{4370,65536}", "{4370}", "{4370,any}", "[4370,4371]")


@contextmanager
def taken(*ports: int) -> Iterator[None]:
    """Ports that something else listens on."""
    with ExitStack() as listeners:
        for port in ports:
            listeners.enter_context(socket.create_server(("", port)))
        yield


def test_patch_has_one_place_in_the_sources(tree: Path, release: str, tmp_path: Path) -> None:
    """It is chosen by the text, applies without fuzz, and is known once it is applied."""
    assert identified(tree)[2:] == (LAYOUTS[release], False)
    sources = Sources(tree, tmp_path / "otp")
    assert "fuzz" not in sources.patch()
    assert identified(sources.directory) == identified(tree)._replace(patched=True)


def test_patched_module_says_so_and_exports_nothing_more(ebin: Path) -> None:
    assert beam.read((ebin / "inet_tls_dist.beam").read_bytes()).attributes[otp_source.ATTRIBUTE] == [1]
    exports = 'io:format("~p", [lists:sort(inet_tls_dist:module_info(exports))])'
    assert evaluated(exports, "-pa", ebin) == evaluated(exports)


def test_port(nodes: Nodes) -> None:
    node = nodes.start("one", inet_ssl_port=4370)
    assert list(node.listening()) == [("0.0.0.0", 4370)]


def test_next_port_of_a_range_where_the_first_is_taken(nodes: Nodes) -> None:
    with taken(4370):
        assert nodes.start("one", inet_ssl_port="{4370,4372}").ports == [4371]


def test_every_port_of_a_range_taken(nodes: Nodes) -> None:
    with taken(4370, 4371):
        node = nodes.begin("one", inet_ssl_port="{4370,4371}")
        assert node.end() == 1
    assert "{inet_ssl_port,{4370,4371},eaddrinuse}" in node.said


def test_port_taken(nodes: Nodes) -> None:
    with taken(4370):
        node = nodes.begin("one", inet_ssl_port=4370)
        assert node.end() == 1
    assert "{inet_ssl_port,4370,eaddrinuse}" in node.said


@pytest.mark.parametrize("value", ["0", "any", "{5,4}"])
def test_bad_value_stops_the_node(nodes: Nodes, value: str) -> None:
    node = nodes.begin("one", inet_ssl_port=value)
    assert node.end() == 1
    assert '{inet_ssl_port,%s,"allowed are Port and {First, Last}, from 1 to 65535"}' % value in node.said


def test_bad_values(ebin: Path) -> None:
    """Each of them is refused before anything is asked of epmd or the system."""
    refused = (
        "[application:set_env(kernel, inet_ssl_port, V) =:= ok andalso"
        ' try inet_tls_dist:listen(one, "%s") catch error:{inet_ssl_port, V, _} -> refused end || V <- [%s]]' % (HOST, ", ".join(BAD))
    )
    assert evaluated('io:format("~p", [lists:usort(%s)])' % refused, "-pa", ebin) == "[refused]"


@pytest.mark.parametrize("unset", [{}, {"inet_ssl_port": "undefined"}], ids=["absent", "undefined"])
def test_unset_is_stock(nodes: Nodes, unset: dict[str, str]) -> None:
    with taken(4380):
        assert nodes.start("one", inet_dist_listen_min=4380, inet_dist_listen_max=4381, **unset).ports == [4381]


def test_wins_over_the_range_of_stock(nodes: Nodes) -> None:
    assert nodes.start("one", inet_ssl_port=4370, inet_dist_listen_min=4380, inet_dist_listen_max=4381).ports == [4370]


def test_stock_module_does_not_know_it(nodes: Nodes) -> None:
    """Without the patch all of the above is otherwise."""
    assert nodes.start("one", stock=True, inet_ssl_port=4370, inet_dist_listen_min=4380, inet_dist_listen_max=4381).ports == [4380]


def test_plain_distribution_does_not_know_it(nodes: Nodes) -> None:
    kernel = {"inet_ssl_port": 4370, "inet_dist_listen_min": 4380, "inet_dist_listen_max": 4381}
    assert nodes.start("one", protocol="inet_tcp", **kernel).ports == [4380]


def test_ipv6(nodes: Nodes) -> None:
    node = nodes.start("one", protocol="inet6_tls", inet_ssl_port="{4370,4371}")
    assert list(node.listening()) == [("*", 4370)]


def test_options_of_the_listener_are_those_of_stock(nodes: Nodes) -> None:
    kernel = {"inet_dist_use_interface": "{127,0,0,1}", "inet_dist_listen_options": "[{backlog,17}]"}
    patched = nodes.start("one", inet_ssl_port=4370, **kernel).listening()
    assert patched == {("127.0.0.1", 4370): 17}
    assert nodes.start("two", stock=True, inet_dist_listen_min=4371, **kernel).listening() == {("127.0.0.1", 4371): 17}
    assert nodes.start("three", inet_ssl_port=4372).listening() == {("0.0.0.0", 4372): 128}


def test_node_that_does_not_listen(nodes: Nodes) -> None:
    """A remote shell beside its node, with the same configuration."""
    nodes.start("one", inet_ssl_port=4370)
    assert nodes.start("two", "-dist_listen", "false", inet_ssl_port=4370).ports == []


def test_wins_over_the_epmd_module_of_stock(nodes: Nodes, release: str) -> None:
    nodes.start("one", "-start_epmd", "false", "-erl_epmd_port", "4390", inet_ssl_port=4370)
    if int(release) >= 27:
        nodes.start("two", "-start_epmd", "false", erl_epmd_node_listen_port=4390, inet_ssl_port=4371)
    assert [node.ports for node in nodes.started] == [[4370], [4371]][: len(nodes.started)]
    nodes.stop()
    assert nodes.start("three", "-start_epmd", "false", "-erl_epmd_port", "4390", stock=True, inet_ssl_port=4372).ports == [4390]


def test_two_protocols(nodes: Nodes) -> None:
    """Each listens where it is told to; if TLS cannot, the other goes on, as with any listener that fails."""
    flags = ["-start_epmd", "false", "-erl_epmd_port", "4390"]
    assert nodes.start("one", *flags, protocol="inet_tcp inet_tls", inet_ssl_port=4370).ports == [4370, 4390]
    nodes.stop()
    node = nodes.start("one", *flags, protocol="inet_tcp inet_tls", inet_ssl_port=0)
    assert node.ports == [4390]
    assert "{inet_ssl_port,0," in node.said


def test_wins_over_our_epmd_module(nodes: Nodes, tmp_path: Path) -> None:
    """Whether its table leaves the port to the runtime (0) or not."""
    command("erlc", "-o", tmp_path, *(CHECKOUT / "roles" / "erlang_node" / "files" / "src").glob("*.erl"))
    table = tmp_path / "peers.config"
    flags = ["-pa", tmp_path, "-start_epmd", "false", "-epmd_module", "beam_tls_epmd", "-beam_tls_peers", table]
    for port, stock in ((0, 4380), (4390, 4390)):
        table.write_text("{listen_port, %d}.\n{epmd, false}.\n{peer, 'one@%s', resolve, 4370}.\n" % (port, HOST))
        assert nodes.start("one", *flags, inet_ssl_port=4370).ports == [4370]
        nodes.stop()
        assert nodes.start("one", *flags, stock=True, inet_dist_listen_min=4380).ports == [stock]
        nodes.stop()


@pytest.mark.parametrize("protocol", ["inet_tls", "inet6_tls"])
def test_nodes_connect(nodes: Nodes, protocol: str) -> None:
    """Two patched ones and a stock one, each found where epmd was told that it listens."""
    nodes.start("one", protocol=protocol, inet_ssl_port=4370)
    ping = "net_adm:ping('%s@" + HOST + "')"
    assert nodes.begin("two", protocol=protocol, inet_ssl_port=4371, evaluate=ping % "one").answer() == "pong"
    assert nodes.begin("three", protocol=protocol, stock=True, evaluate=ping % "two").answer() == "pong"


def test_layout_of_the_howto(tmp_path: Path) -> None:
    """The patch for R11B, on a module that listens as the howto shows."""
    sources = Sources(Path(__file__).parent / "r11b", tmp_path / "otp")
    assert identified(sources.directory) == ("R11B", "inet_ssl_dist:listen/1", "ssl_prim_listen.patch", False)
    sources.patch()
    ebin = sources.compiled("inet_ssl_dist", "ssl_prim")
    assert beam.read((ebin / "inet_ssl_dist.beam").read_bytes()).attributes[otp_source.ATTRIBUTE] == [1]

    values = ["4370", "{4370,4371}", "70000", "undefined"]
    listens = (
        "[begin ok = application:set_env(kernel, inet_ssl_port, V), case catch inet_ssl_dist:listen(one) of"
        " {ok, {one, S}} -> {ok, Port} = inet:port(S), gen_tcp:close(S), Port; {'EXIT', {Reason, _}} -> Reason; {error, Reason} -> Reason end"
        " end || V <- [%s]]" % ", ".join(values)
    )
    said = evaluated('io:format("~0p", [lists:droplast(%s)])' % listens, "-pa", ebin)
    bad = '{inet_ssl_port,70000,"allowed are Port and {First, Last}, from 1 to 65535"}'
    assert said == "[4370,4370,%s]" % bad
    with taken(4370):
        said = evaluated('io:format("~0p", [%s])' % listens, "-pa", ebin)
    assert said.startswith("[{inet_ssl_port,4370,eaddrinuse},4371,%s," % bad)
    assert said.rpartition(",")[2] not in ("0]", "4370]", "4371]")
