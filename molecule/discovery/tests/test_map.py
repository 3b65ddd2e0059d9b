# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Discovery from a table: every node listens on a port of its own, and no port mapper is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from lab.acting import Ended, everywhere, play, report
from lab.settings import HOSTS

PORTS = {host.name: 4371 + number for number, host in enumerate(HOSTS)}
MAP = ("-e", json.dumps({"erlang_cluster_discovery": "map", "erlang_node_port": "{{ %s[inventory_hostname] }}" % json.dumps(PORTS)}))


@pytest.fixture(scope="module", autouse=True)
def site() -> Iterator[Ended]:
    """The mesh with a table; the way back is part of what is tested."""
    done = play("site", *MAP)
    assert done.code == 0, done.out[-4000:]
    yield done
    back = play("site")
    assert back.code == 0, back.out[-4000:]
    for name, listening in everywhere("ss -Hltn").items():
        assert ":4370" in listening.out and ":%d" % PORTS[name] not in listening.out, name


def test_nothing_to_do_the_second_time() -> None:
    done = play("site", *MAP)
    assert done.code == 0 and {name: done.changed[name] for name in PORTS} == dict.fromkeys(PORTS, 0)


def test_edges_and_walls() -> None:
    found = report()
    assert found["ok"] is True and found["cluster"]["discovery"] == "map"
    assert {edge["state"] for edge in found["edges"]} == {"ok"} and len(found["edges"]) == 12
    assert {wall["state"] for wall in found["walls"]} == {"held"}


def test_each_node_listens_on_its_own_port_and_there_is_no_port_mapper() -> None:
    for name, listening in everywhere("ss -Hltnp").items():
        ours = [line for line in listening.out.splitlines() if "beam.smp" in line]
        assert len(ours) == 1 and ours[0].split()[3].endswith(":%d" % PORTS[name]), listening.out
        assert ":4369" not in listening.out


def test_the_packet_filter_opens_each_host_its_own_port() -> None:
    for name, table in everywhere("nft list table inet erlang_guard").items():
        assert "dport %d" % PORTS[name] in table.out and "4370" not in table.out, name
