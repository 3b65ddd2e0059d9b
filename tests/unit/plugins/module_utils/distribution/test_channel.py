# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Frames on a stream: whole ones, ones in pieces, ones that are too long or never come."""

from __future__ import annotations

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.channel import (
    Channel,
    Deadline,
    DeadlineExceeded,
    FrameTooLong,
    PeerClosed,
)
from streams import Hand, Played


def channel(*parts, seconds=10.0, prefix=4, limit=100):
    """Return a channel to a stream that delivers these parts."""
    clock = Hand()
    return Channel(Played(clock, *parts), Deadline(seconds, clock), prefix, limit)


@pytest.mark.parametrize("prefix", [2, 4])
def test_frames_come_out_as_they_went_in(prefix):
    sending = channel(prefix=prefix)
    for frame in (b"one", b"", b"x" * 100):
        sending.send(frame)
    wire = b"".join(data for dummy, data in sending.stream.sent)
    for size in (1, 3, len(wire)):
        receiving = channel(*[wire[start : start + size] for start in range(0, len(wire), size)], prefix=prefix)
        assert [receiving.receive() for dummy in range(3)] == [b"one", b"", b"x" * 100]
        assert receiving.received == len(wire)


def test_a_poll_keeps_what_has_arrived():
    receiving = channel(b"\0\0", 2.0, b"\0\3a", 2.0, b"bc")
    assert receiving.poll(1.0) is None
    assert receiving.poll(2.0) is None
    assert receiving.poll(0.5) is None
    assert receiving.poll(5.0) == b"abc"


def test_the_deadline_ends_a_frame_that_trickles():
    receiving = channel(b"\0\0\0\x10", *[part for dummy in range(20) for part in (1.0, b"x")], seconds=5.0)
    with pytest.raises(DeadlineExceeded):
        receiving.receive()


def test_the_deadline_ends_a_poll():
    receiving = channel(100.0, seconds=5.0)
    assert receiving.poll(3.0) is None
    with pytest.raises(DeadlineExceeded):
        receiving.poll(3.0)
        receiving.poll(3.0)


def test_a_length_beyond_the_limit_is_refused_before_its_bytes_come():
    receiving = channel(b"\0\0\0\x65")
    with pytest.raises(FrameTooLong) as raised:
        receiving.receive()
    assert (raised.value.length, raised.value.limit) == (101, 100)


def test_the_end_of_the_stream_tells_how_far_the_frame_was():
    receiving = channel(b"\0\0\0\5ab")
    with pytest.raises(PeerClosed) as raised:
        receiving.receive()
    assert raised.value.received == 6
