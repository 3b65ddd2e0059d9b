# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A wall that cannot be seen to fall proves nothing: each protection is switched off on carol, and the verification turns red there.

What cannot be switched off by hand on a host without also taking its readiness away (names bound to certificates, the cookie, TLS itself) is switched
off in tests/oracle/distribution/test_walls.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from lab.commands import WITHOUT_WALLS, altered, failed_walls, on, play, report
from lab.settings import HOSTS

TLS = "/opt/erlang/nodes/guard/current/inet_tls.conf"
RESTART = " && systemctl restart erlang-guard"
STOP, START = "systemctl stop erlang-guard-firewall", "systemctl start erlang-guard-firewall"
UNKEPT = "systemctl stop erlang-guard-firewall-keeper"


@contextmanager
def without(path: str, edit: str) -> Iterator[None]:
    """Carol with one of her node's files edited, until the file is as it was."""
    keep = "cp -p %s /root/kept && %s %s" % (path, edit, path)
    with altered("carol", keep + RESTART, "cp -p /root/kept %s && rm /root/kept%s" % (path, RESTART)):
        yield


def seen() -> set[tuple[str, str]]:
    """The walls that a verification finds fallen, and at which host."""
    done = play("verify")
    assert done.code != 0, done.out
    assert report()["ok"] is False and report()["faults"]
    return {(wall, to) for wall, _origin, to in failed_walls()}


@pytest.fixture(autouse=True)
def green_afterwards() -> Iterator[None]:
    """With everything on again, everything holds; before the first it did so as well, or there would have been no mesh."""
    yield
    done = play("verify")
    assert done.code == 0, done.out


def test_packet_filter() -> None:
    """Who is no peer gets in, accounts of the host get out, and that is one fault: the filter is gone."""
    with altered("carol", STOP, START):
        assert seen() == {("packet_filter", "carol")} | {("local_account", known.name) for known in HOSTS}
        assert {(wall, origin) for wall, origin, _to in failed_walls()} == {("packet_filter", "neighbour"), ("local_account", "carol")}
        assert [(fault["id"], fault["host"]) for fault in report()["faults"]] == [("packet-filter-wrong", "carol")]


def test_accounts_of_the_host() -> None:
    """Without the rules about accounts, each of them reaches the own node's port and those of the peers."""
    with altered("carol", UNKEPT + " && nft flush chain inet erlang_guard output", "systemctl restart erlang-guard-firewall"):
        assert seen() == {("local_account", known.name) for known in HOSTS}
        assert {origin for _wall, origin, _to in failed_walls()} == {"carol"}


def test_certificates_of_peers_are_not_asked_for() -> None:
    """Without verify_peer on the server's side anybody with the cookie would come in."""
    with without(TLS, r"sed -i '0,/verify_peer/s//verify_none/; s/{fail_if_no_peer_cert, *true}/{fail_if_no_peer_cert,false}/'"):
        assert {("no_certificate", "carol"), ("foreign_ca", "carol")} <= seen()


def test_router_that_lets_everybody_through() -> None:
    """The host's own filter holds alone, and a host without one is open to the internet."""
    from lab import network

    everything = "table inet router\ndelete table inet router\n"
    network.load("router-south", everything)
    try:
        assert play("verify").code == 0
        bare = STOP + " && nft insert rule inet filter input accept comment bare"
        with altered("bravo", bare, "systemctl reload nftables; " + START):
            assert ("packet_filter", "bravo") in seen()
    finally:
        text = network.run([*network.inside("router-north"), "nft", "list", "table", "inet", "router"]).stdout
        network.load("router-south", everything + re.sub(r"counter packets \d+ bytes \d+", "counter", text))


NONE = json.dumps(
    {
        **WITHOUT_WALLS,
        "erlang_firewall_backend": "{{ 'none' if inventory_hostname == 'carol' else 'nftables' }}",
        "erlang_rollout_serial": len(HOSTS),
        "erlang_rollout_settle": 3,
    }
)
FILTER = "nft list tables | grep -c erlang_guard; systemctl is-active erlang-guard-firewall erlang-guard-firewall-keeper"


def filtered() -> list[str]:
    """How many tables of ours carol's kernel has, and whether what loads and keeps them runs."""
    return on("carol", FILTER).out.split()


def test_the_packet_filter_goes_with_the_restart_of_its_node_once_it_is_somebody_elses() -> None:
    """The run after it finds nothing to do, and a node that goes back has the filter again."""
    done = play("site", "-e", NONE)
    assert done.code == 0, done.out[-4000:]
    assert filtered() == ["0", "inactive", "inactive"]
    done = play("site", "-e", NONE)
    assert done.code == 0 and not any(done.changed[host.name] for host in HOSTS), done.out[-4000:]
    done = play("rollback", "-e", NONE)
    assert done.code == 0, done.out[-4000:]
    assert filtered() == ["2", "active", "active"]
    done = play("site", "-e", "erlang_rollout_settle=3")
    assert done.code == 0, done.out[-4000:]
    assert filtered() == ["2", "active", "active"]
    # A node that is started, and has no turn.
    assert on("carol", "systemctl stop erlang-guard").code == 0
    done = play("site", "-e", NONE)
    assert done.code == 0 and filtered() == ["0", "inactive", "inactive"], done.out[-4000:]
    done = play("site", "-e", "erlang_rollout_settle=3")
    assert done.code == 0 and filtered() == ["2", "active", "active"], done.out[-4000:]
