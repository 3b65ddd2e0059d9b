# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Discovery from a table: every node listens on a port of its own, and no port mapper is asked.

Carol and dave are behind one public address: their router forwards two of its ports to them, and translates what they send. It lets through what the
firewall plan says, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from lab import fault_injection
from lab.commands import Completed, everywhere, play, report
from lab.settings import HOSTS, NETWORKS, host

ROUTER = NETWORKS[2]
BEHIND = {"carol": 5001, "dave": 5002}
PLACES = {known.name: ROUTER.router if known.name in BEHIND else known.address for known in HOSTS}
PORTS = {"alpha": 4371, "bravo": 4372, **BEHIND}
LISTENING = {"alpha": 4371, "bravo": 4372, "carol": 4390, "dave": 4390}


def by_host(values: dict[str, object]) -> str:
    """A template of what each host has."""
    return "{{ %s[inventory_hostname] }}" % json.dumps(values)


TOGETHER = ("-e", "erlang_rollout_together=true")
MAP = (
    "-e",
    json.dumps(
        {
            "erlang_cluster_discovery": "map",
            "erlang_node_addresses": by_host({name: [address] for name, address in PLACES.items()}),
            "erlang_node_port": by_host({**PORTS}),
            "erlang_node_listen_port": by_host({**LISTENING}),
        }
    ),
)
FORWARDED = " ".join(
    "ip daddr %s tcp dport %d dnat to %s:%d;" % (ROUTER.router, port, host(name).address, LISTENING[name]) for name, port in BEHIND.items()
)
TRANSLATION = """
chain prerouting { type nat hook prerouting priority dstnat; %s }
chain postrouting { type nat hook postrouting priority srcnat; ip saddr { %s } snat to %s; }
""" % (FORWARDED, ", ".join(host(name).address for name in BEHIND), ROUTER.router)


@pytest.fixture(scope="module", autouse=True)
def site() -> Iterator[Completed]:
    """The mesh with a table; the way back is part of what is tested."""
    with fault_injection.router_table("router-" + ROUTER.name, "ip translation", TRANSLATION):
        done = play("site", *MAP, *TOGETHER)
        assert done.code == 0, done.out[-4000:]
        yield done
    # Without the translation the mesh is broken, and is changed by force alone.
    back = play("site", *TOGETHER, "-e", "erlang_rollout_force=true")
    assert back.code == 0, back.out[-4000:]
    for name, listening in everywhere("ss -Hltn").items():
        assert ":4370" in listening.out and ":%d" % LISTENING[name] not in listening.out, name


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
        assert len(ours) == 1 and ours[0].split()[3].endswith(":%d" % LISTENING[name]), listening.out
        assert ":4369" not in listening.out


def test_the_packet_filter_opens_each_host_its_own_port() -> None:
    for name, table in everywhere("nft list table inet erlang_guard").items():
        assert "dport %d" % LISTENING[name] in table.out and "4370" not in table.out, name
