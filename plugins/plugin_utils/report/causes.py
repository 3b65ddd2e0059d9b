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
import datetime
import re
import statistics
import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import listed
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import certificate, diagnosis
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.fault_entry import Symptom
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.node_name import parsed
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.running import strangers
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.tls_names import VERSIONS, Lists, unshared
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report import merging
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.grouping import Group, Pair, groups
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.merging import Fault
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.wording import node_name

Answer = t.Mapping[str, t.Any]

SETTLING = 10.0
"""Seconds after its start in which a node's connections need not be known on both sides."""

MAJORS_APART = 2
"""Major releases of OTP that nodes may be apart (System Principles, "Compatibility")."""

CLOCKS_APART = 900.0
"""Seconds that the clock of a host may differ before it is held responsible for times that do not fit: an answer may be
that old when it is read.
"""

NETWORK = (
    "connection-filtered",
    "connection-no-route",
    "connection-failed",
    "dropped-on-the-way",
    "epmd-filtered",
    "epmd-unreachable",
)
"""Faults of the way between two hosts, of which one may show on many edges."""

MOST_STRANGERS = 8
"""Most nodes that are no members of which each is a fault of its own; those beyond are one."""

FILTERS = ("dropped-by-own-filter", "dropped-by-peer-filter")
"""Faults of one host's packet filter: for its own connections, and for those of its peers."""

EITHER_END = (
    "tls-timeout",
    "tls-closed",
    "tls-failed",
    "tls-alert",
    "handshake-closed",
    "handshake-timeout",
    "cookie-timeout",
    "server-certificate-invalid",
    "client-certificate-refused",
    "client-certificate-required",
)
"""Faults that may come from either end of an edge: if one host has them with several others, they come from that host."""

SAME_FILE = ("expired", "not-yet-valid", "unknown-ca", "common-name-only", "name", "revoked")
"""What is wrong with a certificate on both sides of a connection, if it is the same certificate."""

TIMES = ("expired", "not-yet-valid")
"""What depends on the clock of the host that looks at a certificate."""

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
    of the host where the remedy is, None where it is between hosts. What has one cause is the same FAULT wherever it shows.

    ``silent`` are the faults of hosts that were asked and gave no answer; ``now`` is the time by the controller's clock. ``leaving`` are names of
    nodes that may still be there.
    """

    def __init__(
        self,
        topology: t.Mapping[str, t.Any],
        answers: t.Mapping[str, Answer],
        watched: t.Mapping[str, Answer] | None = None,
        silent: t.Mapping[str, Fault] | None = None,
        now: datetime.datetime | None = None,
        leaving: t.Collection[str] = (),
    ) -> None:
        self._silent, self._now, self._leaving = silent or {}, now, set(leaving)
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
        self.edges = {pair: self._placed(edge["fault"], *pair) for pair, edge in self._probed.items() if not edge["ok"]}
        self.hosts: dict[str, list[Fault]] = {
            name: [self._placed(finding, name, name) for finding in answer.get("findings") or ()] for name, answer in self._answers.items()
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
            self._silent_hosts,
            self._shared_ways,
            self._filters,
            self._clocks,
            self._authorities,
            self._unknown_authorities,
            self._unshared_lists,
            self._odd_ones,
            self._either_end,
            self._excess,
            self._releases,
            self._net_ticktimes,
            self._hidden_nodes,
            self._strangers,
            self._one_sided,
            self._consequences,
            self._both_sides,
            self._merge,
        ):
            step()

    def _host_part(self, name: str) -> str:
        return parsed(str(self._nodes[name]["node"])).host

    def _placed(self, fault: t.Mapping[str, t.Any] | None, origin: str, target: str) -> Fault:
        """A fault of a module's result as one of the report: the host by its inventory name."""
        if not fault:
            return dict(UNEXPLAINED, host=origin)
        host = next((name for name in (target, origin) if self._host_part(name) == fault.get("host")), None)
        return merging.taken(fault, host)

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

    def _merged(self, faults: t.Sequence[Fault], **changes: t.Any) -> Fault:
        """One fault of several with the same id; ``changes`` are what is not as in the first of them."""
        first = dict(faults[0], **changes)
        if "owner" not in first and first["host"] is not None:
            first["owner"] = self._host_part(first["host"])
        return merging.merged(first, faults)

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
        shown = {one["digest"]: name for name in self._answers for one in (self._facts(name).get("certificates") or {}).get("server") or ()}
        for origin, target in self._failing("server-certificate-name"):
            answered = shown.get(self._probed[origin, target].get("certificate_digest"))
            if answered not in (None, target):
                detail = "it shows the certificate of %s" % self._host_part(str(answered))
                self.edges[origin, target] = self._fault(Symptom("mesh", "certificate", "other-node"), origin, target, detail=detail)

    def _silent_edges(self) -> None:
        """Nothing came back: the way back may be missing, or somebody dropped packets."""
        for origin, target in self._failing("connection-filtered"):
            back = self.edges.get((target, origin))
            if back is not None and back["id"] == "connection-no-route":
                self.edges[origin, target] = back
                continue
            found = self._dropped_at(origin, target)
            if found is not None:
                code, detail = found
                fault = self._fault(Symptom("mesh", "traffic", code), origin, target, detail=detail)
                self.edges[origin, target] = dict(fault, code=code)

    def _dropped_at(self, origin: str, target: str) -> tuple[str, str] | None:
        """Where the packets of an edge end, from what both hosts saw at their interfaces."""
        here, there = self._watched.get(origin, {}).get("sent"), self._watched.get(target, {}).get("arrived")
        edge = self._probed[origin, target]
        sent = [seen for seen in here or () if (seen["address"], seen["port"]) == (edge["address"], edge["port"])]
        if here is None:
            return None
        if not any(seen["asked"] for seen in sent):
            return "not-sent", "no packet of them leaves its interface"
        sources = set(self._nodes[origin].get("sources") or ()) | set(self._nodes[origin].get("addresses") or ())
        arrived = [seen for seen in there or () if seen["address"] in sources]
        asked = sum(seen["asked"] for seen in sent)
        answered = sum(seen["answered"] for seen in sent)
        # A host repeats its answer for a minute, so that a single one may be to a connection of before.
        if answered and (answered >= asked or any(seen["asked"] for seen in arrived)):
            return "answer-dropped", "answers arrive at its interface, and do not get through"
        if there is None:
            return None
        if not any(seen["asked"] for seen in arrived):
            return "not-arrived", "they leave %s, and do not arrive at %s" % (
                self._host_part(origin), self._host_part(target),
            )  # fmt: skip
        if any(seen["answered"] for seen in arrived):
            return "answer-lost", "%s answers, and the answers do not arrive at %s" % (
                self._host_part(target), self._host_part(origin),
            )  # fmt: skip
        return "not-answered", "they arrive at its interface, and nothing answers"

    def _silent_hosts(self) -> None:
        """A host that gave no answer, and that nobody gets through to, is down: that is one fault."""
        for name, fault in self._silent.items():
            into = [pair for pair in self._probed if pair[1] == name]
            if into and set(into) <= set(self._failing(*NETWORK)):
                self.edges.update(dict.fromkeys(into, fault))

    def _shared_ways(self) -> None:
        """Edges that a router, a firewall or the network of one host keeps from working have one fault."""
        left = dict.fromkeys(self._failing(*NETWORK))
        nowhere = self._without_a_way()
        for name in nowhere:
            out = [pair for pair in left if pair[0] == name]
            back = [pair for pair in left if pair[1] == name and pair[0] not in nowhere]
            self._share([*out, *back], out)
            left = {pair: None for pair in left if pair not in out and pair not in back}
        for group in groups(left, self._probed):
            self._share_way(group)

    def _without_a_way(self) -> list[str]:
        """Hosts that have no way to any other, while others have one."""
        out: dict[str, list[bool]] = collections.defaultdict(list)
        for pair in self._probed:
            out[pair[0]].append(self.edges.get(pair, UNEXPLAINED)["id"] == "connection-no-route")
        found = [name for name, none in out.items() if len(none) > 1 and all(none)]
        return found if len(found) < len(out) or len(out) < len(self._nodes) else []

    def _share(self, pairs: t.Sequence[Pair], evidence: t.Sequence[Pair]) -> None:
        """Give edges the fault that some of them show."""
        fault = self._merged([self.edges[pair] for pair in evidence])
        self.edges.update(dict.fromkeys(pairs, fault))

    def _share_way(self, group: Group) -> None:
        """Give edges that do not come from a host without a way out the fault of the way that they have in common."""
        away = [pair for pair in group.pairs if pair[0] == group.centre and self.edges[pair]["id"] == "connection-no-route"]
        if away and len(group.pairs) > 1:
            back = [pair for pair in group.pairs if (pair[1], pair[0]) in away]
            self._share([*away, *back], away)
            for part in groups((pair for pair in group.pairs if pair not in (*away, *back)), self._probed):
                self._share_way(part)
            return
        if len(group.pairs) == 1:
            return
        rank = ("dropped-on-the-way", "connection-no-route")
        ids = [self.edges[pair]["id"] for pair in group.pairs]
        name = next((name for name in rank if name in ids), ids[0])
        evidence = [self.edges[pair] for pair in group.pairs if self.edges[pair]["id"] == name]
        if name == "connection-no-route" and group.centre and len(evidence) == len(group.pairs) > 1:
            found = [
                self._fault(Symptom("mesh", "way", "none"), origin, target, detail=self.edges[origin, target]["names"].get("detail"))
                for origin, target in group.pairs
            ]
            fault = self._merged(found)
        else:
            sides = [[self._host_part(name) for name in side] for side in group.sides]
            codes = {seen["code"] for seen in evidence if seen.get("code")}
            fault = merging.between(self._merged(evidence, host=None), sides, group.direction, codes)
        self.edges.update(dict.fromkeys(group.pairs, fault))

    def _filters(self) -> None:
        """A packet filter that drops what its host sends as well as what arrives there is one fault."""
        for name in self._nodes:
            mine = [pair for pair in self._failing(*FILTERS) if self.edges[pair]["host"] == name]
            if {self.edges[pair]["id"] for pair in mine} == set(FILTERS):
                found = [
                    self._fault(
                        Symptom("mesh", "traffic", "both-ways"), pair[0], pair[1],
                        own_host=self._host_part(name), host=self._host_part(name), detail=self.edges[pair]["names"].get("detail"),
                    )
                    for pair in mine
                ]  # fmt: skip
                self.edges.update(zip(mine, (dict(one, host=name) for one in found), strict=True))

    def _offsets(self) -> dict[str, float]:
        """How many seconds the clock of each host is ahead of the others': of the controller's, unless that one is odd."""
        times = {name: self._facts(name).get("time") for name in self._answers}
        known = {name: float(time) for name, time in times.items() if isinstance(time, (int, float))}
        if not known or self._now is None:
            return {}
        right = self._now.timestamp()
        if len(known) > 2 and sum(abs(time - right) > CLOCKS_APART for time in known.values()) * 2 > len(known):
            right = statistics.median(known.values())
        return {name: time - right for name, time in known.items()}

    def _clocks(self) -> None:
        """Certificates that are out of time for a host alone whose clock is wrong are right."""
        wrong = {name: ahead for name, ahead in self._offsets().items() if abs(ahead) > CLOCKS_APART}
        self._clocks_of_others()
        for name, ahead in wrong.items():
            detail = "it is %s %s" % (_time_span(abs(ahead)), "ahead" if ahead > 0 else "behind")
            fault = self._fault(Symptom("mesh", "clock", "wrong"), name, name, detail=detail)
            self._blame(fault, name)

    def _clocks_of_others(self) -> None:
        """A host that was not asked, and takes a certificate for out of time that is not, has its clock wrong."""
        now = self._now.timestamp() if self._now else None
        for pair, fault in self.edges.items():
            owner, verifier = pair if fault["host"] == pair[0] else (pair[1], pair[0])
            shown = [one for side in (self._facts(owner).get("certificates") or {}).values() for one in side]
            if now is None or not _out_of_time(fault) or verifier in self._answers or not shown:
                continue
            if all(float(one.get("not_before") or now) <= now <= float(one.get("not_after") or now) for one in shown):
                detail = "it refuses that of %s, which is good until %s" % (
                    self._host_part(owner), _day(min(float(one.get("not_after") or now) for one in shown)),
                )  # fmt: skip
                self.edges[pair] = self._fault(Symptom("mesh", "clock", "wrong"), verifier, verifier, detail=detail)

    def _blame(self, fault: Fault, name: str) -> None:
        """Make a fault the cause of certificates out of time on all edges of a host, and at the host."""
        for pair, found in self.edges.items():
            if name in pair and _out_of_time(found):
                self.edges[pair] = fault
        own = self.hosts.get(name, [])
        if any(_out_of_time(found) for found in own):
            own[:] = [fault, *(found for found in own if not _out_of_time(found))]
        if name in self.nodes and _out_of_time(self.nodes[name]):
            self.nodes[name] = fault

    def _authorities(self) -> None:
        """A CA that is out of time makes every certificate that it issued be refused where it is trusted."""
        if self._now is None:
            return
        now, met = self._now.timestamp(), {}
        for name in self._answers:
            bundles = self._facts(name).get("trust") or {}
            old = [one for bundle in bundles.values() for one in bundle if float(one.get("not_after") or now) < now]
            good = {one["subject"] for bundle in bundles.values() for one in bundle if one not in old}
            old = [one for one in old if one["subject"] not in good]
            if old:
                met[name] = "%s ended on %s" % (old[0]["subject"], _day(float(old[0]["not_after"])))
        found = [self._fault(Symptom("mesh", "authority", "expired"), name, name, detail=detail) for name, detail in met.items()]
        for name, fault in zip(met, found, strict=True):
            everywhere = len(found) == len(self._answers) and len(self._nodes) > 1
            shared = self._merged(found, host=None) if everywhere else fault
            self._blame(shared, name)
            self.hosts[name][:] = [one for one in self.hosts[name] if one["id"] != "trust-unknown-ca"]

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
                if shows and self._shown_by_another(pair):
                    continue
                if self._generally_trusted(shower, side) or self._trusts_nobody(verifier, trusts):
                    names = {"detail": "they are of %s" % self._issuer(shower, side)}
                    self.edges[pair] = self._fault(Symptom("mesh", "trust", "unknown-ca"), verifier, shower, **names)

    def _shown_by_another(self, pair: Pair) -> bool:
        """Whether the certificate that was met on an edge is another one than the host behind it has."""
        met = self._probed[pair].get("certificate_digest")
        shown = (self._facts(pair[1]).get("certificates") or {}).get("server") or ()
        return bool(met and shown) and met not in {one["digest"] for one in shown}

    def _trusts_nobody(self, name: str, end: int) -> bool:
        """Whether a host refuses the certificates of several others, and of all that it was tried with as that end of an edge."""
        tried = [pair for pair in self._probed if pair[end] == name]
        met = [pair for pair in tried if pair in self.edges and _problem(self.edges[pair]) == "unknown-ca"]
        return len(met) > 1 and len(met) == len(tried)

    def _issuer(self, name: str, side: str) -> str:
        shown = (self._facts(name).get("certificates") or {}).get(side) or ()
        seen = [edge.get("certificate_issuer") for (_from, to), edge in self._probed.items() if to == name]
        return str(shown[0]["issuer"]) if shown else next((str(issuer) for issuer in seen if issuer), "another CA")

    def _generally_trusted(self, name: str, side: str) -> bool:
        """Whether most hosts hold the CA that issued a host's certificate."""
        shown = (self._facts(name).get("certificates") or {}).get(side) or ()
        other = "client" if side == "server" else "server"
        bundles = [(self._facts(host).get("trust") or {}).get(other) or [] for host in self._answers]
        if not shown:
            return False
        holding = sum(any(_issued(shown[0], authority) for authority in bundle) for bundle in bundles)
        return holding * 2 >= len(bundles)

    def _unshared_lists(self) -> None:
        """Nodes whose options of TLS have no cipher, group or signature algorithm in common do not connect, whatever comes of an
        attempt of ours: Python cannot restrict itself to all of these lists.
        """
        for origin, target in self._probed:
            fault = self.edges.get((origin, target))
            if origin != target and (fault is None or self._shown_in(fault)) and self._lacking(origin, target):
                self.edges[origin, target] = self._fault(SHARED["tls-no-shared-cipher"], origin, target, detail="")

    @staticmethod
    def _shown_in(fault: Fault) -> bool:
        """Whether a fault of an edge is how nodes that share no list show."""
        return fault["id"] in ("tls-no-shared-cipher", "tls-closed", "tls-alert", "tls-failed")

    def _lacking(self, origin: str, target: str) -> str | None:
        """What the client's side of one node and the server's side of another do not share, but for a version; None if nothing is known."""
        mine, theirs = self._lists_of(origin, "client"), self._lists_of(target, "server")
        lacks = unshared(mine, theirs) if mine.versions and theirs.versions else None
        return None if lacks == "version" else lacks

    def _lists_of(self, name: str, side: str) -> Lists:
        """What a node takes on a side, as far as its options of TLS say."""
        facts = self._facts(name)
        shown = {python: version for version, python in VERSIONS.items()}
        versions = [shown[version] for version in (facts.get("versions") or {}).get(side) or () if version in shown]
        given = (facts.get("tls") or {}).get(side) or {}
        return Lists(versions, *(given.get(key) for key in ("ciphers", "groups", "signature_algs")))

    def _odd_ones(self) -> None:
        """Of hosts that differ, the one that differs from most is at fault."""
        for name, found in SHARED.items():
            blamed = odd_ones(self._failing(name), self._probed)
            for pair, odd in blamed.items():
                other = pair[0] if pair[1] == odd else pair[1]
                peers = {host for both, host_at_fault in blamed.items() if host_at_fault == odd for host in both} - {odd}
                detail = self._difference(name, odd, sorted(peers))
                self.edges[pair] = self._fault(found, other, odd, detail=detail)

    def _either_end(self) -> None:
        """What one host alone meets with several others comes from that host, and what all meet with all from none of them."""
        for name in EITHER_END:
            for group in groups(self._failing(name), self._probed):
                found = [self.edges[pair] for pair in group.pairs]
                blamed = {fault["host"] for fault in found}
                if len(blamed) < 2 or (group.centre is None and len(group.sides) == 2):
                    continue
                owners = listed(self._host_part(host) for host in blamed if host)
                note = "%s alone meets this, so look there first" % self._host_part(group.centre) if group.centre else ""
                fault = self._merged(found, host=group.centre, owner=owners, note=note)
                self.edges.update(dict.fromkeys(group.pairs, fault))

    def _difference(self, name: str, odd: str, peers: t.Sequence[str]) -> str:
        """What the odd one has, and what its peers have."""
        mine, theirs = self._versions([odd]), self._versions(peers)
        if name == "tls-version" and mine and theirs:
            return "it has %s, and they have %s" % (" and ".join(mine), " and ".join(theirs))
        lists = [(self._lacking(odd, peer) or self._lacking(peer, odd), peer) for peer in peers]
        told = [(lacks, peer) for lacks, peer in lists if lacks]
        if name == "tls-no-shared-cipher" and told:
            kind = {"cipher": "ciphers", "group": "groups", "signature algorithm": "signature_algs"}[told[0][0]]
            have = ((self._facts(host).get("tls") or {}).get("server") or {} for host in (odd, told[0][1]))
            return "its %s are %s, and theirs %s" % (kind, *(listed(each.get(kind) or ("OTP's own",)) for each in have))
        return "they agree with each other"

    def _versions(self, names: t.Iterable[str]) -> list[str]:
        found = ((self._facts(name).get("versions") or {}).get("server") or () for name in names)
        return sorted({str(version) for versions in found for version in versions})

    def _excess(self) -> None:
        """A host may keep silent about a certificate that allows too much; its peers saw it."""
        for (_origin, target), edge in self._probed.items():
            detail = edge.get("certificate_excess") if edge["ok"] else None
            if detail and not any(fault["id"] == "certificate-excess" for fault in self.hosts.get(target, ())):
                found = self._fault(Symptom("host", "certificate", "excess"), target, target, detail=detail)
                self.hosts.setdefault(target, []).append(found)

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
                self.hosts[name].append(self._fault(Symptom("mesh", "net-ticktime", "differs"), name, name, detail=detail))

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
            self.hosts[name].append(self._fault(Symptom("mesh", "connection", "hidden"), name, name, detail="they call it so"))

    def _strangers(self) -> None:
        """Whoever is connected and no node of the cluster is one fault, at all hosts whose nodes tell of it."""
        members = {node["node"] for node in self._nodes.values()} | self._leaving
        seen: dict[tuple[str, bool], list[str]] = {}
        for name in self._answers:
            running = self._running(name)
            told = {"peers": running.get("peers") or (), "hidden_peers": running.get("hidden_peers") or ()}
            for stranger in strangers(told, members).items():
                seen.setdefault(stranger, []).append(name)
        for number, (stranger, names) in enumerate(seen.items()):
            if number < MOST_STRANGERS:
                self._stranger([stranger], names)
        rest = list(seen)[MOST_STRANGERS:]
        if rest:
            self._stranger(rest, list(dict.fromkeys(name for stranger in rest for name in seen[stranger])))

        known = {stranger for stranger, _hidden in seen} | self._leaving
        for faults in self.hosts.values():
            faults[:] = [fault for fault in faults if not _listed_alone(fault, known)]

    def _stranger(self, found: t.Sequence[tuple[str, bool]], names: t.Sequence[str]) -> None:
        """Add the fault of nodes that are no members to the hosts that see them; it is on their own host if that is one of the cluster's."""
        hosts = {self._host_part(name): name for name in self._nodes}
        one, other = names[0], hosts.get(parsed(found[0][0]).host) if len(found) == 1 else None
        peers = listed(str(self._nodes[name]["node"]) for name in names)
        what = "%s%s" % (node_name(found[0][0]), " (hidden)" if found[0][1] else "")
        if len(found) > 1:
            what = "Each of %d more nodes, such as %s," % (len(found), what)
        fault = self._fault(Symptom("mesh", "connection", "stranger"), one, one, detail="%s is connected with %s" % (what, peers))
        for name in names:
            self.hosts[name].append(dict(fault, host=other, id=fault["id"]))

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
                    self.edges[origin, target] = self._fault(Symptom("mesh", "connection", "one-sided"), origin, target)

    def _both_sides(self) -> None:
        """A certificate that a host shows on both sides has one fault, whichever side met it."""
        for pair, fault in self.edges.items():
            self.edges[pair] = self._of_both_sides(fault)
        self.nodes = {name: self._of_both_sides(fault) for name, fault in self.nodes.items()}

    def _of_both_sides(self, fault: Fault) -> Fault:
        found = diagnosis.entry(fault["id"]) if diagnosis.known(fault["id"]) else None
        if found is None or not found.side or found.problem not in SAME_FILE:
            return fault
        shown = self._facts(fault["host"] or "").get("certificates") or {}
        digests = {one["digest"] for of_side in shown.values() for one in of_side}
        return fault if len(digests) > 1 else dict(fault, id=diagnosis.entry_of(Symptom("host", "certificate", found.problem)).id)

    def _consequences(self) -> None:
        """Where a host has a fault that explains what an edge or a node shows, it takes its place."""
        for faults in self.hosts.values():
            explained = {name for fault in faults for name in _explains(fault)}
            faults[:] = [fault for fault in faults if fault["id"] not in explained]
        for pair, fault in self.edges.items():
            self.edges[pair] = self._root(fault, self.hosts.get(fault["host"] or pair[1], ()))
        for name, fault in self.nodes.items():
            met = [other for other in self.edges.values() if other["host"] == name]
            self.nodes[name] = self._root(fault, [*self.hosts.get(name, ()), *met])

    def _merge(self) -> None:
        """What has the same fault at the same host is told once, with everything that it shows in; and what is not known
        because a host was not asked is told.
        """
        shown = [*self.edges.values(), *self.nodes.values(), *(fault for several in self.hosts.values() for fault in several)]
        alike: dict[tuple[str, str | None], list[Fault]] = collections.defaultdict(list)
        for fault in shown:
            if fault["host"] is not None and diagnosis.known(fault["id"]):
                alike[fault["id"], fault["host"]].append(fault)
        merged = {key: self._merged(faults) for key, faults in alike.items()}
        unasked = self._unasked()

        def final(fault: Fault) -> Fault:
            found = merged.get((fault["id"], fault["host"]), fault)
            return merging.finished(found, unasked.get((fault["id"], fault["host"]), ()))

        self.edges = {pair: final(fault) for pair, fault in self.edges.items()}
        self.nodes = {name: final(fault) for name, fault in self.nodes.items()}
        for name, faults in self.hosts.items():
            self.hosts[name] = _different(final(fault) for fault in faults)

    def _unasked(self) -> dict[tuple[str, str | None], list[str]]:
        """The hosts that were not asked and might have told more of a fault, by its id and host."""
        found: dict[tuple[str, str | None], list[str]] = collections.defaultdict(list)
        missing = [name for name in self._nodes if name not in self._answers and name not in self._silent]
        for pair, fault in self.edges.items():
            if fault["id"] in ("connection-no-route", "authority-expired"):
                ends: t.Sequence[str] = missing
            else:
                ends = pair if fault["id"] in (*NETWORK, *FILTERS) else [fault["host"]]
            found[fault["id"], fault["host"]] += [self._host_part(name) for name in missing if name in ends]
        return found

    @staticmethod
    def _root(fault: Fault, others: t.Iterable[Fault]) -> Fault:
        """The first of the other faults of a host that is the same fault, or explains it."""
        return next((one for one in others if one["id"] == fault["id"] or fault["id"] in _explains(one)), fault)


_NODE = re.compile(r"[^\s,;]+@[^\s,;]+")


def of_the_catalogue(code: str, host: str | None, **names: str) -> Fault:
    """The fault of an answer that is none (``none``), or that does not say why an attempt failed (``unexplained``)."""
    entry = diagnosis.entry_of(Symptom("mesh", "answer", code))
    cause, remedy = diagnosis.sentences(entry, {"owner": str(host or "?"), **names})
    return {"id": entry.id, "host": host, "cause": cause, "remedy": remedy}


UNEXPLAINED = of_the_catalogue("unexplained", None)


def odd_ones(clashes: t.Sequence[Pair], tried: t.Collection[Pair] = ()) -> dict[Pair, str]:
    """Return for each pair of hosts that clash which of the two is the odd one: the one with most clashes first, of those
    that have as many the one with fewest pairs, among those ``tried``, in which all is well, and the second of a pair then.
    """
    left = list(dict.fromkeys(clashes))
    well = collections.Counter(name for pair in tried if pair not in clashes for name in pair)
    found: dict[Pair, str] = {}
    while left:
        counts = collections.Counter(name for pair in left for name in pair)
        best = max((counts[name], -well[name]) for name in counts)
        odd = next(name for pair in left for name in reversed(pair) if (counts[name], -well[name]) == best)
        found.update((pair, odd) for pair in left if odd in pair)
        left = [pair for pair in left if odd not in pair]
    return found


def _out_of_time(fault: Fault) -> bool:
    return _problem(fault) in TIMES


def _problem(fault: Fault) -> str:
    """What is wrong with the certificate that a fault is about, empty where it is about none."""
    return diagnosis.entry(fault["id"]).problem if diagnosis.known(fault["id"]) else ""


def _listed_alone(fault: Fault, known: t.Collection[str]) -> bool:
    """Whether a table of peers is wrong in nothing but nodes that are known as connected: one cause, which is told there."""
    names = _NODE.findall(fault["names"].get("detail", "")) if fault["id"] == "table-beyond-cluster" else []
    return bool(names) and set(names) <= set(known)


def _time_span(seconds: float) -> str:
    """Some time in the largest unit of which it has two."""
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return "%d %s" % (seconds // length, unit)
    return "%d seconds" % seconds


def _day(time: float) -> str:
    return datetime.datetime.fromtimestamp(time, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def _different(faults: t.Iterable[Fault]) -> list[Fault]:
    found: list[Fault] = []
    for fault in faults:
        if fault not in found:
            found.append(fault)
    return found


def _issued(shown: t.Mapping[str, t.Any], authority: t.Mapping[str, t.Any]) -> bool:
    return certificate.names_issuer((shown["issuer"], shown["authority_key"]), (authority["subject"], authority["subject_key"]))


def _uptime(running: t.Mapping[str, t.Any]) -> float:
    return float(running.get("uptime") or 0.0)


def _explains(fault: Fault) -> tuple[str, ...]:
    return diagnosis.entry(fault["id"]).explains if diagnosis.known(fault["id"]) else ()
