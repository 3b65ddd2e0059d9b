# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control command of a node that has been taken over, asked by root on a terminal, on a host of each suite; and what a caller sees of it."""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from lab.commands import Completed, on, wait_until
from lab.settings import CHECKOUT, host

SUITES = ["alpha", "bravo", "carol"]
HOSTILE = CHECKOUT / "molecule" / "suites" / "hostile"
HOME = "/var/lib/merl/guard"
OUTSIDE = "ls /var/lib/merl | grep OUTSIDE"
TYPED = "TYPED-BY-THE-NODE"
READY = "erlang-guard ping"
NEVER = "did not answer within 2 s"

# A hidden node as the control command was one once, and as OTP's own tools are.
PLAIN = (
    "cd {home} && {watched} '' setpriv --reuid merl --regid merl --init-groups env HOME={home} erl -name guard-control-9@{host} -proto_dist inet_tls "
    "-ssl_dist_optfile /etc/erlang/guard/inet_tls.conf -epmd_module beam_tls_epmd -start_epmd false -beam_tls_peers /etc/erlang/guard/peers.config "
    "-pa /opt/erlang/nodes/guard/current/ebin -hidden -dist_listen false -boot no_dot_erlang -noinput -eval {expression}"
)
WATCHED = "python3 /root/watched_terminal.py"


def send(name: str, directory: str, *files: str) -> None:
    """Put files of this scenario on a host."""
    for file in files:
        content = base64.b64encode((HOSTILE / file).read_bytes()).decode()
        done = on(name, "mkdir -p %s && echo %s | base64 -d > %s/%s" % (directory, content, directory, file))
        assert done.code == 0, done.out


def watched(name: str, command: str, typed: str = "") -> dict[str, Any]:
    """What a command of root wrote on a terminal, how it ended, and who else had that terminal."""
    done = on(name, "%s %s %s" % (WATCHED, shlex.quote(typed), command))
    assert done.code == 0, done.out
    found: dict[str, Any] = json.loads(done.out)
    return found


def restart(name: str) -> None:
    """Have the node be itself again."""
    done = on(name, "rm -rf /var/lib/merl/OUTSIDE* %s/hostile; systemctl restart erlang-guard" % HOME)
    assert done.code == 0, done.out
    assert wait_until(lambda: on(name, READY).code == 0)


def load(name: str, module: str) -> None:
    """Have the node load a module of this scenario."""
    send(name, HOME + "/hostile", module + ".erl")
    send(name, "/root", "watched_terminal.py")
    make = "cd %s/hostile && erl -noinput -boot no_dot_erlang -eval '{ok, _} = compile:file(%s), halt().' && chmod a+rX . *" % (
        HOME,
        module,
    )
    done = on(name, "%s && erlang-guard rpc code load_abs '[\"%s/hostile/%s\"]'" % (make, HOME, module))
    assert done.code == 0 and "{module," in done.out, done.out


@pytest.fixture(scope="class", params=SUITES)
def taken_over(request: pytest.FixtureRequest) -> Iterator[str]:
    """A host whose node tells every hidden node that connects to it what to do."""
    name: str = request.param
    load(name, "hostile_node")
    assert "started" in on(name, "erlang-guard rpc hostile_node start").out
    yield name
    restart(name)


@pytest.fixture(scope="class")
def lying() -> Iterator[str]:
    """A host whose node answers with what it is told to, whatever it is asked."""
    load("bravo", "beam_tls_control")
    yield "bravo"
    restart("bravo")


class TestTakenOver:
    """A node that tells whoever connects to it what to do."""

    @pytest.mark.parametrize("command", ["ping", "ping guard@{host}", "status", "rpc erlang node", "eval 'timer:sleep(1000).'", "reload"])
    def test_a_node_that_is_asked_gets_nothing(self, taken_over: str, command: str) -> None:
        seen = watched(taken_over, "erlang-guard " + command.format(host=host(taken_over).fqdn))
        assert seen["code"] == 0, seen
        assert seen["holders"] == [] and TYPED not in seen["out"]
        assert on(taken_over, OUTSIDE).out == ""

    def test_a_remote_shell_is_in_the_sandbox_and_on_a_terminal_of_its_own(self, taken_over: str) -> None:
        """It is an Erlang node, which does what it is told: on that terminal, and nowhere outside."""
        seen = watched(taken_over, "erlang-guard remsh", r"node().\r\x07")
        assert "Eshell" in seen["out"] and "guard@" + host(taken_over).fqdn in seen["out"]
        assert seen["holders"] == []
        assert on(taken_over, OUTSIDE).out == ""

    def test_the_account_too_gives_a_remote_shell_a_terminal_of_its_own(self, taken_over: str) -> None:
        """There is no sandbox to put it in then; the terminal that its processes have is not the caller's."""
        seen = watched(taken_over, "setpriv --reuid merl --regid merl --init-groups env TERM=xterm erlang-guard remsh", r"node().\r\x07")
        assert "Eshell" in seen["out"]
        assert "beam.smp" not in seen["holders"] and "erl_child_setup" not in seen["holders"]
        on(taken_over, "rm -f /var/lib/merl/OUTSIDE*")

    def test_the_attack_works_on_what_is_an_erlang_node(self, taken_over: str) -> None:
        """Without the protection it does all that the tests above see nothing of."""
        fqdn = host(taken_over).fqdn
        expression = shlex.quote("net_adm:ping('guard@%s'), timer:sleep(2000), halt()." % fqdn)
        done = on(taken_over, PLAIN.format(home=HOME, watched=WATCHED, host=fqdn, expression=expression))
        seen = json.loads(done.out)
        assert TYPED in seen["out"] and "beam.smp" in seen["holders"]
        assert on(taken_over, OUTSIDE).out.split() == ["OUTSIDE", "OUTSIDE.node"]
        on(taken_over, "rm -f /var/lib/merl/OUTSIDE*")


def refused(done: Completed) -> str:
    """The sentence that a command ended with."""
    assert done.code == 1 and done.out.startswith("erlang-guard: ") and "Traceback" not in done.out, done.out
    assert len(done.out) < 1000
    return done.out


class TestLying:
    """A node that answers with whatever harms the one who asks."""

    @pytest.mark.parametrize("command", ["eval {}", "rpc any thing {}"])
    def test_escape_sequences_reach_no_terminal(self, lying: str, command: str) -> None:
        answer = shlex.quote(r'{ok, <<"\e[2J\e]0;title\007", 16#9b, "31m", 16#202e/utf8>>}')
        seen = watched(lying, "erlang-guard " + command.format(answer))
        assert seen["out"] == r"\x{1B}[2J\x{1B}]0;title\x{7}\x9b31m\x{202E}", seen
        seen = watched(lying, "erlang-guard status")
        assert r"node\x{1B}[2J" in seen["out"] and "\x1b" not in seen["out"] and "\x07" not in seen["out"]

    @pytest.mark.parametrize(
        ("answer", "sentence"),
        [
            ('{ok, binary:copy(<<"x">>, 5000000)}', "answered with 5000000 bytes of text; at most"),
            ('{ok, binary:copy(<<"x">>, 20000000)}', "bytes; at most"),
            ("{ok, lists:foldl(fun(_, Inner) -> [Inner] end, [], lists:seq(1, 100000))}", "gave no answer"),
            ("{ok, lists:duplicate(5000000, {})}", "gave no answer"),
            ("#{ok => 1}", "answered with something that its module beam_tls_control does not answer with"),
            ("timer:sleep(infinity)", NEVER),
            (
                "[{any, N} ! flood || _ <- lists:seq(1, 20000), N <- nodes(hidden)], timer:sleep(infinity)",
                "frames came, and no answer among them",
            ),
            ("[erlang:disconnect_node(N) || N <- nodes(hidden)]", "gave no answer"),
            ("exit(self(), kill)", "The call failed in"),
        ],
        ids=["long", "huge", "deep", "wide", "strange", "never", "flood", "parted", "killed"],
    )
    def test_whatever_is_answered_ends_with_a_sentence(self, lying: str, answer: str, sentence: str) -> None:
        done = on(lying, "ERLANG_CONTROL_TIMEOUT=%d erlang-guard eval %s" % (2 if sentence == NEVER else 60, shlex.quote(answer)))
        assert sentence in refused(done)


def test_a_caller_says_how_long_a_call_may_take() -> None:
    for seconds in ("0", "x", "-1", "1e99"):
        assert "write seconds" in refused(on("alpha", "ERLANG_CONTROL_TIMEOUT=%s erlang-guard rpc erlang node" % seconds))


@pytest.mark.parametrize("name", SUITES)
def test_results_are_written_as_erlang_does(name: str) -> None:
    """Long ones and odd ones as ``~tp`` breaks and quotes them."""
    odd = '{[N || N <- lists:seq(1, 60)], #{a => <<"b">>, "text" => \'An atom\'}, 1.5, [$a, 16#4e16], <<255:3>>, fun lists:map/2}'
    done = on(name, "erlang-guard eval %s" % shlex.quote(odd))
    expression = 'io:setopts([{encoding, unicode}]), io:format("~tp~n", [%s]), halt().' % odd
    written = on(name, "erl -noinput -boot no_dot_erlang -eval " + shlex.quote(expression))
    assert done.code == 0 and done.out == written.out and done.out.count("\n") > 3


def test_what_brings_no_result_ends_with_a_sentence() -> None:
    name = "bravo"
    for command, sentence in {
        "eval 'foo('": "This is not Erlang: foo(",
        "eval '1 / 0.'": "The call failed in guard@%s: badarith" % host(name).fqdn,
        "eval 'exit(done).'": "The call ended in guard@%s: done" % host(name).fqdn,
        "eval 'throw(ball).'": "The call threw in guard@%s: ball" % host(name).fqdn,
        "rpc no_such_module at_all": "The call failed in guard@%s: undef" % host(name).fqdn,
        "rpc lists sum '{a}'": "The arguments have to be a list of Erlang terms",
        "ping guard@nowhere.example.net": "guard@nowhere.example.net cannot be reached: it is no node of this cluster",
    }.items():
        assert sentence in refused(on(name, "erlang-guard " + command))


@pytest.mark.parametrize(
    "command", ["status | head -1", "ping | true", "eval 'lists:seq(1, 30000).' | head -1", "ping >&-", "status >&- 2>&-"]
)
@pytest.mark.parametrize("signals", ["", "trap '' PIPE; "])
def test_a_caller_that_has_seen_enough(command: str, signals: str) -> None:
    """No traceback, no crash of a runtime, no word, whether or not the caller heeds SIGPIPE."""
    done = on("bravo", "%scd /var/tmp && erlang-guard %s; ls -A /var/tmp | grep erl_crash" % (signals, command))
    assert not re.search("Traceback|rror|rash|Broken", done.out) and done.out.count("\n") <= 1


def test_an_answer_that_nobody_can_take() -> None:
    assert "the answer cannot be written: No space left on device" in refused(on("bravo", "erlang-guard ping >/dev/full"))


@pytest.mark.parametrize("name", SUITES)
def test_status_is_of_the_node_and_its_peers(name: str) -> None:
    """Since it runs, not since it was reloaded; each peer once, however often; and whoever is there besides."""
    fqdn = host(name).fqdn
    assert on(name, "erlang-guard reload && erlang-guard reload").code == 0
    started = on(name, "systemctl show --value -p ExecMainStartTimestamp erlang-guard").out.strip()
    assert started != on(name, "systemctl show --value -p StateChangeTimestamp erlang-guard").out.strip()
    expression = "pong = net_adm:ping('guard@%s'), timer:sleep(60000), halt()." % fqdn
    plain = PLAIN.format(home=HOME, watched="", host=fqdn, expression=shlex.quote(expression)).replace("''", "")
    beside = "nohup sh -c %s >/dev/null 2>&1 & echo $!" % shlex.quote(plain)
    process = on(name, beside).out.strip()
    try:
        other = "other       guard-control-9@%s  connected, hidden, not in the table of peers" % fqdn
        assert wait_until(lambda: other in on(name, "erlang-guard status").out), on(name, "erlang-guard status").out
        lines = on(name, "erlang-guard status").out.splitlines()
    finally:
        on(name, "pkill -P %s; kill %s" % (process, process))
    assert lines[0] == "service     erlang-guard.service, active, since " + started
    peers = sorted("guard@" + host(peer).fqdn for peer in ("alpha", "bravo", "carol", "dave") if peer != name)
    assert [line.split()[1] for line in lines if line.startswith("peer")] == peers
    assert not [line for line in lines if "control-1@" in line]


def test_status_of_a_node_that_is_down() -> None:
    try:
        assert on("bravo", "erlang-guard stop").code == 0
        done = on("bravo", "erlang-guard status")
        assert done.code == 1 and done.out == "service     erlang-guard.service, inactive\n"
        assert "guard@%s cannot be reached: " % host("bravo").fqdn in refused(on("bravo", "erlang-guard ping"))
    finally:
        assert on("bravo", "erlang-guard start").code == 0
