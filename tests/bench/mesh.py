# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every edge of meshes of growing size verified by one process for each node, over one ``erl`` per edge, and one per node.

A node stands for a host: the process beside it is what a playbook runs on its host. All sides go through TLS, the
handshake and the cookie of every edge; their processes are started FORKS at a time. What Ansible puts around a process
on a host would be the same for each of these, and is left out (``ours``); what it comes to is shown besides
(``ours_as_module``). An ``erl`` per edge would take hours, so that a sample of the edges is measured and the rest
reckoned from it. Computing time is that of the processes and of the nodes that they connect to.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple

from fleet import BARE, MODULE, Fleet, Node, check, erl, fleet

SIZES = (8, 16, 32, 64)
ROUNDS = 3
FORKS = 5
"""Processes at a time, as many as Ansible has hosts at work unless told otherwise."""

SAMPLE = 24
"""Edges that are checked by an ``erl`` each."""

GOAL_PER_EDGE, GOAL_PER_HOST, GOAL_FLAT = 1 / 20, 1.0, 1.1
"""The most that our time may be of the time of one ``erl`` per edge; of that of one per host, at every size; and that an
edge of the largest mesh may cost of what one of the smallest does.
"""

_PING = "halt(case [P || P <- [%s], net_adm:ping(P) =/= pong] of [] -> 0; _ -> 1 end)."
_PING_ALL = (
    "Self = self(), Pids = [spawn(fun() -> Self ! {self(), net_adm:ping(P)} end) || P <- [%s]],"
    " halt(case [A || P <- Pids, (A = receive {P, B} -> B end) =/= pong] of [] -> 0; _ -> 1 end)."
)


class Figures(NamedTuple):
    """What verifying ``edges`` edges took: seconds, and seconds of computing."""

    edges: int
    seconds: float
    computing: float

    def reckoned(self, edges: int) -> Figures:
        """What so many edges take at this rate."""
        return Figures(edges, self.seconds * edges / self.edges, self.computing * edges / self.edges)


def run(argv: list[str], text: str = "") -> str:
    """Return what a command says; raise SystemExit if it failed."""
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise SystemExit("%s\n%s" % (" ".join(argv)[:500], (done.stdout + done.stderr)[-2000:]))
    return done.stdout


def ours(program: Path, node: Node, peers: Sequence[Node]) -> None:
    """Check all edges of a node by one process of ours."""
    edges = json.loads(run(*check(program, node, peers)))["edges"]
    faulty = [edge for edge in edges if not edge["ok"] or edge["stage"] != "cookie"]
    if len(edges) != len(peers) or faulty:
        raise SystemExit("%d edges of %s are faulty: %s" % (len(faulty), node.name, faulty[:1]))


def by_erl(name: str, node: Node, peers: Sequence[Node], program: str) -> None:
    """Check some edges of a node by one ``erl``."""
    peers_list = ",".join("'%s'" % peer.name for peer in peers)
    hidden = ["-name", "%s@%s" % (name, node.host.fqdn), "-hidden", "-dist_listen", "false"]
    run(erl(node.host, "peers%d.config" % node.number, *hidden, "-eval", program % peers_list))


def measured(fleet: Fleet, edges: int, jobs: Sequence[Callable[[], None]]) -> Figures:
    """Do the jobs, FORKS at a time, and return what it took."""
    nodes, children = fleet.computing(), _children()
    begin = time.monotonic()
    with ThreadPoolExecutor(FORKS) as workers:
        for done in [workers.submit(job) for job in jobs]:
            done.result()
    seconds = time.monotonic() - begin
    return Figures(edges, seconds, fleet.computing() - nodes + _children() - children)


def sides(fleet: Fleet, nodes: list[Node], dice: random.Random) -> dict[str, Figures]:
    """Measure each side once."""
    edges = list(permutations(nodes, 2))
    sample = dice.sample(edges, min(SAMPLE, len(edges)))
    others = {node: [peer for peer in nodes if peer != node] for node in nodes}
    jobs: dict[str, list[Callable[[], None]]] = {
        "erl_per_edge": [
            lambda job=job: by_erl("e%d" % job[0], job[1][0], [job[1][1]], _PING)
            for job in enumerate(sample)  # type: ignore[misc]
        ],
        "erl_per_host": [
            lambda job=job: by_erl("h%d" % job[0], job[1], others[job[1]], _PING_ALL)
            for job in enumerate(nodes)  # type: ignore[misc]
        ],
        "ours": [lambda node=node: ours(BARE, node, others[node]) for node in nodes],  # type: ignore[misc]
        "ours_as_module": [lambda node=node: ours(MODULE, node, others[node]) for node in nodes],  # type: ignore[misc]
    }
    found = {}
    for side, wanted in jobs.items():
        found[side] = measured(fleet, len(sample) if side == "erl_per_edge" else len(edges), wanted)
        print("%d nodes, %s: %d edges in %.2f s, %.2f s of computing" % (len(nodes), side, *found[side]), file=sys.stderr, flush=True)
    return {side: figures.reckoned(len(edges)) for side, figures in found.items()}


def result(rounds: dict[int, list[dict[str, Figures]]]) -> dict[str, object]:
    """The line of the benchmark. Its ratio is that to one ``erl`` per edge, in the median of the sizes."""
    sizes = {size: of_size(done) for size, done in rounds.items()}
    per_edge = statistics.median(size["ratio_to_erl_per_edge"] for size in sizes.values())
    per_host = max(size["ratio_to_erl_per_host"] for size in sizes.values())
    costs = [sizes[size]["computing_milliseconds_per_edge"]["ours"] for size in (min(sizes), max(sizes))]
    spread = [figures["ours"].seconds / figures["erl_per_edge"].seconds for done in rounds.values() for figures in done]
    return {
        "name": "mesh",
        "ratio": round(per_edge, 4),
        "spread": [round(min(spread), 4), round(max(spread), 4)],
        "goal": GOAL_PER_EDGE,
        "met": per_edge <= GOAL_PER_EDGE and per_host < GOAL_PER_HOST and costs[1] <= GOAL_FLAT * costs[0],
        "worst_ratio_to_erl_per_host": per_host,
        "note": "erl_per_edge: %d edges were measured, and all of them reckoned from it" % SAMPLE,
        "sizes": sizes,
    }


def of_size(done: list[dict[str, Figures]]) -> dict[str, Any]:
    """What each side took for a mesh of one size, in the median of the rounds."""
    seconds = {side: statistics.median(figures[side].seconds for figures in done) for side in done[0]}
    computing = {side: statistics.median(figures[side].computing for figures in done) for side in done[0]}
    edges = done[0]["ours"].edges
    return {
        "edges": edges,
        "ratio_to_erl_per_edge": round(seconds["ours"] / seconds["erl_per_edge"], 4),
        "ratio_to_erl_per_host": round(seconds["ours"] / seconds["erl_per_host"], 3),
        "seconds": {side: round(figure, 2) for side, figure in seconds.items()},
        "computing_milliseconds_per_edge": {side: round(1000 * figure / edges, 2) for side, figure in computing.items()},
    }


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    # What was started is taken away again, however this ends.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))
    sizes = [int(size) for size in os.environ.get("BEAM_BENCH_SIZES", "").split(",") if size] or SIZES
    rounds = int(os.environ.get("BEAM_BENCH_ROUNDS", str(ROUNDS)))
    dice = random.Random(20061126)
    found: dict[int, list[dict[str, Figures]]] = {}
    with tempfile.TemporaryDirectory() as directory, fleet(max(sizes), Path(directory)) as nodes:
        for size in sizes:
            grown = nodes.grow(size)
            found[size] = [sides(nodes, grown, dice) for _round in range(rounds)]
    print(json.dumps(result(found)))


if __name__ == "__main__":
    main()
