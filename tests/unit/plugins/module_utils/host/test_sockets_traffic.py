# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packets and tables of the kernel, as they were seen on real hosts."""

from __future__ import annotations

import socket
import struct

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import sockets, traffic

ALPHA, BRAVO = "198.18.1.10", "198.18.2.10"

PROC_NET_TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1112 00000000:0000 0A 00000000:00000000 00:00000000 00000000   995        0 97455 1 00000000b55e9aac 100 0
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 55838 1 0000000039d46bee 100 0
   2: 0A0112C6:1112 0A0312C6:B41A 01 00000000:00000000 00:00000000 00000000   995        0 98618 1 00000000012e33ff 21 4
"""


def packet(source: str, from_port: int, target: str, to_port: int, flags: int, version: int = 4) -> bytes:
    """The head of a TCP segment in an IP packet."""
    tcp = struct.pack(">HHIIBBHHH", from_port, to_port, 1, 0, 0x50, flags, 1024, 0, 0)
    if version == 6:
        ends = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, target)
        return struct.pack(">IHBB", 6 << 28, len(tcp), 6, 64) + ends + tcp
    ends = socket.inet_aton(source) + socket.inet_aton(target)
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + ends + tcp


class Counting(traffic.Traffic):
    """A watch that opens no socket."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.arrived, self.sent = {}, {}
        self._asked = set()


PROC_NET_TCP6 = """\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:1112 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 501 1 0 100
   1: 0000000000000000FFFF00000A0112C6:1112 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 502 1 0 100
   2: 00000000000000000000000000000000:1111 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 503 1 0 100
"""


def test_listening_sockets():
    assert sockets.listening(PROC_NET_TCP) == [("97455", "0.0.0.0", 4370), ("55838", "0.0.0.0", 22)]
    assert sockets.listening(PROC_NET_TCP6) == [("501", "::1", 4370), ("502", "198.18.1.10", 4370), ("503", "::", 4369)]


PROC_NET_TCP_WAITING = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1112 00000000:0000 0A 00000000:00000002 00:00000000 00000000   995        0 97455 1 0 100 0
   1: 0A0212C6:1112 0A0112C6:9C40 01 00000000:00000001 00:00000000 00000000     0        0 0 1 0 21 4
   2: 0A0212C6:1112 0A0112C6:9C41 08 00000000:00000001 00:00000000 00000000     0        0 0 1 0 21 4
   3: 0A0212C6:1112 0A0112C6:9C42 01 00000000:00000000 00:00000000 00000000   995        0 98618 1 0 21 4
   4: 0A0212C6:1112 0A0112C6:9C43 03 00000000:00000000 00:00000000 00000000     0        0 0 1 0 21 4
   5: 0A0212C6:1113 0A0112C6:9C44 01 00000000:00000001 00:00000000 00000000     0        0 0 1 0 21 4
"""


def test_connections_that_wait_to_be_accepted(monkeypatch: pytest.MonkeyPatch):
    """Established or closed by the other side, and of no file: neither half-open nor accepted ones."""
    monkeypatch.setattr(sockets.sys, "byteorder", "little")
    assert sockets.waiting(PROC_NET_TCP_WAITING, 4370) == [(ALPHA, 40000), (ALPHA, 40001)]
    assert sockets.waiting(PROC_NET_TCP_WAITING.replace("0A0112C6:", "0000000000000000FFFF00000A0112C6:"), 4371) == [(ALPHA, 40004)]
    assert sockets.waiting(PROC_NET_TCP_WAITING.replace("0A0112C6:", "00000120000000000000000001000000:"), 4371) == [("2001::1", 40004)]


def test_who_waits_at_a_listener_of_this_process():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as one:
            assert sockets.waiting_at(port) == {one.getsockname()}
            accepted, _address = listener.accept()
            accepted.close()
            assert sockets.waiting_at(port) == set()


def test_the_holder_of_a_socket_of_this_process():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        (seen,) = [each for each in sockets.listeners() if each.port == port]
        assert seen.address == "127.0.0.1"
        process = sockets.holders([seen.inode])[seen.inode]
        assert sockets.program(process) and sockets.account(process)
        assert seen.inode in sockets.inodes(process)


@pytest.mark.parametrize(
    ("group", "inside"),
    [
        ("/system.slice/erlang-guard.service", True),
        ("/system.slice/erlang-guard.service/node", True),
        ("/system.slice/erlang-guard.service-2", False),
        ("/system.slice", False),
        ("", False),
    ],
)
def test_processes_of_a_control_group(monkeypatch: pytest.MonkeyPatch, group: str, inside: bool):
    monkeypatch.setattr(sockets, "_told", lambda process, name: "4:memory:/\n1:name=systemd:%s\n0::%s\n" % (group, group))
    assert sockets.within(7, "/system.slice/erlang-guard.service") is inside


def test_no_process_belongs_to_the_group_of_a_unit_that_has_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sockets, "_told", lambda process, name: "0::/\n")
    assert not sockets.within(7, "") and not sockets.within(7, "/")


@pytest.mark.parametrize(("version", "far", "near"), [(4, ALPHA, BRAVO), (6, "2001:db8::1", "2001:db8::2")])
def test_segment(version: int, far: str, near: str):
    found = traffic.segment(packet(far, 40000, near, 4370, traffic.SYN, version))
    assert found == traffic.Segment((far, 40000), (near, 4370), traffic.SYN)


@pytest.mark.parametrize("data", [b"", b"\x45", b"\x45" + bytes(8) + b"\x06" + bytes(10), b"\x45" + bytes(40), b"\xff" * 64])
def test_what_is_no_segment(data: bytes):
    assert traffic.segment(data) is None


def test_an_attempt_from_elsewhere_that_is_not_answered():
    seen = Counting(4370)
    syn = traffic.segment(packet(ALPHA, 40000, BRAVO, 4370, traffic.SYN))
    seen.count(syn, outgoing=False)
    seen.count(syn, outgoing=False)
    assert traffic.counted(seen.arrived) == [{"address": ALPHA, "port": 4370, "asked": 2, "answered": 0}]
    assert traffic.counted(seen.sent) == []


def test_an_attempt_from_elsewhere_that_is_answered():
    seen = Counting(4370)
    seen.count(traffic.segment(packet(ALPHA, 40000, BRAVO, 4370, traffic.SYN)), outgoing=False)
    seen.count(traffic.segment(packet(BRAVO, 4370, ALPHA, 40000, traffic.SYN | traffic.ACK)), outgoing=True)
    assert traffic.counted(seen.arrived) == [{"address": ALPHA, "port": 4370, "asked": 1, "answered": 1}]


@pytest.mark.parametrize("answer", [traffic.SYN | traffic.ACK, traffic.RST | traffic.ACK])
def test_an_attempt_of_ours(answer: int):
    seen = Counting(4370)
    seen.count(traffic.segment(packet(BRAVO, 40000, ALPHA, 4370, traffic.SYN)), outgoing=True)
    assert traffic.counted(seen.sent, [(ALPHA, 4370)]) == [{"address": ALPHA, "port": 4370, "asked": 1, "answered": 0}]
    seen.count(traffic.segment(packet(ALPHA, 4370, BRAVO, 40000, answer)), outgoing=False)
    assert traffic.counted(seen.sent, [(ALPHA, 4370)]) == [{"address": ALPHA, "port": 4370, "asked": 1, "answered": 1}]
    assert traffic.counted(seen.sent, [(BRAVO, 4370)]) == []


@pytest.mark.parametrize("outgoing", [True, False])
def test_what_is_left_of_an_older_connection_answers_nothing(outgoing: bool):
    seen = Counting(4370)
    here, there = ((BRAVO, 4370), (ALPHA, 40000)) if outgoing else ((ALPHA, 4370), (BRAVO, 40000))
    seen.count(traffic.segment(packet(*here, *there, traffic.RST)), outgoing)
    assert not seen.arrived and not seen.sent


def test_other_ports_are_not_counted_as_arrived():
    seen = Counting(4370)
    seen.count(traffic.segment(packet(ALPHA, 40000, BRAVO, 22, traffic.SYN)), outgoing=False)
    assert traffic.counted(seen.arrived) == []
