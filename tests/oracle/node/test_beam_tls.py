# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Erlang modules of a node, compiled and run by a real ``erl``. These tests run where it is on the path."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[3] / "roles" / "erlang_node" / "files" / "src"
NODE = "guard@host1.example.net"
GOOD = "{listen_port, 0}.\n{epmd, false}.\n{peer, 'guard@host1.example.net', \"127.0.0.1\", 4370}.\n{peer, 'guard@host2.example.net', resolve, 4370}.\n"


def erl(home: Path, arguments: Sequence[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """Run erl to its end."""
    variables = {**os.environ, "HOME": str(home), **environment}
    return subprocess.run(["erl", "-noinput", *arguments], env=variables, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def ebin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled modules; a warning is an error."""
    directory = tmp_path_factory.mktemp("ebin")
    for source in SOURCES.glob("*.erl"):
        shutil.copy(source, directory)
        path = directory / source.stem
        done = erl(
            directory,
            [
                "-eval",
                '{ok, _} = compile:file("%s", [report, warnings_as_errors, {outdir, "%s"}]), halt().' % (path, directory),
            ],
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return directory


def start(home: Path, ebin: Path, table: str | None, expression: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a distributed node with a table of peers, and an expression in it."""
    path = home / "peers.config"
    if table is not None:
        path.write_text(table)
    arguments = ["-name", NODE, "-setcookie", "of-a-test", "-start_epmd", "false", "-epmd_module", "beam_tls_epmd"]
    return erl(home, [*arguments, "-beam_tls_peers", str(path), "-pa", str(ebin), "-eval", expression], **environment)


def test_only_nodes_of_the_table_are_allowed(tmp_path: Path, ebin: Path) -> None:
    """net_kernel knows the names when it has started."""
    done = start(tmp_path, ebin, GOOD, '{ok, L} = net_kernel:allowed(), io:format("~p~n", [lists:sort(L)]), halt().')
    assert done.stdout == "['guard@host1.example.net','guard@host2.example.net']\n"


def test_place_of_a_peer(tmp_path: Path, ebin: Path) -> None:
    """A peer is where the table says; a node that it does not know is nowhere."""
    ask = '[beam_tls_epmd:address_please("guard", H, inet) || H <- ["host1.example.net", "host3.example.net"]]'
    done = start(tmp_path, ebin, GOOD, 'io:format("~p~n", [' + ask + "]), halt().")
    assert done.stdout == "[{ok,{127,0,0,1},4370,6},{error,not_in_peers}]\n"


@pytest.mark.parametrize(
    "table", [None, "", "{listen_port, 0}.\n{epmd, fal", GOOD.replace("127.0.0.1", "127.0.0.x"), GOOD + "{more, 1}.\n"]
)
def test_bad_table_stops_the_node(tmp_path: Path, ebin: Path, table: str | None) -> None:
    """Without a table there is no knowing whom to let in; the message names the file."""
    done = start(tmp_path, ebin, table, "halt().")
    assert done.returncode == 1
    assert "beam_tls_epmd: %s" % (tmp_path / "peers.config") in done.stderr


def test_bad_table_is_not_taken_in(tmp_path: Path, ebin: Path) -> None:
    """A reload answers with what is wrong and leaves the table that runs."""
    path = tmp_path / "peers.config"
    expression = (
        'file:write_file("%s", "nonsense"), {error, T} = beam_tls_epmd:reload(), io:format("~ts~n~p~n", [T, beam_tls_epmd:unbound()]), halt().'
        % path
    )
    done = start(tmp_path, ebin, GOOD, expression)
    assert done.stdout.splitlines()[0].startswith(str(path))
    assert done.stdout.splitlines()[-1] == "[]"


def test_readiness(tmp_path: Path, ebin: Path) -> None:
    """Systemd hears of a node that is through with its boot script."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(str(tmp_path / "n"))
        notified.settimeout(10)
        start(tmp_path, ebin, GOOD, "spawn(fun() -> timer:sleep(1000), halt() end).", NOTIFY_SOCKET=str(tmp_path / "n"))
        assert notified.recv(200).startswith(b"READY=1\n")


def test_ages_of_connections(tmp_path: Path, ebin: Path) -> None:
    """Of those that stand, since they came up; a node that is gone has none, and one that came back is young."""
    other = tmp_path / "other"
    other.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    table = GOOD.replace("{listen_port, 0}", "{listen_port, %d}" % port).replace('"127.0.0.1", 4370', '"127.0.0.1", %d' % port)
    (other / "peers.config").write_text(table.replace("{listen_port, %d}" % port, "{listen_port, 0}"))
    peer = [
        "erl", "-noinput", "-name", "guard@host2.example.net", "-setcookie", "of-a-test", "-start_epmd", "false", "-epmd_module",
        "beam_tls_epmd", "-beam_tls_peers", str(other / "peers.config"), "-pa", str(ebin), "-eval",
        "pong = net_adm:ping('%s')." % NODE,
    ]  # fmt: skip
    expression = (
        "Until = fun(U, F) -> case F() of true -> ok; false -> timer:sleep(20), U(U, F) end end,"
        "Up = fun() -> length(beam_tls_connections:ages()) =:= 1 end, Down = fun() -> beam_tls_connections:ages() =:= [] end,"
        'Command = fun() -> open_port({spawn_executable, os:find_executable("sh")}, [{args, ["-c", "exec %s"]}]) end,'
    )
    program = other / "peer"
    program.write_text("#!/bin/sh\nexec %s\n" % " ".join("'%s'" % part.replace("'", "'\\''") for part in peer))
    program.chmod(0o755)
    expression = (
        expression % program
        + "Command(), Until(Until, Up), timer:sleep(700), [{N, Old}] = beam_tls_connections:ages(),"
        + "rpc:cast(N, erlang, halt, []), Until(Until, Down), Gone = erlang:monotonic_time(millisecond), Command(), Until(Until, Up),"
        + "[{N, New}] = beam_tls_connections:ages(), Since = erlang:monotonic_time(millisecond) - Gone,"
        + 'rpc:cast(N, erlang, halt, []), io:format("~p ~p ~p~n", [N, Old >= 700, New =< Since]), halt().'
    )
    done = start(tmp_path, ebin, table, expression, HOME=str(tmp_path))
    assert done.stdout == "'guard@host2.example.net' true true\n", done.stdout + done.stderr
