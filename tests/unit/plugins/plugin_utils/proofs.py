# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A topology of four hosts, and what each of them is asked to prove."""

from __future__ import annotations

import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.walls import NAMES
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import proving

PLACES = layout.layout("guard")


def topology(discovery: str = "port", firewall: str = "nftables") -> dict[str, t.Any]:
    nodes = {
        name: {
            "node": "guard@%s.example.net" % name,
            "name": "guard",
            "host": name + ".example.net",
            "addresses": ["198.18.1.%d" % number],
            "port": 4370,
            "listen_port": 4371,
            "layout": PLACES,
            "account": "merl",
            "firewall": firewall,
        }
        for number, name in enumerate(("alpha", "bravo", "carol", "dave"))
    }
    return {"cluster": {"discovery": discovery, "epmd_port": 4369}, "nodes": nodes}


def proof(origin: str = "alpha", walls: t.Sequence[str] = NAMES, **changes: str) -> dict[str, t.Any]:
    return proving.options(topology(**changes), origin, walls, ["PEM"], 5.0)
