# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One cause is one entry of the report, whatever it shows in, however large the mesh is and whoever is asked."""

from __future__ import annotations

import errno
import typing as t

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.fault_entry import Symptom
from ansible_collections.beam.tls_distribution.tests.unit.plugins.plugin_utils.report.mesh import NOW, full, wall
from ansible_collections.beam.tls_distribution.tests.unit.plugins.plugin_utils.report.traced import (
    ADDRESSES,
    YEAR,
    Traced,
    fault,
    host_part,
    seen,
)

SILENT = Symptom("connect", "timeout")
NO_ROUTE = Symptom("connect", "os", errno.errorcode[errno.ENETUNREACH])
REFUSED = Symptom("connect", "os", "ECONNREFUSED")
BOTH, IN, OUT = "both", "in", "out"


def crossing(mesh: Traced, side: t.Collection[str], direction: str) -> list[tuple[str, str]]:
    """The edges between a side and all other hosts."""
    return [
        (one, other)
        for one in mesh.names
        for other in mesh.names
        if (one in side) != (other in side) and direction in (BOTH, OUT if one in side else IN)
    ]


def away(mesh: Traced, name: str) -> list[str]:
    return [other for other in mesh.names if other != name]


def watched(mesh: Traced, sent: t.Collection[tuple[str, str]], arrived: t.Collection[tuple[str, str]]) -> None:
    """What hosts saw of packets of which some left, and some arrived; none was answered."""
    for name in mesh.names:
        seen_there = mesh.watched.setdefault(name, {"sent": [], "arrived": []})
        if not seen_there:
            continue
        seen_there["sent"] += [seen(ADDRESSES[other], 5, 0) for other in away(mesh, name) if (name, other) in sent]
        seen_there["arrived"] += [seen(ADDRESSES[other], 5, 0) for other in away(mesh, name) if (other, name) in arrived]


def router(side: int, direction: str, seen_by_all: bool = True) -> t.Callable[[Traced, str], tuple[str, str | None]]:
    """A router in front of some hosts, the first of which is the one given, that lets nothing through one way or both ways."""

    def happen(mesh: Traced, name: str) -> tuple[str, str | None]:
        start = mesh.names.index(name)
        behind = (mesh.names * 2)[start : start + side]
        pairs = crossing(mesh, behind, direction)
        for pair in pairs:
            mesh.meets(*pair, SILENT)
        if seen_by_all:
            watched(mesh, pairs, ())
        return ("dropped-on-the-way" if seen_by_all else "connection-filtered", None)

    return happen


def routers_everywhere(mesh: Traced, _name: str) -> tuple[str, str | None]:
    """Every host is behind a router that lets nothing through, but for the last two, which are behind one together."""
    together = set(mesh.names[-2:])
    pairs = [(one, other) for one in mesh.names for other in mesh.names if one != other and {one, other} != together]
    for pair in pairs:
        mesh.meets(*pair, SILENT)
    watched(mesh, pairs, ())
    return ("dropped-on-the-way", None)


def network_down(mesh: Traced, name: str) -> tuple[str, str | None]:
    for origin, target in crossing(mesh, {name}, BOTH):
        if mesh.edge(origin, target)["ok"]:
            mesh.meets(origin, target, NO_ROUTE if origin == name else SILENT)
    for target in away(mesh, name):
        mesh.meets(name, target, NO_ROUTE)
    return ("connection-no-route", name)


def router_down(mesh: Traced, name: str) -> tuple[str, str | None]:
    for origin, target in crossing(mesh, {name}, BOTH):
        mesh.meets(origin, target, Symptom("connect", "os", "EHOSTUNREACH"))
    return ("connection-no-route", name)


def rejected(mesh: Traced, name: str) -> tuple[str, str | None]:
    for origin, target in crossing(mesh, {name}, IN):
        mesh.meets(origin, target, Symptom("connect", "os", "EHOSTUNREACH"))
    return ("host-out-of-reach", name)


def powered_off(mesh: Traced, name: str) -> tuple[str, str | None]:
    mesh.answers[name] = {"unreachable": True, "msg": "ssh: no route to host"}
    there = [pair for pair in crossing(mesh, {name}, IN) if "edges" in mesh.answers[pair[0]]]
    for number, (origin, target) in enumerate(there):
        mesh.meets(origin, target, NO_ROUTE if number % 2 else SILENT)
    watched(mesh, there, ())
    mesh.watched[name] = {}
    return ("no-answer", name)


def own_filter(direction: str) -> t.Callable[[Traced, str], tuple[str, str | None]]:
    def happen(mesh: Traced, name: str) -> tuple[str, str | None]:
        pairs = crossing(mesh, {name}, direction)
        for pair in pairs:
            mesh.meets(*pair, SILENT)
        arrived = [(origin, target) for origin, target in pairs if target == name]
        watched(mesh, arrived, arrived)
        return ({BOTH: "dropped-by-filter", IN: "dropped-by-peer-filter", OUT: "dropped-by-own-filter"}[direction], name)

    return happen


def node_down(mesh: Traced, name: str) -> tuple[str, str | None]:
    mesh.finds(name, Symptom("host", "unit", "inactive"))
    told = fault(REFUSED, name, name)
    mesh.answers[name]["running"].update(ok=False, peers=[], fault=told)
    for pair in crossing(mesh, {name}, IN):
        mesh.meets(*pair, REFUSED)
    return ("node-down", name)


def port_taken(mesh: Traced, name: str) -> tuple[str, str | None]:
    """Another program with a certificate of its own listens at a node's port."""
    mesh.finds(name, Symptom("host", "listener", "foreign"))
    for pair in crossing(mesh, {name}, IN):
        mesh.meets(*pair, Symptom("tls", "certificate", "unknown-ca"), certificate_issuer="CN=other", certificate_digest="of another")
    return ("port-taken", name)


def no_names(mesh: Traced, name: str) -> tuple[str, str | None]:
    for pair in crossing(mesh, {name}, OUT):
        mesh.meets(*pair, Symptom("resolve", "name", "EAI_NONAME"))
    return ("name-unknown", name)


def no_epmd(mesh: Traced, name: str) -> tuple[str, str | None]:
    for pair in crossing(mesh, {name}, IN):
        mesh.meets(*pair, Symptom("resolve", "epmd", "ECONNREFUSED"))
    return ("epmd-down", name)


def other_cookie(mesh: Traced, name: str) -> tuple[str, str | None]:
    for pair in crossing(mesh, {name}, BOTH):
        mesh.meets(*pair, Symptom("cookie", "closed"))
    return ("cookie-mismatch", name)


def expired(mesh: Traced, name: str) -> tuple[str, str | None]:
    mesh.finds(name, Symptom("host", "certificate", "expired"))
    return certificate("expired")(mesh, name)


def certificate(problem: str) -> t.Callable[[Traced, str], tuple[str, str | None]]:
    def happen(mesh: Traced, name: str) -> tuple[str, str | None]:
        for side in ("server", "client") if problem == "unknown-ca" else ():
            mesh.answers[name]["facts"]["certificates"][side][0].update(issuer="CN=foreign")
        for origin, target in crossing(mesh, {name}, BOTH):
            kind = "certificate" if target == name else "client-certificate"
            mesh.meets(origin, target, Symptom("tls", kind, problem))
        return ("certificate-" + problem, name)

    return happen


def closed_to_one(mesh: Traced, name: str) -> tuple[str, str | None]:
    """Peers close the connection on one host without a word, as they do for a certificate that they refuse late."""
    for pair in crossing(mesh, {name}, OUT):
        mesh.meets(*pair, Symptom("handshake", "closed"))
    return ("handshake-closed", name)


def other_trust(mesh: Traced, name: str) -> tuple[str, str | None]:
    for side in ("server", "client"):
        mesh.answers[name]["facts"]["trust"][side][0].update(subject="CN=foreign")
    for origin, target in crossing(mesh, {name}, BOTH):
        kind = "certificate" if origin == name else "client-certificate"
        mesh.meets(origin, target, Symptom("tls", kind, "unknown-ca"), certificate_issuer="CN=ca")
    mesh.finds(name, Symptom("host", "trust", "unknown-ca"))
    mesh.answers[name]["running"].update(ok=False, peers=[], fault=fault(Symptom("tls", "certificate", "unknown-ca"), name, name))
    return ("trust-unknown-ca", name)


def clock(mesh: Traced, name: str) -> tuple[str, str | None]:
    mesh.answers[name]["facts"]["time"] = NOW.timestamp() - YEAR
    mesh.finds(name, Symptom("host", "certificate", "not-yet-valid"))
    for origin, target in crossing(mesh, {name}, BOTH):
        problem = ("certificate", "not-yet-valid") if origin == name else ("client-certificate", "expired")
        mesh.meets(origin, target, Symptom("tls", *problem))
    return ("clock-wrong", name)


def old_authority(mesh: Traced, _name: str) -> tuple[str, str | None]:
    for name in mesh.names:
        for side in ("server", "client"):
            mesh.answers[name]["facts"]["trust"][side][0].update(not_after=NOW.timestamp() - 86400)
        mesh.finds(name, Symptom("host", "trust", "unknown-ca"))
        told = fault(Symptom("tls", "certificate", "expired"), name, name)
        mesh.answers[name]["running"].update(ok=False, fault=told, peers=[])
        for other in away(mesh, name):
            mesh.meets(name, other, Symptom("tls", "certificate", "expired"), certificate_issuer="CN=ca")
    return ("authority-expired", None)


def stranger(mesh: Traced, _name: str) -> tuple[str, str | None]:
    for name in mesh.names:
        mesh.answers[name]["running"]["peers"].append("guard@gone.example.net")
    return ("stranger-connected", None)


def stranger_at_home(mesh: Traced, name: str) -> tuple[str, str | None]:
    for other in mesh.names:
        mesh.answers[other]["running"]["peers"].append("extra@" + host_part(name))
    return ("stranger-connected", name)


CAUSES: dict[str, t.Callable[[Traced, str], tuple[str, str | None]]] = {
    "router shut both ways": router(1, BOTH),
    "router in front of two hosts": router(2, BOTH),
    "router shut one way in": router(1, IN),
    "router shut one way out": router(1, OUT),
    "router in front of two hosts shut one way": router(2, IN),
    "router shut, and nobody could watch": router(1, BOTH, seen_by_all=False),
    "all routers": routers_everywhere,
    "network of a host down": network_down,
    "router down": router_down,
    "router rejects": rejected,
    "host powered off": powered_off,
    "filter of a host, both ways": own_filter(BOTH),
    "filter of a host, in": own_filter(IN),
    "filter of a host, out": own_filter(OUT),
    "node down": node_down,
    "port taken": port_taken,
    "no names": no_names,
    "no epmd": no_epmd,
    "another cookie": other_cookie,
    "certificate expired": expired,
    "certificate revoked": certificate("revoked"),
    "certificate of another CA": certificate("unknown-ca"),
    "closed to one": closed_to_one,
    "another trust bundle": other_trust,
    "clock": clock,
    "CA expired": old_authority,
    "stranger": stranger,
    "stranger at a host of the cluster": stranger_at_home,
}


def place(fault_found: dict[str, t.Any]) -> tuple[str, str | None]:
    return fault_found["id"], fault_found["host"]


@pytest.mark.parametrize("position", [0, 1, -1])
@pytest.mark.parametrize("count", [4, 16])
@pytest.mark.parametrize("cause", CAUSES)
def test_one_cause_is_one_entry(cause: str, count: int, position: int):
    mesh = Traced(count)
    expected = CAUSES[cause](mesh, mesh.names[position])
    (entry,) = mesh.entries()
    assert place(entry) == expected
    failed = {
        "%s → %s" % (name, edge["to"][6:-12]) for name in mesh.names for edge in mesh.answers[name].get("edges", ()) if not edge["ok"]
    }
    assert failed <= set(entry["where"])
    assert "?" not in entry["cause"] + entry["remedy"] and len(entry["cause"]) < 1200
    assert entry["cause"].count(". ") == 0


APART = [
    *[
        (one, other)
        for one in ("node down", "another cookie", "certificate revoked", "no names")
        for other in CAUSES
        if other not in ("all routers", "CA expired")
    ],
    *[(one, one) for one in ("filter of a host, in", "filter of a host, both ways", "network of a host down", "host powered off")],
    ("router shut both ways", "network of a host down"),
    ("router shut both ways", "filter of a host, in"),
    ("router shut one way in", "filter of a host, out"),
    ("router shut one way in", "host powered off"),
    ("network of a host down", "another trust bundle"),
    ("clock", "host powered off"),
]


@pytest.mark.parametrize("count", [5, 16])
@pytest.mark.parametrize(("one", "other"), APART)
def test_two_causes_on_different_hosts_are_two_entries(one: str, other: str, count: int):
    mesh = Traced(count)
    expected = {CAUSES[one](mesh, mesh.names[-1]), CAUSES[other](mesh, mesh.names[0])}
    entries = mesh.entries()
    assert {place(entry) for entry in entries} == expected
    assert len(entries) == len(expected)


@pytest.mark.parametrize("cause", [name for name in CAUSES if name not in ("stranger", "all routers")])
@pytest.mark.parametrize("asked", [("alpha", "bravo"), ("alpha",), ("bravo",), ("bravo", "carol")])
def test_an_edge_is_told_of_the_same_when_few_are_asked(cause: str, asked: tuple[str, ...]):
    """What one asks is told as when all are asked, or it is said who was not."""
    mesh = Traced()
    CAUSES[cause](mesh, "bravo")
    whole = mesh.edge_faults()
    few = Traced()
    CAUSES[cause](few, "bravo")
    few.answers = {name: few.answers[name] for name in asked}
    few.watched = {name: seen_there for name, seen_there in few.watched.items() if name in asked}
    few.asked = set(asked)
    for pair, found in few.edge_faults().items():
        assert place(found) == place(whole[pair]) or "not asked" in found["cause"], (found, whole[pair])


@pytest.mark.parametrize("outsiders", [("mallory",), ("mallory", "oscar")])
def test_outsiders_without_a_route(outsiders: tuple[str, ...]):
    mesh = Traced(outsiders=outsiders)
    for name in outsiders:
        for tried in mesh.answers[name]["walls"]:
            address = ADDRESSES[tried["to"][6:-12]]
            tried.update(held=None, detail="nothing was tried: port 4370 of %s (Network is unreachable)" % address)
    (entry,) = mesh.entries()
    assert place(entry) == ("wall-packet-filter-unproven", outsiders[0] if len(outsiders) == 1 else None)
    assert len(entry["where"]) == 4 * len(outsiders)
    assert all(name in entry["cause"] for name in (*outsiders, "Network is unreachable"))


def test_an_outsider_without_a_route_to_one_host():
    mesh = Traced(outsiders=("mallory", "oscar"))
    mesh.answers["oscar"]["walls"][1].update(held=None, detail="nothing was tried: port 4370 of 198.18.1.2 (Network is unreachable)")
    (entry,) = mesh.entries()
    assert entry["where"] == ["oscar → bravo"]


def test_a_host_whose_filter_is_gone():
    mesh = Traced(outsiders=("mallory", "oscar"))
    mesh.topology["cluster"]["discovery"] = "epmd"
    mesh.walls.append("epmd")
    for name in mesh.outsiders:
        mesh.answers[name]["walls"] += [wall(name, other, "epmd", "connect", "dropped") for other in mesh.names]
        for tried in mesh.answers[name]["walls"]:
            if tried["to"] == full("bravo"):
                tried.update(held=False, detail="port 4370 of 198.18.1.2 accepted a connection")
    (entry,) = mesh.entries()
    assert place(entry) == ("wall-packet-filter-fell", "bravo")
    assert entry["where"] == ["mallory → bravo", "oscar → bravo"]


def test_a_wall_that_fell_is_told_once_for_each_host():
    mesh = Traced(16)
    for name in mesh.names:
        for tried in mesh.answers[name]["walls"]:
            if tried["to"] == full("node07") and tried["wall"] == "wrong_name":
                tried.update(held=False, detail="took a node of this host for guard@%s" % name)
    (entry,) = mesh.entries()
    assert place(entry) == ("wall-wrong-name-fell", "node07")
    assert len(entry["where"]) == 3


def with_local_accounts(mesh: Traced, origin: str) -> None:
    """Let every host try as an account of its own, and that of one host get through everywhere."""
    mesh.walls.append("local_account")
    for name in mesh.names:
        tried = [wall(name, other, "local_account", "connect", "rejected", name != origin) for other in mesh.names]
        mesh.answers[name]["walls"] += tried


def test_a_host_whose_accounts_are_not_held_back_is_the_one_at_fault():
    mesh = Traced()
    with_local_accounts(mesh, "bravo")
    (entry,) = mesh.entries()
    assert place(entry) == ("wall-local-account-fell", "bravo")
    assert entry["where"] == ["bravo → %s" % name for name in mesh.names]
    assert "{" not in entry["cause"] + entry["remedy"]


def test_a_filter_that_its_host_finds_wrong_is_the_fault_of_the_walls_that_fell_with_it():
    mesh = Traced()
    with_local_accounts(mesh, "bravo")
    for tried in mesh.answers["mallory"]["walls"]:
        if tried["to"] == full("bravo"):
            tried.update(held=False, detail="port 4370 of 198.18.1.2 accepted a connection")
    finding = {"id": "packet-filter-wrong", "host": "bravo.example.net", "cause": "It is not loaded.", "remedy": "Load it.", "peer": None}
    mesh.answers["bravo"]["findings"] = [finding]
    (entry,) = mesh.entries()
    assert place(entry) == ("packet-filter-wrong", "bravo")
    assert {"mallory → bravo", "bravo → alpha"} <= set(entry["where"])


def test_a_host_without_a_filter_of_ours_is_not_asked_for_its_accounts():
    mesh = Traced()
    with_local_accounts(mesh, "nobody")
    mesh.topology["nodes"]["bravo"]["firewall"] = "none"
    mesh.answers["bravo"]["walls"] = [one for one in mesh.answers["bravo"]["walls"] if one["wall"] != "local_account"]
    assert mesh.entries() == []
