# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lab of sixteen hosts: how much it takes, and who reaches whom in its networks."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator

import pytest

from lab.second_lab import ENVIRONMENT, LAB, drawn, lab, made, memory, state

PUBLIC = "198.18.0.14"
"""The address behind which erin and frank are."""
NETWORKS = {"router-%s" % name: "2001:db8:18:%d" % number for number, name in enumerate(("north", "south", "east", "west", "mobile"), 1)}
"""The routers, and the IPv6 addresses behind each."""

LISTEN = """
import socket, sys
listener = socket.create_server(("", int(sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True)
print("listening", flush=True)
while True:
    connection, source = listener.accept()
    connection.sendall(("%s %s" % (sys.argv[2], source[0].replace("::ffff:", ""))).encode())
    connection.close()
"""
CONNECT = """
import socket, sys
print(socket.create_connection((sys.argv[1], int(sys.argv[2])), 2).recv(100).decode())
"""
ECHO = """
import os, socket, sys
ping = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.getprotobyname("ipv6-icmp"))
ping.settimeout(2)
sent = os.urandom(4)
ping.sendto(bytes((128, 0, 0, 0)) + sent, (sys.argv[1], 0))
while True:
    answer, source = ping.recvfrom(100)
    if answer[0] == 129 and answer[4:] == sent:
        break
"""


@pytest.fixture(scope="module", autouse=True)
def sixteen() -> Iterator[None]:
    """The lab with sixteen hosts for nodes, its routers opened as the firewall plan says."""
    lab("down")
    lab("up", "--hosts", "16")
    lab("open")
    yield
    lab("down")
    assert state() == (set(), set(), set(), set())


def python(place: str, script: str, *arguments: str) -> list[str]:
    """The command of the lab that runs a script on a host, or in the network of another part."""
    if place in ("stranger", "neighbour") or place.startswith("router-"):
        return ["run", place, "python3", "-c", script, *arguments]
    return ["ssh", place, "python3 -c '%s' %s" % (script.replace("'", "'\\''"), " ".join(arguments))]


@contextlib.contextmanager
def listening(place: str, port: int) -> Iterator[None]:
    """A part of the lab that tells whoever connects to a port where it is, and what address the connection comes from."""
    process = subprocess.Popen(
        [LAB, *python(place, LISTEN, str(port), place)], env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None and process.stdout.readline() == "listening\n"
        yield
    finally:
        process.kill()
        process.communicate()
        if place not in ("stranger", "neighbour"):
            lab("ssh", place, "pkill -f 'create_serve[r]'")


def reached(origin: str, address: str, port: int) -> str:
    """What a part of the lab is told at an address and a port; empty if it gets no answer."""
    return lab(*python(origin, CONNECT, address, str(port)), check=False).stdout.strip()


@contextlib.contextmanager
def opened(router: str, rule: str) -> Iterator[None]:
    """A router that lets something more through."""
    handle = lab("run", router, *("nft --echo --handle insert rule inet router forward %s" % rule).split()).stdout.split("# handle ")[-1]
    try:
        yield
    finally:
        lab("run", router, "nft", "delete", "rule", "inet", "router", "forward", "handle", handle.strip())


def test_sixteen_hosts_take_less_than_two_gigabytes() -> None:
    assert len(state()[2]) == 17
    assert 0 < memory() < 2 * 1024**3


def test_the_drawing_shows_what_is_made() -> None:
    assert drawn(lab("up", "--help").stdout) == made()


def test_each_host_runs_and_has_its_name() -> None:
    for name in made():
        if name not in ("stranger", "neighbour") and not name.startswith("router-"):
            assert lab("ssh", name, "hostname").stdout.strip() == name


def test_ipv6_on_every_network() -> None:
    parts = {name: next(address for address in addresses if ":" in address) for name, addresses in made().items()}
    routers = {name: NETWORKS[name] for name in parts if name.startswith("router-")}
    assert set(routers) == set(NETWORKS)
    seen = set()
    for router, prefix in routers.items():
        on_it = [name for name, address in parts.items() if address.startswith(prefix + "::")]
        for name in on_it:
            assert lab(*python(router, ECHO, parts[name])).returncode == 0, name
        seen.update(on_it)
    for router in routers:
        assert lab(*python("stranger", ECHO, parts[router])).returncode == 0, router
    assert seen | set(routers) | {"stranger"} == set(parts)


def test_ipv6_between_networks_is_closed_until_it_is_opened() -> None:
    carol = "2001:db8:18:3::10"
    with listening("carol", 7000):
        assert reached("alpha", carol, 7000) == ""
        with opened("router-north", "tcp dport 7000 accept"), opened("router-east", "tcp dport 7000 accept"):
            assert reached("alpha", carol, 7000) == "carol 2001:db8:18:1::10"


def test_an_address_that_is_translated_both_ways() -> None:
    with listening("erin", 4370), listening("alpha", 4370):
        assert reached("alpha", PUBLIC, 4371) == "erin 198.18.1.10"
        assert reached("erin", "198.18.1.10", 4370) == "alpha " + PUBLIC
        assert reached("frank", "198.18.1.10", 4370) == "alpha " + PUBLIC
        # One behind the router reaches the other as everybody does.
        assert reached("frank", PUBLIC, 4371) == "erin " + PUBLIC
        # Who is no peer does not; nor is the address behind the router known outside.
        assert reached("stranger", PUBLIC, 4371) == ""
        assert reached("alpha", "198.18.4.10", 4370) == ""
    lab("ssh", "frank", "nft flush ruleset")
    with listening("frank", 4370):
        assert reached("alpha", PUBLIC, 4372) == "frank 198.18.1.10"
        assert reached("alpha", PUBLIC, 4371) == ""


@pytest.mark.parametrize(("stranger", "mobile"), [("198.18.0.99", "198.18.5.10"), ("2001:db8:18::99", "2001:db8:18:5::10")])
def test_a_host_that_only_dials_out(stranger: str, mobile: str) -> None:
    with listening("stranger", 7000), listening("mobile", 7001):
        assert reached("mobile", stranger, 7000) == "stranger " + mobile
        assert reached("stranger", mobile, 7001) == ""
        assert reached("alpha", mobile, 7001) == ""
        # The path itself is there: a router that lets it in has the same connection through.
        with opened("router-mobile", "tcp dport 7001 accept"):
            assert reached("stranger", mobile, 7001) == "mobile " + stranger
