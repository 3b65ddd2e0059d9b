# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes that find each other by the module ``beam_tls_epmd`` alone: who connects, who parts, and what they do with the signal HUP.

The nodes are on the loopback and speak no TLS, which is for the tests on real hosts.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SECONDS = 40
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
RECORD = """
    ok = net_kernel:monitor_nodes(true, [{node_type, all}]),
    {ok, File} = file:open("events", [append, raw]),
    Write = fun(Event, Node) -> ok = file:write(File, io_lib:format("~s ~s~n", [Event, Node])) end,
    [Write(nodeup, Node) || Node <- nodes(connected)],
    Hear = fun Again() -> beam_tls_reload:listens() orelse begin timer:sleep(20), Again() end end,
    true = Hear(),
    ok = file:write_file("started", ""),
    Loop = fun Again() -> receive {Event, Node, _} -> Write(Event, Node), Again() end end,
    Loop().
"""


def until(condition: Callable[[], bool]) -> bool:
    """Whether a condition comes true in time."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


class Node:
    """A node of its own directory, started by :meth:`start`."""

    def __init__(self, home: Path, ebin: Path, number: int, port: int) -> None:
        self.home = home
        self.ebin = ebin
        self.name = "n%d@host%d.example.net" % (number, number)
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None
        home.mkdir()

    def table(self, peers: list[Node], *settings: str) -> None:
        """Writes its table of peers."""
        lines = ["{listen_port, %d}." % self.port, "{epmd, false}.", *settings]
        lines += ["{peer, '%s', \"127.0.0.1\", %d}." % (peer.name, peer.port) for peer in peers]
        (self.home / "peers.config").write_text("\n".join(lines) + "\n")

    def cookie(self, content: str) -> None:
        """Writes the cookie's file of its account."""
        path = self.home / ".erlang.cookie"
        path.unlink(missing_ok=True)
        path.write_text(content)
        path.chmod(0o400)

    def start(self, *further: str, run: str = RECORD) -> None:
        """Starts it, with the cookie of its file if there is one, and waits until it runs what it is given and hears the signal.

        ``beam_tls_ready`` waits for that, too.
        """
        (self.home / "started").unlink(missing_ok=True)
        given = [] if (self.home / ".erlang.cookie").exists() else ["-setcookie", "of-a-test"]
        argv = [
            "erl", "-noinput", "-name", self.name, *given, "-start_epmd", "false", "-epmd_module", "beam_tls_epmd",
            "-beam_tls_peers", str(self.home / "peers.config"), "-beam_tls_runtime", str(self.home), "-pa", str(self.ebin), *further,
            "-eval", run,
        ]  # fmt: skip
        environment = {**os.environ, "HOME": str(self.home), "ERL_CRASH_DUMP_SECONDS": "0"}
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(argv, cwd=self.home, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        assert until((self.home / "started").exists), self.log()

    def stop(self) -> None:
        """Ends it at once."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def log(self) -> str:
        """What it said."""
        return (self.home / "log").read_text()

    def events(self) -> list[str]:
        """The nodes that came and went, ``nodeup NODE`` or ``nodedown NODE`` each."""
        path = self.home / "events"
        return path.read_text().splitlines() if path.exists() else []

    def connected(self) -> set[str]:
        """The nodes that it is connected with."""
        found: set[str] = set()
        for event in self.events():
            what, name = event.split()
            found = found | {name} if what == "nodeup" else found - {name}
        return found

    def hang_up(self) -> None:
        """Sends it the signal."""
        assert self.process and self.process.poll() is None
        self.process.send_signal(signal.SIGHUP)

    def reload(self, request: str) -> str:
        """Has it reload its files, and returns what it says of that."""
        (self.home / "reload.asked").write_text(request + "\n")
        self.hang_up()
        told = self.home / "reload.told"
        assert until(lambda: told.exists() and told.read_text().startswith(request + "\n")), self.log()
        return told.read_text().splitlines()[1]


@pytest.fixture
def nodes(tmp_path: Path, ebin: Path) -> Iterator[list[Node]]:
    """Four nodes that list each other, not started."""
    made = []
    for number in range(1, 5):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            made.append(Node(tmp_path / ("n%d" % number), ebin, number, free.getsockname()[1]))
    for node in made:
        node.table(made)
    yield made
    for node in made:
        node.stop()


def whole(nodes: list[Node]) -> bool:
    """Whether each of the nodes is connected with all others, and with nobody else."""
    names = {node.name for node in nodes}
    return all(node.connected() == names - {node.name} for node in nodes)


def test_a_mesh_connects_by_itself(nodes: list[Node]) -> None:
    """At the start, after a loss, and when the table grows; nothing but the table says with whom."""
    one, two, three, four = nodes
    for node in (one, two, three):
        node.table([one, two, three])
        node.start()
    assert until(lambda: whole([one, two, three]))
    two.stop()
    assert until(lambda: two.name not in one.connected() | three.connected())
    two.start()
    assert until(lambda: two.name in one.connected() & three.connected())
    four.start()
    assert four.name not in one.connected()
    for node in (one, two, three):
        node.table(nodes)
        assert node.reload("grown") == "ok"
    assert until(lambda: four.name in one.connected() & two.connected() & three.connected())


def test_a_node_that_is_not_to_connect_does_not(nodes: list[Node]) -> None:
    """Until its table says so, which it can take in."""
    one, two = nodes[:2]
    for node in (one, two):
        node.table([one, two], "{connect, false}.")
        node.start()
    time.sleep(2)
    assert one.connected() == two.connected() == set()
    one.table([one, two], "{connect, true}.")
    assert one.reload("on") == "ok"
    assert until(lambda: whole([one, two]))


@pytest.mark.parametrize("gone", ["visible", "hidden"])
def test_a_node_that_leaves_the_table_is_parted_with_by_all(nodes: list[Node], gone: str) -> None:
    """Each of the others loses that one and no other, even if their tables come one after the other; and it does not come in again."""
    one, two, three, four = nodes
    # It has the others on its list to the end, and tries to reach them.
    four.start(*(["-hidden"] if gone == "hidden" else []))
    for node in (one, two, three):
        node.start()
    names = {node.name for node in nodes}
    assert until(lambda: all(node.connected() == names - {node.name} for node in nodes))
    for node in (one, two, three):
        node.table([one, two, three])
        assert node.reload("without") == "ok"
        assert until(lambda node=node: four.name not in node.connected())
        time.sleep(1)
    assert until(lambda: four.connected() == set())
    # It tries again meanwhile.
    time.sleep(3)
    assert "no place in the table" in one.log()
    for node in (one, two, three):
        assert [event for event in node.events() if event.startswith("nodedown")] == ["nodedown " + four.name]
    assert whole([one, two, three])


def test_whoever_comes_in_without_a_place_is_cut_off(nodes: list[Node]) -> None:
    """net_kernel would let in whom it was told to allow by somebody else."""
    one, two = nodes[:2]
    one.table([one], "{connect, false}.")
    two.table([one, two])
    one.start(run="ok = net_kernel:allow(['%s']), %s" % (two.name, RECORD))
    two.start()
    assert until(lambda: "nodedown " + two.name in one.events())
    assert until(lambda: one.connected() == set())
    assert "no place in the table" in one.log()


def test_what_is_hidden_at_a_host_of_the_table_may_stay(nodes: list[Node]) -> None:
    """Control commands and remote shells have names that no table holds."""
    one, two = nodes[:2]
    one.table([one, two], "{connect, false}.")
    stranger = Node(one.home.parent / "shell", one.ebin, 2, 0)
    stranger.name = "shell@host2.example.net"
    # With TLS it may come in by the certificate of its host.
    one.start(run="ok = net_kernel:allow(['%s']), %s" % (stranger.name, RECORD))
    stranger.table([one, two])
    stranger.start("-hidden", run="pong = net_adm:ping('%s'), %s" % (one.name, RECORD))
    try:
        assert until(lambda: stranger.name in one.connected())
        time.sleep(2)
        assert one.connected() == {stranger.name}
    finally:
        stranger.stop()


def test_only_net_kernel_begins_anything(nodes: list[Node]) -> None:
    """Programs register again from processes of their own, which get no letters of ours; nor does the list of net_kernel grow with each reload."""
    run = (
        "Before = length(processes()), [{ok, _} = beam_tls_epmd:register_node(again, 4370) || _ <- [1, 2, 3]], [ok = beam_tls_epmd:reload() || _ <- [1, 2]],"
        "{ok, Allowed} = net_kernel:allowed(), {message_queue_len, Letters} = process_info(self(), message_queue_len),"
        'io:format("~p ~p~n", [Letters, length(Allowed)]), '
    )
    nodes[0].table(nodes, "{connect, false}.")
    nodes[0].start(run=run + RECORD)
    assert nodes[0].log().splitlines()[-1] == "0 4"


def test_a_signal_takes_in_files_and_ends_nothing(nodes: list[Node]) -> None:
    """Also one that nobody waits for, and one of many; a file that is no good is told, and the node goes on with what it had."""
    one, two = nodes[:2]
    for node in (one, two):
        node.table([one, two])
        node.start()
    assert until(lambda: whole([one, two]))
    for _time in range(20):
        one.hang_up()
    assert one.reload("first") == "ok"
    (one.home / "peers.config").write_text("nonsense\n")
    assert one.reload("second").startswith("error %s/peers.config: " % one.home)
    assert "did not reload its files" in one.log()
    one.table([one, two])
    assert one.reload("third") == "ok"
    assert whole([one, two]) and one.process and one.process.poll() is None


def test_a_cookie_is_exchanged_while_nodes_run(nodes: list[Node]) -> None:
    """No connection ends, the old one is refused from then on, and the new one is needed."""
    one, two, three = nodes[:3]
    for node in (one, two, three):
        node.cookie("the old one\n")
        node.table([one, two, three])
    for node in (one, two):
        node.start()
    assert until(lambda: two.name in one.connected() and one.name in two.connected())
    for node in (one, two):
        node.cookie("the new one\n")
        assert node.reload("new") == "ok"
    three.start()
    assert until(lambda: "Invalid challenge reply" in one.log() + two.log() + three.log())
    assert three.connected() == set()
    three.cookie("the new one\n")
    assert three.reload("new") == "ok"
    three.stop()
    three.start()
    assert until(lambda: whole([one, two, three]))
    for node in (one, two):
        assert "nodedown " + (two if node is one else one).name not in node.events()


@pytest.mark.parametrize("content", ["", "\n", "caf\u00e9", "two\nlines", "\ttab", "x" * 256])
def test_a_cookie_that_cannot_be_used_is_told(nodes: list[Node], content: str) -> None:
    """Without a word of what is in the file, and the node keeps the one that it has."""
    one, two = nodes[:2]
    for node in (one, two):
        node.cookie("the old one")
        node.table([one, two])
    one.start()
    one.cookie(content)
    assert one.reload("none") == "error %s/.erlang.cookie: this file holds no cookie" % one.home
    assert "caf" not in one.log() and "lines" not in one.log()
    two.start()
    assert until(lambda: two.name in one.connected())
    (one.home / ".erlang.cookie").unlink()
    assert one.reload("gone") == "error %s/.erlang.cookie: this file cannot be read (no such file or directory)" % one.home


def test_a_cookie_that_the_node_was_given_stays(nodes: list[Node]) -> None:
    """By a flag, whatever lies in the account's file."""
    one, two = nodes[:2]
    for node in (one, two):
        node.table([one, two])
        node.start()
    assert until(lambda: two.name in one.connected())
    one.cookie("of nobody")
    assert one.reload("other") == "ok"
    two.stop()
    two.start()
    assert until(lambda: two.name in one.connected())


def test_a_certificate_that_cannot_be_used_is_told(nodes: list[Node]) -> None:
    """A handshake would find it, and nobody would hear of it."""
    one = nodes[0]
    pem, options = one.home / "node.pem", one.home / "inet_tls.conf"
    options.write_text('[{server, [{certfile, "%s"}, {keyfile, "%s"}]}, {client, [{cacertfile, "%s"}]}].\n' % (pem, pem, pem))
    one.start("-ssl_dist_optfile", str(options))
    assert one.reload("none") == "error %s: this file cannot be read (no such file or directory)" % pem
    pem.write_text("nonsense\n")
    assert one.reload("nonsense") == "error %s: this file holds no certificate" % pem
    pem.write_text(CERTIFICATE)
    assert one.reload("no key") == "error %s: this file holds no private key" % pem
