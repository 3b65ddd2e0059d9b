# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers of the documented shapes, for reports of any size."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.edges import proven_from
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.walls import INSIDE
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report import model

NOW = datetime.datetime(2026, 11, 24, 5, 0, tzinfo=datetime.timezone.utc)
PEOPLE = ("alpha", "bravo", "carol", "dave")
EXPIRED = {
    "id": "server-certificate-expired",
    "cause": "The certificate of guard@bravo.example.net ended on 2026-11-20 10:00 UTC.",
    "remedy": "Have a new one issued: run the role erlang_certs for bravo.",
}


def names(count: int) -> list[str]:
    """Inventory names."""
    return list(PEOPLE[:count]) if count <= len(PEOPLE) else ["node%02d" % (number + 1) for number in range(count)]


def full(name: str) -> str:
    """A node name."""
    return "guard@%s.example.net" % name


class Mesh:
    """A topology and the answers of a mesh in which all is well; tests spoil them, then ``build``."""

    def __init__(self, count: int = 4, outsiders: t.Sequence[str] = ("mallory",)) -> None:
        self.names = names(count)
        self.outsiders = list(outsiders)
        self.asked = {*self.names, *self.outsiders}
        self.check_mode = False
        self.walls = [*INSIDE, "packet_filter"]
        self.topology: dict[str, t.Any] = {
            "cluster": {"name": "guard", "discovery": "port", "address_family": "inet"},
            "nodes": {name: {"node": full(name), "addresses": ["198.18.1.1"], "port": 4370, "firewall": "nftables"} for name in self.names},
            "edges": [{"from": one, "to": other} for one in self.names for other in self.names if one != other],
        }
        self.answers: dict[str, t.Any] = {name: self._answer(name) for name in self.names}
        for name in self.outsiders:
            self.answers[name] = {
                "node": None,
                "edges": [],
                "running": None,
                "walls": [wall(name, target, "packet_filter", "connect", "dropped: nothing came back") for target in self.names],
            }

    def _answer(self, name: str) -> dict[str, t.Any]:
        others = [other for other in self.names if other != name]
        return {
            "node": full(name),
            "edges": [edge(name, other, position) for position, other in enumerate(others)],
            "walls": [wall(name, target, kind) for target in proven_from(self.names, name) for kind in INSIDE],
            "running": {
                "node": full(name),
                "otp_release": "27",
                "uptime": 4210.5,
                "memory": 61234567,
                "peers": [full(other) for other in others],
                "ok": True,
                "fault": None,
            },
        }

    def edge(self, origin: str, target: str) -> dict[str, t.Any]:
        """The answer about an edge."""
        return next(edge for edge in self.answers[origin]["edges"] if edge["to"] == full(target))

    def fail(self, origin: str, target: str, fault: dict[str, str] | None = None, stage: str = "tls") -> None:
        """Let an edge fail."""
        self.edge(origin, target).update(ok=False, stage=stage, fault=fault or EXPIRED, cipher=None, tls_version=None)

    def certify(self, host: str, days: float, good_for: float = 800, authority_days: float = 3000) -> None:
        """Let a host say which certificate it has, with so many days left, and its peers that they were shown it; all of them have one CA."""
        authority = _certificate("CN=Erlang CA", "CN=Erlang CA", "ca", authority_days, 3650)
        own = _certificate("CN=" + full(host), "CN=Erlang CA", host, days, good_for)
        sides = ("server", "client")
        self.answers[host]["facts"] = {"certificates": {side: [own] for side in sides}, "trust": {side: [authority] for side in sides}}
        for name, answer in self.answers.items():
            for one in answer.get("edges", ()):
                if name != host and one["to"] == full(host):
                    one["certificate_digest"] = host

    def build(self) -> model.Report:
        """The report."""
        question = model.Question(self.topology, self.asked, self.outsiders, self.walls, self.check_mode, "1.0.0")
        return model.build(question, self.answers, NOW)


def _certificate(subject: str, issuer: str, digest: str, days: float, good_for: float) -> dict[str, t.Any]:
    ends = NOW.timestamp() + days * 86400
    times = {"not_before": round(ends - good_for * 86400), "not_after": round(ends)}
    return {
        "subject": subject,
        "issuer": issuer,
        "subject_key": digest,
        "authority_key": "ca",
        "digest": digest,
        "serial": "1f2e3d4c",
        **times,
    }


def edge(origin: str, target: str, position: int = 0) -> dict[str, t.Any]:
    """An EDGE in which all is well."""
    return {
        "from": full(origin),
        "to": full(target),
        "ok": True,
        "stage": "cookie",
        "address": "198.18.1.1",
        "port": 4370,
        "tls_version": "TLSv1.3",
        "cipher": "TLS_AES_256_GCM_SHA384",
        "certificate_days_left": 89.9,
        "certificate_subject": "CN=%s.example.net" % target,
        "peer_name": full(target),
        "peer_otp": None,
        "milliseconds": {
            "resolve": 0.1,
            "connect": 0.4,
            "tls": 3.1,
            "handshake": 0.9,
            "round_trip": 0.4,
            "total": 4.9 + position,
        },
        "fault": None,
    }


def wall(
    origin: str,
    target: str,
    kind: str,
    stage: str = "tls",
    detail: str = "closed the connection",
    held: bool | None = True,
) -> dict[str, t.Any]:
    """A WALL."""
    return {"from": origin, "to": full(target), "wall": kind, "held": held, "stage": stage, "detail": detail}
