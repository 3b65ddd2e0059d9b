# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that hold everything that is compared, and what hosts would say of faults in them."""

from __future__ import annotations

import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import diagnosis
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.fault_entry import Symptom
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report import model
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.causes import Causes
from ansible_collections.beam.tls_distribution.tests.unit.plugins.plugin_utils.report.mesh import NOW, Mesh, full, names

ADDRESSES = {name: "198.18.1.%d" % number for count in (4, 5, 16) for number, name in enumerate(names(count), 1)}
YEAR = 365 * 86400.0


def host_part(name: str) -> str:
    """The host part of a node name."""
    return name + ".example.net"


def fault(symptom: Symptom, origin: str, target: str, detail: str = "so it is") -> dict[str, t.Any]:
    """The fault that a host tells of a symptom."""
    names = {
        "own_host": host_part(origin),
        "host": host_part(target),
        "node": full(target),
        "address": ADDRESSES[target],
        "port": 4370,
        "epmd_port": 4369,
        "timeout": "5",
        "detail": detail,
    }
    return dict(diagnosis.explain(symptom, names).as_result())


class Traced(Mesh):
    """A mesh whose answers hold everything that is compared."""

    def __init__(self, count: int = 4, outsiders: t.Sequence[str] = ("mallory",)) -> None:
        super().__init__(count, outsiders)
        self.watched: dict[str, t.Any] = {}
        self.topology["cluster"]["net_ticktime"] = 60
        for name in self.names:
            self.topology["nodes"][name].update(addresses=[ADDRESSES[name]], sources=[ADDRESSES[name]])
            validity = {"not_before": NOW.timestamp() - YEAR / 4, "not_after": NOW.timestamp() + YEAR / 4}
            certificate = {"subject": name, "issuer": "CN=ca", "authority_key": "1", "subject_key": "", "digest": name, **validity}
            trusted = {"subject": "CN=ca", "issuer": "CN=ca", "authority_key": "", "subject_key": "1", "digest": "ca", **validity}
            self.answers[name]["running"].update(net_ticktime=60, hidden_peers=[])
            self.answers[name].update(
                findings=[],
                facts={
                    "time": NOW.timestamp(),
                    "certificates": {"server": [certificate], "client": [dict(certificate)]},
                    "trust": {"server": [trusted], "client": [dict(trusted)]},
                    "versions": {"server": ["TLSv1.3"], "client": ["TLSv1.3"]},
                    "hidden": False,
                },
            )
            for other in self.names:
                if other != name:
                    self.edge(name, other).update(address=ADDRESSES[other], addresses=[ADDRESSES[other]])

    def meets(self, origin: str, target: str, symptom: Symptom, **changes: t.Any) -> None:
        """Let an edge fail with a symptom."""
        self.edge(origin, target).update(ok=False, fault=fault(symptom, origin, target), stage=symptom.stage, **changes)

    def finds(self, name: str, symptom: Symptom) -> None:
        """Let a host find something at its own node."""
        self.answers[name]["findings"].append({**fault(symptom, name, name), "peer": None})

    def causes(self) -> Causes:
        """What is traced of the hosts that answered."""
        return Causes(self.topology, self.answers, self.watched, now=NOW)

    def build(self) -> model.Report:
        """The report."""
        question = model.Question(self.topology, self.asked, self.outsiders, self.walls)
        return model.build(question, self.answers, NOW, self.watched)

    def entries(self) -> list[dict[str, t.Any]]:
        """The faults of the report."""
        faults: list[dict[str, t.Any]] = self.build()["faults"]
        return faults

    def edge_faults(self) -> dict[tuple[str, str], dict[str, t.Any]]:
        """The faults of the edges of the report that failed."""
        return {(edge["from"], edge["to"]): edge["fault"] for edge in self.build()["edges"] if edge["state"] == "failed"}

    def traced(self) -> dict[t.Any, tuple[str, str | None]]:
        """The faults by where they show."""
        found = self.causes()
        shown: dict[t.Any, tuple[str, str | None]] = {pair: (one["id"], one["host"]) for pair, one in found.edges.items()}
        shown.update({name: (one["id"], one["host"]) for name, several in found.hosts.items() for one in several})
        return shown


def seen(address: str, asked: int, answered: int) -> dict[str, t.Any]:
    """What a host saw of connections with a far end."""
    return {"address": address, "port": 4370, "asked": asked, "answered": answered}
