# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a node is held to, from its files and from options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import node_configuration, node_name, options
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.tls import Credentials

NODE = "guard@alpha.example.net"
SIDE = '[{certfile,"/n.pem"},{keyfile,"/n.key"},{cacertfile,"/c.pem"},{versions,[\'tlsv1.2\']}]'
FILES = {
    "/etc/erlang/guard/vm.args": "-name guard@alpha.example.net\n-ssl_dist_optfile /elsewhere/tls.conf\n",
    "/elsewhere/tls.conf": "[{server,[]},{client,%s}]." % SIDE,
    "/etc/erlang/guard/peers.config": "{peer, 'guard@bravo.example.net', resolve, epmd}.",
}
NOTHING: dict[str, Any] = {"certfile": None, "cacertfile": None, "cookie_file": None, "tls_minimum_version": None, "timeout": 5.0}


def texts(paths: Sequence[str]) -> dict[str, str]:
    return {path: FILES[path] for path in paths if path in FILES}


def brought(files: dict[str, str] | None = None, **given: Any) -> Credentials:
    """What a module brings to its connections."""
    held = FILES if files is None else files

    def read(paths: Sequence[str]) -> dict[str, str]:
        return {path: held[path] for path in paths if path in held}

    return options.prober(NODE, {**NOTHING, **given}, "node", read).credentials


def test_files_say_where_the_others_are() -> None:
    said = node_configuration.read("/etc/erlang/guard", texts)
    assert said.options_file == "/elsewhere/tls.conf"
    assert said.options is not None and said.options.client.versions == ("TLSv1.2",)
    assert [entry.node for entry in said.entries or ()] == ["guard@bravo.example.net"]
    assert set(said.read) == set(FILES) and said.problems == {}
    usual = Credentials("/usual.pem", "/usual-ca.pem")
    assert said.credentials("server", usual)[:3] == ("/usual.pem", "/usual-ca.pem", "TLSv1.3")


def test_a_file_that_is_none_of_a_node_is_a_problem_and_not_an_error() -> None:
    said = node_configuration.read("/d", lambda paths: {path: "{" for path in paths if path.endswith(".config")})
    assert set(said.problems) == {"/d/peers.config", "/d/sys.config"}
    assert (said.entries, said.arguments, said.options) == (None, None, None)


def test_a_module_brings_what_the_files_say() -> None:
    found = brought()
    assert (found.certfile, found.keyfile, found.cacertfile) == ("/n.pem", "/n.key", "/c.pem")
    assert (found.minimum_version, found.maximum_version) == ("TLSv1.2", "TLSv1.2")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"certfile": "/mine.pem"}, {"certfile": "/mine.pem", "keyfile": None, "cacertfile": "/c.pem"}),
        ({"cacertfile": "/my-ca.pem"}, {"cacertfile": "/my-ca.pem", "certfile": "/n.pem"}),
        ({"tls_minimum_version": "TLSv1.3"}, {"minimum_version": "TLSv1.3", "maximum_version": None}),
    ],
)
def test_options_go_before_files(given: dict[str, Any], expected: dict[str, Any]) -> None:
    found = brought(**given)._asdict()
    assert {key: found[key] for key in expected} == expected


def test_without_files_everything_is_where_the_role_puts_it() -> None:
    found = brought({})
    assert (found.certfile, found.cacertfile) == ("/etc/erlang/guard/node.pem", "/etc/erlang/guard/ca.pem")
    assert found.minimum_version == "TLSv1.3"
    elsewhere = brought({"/my/inet_tls.conf": "[{client,[]}]."}, configuration="/my")
    assert (elsewhere.certfile, elsewhere.cacertfile) == ("/my/node.pem", "/my/ca.pem")


@pytest.mark.parametrize(
    ("files", "given", "sentence"),
    [
        ({}, {"configuration": "/my"}, "configuration: /my/inet_tls.conf cannot be read, or is not there"),
        ({"/etc/erlang/guard/inet_tls.conf": "{"}, {}, "configuration: /etc/erlang/guard/inet_tls.conf: "),
        ({}, {"timeout": 0}, "timeout: 0 is out of range"),
    ],
)
def test_options_that_cannot_be_used(files: dict[str, str], given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(options.OptionError) as refused:
        brought(files, **given)
    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize("node", ["guard", "@alpha", "guard@", "a@b@c", "guard@\u0100"])
def test_what_is_no_node_name(node: str) -> None:
    with pytest.raises(options.OptionError, match=r"^node: "):
        options.checked_node(node, "node")
    with pytest.raises(ValueError, match="node name"):
        node_name.checked(node)


def test_the_parts_of_a_node_name() -> None:
    assert node_name.checked(NODE) == (NODE, "guard", "alpha.example.net")
    assert node_name.parsed("nothing of the kind") == ("nothing of the kind", "nothing of the kind", "")


PEER: dict[str, Any] = {"node": "guard@bravo", "name": "guard", "host": "bravo", "address": None, "port": 4370}


def test_a_peer_may_bring_its_name_and_host_part() -> None:
    (peer,) = options.as_peers([PEER], None)
    assert (peer.node, peer.name, peer.host, peer.addresses) == ("guard@bravo", "guard", "bravo", ())
    for wrong in ({**PEER, "name": "other"}, {**PEER, "host": "198.18.1.1"}, {**PEER, "host": None}):
        with pytest.raises(options.OptionError, match=r"^peers\[0\].node: 'guard@bravo' is not made of"):
            options.as_peers([wrong], None)


def test_without_a_name_the_host_of_a_peer_is_where_to_connect_to() -> None:
    (peer,) = options.as_peers([{**PEER, "name": None, "host": "198.18.1.1"}], None)
    assert (peer.host, peer.addresses) == ("bravo", ("198.18.1.1",))
