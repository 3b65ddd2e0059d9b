# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults of the port mapper, in a mesh whose nodes find each other by it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from diagnosed import QUICK, diagnose, into, verified
from lab.commands import altered, play
from lab.fault_injection import RESTART, TABLE, edited

EPMD = {"erlang_cluster_discovery": "epmd"}
AGAIN = "systemctl restart epmd.socket; " + RESTART
FAULTS = {
    "epmd down": ("systemctl stop epmd.socket epmd.service", "epmd-down"),
    "epmd has no such name": (
        "erlang-guard eval 'sys:suspend(erl_epmd)' && systemctl stop epmd.socket epmd.service && systemctl start epmd.socket",
        "epmd-name-unknown",
    ),
}
BRAVO = {"bravo"} | into("bravo")


@pytest.fixture(scope="module", autouse=True)
def mesh() -> Iterator[None]:
    """The mesh with epmd."""
    done = play("site", "-e", json.dumps({**EPMD, **QUICK, "erlang_rollout_together": True, "erlang_verify_retry_seconds": 10}))
    assert done.code == 0, done.out[-4000:]
    yield
    done = verified(**EPMD)
    assert done.code == 0, done.out


@pytest.mark.parametrize("fault", FAULTS)
def test_fault(fault: str) -> None:
    command, name = FAULTS[fault]
    with altered("bravo", command, AGAIN):
        diagnose(fault, {(name, "bravo"): BRAVO}, **EPMD)


def test_epmd_names_another_port_than_the_firewall_opens() -> None:
    with edited("bravo", TABLE, "sed -i 's/{listen_port, 4370}/{listen_port, 4399}/' {}"):
        diagnose("epmd names another port than the firewall opens", {("epmd-port-not-open", "bravo"): BRAVO}, **EPMD)
