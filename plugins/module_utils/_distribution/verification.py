# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything one host proves about its cluster: its edges, the walls of every node, what its own running node says,
and what it finds wrong with that node without asking it.
"""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, Callable, NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import (
    diagnosis,
    findings,
    options,
    probe,
    running,
    side_by_side,
    wall_attempts,
    walls,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.fault_entry import Symptom
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.network import Network, Peer
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.prober import Prober
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.wall_attempts import WrongCredentials

PAUSE = 0.25
"""Seconds between two tries of what failed."""

LONGEST_RETRY = 600.0
"""Seconds, whatever the option says."""


Job = tuple[Callable[[Any], None], Callable[[], Any]]
"""Where a result is kept, and what brings it about."""


class Task(NamedTuple):
    """What a host has to prove.

    ``origin`` is what the host is called in walls. ``peers`` are the other nodes; ``own`` is the node of this host, or
    None for a host that is no peer; ``walls_at`` are the nodes whose walls of the inside are tried, None for all;
    ``node`` is what its files say. ``retry_seconds`` bound how long what failed for a reason that may pass is tried
    again.
    """

    origin: str
    own: Peer | None
    peers: Sequence[Peer]
    walls: Sequence[str]
    wrong: WrongCredentials
    epmd_port: int
    ask_running: bool
    retry_seconds: float
    reset_counts: bool = False
    walls_at: Collection[str] | None = None
    node: findings.OwnNode | None = None


class Verification:
    """Runs a task; every round tries, side by side, what is not settled yet."""

    def __init__(self, task: Task, prober: Prober | None, network: Network) -> None:
        self.task = task
        self.prober = prober
        self.network = network
        self.edges: dict[str, probe.Edge] = {}
        self.outcomes: dict[tuple[str, str], wall_attempts.Outcome] = {}
        self.running: dict[str, Any] | None = None
        self._findings: list[findings.Finding] | None = None
        self._targets = [*task.peers, *([task.own] if task.own else [])]
        self._own_name = task.own.node if task.own else ""

    def run(self) -> dict[str, Any]:
        """Return ``node``, ``edges``, ``walls``, ``running``, ``findings`` and ``facts`` of the module's result."""
        end = time.monotonic() + self.task.retry_seconds
        self._round()
        while not self._settled() and time.monotonic() < end:
            time.sleep(PAUSE)
            self._round()
        return self._result()

    def _round(self) -> None:
        """Try everything that is not settled, and keep what came of it.

        Edges come before walls: a wall says something only of a node that a correct connection reaches, and the times
        of the edges are not those of a crowd. Beside the walls, which mostly wait for what is dropped, the own node is looked at.
        """
        self._do(self._edge_jobs())
        self._fill_edges()
        # Before there are threads, as it is done by a child process.
        self._try_as_local_account()
        look = None if any(self._may_pass(peer) for peer in self._targets) else side_by_side.start(self._look)
        self._do(self._wall_jobs())
        self._findings = look() if look is not None else None
        self._fill_walls()

    def _look(self) -> list[findings.Finding]:
        """Find what is wrong with the own node, without asking it."""
        node, now = self.task.node, datetime.now(timezone.utc)
        return node.findings([peer.node for peer in self.task.peers], now) if node else []

    def _edge_jobs(self) -> list[Job]:
        jobs: list[Job] = []
        if self.prober is not None:
            for peer in self._targets:
                if self._may_pass(peer):
                    jobs.append((self._keeper(self.edges, peer.node), self._edge_job(self.prober, peer)))
        if self._wants_running():
            jobs.append((self._keep_running, self._ask_running))
        return jobs

    def _wall_jobs(self) -> list[Job]:
        return [
            (self._keeper(self.outcomes, (peer.node, wall)), self._wall_job(peer, wall))
            for peer in self._targets
            for wall in self._open_walls(peer)
            if wall not in walls.LOCAL and (wall in walls.OUTSIDE or self.edges[peer.node].fault is None)
        ]

    def _try_as_local_account(self) -> None:
        """Try what an account without business must not reach: each node where a correct connection just got through."""
        if self.task.node is None:
            return
        peers = [peer for peer in self._targets for wall in self._open_walls(peer) if wall in walls.LOCAL]
        reached = [(peer, self.edges[peer.node]) for peer in peers if self.edges[peer.node].fault is None]
        places = [(str(edge.result["address"]), int(edge.result["port"])) for _peer, edge in reached]
        for (peer, _edge), (address, port), ended in zip(reached, places, self.task.node.host.connect_as_nobody(places)):
            outcome = wall_attempts.local_account("port %d of %s" % (port, address), ended)
            self.outcomes[peer.node, walls.LOCAL[0]] = outcome

    def _do(self, jobs: Sequence[Job]) -> None:
        """Do the jobs side by side, and hand every result that came in time to its keeper."""
        timeout = self.prober.timeout if self.prober else wall_attempts.FILTER_SECONDS
        results = side_by_side.run([job for _keep, job in jobs], probe.bound(len(jobs), timeout))
        for (keep, _job), result in zip(jobs, results):
            if result is not None:
                keep(result)

    def _settled(self) -> bool:
        edges = self.prober is None or not any(self._may_pass(peer) for peer in self._targets)
        return edges and not self._wants_running() and not any(self._open_walls(peer) for peer in self._targets)

    def _may_pass(self, peer: Peer) -> bool:
        """Tell whether the edge to peer is untried, or failed for a reason that may pass."""
        edge = self.edges.get(peer.node)
        return edge is None or (edge.fault is not None and edge.fault.transient)

    def _wants_running(self) -> bool:
        if not self.task.ask_running or self.prober is None or self.task.own is None:
            return False
        return self.running is None or (not self.running["ok"] and self._may_pass(self.task.own))

    def _open_walls(self, peer: Peer) -> list[str]:
        """Return the walls of peer about which nothing is proven yet, and something may be."""
        return [wall for wall in self._walls_of(peer) if self._is_open(peer, wall)]

    def _walls_of(self, peer: Peer) -> list[str]:
        here = self.prober is not None and (self.task.walls_at is None or peer.node in self.task.walls_at)
        local = walls.LOCAL if self.prober is not None else ()
        return [wall for wall in self.task.walls if wall in (*walls.OUTSIDE, *local) or here]

    def _is_open(self, peer: Peer, wall: str) -> bool:
        outcome = self.outcomes.get((peer.node, wall))
        if outcome is None:
            return True
        if outcome.held is None and wall in (*walls.INSIDE, *walls.LOCAL):
            edge = self.edges.get(peer.node)
            return edge is None or edge.fault is None or edge.fault.transient
        return False

    def _edge_job(self, prober: Prober, peer: Peer) -> Callable[[], probe.Edge]:
        return lambda: probe.edge(self._own_name, prober, peer)

    def _wall_job(self, peer: Peer, wall: str) -> Callable[[], wall_attempts.Outcome]:
        others = [target.node for target in self._targets]
        prober = self.prober
        if wall in walls.OUTSIDE or prober is None:
            port = self.task.epmd_port if wall == "epmd" else peer.port or 0
            return lambda: wall_attempts.packet_filter(self.network, peer, port, self.task.reset_counts)
        return lambda: wall_attempts.attempt_wall(prober, peer, wall, self.task.wrong, others)

    def _ask_running(self) -> dict[str, Any] | None:
        if self.prober is None or self.task.own is None:
            return None
        return running.ask(self.prober, self.task.own, self.prober.timeout)

    def _keep_running(self, answer: dict[str, Any]) -> None:
        self.running = answer

    @staticmethod
    def _keeper(kept: dict[Any, Any], key: Any) -> Callable[[Any], None]:
        return lambda result: kept.__setitem__(key, result)

    def _fill_edges(self) -> None:
        """Give edges, and the answer of our own node, a result where none came in time."""
        if self.prober is None:
            return
        for peer in self._targets:
            if peer.node not in self.edges:
                self.edges[peer.node] = probe.unfinished(self._own_name, self.prober, peer)
        if self._wants_running() and self.running is None and self.task.own is not None:
            late = Symptom("call", "timeout")
            names = {"node": self._own_name, "timeout": "%g" % self.prober.timeout, "host": self.task.own.host}
            fault = self.edges[self._own_name].fault or diagnosis.explain(late, names)
            self.running = running.silent(self._own_name, fault)

    def _fill_walls(self) -> None:
        """Give walls a result where none came, and where a correct connection fails say that nothing is proven."""
        for peer in self._targets:
            fault = self.edges[peer.node].fault if peer.node in self.edges else None
            for wall in self._walls_of(peer):
                if wall in (*walls.INSIDE, *walls.LOCAL) and fault is not None:
                    self.outcomes[peer.node, wall] = wall_attempts.unproven(fault)
                elif (peer.node, wall) not in self.outcomes:
                    self.outcomes[peer.node, wall] = wall_attempts.Outcome(None, "resolve", "no answer in time")

    def _result(self) -> dict[str, Any]:
        node, now = self.task.node, datetime.now(timezone.utc)
        # Not known yet where the last round was one of attempts that may still come about.
        found = self._look() if self._findings is None else self._findings
        for finding in found:
            self._apply(finding)
        return {
            "node": self._own_name or None,
            "edges": [self.edges[peer.node].result for peer in self.task.peers] if self.prober else [],
            "walls": [
                self.outcomes[peer.node, wall].as_result(self.task.origin, peer, wall)
                for peer in self._targets
                for wall in self._walls_of(peer)
            ],
            "running": self.running,
            "findings": [finding.as_result() for finding in found],
            "facts": node.facts(now) if node else None,
        }

    def _apply(self, finding: findings.Finding) -> None:
        """Let a fault of our own node that keeps it from connecting be the fault of the edges that came about."""
        if not diagnosis.entry(finding.fault.id).isolates:
            return
        for peer in self.task.peers:
            result = self.edges[peer.node].result
            if finding.peer in (None, peer.node) and result["ok"]:
                result.update(ok=False, fault=finding.fault.as_result())


def verify(params: Mapping[str, Any], host: findings.Host) -> dict[str, Any]:
    """Return the result of the module node_verify from its options, on a host; raise OptionError."""
    network = Network()
    node = params["node"]
    epmd_port = options.asked_epmd_port(params)
    peers = options.peers_of(node, params, epmd_port)
    own = options.as_own(node, params["address"], params["port"], epmd_port) if node else None
    timeout = options.checked_timeout(params["timeout"])
    described = findings.OwnNode(findings.place(params), host) if node else None
    prober = described.prober(timeout) if described else None
    task = Task(
        origin=params["host"] or (own.host if own else socket.gethostname()),
        own=own,
        peers=peers,
        walls=params["walls"] if params["walls"] is not None else walls.INSIDE if own else ("packet_filter",),
        wrong=WrongCredentials(params["foreign_certificate"], (params["wrong_cookie"] or secrets.token_hex(32)).encode("utf-8")),
        epmd_port=params["epmd_port"],
        ask_running=params["running"],
        retry_seconds=min(max(params["retry_seconds"], 0.0), LONGEST_RETRY),
        reset_counts=params["reset_counts"],
        walls_at=params["walls_at"],
        node=described,
    )
    return Verification(task, prober, network).run()
