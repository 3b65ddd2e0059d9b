# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a renamed cluster, node or host has left on hosts."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.beam.tls_distribution.plugins.filter.refusals import NONE_CHANGED, refusals
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.renames import conflicts
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import mixing

OLD = {
    "name": "guard", "node": "guard@alpha.example.net", "port": 4370, "peers": ["guard@bravo.example.net"], "active": "active", "enabled": "enabled",
    "units": ["erlang-guard.service", "erlang-guard-firewall.service"], "mnesia": ["/var/lib/merl/guard/Mnesia.guard@alpha.example.net"],
}  # fmt: skip


def topology(name: str = "sentry", host: str = "alpha.example.net", port: int = 4370, others: str = "sentry") -> dict[str, Any]:
    nodes = {"alpha": {"node": "%s@%s" % (name, host), "name": name, "listen_port": port}}
    nodes["bravo"] = {"node": "%s@bravo.example.net" % others, "name": others, "listen_port": port}
    return {"nodes": nodes}


def found(**changes: Any) -> dict[str, list[dict[str, Any]]]:
    return {"alpha": [{**OLD, **changes}]}


def test_a_renamed_node_is_named_with_what_to_do() -> None:
    assert conflicts(topology(), found()) == [
        "alpha: sentry@alpha.example.net is to be here, and guard@alpha.example.net, which listens on the same port 4370, is here: a node that is renamed is "
        "another node. Set the former name back, or take the former node away there with 'systemctl disable --now erlang-guard.service "
        "erlang-guard-firewall.service && rm -rf /etc/erlang/guard /opt/erlang/nodes/guard /usr/local/bin/erlang-guard "
        "/etc/systemd/system/erlang-guard.service /etc/systemd/system/erlang-guard-firewall.service && systemctl daemon-reload', and run again. "
        "Mnesia's tables in /var/lib/merl/guard/Mnesia.guard@alpha.example.net belong to the former name, and the new node does not read them: "
        "back them up first (mnesia:backup/1)."
    ]


@pytest.mark.parametrize(
    ("wanted", "changes", "reason"),
    [
        ({"name": "guard", "host": "a.example.net", "others": "guard"}, {}, "has the same files and the same service"),
        (
            {"name": "guard", "host": "a.example.net", "others": "guard"},
            {"active": "inactive", "enabled": "disabled"},
            "has the same files",
        ),
        ({}, {"active": "inactive"}, "is stopped, and starts with the host on the same port 4370"),
        ({}, {"active": "failed"}, "is stopped, and starts with the host on the same port 4370"),
        ({}, {"enabled": "disabled"}, "listens on the same port 4370"),
        ({"port": 4371, "others": "guard"}, {}, "has the same peers (guard@bravo.example.net)"),
        ({"others": "guard"}, {"port": None}, "has the same peers (guard@bravo.example.net)"),
    ],
)
def test_what_meets(wanted: dict[str, Any], changes: dict[str, Any], reason: str) -> None:
    (sentence,) = conflicts(topology(**wanted), found(**changes))
    assert reason in sentence


@pytest.mark.parametrize(
    ("wanted", "changes"),
    [
        ({"name": "guard", "others": "guard"}, {}),
        ({"port": 4371}, {}),
        ({"port": 4371}, {"peers": ["guard@bravo.example.net", "guard@carol.example.net"]}),
        ({}, {"active": "inactive", "enabled": "disabled"}),
        ({"port": 4371}, {"port": None, "peers": []}),
    ],
)
def test_what_does_not_meet(wanted: dict[str, Any], changes: dict[str, Any]) -> None:
    """The node itself, one of another cluster on another port, and one that is out of the way."""
    assert conflicts(topology(**wanted), found(**changes)) == []


def test_two_nodes_of_one_inventory_on_one_host() -> None:
    nodes = topology()
    nodes["nodes"]["second"] = {"node": "guard@alpha.example.net", "name": "guard", "listen_port": 4370}
    assert conflicts(nodes, found()) == []


def test_hosts_that_are_no_nodes_or_were_not_surveyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixing, "found", lambda *_anything: [])
    platform = {"id": "unheard-of", "version_id": "1"}
    surveyed = {"ansible_facts": {"erlang_survey": {"nodes": [OLD], "platform": platform}}}
    wanted = {**topology(), "cluster": {"together": False}}
    assert refusals(wanted, {"stranger": surveyed, "bravo": {}}, ["stranger", "bravo"]) == {"refused": False, "sentences": []}
    none, former = refusals(wanted, {"alpha": surveyed, "bravo": {"ansible_facts": {}}}, ["alpha", "bravo"])["sentences"]
    assert none == NONE_CHANGED and former.startswith("alpha: sentry@alpha")


def test_what_nobody_knows_the_packages_of_is_told_behind_former_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixing, "found", lambda *_anything: [])
    survey = {"nodes": [OLD], "platform": {"id": "unheard-of", "version_id": "1"}, "packages": {"nft": {"for": [], "names": None}}}
    found = refusals({**topology(), "cluster": {"together": False}}, {"alpha": {"ansible_facts": {"erlang_survey": survey}}}, ["alpha"])[
        "sentences"
    ]
    assert len(found) == 3 and "no package names are known for the distribution 'unheard-of 1'" in found[2]
