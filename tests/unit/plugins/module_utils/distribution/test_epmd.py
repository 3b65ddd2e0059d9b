# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""epmd's answers, good ones, cut ones and ones of something else."""

from __future__ import annotations

import struct

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import epmd
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.channel import Deadline
from streams import Hand, Played

NAMES = struct.pack(">I", 4369) + b"name guard at port 4370\nname a b at port 1\n"
PORT = struct.pack(">BBHBBHHH", 119, 0, 4370, 77, 0, 6, 5, 5) + b"guard" + struct.pack(">H", 2) + b"xy"


def asked(question, *parts):
    """Return an answer that arrives in these parts, and what was sent for it."""
    clock = Hand()
    stream = Played(clock, *parts)
    found = question(stream, Deadline(5, clock))
    return found, b"".join(data for dummy, data in stream.sent)


def test_names():
    found, sent = asked(epmd.ask_names, NAMES[:7], NAMES[7:])
    assert sent == b"\0\1n"
    assert found == epmd.Names(4369, [epmd.Registered("guard", 4370), epmd.Registered("a b", 1)])


def test_port():
    found, sent = asked(lambda stream, deadline: epmd.ask_port(stream, deadline, "guard"), PORT)
    assert sent == b"\0\6zguard"
    assert found == epmd.PortAnswer("guard", 4370, False, 0, 6, 5, b"xy")


def test_a_name_that_is_not_registered():
    with pytest.raises(epmd.EpmdNoSuchName):
        epmd.decode_port(b"w\1", "guard")


def test_every_cut_is_an_error():
    for end in range(len(PORT)):
        with pytest.raises(epmd.EpmdTruncated):
            epmd.decode_port(PORT[:end], "guard")
    for end in range(4):
        with pytest.raises(epmd.EpmdTruncated):
            epmd.decode_names(NAMES[:end])


@pytest.mark.parametrize("answer", [b"\0\0\0\0hello\n", b"\0\0\0\0name x at port 65536\n", b"\0\0\0\0name x at port \n"])
def test_names_of_something_else(answer):
    with pytest.raises(epmd.EpmdMalformed):
        epmd.decode_names(answer)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400", PORT[:4] + b"\1" + PORT[5:]])
def test_a_port_of_something_else(answer):
    with pytest.raises(epmd.EpmdMalformed):
        epmd.decode_port(answer, "guard")


def test_an_answer_without_end_is_given_up():
    with pytest.raises(epmd.EpmdMalformed, match="more than"):
        asked(epmd.ask_names, *[bytes(65536)] * 20)


@pytest.mark.parametrize("name", ["", "x" * 256])
def test_a_name_that_epmd_cannot_be_asked_for(name):
    with pytest.raises(ValueError):
        epmd.encode_port_request(name)
