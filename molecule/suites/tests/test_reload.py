# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a node takes in while it runs, on OTP 25, 27 and 29, whatever is wrong with the certificate that is replaced.

And who leaves and joins the mesh by it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from lab.commands import WITHOUT_WALLS, altered, everywhere, on, play, wait_until
from lab.fault_injection import CERTIFICATE, TABLE, TRUST, Authority, edited, put
from lab.settings import HOSTS

NAMES = [known.name for known in HOSTS]
COUNT = "erlang-guard eval 'length(nodes()).'"
PROCESS = "systemctl show -P MainPID erlang-guard"
RELOAD = "erlang-guard reload"
PART = "erlang-guard eval '[erlang:disconnect_node(Node) || Node <- nodes()].'"
# Four connections that stay silent behind a first byte, opened anew when the node ends them; it says so once the node is out of acceptors.
HOLD = """\
import socket, ssl, threading, time
held = []
def hold():
    while True:
        try:
            one = socket.create_connection(("127.0.0.1", 4370), 5)
            one.sendall(b"\\x16")
            held.append(one)
            one.settimeout(60)
            one.recv(1)
        except OSError:
            time.sleep(0.05)
for _ in range(4):
    threading.Thread(target=hold, daemon=True).start()
time.sleep(1)
context = ssl._create_unverified_context()
try:
    with socket.create_connection(("127.0.0.1", 4370), 2) as tried:
        context.wrap_socket(tried).recv(1)
    print("open", flush=True)
except ssl.SSLError as error:
    print("open", error, flush=True)
except OSError:
    print("blocked", flush=True)
time.sleep(60)
"""
NODEDOWNS = """\
spawn(fun() -> register(lost, self()), ok = net_kernel:monitor_nodes(true, [{node_type, all}]),
  Loop = fun Again(Lost) ->
    receive {nodedown, Node, _} -> Again([Node | Lost]); {who, Asking} -> Asking ! {lost, Lost}, Again(Lost); end_it -> ok; _ -> Again(Lost) end
  end,
  Loop([]) end), ok."""
LOST = 'lost ! {who, self()}, receive {lost, Lost} -> [Node || Node <- Lost, hd(string:split(atom_to_list(Node), \\"@\\")) =:= \\"guard\\"] end.'


def processes() -> dict[str, str]:
    """The process of each node."""
    return {name: done.out for name, done in everywhere(PROCESS).items()}


def whole() -> bool:
    """Whether each node is connected with the three others."""
    return {done.out.strip() for done in everywhere(COUNT).values()} == {"3"}


def test_nodes_connect_by_themselves() -> None:
    """Nothing in the inventory or in the application's configuration says with whom."""
    assert wait_until(whole)
    assert on("alpha", "systemctl restart erlang-guard").code == 0
    assert wait_until(whole)


def test_certificates_in_force_that_are_no_good_are_replaced_by_one_run() -> None:
    """One that expired while the node ran, one for another name, one of another CA: no node is restarted, and the mesh is whole when the run ends."""
    assert wait_until(whole)
    before = processes()
    cluster, foreign = Authority(), Authority(foreign=True)
    # Waited for below, so that it is in force when it ends.
    put_in = {
        "alpha": [put(CERTIFICATE, cluster.issue("alpha.example.net", after=timedelta(seconds=20)))],
        "bravo": [put(CERTIFICATE, cluster.issue("elsewhere.example.net"))],
        "carol": [put(CERTIFICATE, foreign.issue("carol.example.net")), put(TRUST, foreign.certificate)],
    }
    for name, commands in put_in.items():
        done = on(name, " && ".join([*commands, RELOAD]))
        assert done.code == 0, done.out
    assert wait_until(lambda: on("alpha", "openssl x509 -noout -checkend 0 -in " + CERTIFICATE).code == 1)
    assert on("dave", PART).code == 0
    # It tries to reach them again, and cannot.
    assert not wait_until(lambda: on("dave", COUNT).out.strip() != "0", seconds=6)
    done = play("site", "-e", json.dumps(WITHOUT_WALLS))
    assert done.code == 0, done.out[-4000:]
    assert all(done.changed[name] for name in put_in) and done.changed["dave"] == 0
    assert {name: answer.out.strip() for name, answer in everywhere(COUNT).items()} == dict.fromkeys(NAMES, "3")
    assert processes() == before


def test_a_reload_needs_no_way_through_the_port() -> None:
    """While somebody keeps all acceptors of a node busy; and it is seen that they are. OTP 25 takes more of them at a time."""
    run = "systemd-run --quiet --unit=hold --property=StandardOutput=file:/root/held python3 /root/hold.py"
    with altered("bravo", "%s && %s" % (put("/root/hold.py", HOLD), run), "systemctl stop hold"):
        assert wait_until(lambda: on("bravo", "cat /root/held").out.strip() != "")
        assert on("bravo", "cat /root/held").out.strip() == "blocked"
        done = on("bravo", RELOAD)
        assert done.code == 0, done.out


def test_a_file_that_cannot_be_taken_in_is_said_by_the_node() -> None:
    """The unit runs on, and the run says which of the two it was."""
    before = processes()
    with edited("bravo", CERTIFICATE, put("{}", "nonsense"), "true", RELOAD):
        assert on("bravo", RELOAD).code != 0
        said = on("bravo", "journalctl -u erlang-guard -n 9 -o cat").out
        assert "guard@bravo.example.net did not reload its files: %s: this file holds no certificate" % CERTIFICATE in said
        assert on("bravo", "systemctl is-active erlang-guard").out.strip() == "active"
    with edited("bravo", TABLE, "chgrp root {}", "true", RELOAD):
        assert on("bravo", RELOAD).code != 0
    assert processes() == before


def test_the_signal_ends_no_node() -> None:
    """Sent by anybody, to all processes of the unit, and to a runtime that has just begun."""
    before = processes()
    for name in ("alpha", "bravo", "carol"):
        for _time in range(3):
            assert on(name, "systemctl kill --signal=HUP erlang-guard").code == 0
        assert on(name, RELOAD).code == 0
    assert processes() == before
    early = (
        "systemctl reset-failed erlang-guard; systemctl restart --no-block erlang-guard; old={old}; "
        "until new=$(systemctl show -P MainPID erlang-guard) && [ $new != 0 ] && [ $new != $old ] && [ $(cat /proc/$new/comm) = beam.smp ]; do :; done; "
        "for i in $(seq 1 200); do kill -HUP $new || exit 1; done; systemctl start erlang-guard && [ $new = $(systemctl show -P MainPID erlang-guard) ]"
    )
    for name in ("alpha", "bravo", "carol"):
        done = on(name, early.replace("{old}", before[name].strip()))
        assert done.code == 0, done.out
    assert wait_until(whole)


@contextmanager
def counting_losses() -> Iterator[None]:
    """The nodes but for dave's remember whom they lose."""
    for name in NAMES[:3]:
        assert on(name, "erlang-guard eval '%s'" % NODEDOWNS.replace("\n", " ")).code == 0
    yield
    for name in NAMES[:3]:
        assert on(name, "erlang-guard eval 'lost ! end_it.'").code == 0


def test_a_node_without_a_place_leaves_the_mesh_and_no_other_does() -> None:
    """Though it still has all others in its own table; on whichever OTP, and if they learn of it one after the other.

    It is back when it has its place again.
    """
    assert wait_until(whole)
    tables = [(name, on(name, "cat " + TABLE).out) for name in NAMES[:3]]
    with counting_losses():
        for name, table in tables:
            without = "".join(line for line in table.splitlines(True) if "dave" not in line)
            assert on(name, "%s && %s" % (put(TABLE, without), RELOAD)).code == 0
            assert wait_until(lambda name=name: "dave" not in on(name, "erlang-guard eval 'nodes(connected).'").out)
        assert not wait_until(lambda: on("dave", COUNT).out.strip() != "0", seconds=5)
        for name in NAMES[:3]:
            lost = on(name, 'erlang-guard eval "%s"' % LOST).out
            assert re.findall(r"guard@(\w+)", lost) == ["dave"], lost
        for name, table in tables:
            assert on(name, "%s && %s" % (put(TABLE, table), RELOAD)).code == 0
        assert wait_until(whole)


def test_another_cookie_for_the_cluster() -> None:
    """No node is restarted and no connection ends; a node with the old one is kept out from then on."""
    cookie = "/var/lib/merl/guard/.erlang.cookie"
    assert wait_until(whole)
    before, old = processes(), on("dave", "cat " + cookie).out
    with counting_losses():
        done = play("rotate_cookie", "-e", json.dumps(WITHOUT_WALLS))
        assert done.code == 0, done.out[-4000:]
        assert all(done.changed[name] for name in NAMES)
        for name in NAMES[:3]:
            assert re.findall(r"guard@(\w+)", on(name, 'erlang-guard eval "%s"' % LOST).out) == []
    assert processes() == before and whole()
    new = {done.out for done in everywhere("cat " + cookie).values()}
    assert len(new) == 1 and old not in new and old.strip() not in done.out and new.pop().strip() not in done.out
    assert on("dave", PART).code == 0
    assert wait_until(whole)
    # Neither a reload nor a restart brings in who has the old one.
    with edited("dave", cookie, put("{}", old), "true", "systemctl restart erlang-guard"):
        assert on("dave", "systemctl restart erlang-guard").code == 0
        assert not wait_until(lambda: on("dave", "erlang-guard eval 'length(nodes()).'").out.strip() != "0", seconds=5)
    assert wait_until(whole)


def test_all_certificates_and_then_the_ca_are_replaced_and_nobody_leaves() -> None:
    """With fresh handshakes between each two of the three OTPs, which the playbooks prove; the roll-out's test counts messages on one of them."""
    assert wait_until(whole)
    before = processes()
    with counting_losses():
        done = play("renew", "-e", json.dumps({"erlang_certs_days": 900, "erlang_certs_renew_before_days": 850}))
        assert done.code == 0 and "4 of 4 nodes show theirs to their peers" in done.out, done.out[-4000:]
        former = issuers()
        done = play("rotate_ca")
        assert done.code == 0 and "rotation: the CA is rotated" in done.out, done.out[-4000:]
        for name in NAMES[:3]:
            assert re.findall(r"guard@(\w+)", on(name, 'erlang-guard eval "%s"' % LOST).out) == []
    assert processes() == before and whole()
    assert len(former) == len(issuers()) == 1 and former != issuers()
    assert on("dave", PART).code == 0
    assert wait_until(whole)


def issuers() -> set[str]:
    """Who issued the certificates that nodes have; each OpenSSL writes it in the same way, so asked."""
    return {done.out for done in everywhere("openssl x509 -noout -issuer -nameopt RFC2253 -in " + CERTIFICATE).values()}


def test_nothing_is_left_to_do() -> None:
    done = play("site", "-e", json.dumps(WITHOUT_WALLS))
    assert done.code == 0, done.out[-4000:]
    assert {name: done.changed[name] for name in NAMES} == dict.fromkeys(NAMES, 0)
