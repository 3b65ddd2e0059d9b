# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A wall that cannot be seen to fall proves nothing: each protection is switched off on carol, and the verification turns red there.

What cannot be switched off by hand on a host without also taking its readiness away (names bound to certificates, the cookie, TLS itself) is switched
off in tests/oracle/distribution/test_walls.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from lab.acting import altered, fallen, play, report

TLS = "/etc/erlang/guard/inet_tls.conf"
RESTART = " && systemctl restart erlang-guard"
RELOAD = "systemctl reload erlang-guard-firewall"


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
    return {(wall, to) for wall, _origin, to in fallen()}


@pytest.fixture(autouse=True)
def green_afterwards() -> Iterator[None]:
    """With everything on again, everything holds; before the first it did so as well, or there would have been no mesh."""
    yield
    done = play("verify")
    assert done.code == 0, done.out


def test_packet_filter() -> None:
    with altered("carol", "nft delete table inet erlang_guard", RELOAD):
        assert seen() == {("packet_filter", "carol")}
        assert {origin for _wall, origin, _to in fallen()} == {"neighbour"}


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
        bare = "nft delete table inet erlang_guard && nft insert rule inet filter input accept comment bare"
        with altered("bravo", bare, "systemctl reload nftables; sleep 1; " + RELOAD):
            assert seen() == {("packet_filter", "bravo")}
    finally:
        text = network.run([*network.inside("router-north"), "nft", "list", "table", "inet", "router"]).stdout
        network.load("router-south", everything + re.sub(r"counter packets \d+ bytes \d+", "counter", text))
