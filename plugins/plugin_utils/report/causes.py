# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the hosts saw, traced to its causes: which fault, on which host, is behind every edge that fails.

One host sees one end of an edge. Whose cookie is the wrong one, which host resolves a name differently, or where a
packet was dropped comes out when the answers of all hosts are laid side by side. A fault that is a consequence of
another one takes its place nowhere.
"""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils.distribution import diagnosis
from ansible_collections.beam.tls_distribution.plugins.module_utils.distribution.catalogue import Symptom

Answer = t.Mapping[str, t.Any]
Fault = dict[str, t.Any]
Pair = tuple[str, str]

SETTLING = 10.0
"""Seconds after its start in which a node's connections need not be known on both sides."""

MAJORS_APART = 2
"""Major releases of OTP that nodes may be apart (System Principles, "Compatibility")."""

SHARED = {
    "tls-version": Symptom("tls", "alert", "PROTOCOL_VERSION"),
    "tls-no-shared-cipher": Symptom("tls", "alert", "HANDSHAKE_FAILURE"),
    "cookie-mismatch": Symptom("cookie", "closed"),
}
"""Faults of two hosts that differ, and a symptom of each."""


class Causes:
    """The faults of a mesh, by where they show.

    ``edges`` maps an edge (two inventory names) to what keeps it from working, ``hosts`` an inventory name to what is
    wrong with its node, and ``nodes`` one to why its running node could not be asked. A FAULT names the inventory name
    of the host where the remedy is, None where it is between hosts.
    """

    def __init__(
        self,
        topology: t.Mapping[str, t.Any],
        answers: t.Mapping[str, Answer],
        watched: t.Mapping[str, Answer] | None = None,
    ) -> None:
        self._cluster, self._nodes = topology["cluster"], topology["nodes"]
        self._answers = {name: answer for name, answer in answers.items() if name in self._nodes}
        self._watched = watched or {}
        inventory = {node["node"]: name for name, node in self._nodes.items()}
        self._probed: dict[Pair, Answer] = {
            (name, inventory[edge["to"]]): edge
            for name, answer in self._answers.items()
            for edge in answer.get("edges") or ()
            if edge["to"] in inventory
        }
        self.edges = {
            pair: self._placed(edge["fault"], *pair) for pair, edge in self._probed.items() if not edge["ok"]
        }
        self.hosts: dict[str, list[Fault]] = {
            name: [self._placed(finding, name, name) for finding in answer.get("findings") or ()]
            for name, answer in self._answers.items()
        }
        self.nodes = {
            name: self._placed(answer["running"]["fault"], name, name)
            for name, answer in self._answers.items()
            if answer.get("running") and not answer["running"]["ok"]
        }
        for step in (
            self._names_that_differ,
            self._other_nodes,
            self._silent_edges,
            self._unknown_authorities,
            self._odd_ones,
            self._releases,
            self._net_ticktimes,
            self._hidden_nodes,
            self._one_sided,
            self._both_sides,
            self._consequences,
        ):
            step()

    def _host_part(self, name: str) -> str:
        return str(self._nodes[name]["node"]).partition("@")[2]

    def _placed(self, fault: t.Mapping[str, t.Any] | None, origin: str, target: str) -> Fault:
        """A fault of a module's result as one of the report: the host by its inventory name."""
        if not fault:
            return dict(UNEXPLAINED, host=origin)
        host = next((name for name in (target, origin) if self._host_part(name) == fault.get("host")), None)
        return {"id": fault["id"], "host": host, "cause": fault["cause"], "remedy": fault["remedy"]}

    def _fault(self, found: Symptom, origin: str, target: str, **names: t.Any) -> Fault:
        """The fault of a symptom that ``origin`` has towards ``target``."""
        edge = self._probed.get((origin, target), {})
        known = {
            "node": self._nodes[target]["node"],
            "host": self._host_part(target),
            "own_host": self._host_part(origin),
            "address": edge.get("address"),
            "port": edge.get("port"),
            **names,
        }
        return self._placed(diagnosis.explain(found, known).as_result(), origin, target)

    def _failing(self, *ids: str) -> list[Pair]:
        return [pair for pair, fault in self.edges.items() if fault["id"] in ids]

    def _facts(self, name: str) -> t.Mapping[str, t.Any]:
        return self._answers.get(name, {}).get("facts") or {}

    def _running(self, name: str) -> t.Mapping[str, t.Any]:
        running = self._answers.get(name, {}).get("running") or {}
        return running if running.get("ok") else {}

    def _names_that_differ(self) -> None:
        """A host whose connection fails at an address that nobody reaches the peer at has the name wrong."""
        if self._cluster.get("discovery") == "map":
            return
        for origin, target in list(self.edges):
            used = self._probed[origin, target].get("addresses") or []
            good = {
                address
                for (_other, to), edge in self._probed.items()
                if to == target and edge["ok"]
                for address in edge.get("addresses") or ()
            }
            if not good and self._running(target) and not self.hosts.get(target):
                good = set(self._nodes[target].get("addresses") or ())
            if used and good and not good & set(used) and self._probed[origin, target]["stage"] != "resolve":
                detail = ", ".join(sorted(good))
                self.edges[origin, target] = self._fault(
                    Symptom("mesh", "resolve", "differs"), origin, target, address=", ".join(used), detail=detail
                )

    def _other_nodes(self) -> None:
        """A certificate that is another host's own tells who answers instead of the peer."""
        shown = {
            one["digest"]: name
            for name in self._answers
            for one in (self._facts(name).get("certificates") or {}).get("server") or ()
        }
        for origin, target in self._failing("server-certificate-name"):
            answered = shown.get(self._probed[origin, target].get("certificate_digest"))
            if answered not in (None, target):
                detail = "it shows the certificate of %s" % self._host_part(str(answered))
                self.edges[origin, target] = self._fault(
                    Symptom("mesh", "certificate", "other-node"), origin, target, detail=detail
                )

    def _silent_edges(self) -> None:
        """Nothing came back: the way back may be missing, or somebody dropped packets."""
        for origin, target in self._failing("connection-filtered"):
            back = self.edges.get((target, origin))
            if back is not None and back["id"] == "connection-no-route":
                self.edges[origin, target] = back
                continue
            found = self._watch(origin, target)
            if found is not None:
                code, detail = found
                self.edges[origin, target] = self._fault(Symptom("mesh", "watch", code), origin, target, detail=detail)

    def _watch(self, origin: str, target: str) -> tuple[str, str] | None:
        """Where the packets of an edge end, from what both hosts saw at their interfaces."""
        here, there = self._watched.get(origin, {}).get("sent"), self._watched.get(target, {}).get("arrived")
        edge = self._probed[origin, target]
        sent = [seen for seen in here or () if (seen["address"], seen["port"]) == (edge["address"], edge["port"])]
        if here is None:
            return None
        if not any(seen["asked"] for seen in sent):
            return "not-sent", "no packet of them leaves its interface"
        if any(seen["answered"] for seen in sent):
            return "answer-dropped", "answers arrive at its interface, and do not get through"
        if there is None:
            return None
        sources = set(self._nodes[origin].get("sources") or ()) | set(self._nodes[origin].get("addresses") or ())
        arrived = [seen for seen in there if seen["address"] in sources]
        if not any(seen["asked"] for seen in arrived):
            return "not-arrived", "they leave %s, and do not arrive at %s" % (
                self._host_part(origin), self._host_part(target),
            )  # fmt: skip
        if any(seen["answered"] for seen in arrived):
            return "answer-lost", "%s answers, and the answers do not arrive at %s" % (
                self._host_part(target), self._host_part(origin),
            )  # fmt: skip
        return "not-answered", "they arrive at its interface, and nothing answers"

    def _unknown_authorities(self) -> None:
        """Of two hosts one of which does not trust the other's CA, it is the bundle that is wrong if most hosts trust
        that CA, and the certificate if most do not.
        """
        for ids, shows, trusts in (
            ("server-certificate-unknown-ca", 1, 0),
            ("client-certificate-unknown-ca", 0, 1),
        ):
            for pair in self._failing(ids):
                shower, verifier = pair[shows], pair[trusts]
                side = "server" if shows else "client"
                if self._generally_trusted(shower, side):
                    names = {"detail": "they are of %s" % self._issuer(shower, side)}
                    self.edges[pair] = self._fault(
                        Symptom("mesh", "trust", "unknown-ca"), verifier, shower, **names
                    )

    def _issuer(self, name: str, side: str) -> str:
        shown = (self._facts(name).get("certificates") or {}).get(side) or ()
        return str(shown[0]["issuer"]) if shown else "another CA"

    def _generally_trusted(self, name: str, side: str) -> bool:
        """Whether most hosts hold the CA that issued a host's certificate."""
        shown = (self._facts(name).get("certificates") or {}).get(side) or ()
        other = "client" if side == "server" else "server"
        bundles = [(self._facts(host).get("trust") or {}).get(other) or [] for host in self._answers]
        if not shown:
            return False
        holding = sum(any(_issued(shown[0], authority) for authority in bundle) for bundle in bundles)
        return holding * 2 >= len(bundles)

    def _odd_ones(self) -> None:
        """Of hosts that differ, the one that differs from most is at fault."""
        for name, found in SHARED.items():
            blamed = odd_ones(self._failing(name))
            for pair, odd in blamed.items():
                other = pair[0] if pair[1] == odd else pair[1]
                peers = {host for both, host_at_fault in blamed.items() if host_at_fault == odd for host in both} - {odd}
                detail = self._difference(name, odd, sorted(peers))
                self.edges[pair] = self._fault(found, other, odd, detail=detail)

    def _difference(self, name: str, odd: str, peers: t.Sequence[str]) -> str:
        """What the odd one has, and what its peers have."""
        mine, theirs = self._versions([odd]), self._versions(peers)
        if name == "tls-version" and mine and theirs:
            return "it has %s, and they have %s" % (" and ".join(mine), " and ".join(theirs))
        return "they agree with each other"

    def _versions(self, names: t.Iterable[str]) -> list[str]:
        found = ((self._facts(name).get("versions") or {}).get("server") or () for name in names)
        return sorted({str(version) for versions in found for version in versions})

    def _releases(self) -> None:
        """Nodes whose OTP releases are further apart than OTP warrants and that are not connected: ours speaks with either."""
        releases = {
            name: int(str(self._running(name).get("otp_release")))
            for name in self._answers
            if str(self._running(name).get("otp_release") or "").isdigit()
        }
        far = [
            (one, other)
            for one in releases
            for other in releases
            if abs(releases[one] - releases[other]) > MAJORS_APART and not self._connected(one, other)
        ]
        for pair, odd in odd_ones(far).items():
            other = pair[0] if pair[1] == odd else pair[1]
            detail = "it runs OTP %d, and its peers up to %d" % (
                releases[odd],
                max((release for name, release in releases.items() if name != odd), key=lambda r: abs(r - releases[odd])),
            )
            self.edges[pair] = self._fault(Symptom("mesh", "otp", "far-apart"), other, odd, detail=detail)

    def _connected(self, one: str, other: str) -> bool:
        """Whether the running nodes of two hosts both say that they are."""
        return all(
            self._nodes[far]["node"] in (*self._running(near).get("peers", ()), *self._running(near).get("hidden_peers", ()))
            for near, far in ((one, other), (other, one))
        )

    def _net_ticktimes(self) -> None:
        """Every node has to run with the cluster's net_ticktime."""
        wanted = self._cluster.get("net_ticktime")
        for name in self._answers:
            ticktime = self._running(name).get("net_ticktime")
            if wanted is not None and isinstance(ticktime, int) and ticktime != wanted:
                detail = "it is %d seconds there, and %d in the cluster" % (ticktime, wanted)
                self.hosts[name].append(
                    self._fault(Symptom("mesh", "net-ticktime", "differs"), name, name, detail=detail)
                )

    def _hidden_nodes(self) -> None:
        """Both ends of a connection call it hidden if one of the nodes hides."""
        pairs = [
            (origin, target)
            for origin in self._answers
            for target in self._answers
            if self._nodes[target]["node"] in self._running(origin).get("hidden_peers", ())
        ]
        told = {name for name in self._answers if self._facts(name).get("hidden")}
        clear = [pair for pair in pairs if told & set(pair)]
        odd = {name for pair in clear for name in pair if name in told}
        for name in sorted(odd | set(odd_ones([pair for pair in pairs if pair not in clear]).values())):
            self.hosts[name].append(
                self._fault(Symptom("mesh", "connection", "hidden"), name, name, detail="they call it so")
            )

    def _one_sided(self) -> None:
        """A connection that one running node alone knows of.

        A node that has lost one peer parts with others as well (kernel, ``prevent_overlapping_partitions``), so that
        nothing is made of the connections of nodes whose edges fail.
        """
        troubled = {name for pair in self.edges for name in pair} | set(self.nodes)
        for origin in self._answers:
            for target in self._answers:
                mine, theirs = self._running(origin), self._running(target)
                me, them = self._nodes[origin]["node"], self._nodes[target]["node"]
                if origin == target or not mine or not theirs or {origin, target} & troubled:
                    continue
                settled = min(_uptime(mine), _uptime(theirs)) >= SETTLING
                hidden = me in theirs.get("hidden_peers", ())
                if them in mine.get("peers", ()) and me not in theirs.get("peers", ()) and settled and not hidden:
                    self.edges[origin, target] = self._fault(
                        Symptom("mesh", "connection", "one-sided"), origin, target
                    )

    def _both_sides(self) -> None:
        """A certificate that is refused on both sides has one fault, not two."""
        seen: dict[tuple[str, str | None], dict[str, Fault]] = collections.defaultdict(dict)
        for fault in self.edges.values():
            side, mark, problem = fault["id"].partition("-certificate-")
            if mark and diagnosis.known("certificate-" + problem):
                seen[problem, fault["host"]].setdefault(side, fault)
        for pair, fault in self.edges.items():
            problem = fault["id"].partition("-certificate-")[2]
            sides = seen.get((problem, fault["host"]), {})
            if len(sides) == 2:
                self.edges[pair] = dict(sides["server"], id="certificate-" + problem)

    def _consequences(self) -> None:
        """Where a host has a fault that explains what an edge or a node shows, it takes its place."""
        for faults in self.hosts.values():
            explained = {name for fault in faults for name in _explains(fault)}
            faults[:] = [fault for fault in faults if fault["id"] not in explained]
        for pair, fault in self.edges.items():
            self.edges[pair] = self._root(fault, self.hosts.get(fault["host"] or "", ()))
        for name, fault in self.nodes.items():
            met = [other for other in self.edges.values() if other["host"] == name]
            self.nodes[name] = self._root(fault, [*self.hosts.get(name, ()), *met])

    @staticmethod
    def _root(fault: Fault, others: t.Iterable[Fault]) -> Fault:
        """The first of the other faults of a host that is the same fault, or explains it."""
        return next((one for one in others if one["id"] == fault["id"] or fault["id"] in _explains(one)), fault)


UNEXPLAINED: Fault = {
    "id": "unexplained",
    "host": None,
    "cause": "The attempt failed, and the host did not say why.",
    "remedy": "Run the verification again with -vvv.",
}


def odd_ones(clashes: t.Sequence[Pair]) -> dict[Pair, str]:
    """Return for each pair of hosts that clash which of the two is the odd one: the one with most clashes first, of two
    that have as many the second of a pair.
    """
    left = list(dict.fromkeys(clashes))
    found: dict[Pair, str] = {}
    while left:
        counts = collections.Counter(name for pair in left for name in pair)
        most = max(counts.values())
        odd = next(name for pair in left for name in reversed(pair) if counts[name] == most)
        found.update((pair, odd) for pair in left if odd in pair)
        left = [pair for pair in left if odd not in pair]
    return found


def _issued(shown: t.Mapping[str, t.Any], authority: t.Mapping[str, t.Any]) -> bool:
    keys = {shown["authority_key"], authority["subject_key"]}
    return shown["issuer"] == authority["subject"] and (len(keys) == 1 or "" in keys)


def _uptime(running: t.Mapping[str, t.Any]) -> float:
    return float(running.get("uptime") or 0.0)


def _explains(fault: Fault) -> tuple[str, ...]:
    return diagnosis.entry(fault["id"]).explains if diagnosis.known(fault["id"]) else ()
