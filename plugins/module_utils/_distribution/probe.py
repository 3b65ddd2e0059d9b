# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far connections to peers get, with what, in what time, and why no further. Peers are tried side by side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any, Callable, NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import (
    certificate,
    certificate_rules,
    diagnosis,
    second_look,
    side_by_side,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.attempt import Attempt, AttemptFailed
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.fault_entry import Symptom
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.network import Peer
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.prober import Prober


class Edge(NamedTuple):
    """What became of one attempt: the EDGE of a module's result, its fault, and the certificate that the peer showed."""

    result: dict[str, Any]
    fault: diagnosis.Fault | None
    certificate: certificate.Certificate | None = None


def edge(own_node: str, prober: Prober, peer: Peer) -> Edge:
    """Try peer once, and say how far it went."""
    attempt = prober.attempt(peer)
    fault = None
    try:
        prober.go(attempt)
    except AttemptFailed as failure:
        fault = prober.explain(attempt, failure)
    finally:
        attempt.close()
    return Edge(_edge_result(own_node, attempt, fault), fault, attempt.certificate)


def unfinished(own_node: str, prober: Prober, peer: Peer) -> Edge:
    """Return the edge of an attempt that did not come back in time, as when the resolver hangs."""
    attempt = prober.attempt(peer)
    attempt.address = peer.addresses[0] if peer.addresses else peer.host
    fault = diagnosis.explain(Symptom("resolve", "timeout"), prober.names(attempt, "no answer"))
    return Edge(_edge_result(own_node, attempt, fault), fault)


def bound(jobs: int, timeout: float) -> float:
    """Return the seconds that so many jobs side by side may take: each its own try and a second look."""
    return (2 * timeout + second_look.PLAIN_LOOK) * (1 + jobs // side_by_side.THREADS) + 1


def probe(own_node: str, prober: Prober, peers: Sequence[Peer]) -> list[Edge]:
    """Try all peers once, side by side; return their edges in order."""
    found = side_by_side.run([_job(prober, own_node, peer) for peer in peers], bound(len(peers), prober.timeout))
    return [edge or unfinished(own_node, prober, peer) for edge, peer in zip(found, peers)]


def _job(prober: Prober, own_node: str, peer: Peer) -> Callable[[], Edge]:
    return lambda: edge(own_node, prober, peer)


def _edge_result(own_node: str, attempt: Attempt, fault: diagnosis.Fault | None) -> dict[str, Any]:
    seen = attempt.certificate
    return {
        "from": own_node,
        "to": attempt.peer.node,
        "ok": fault is None,
        "stage": attempt.stage,
        "address": attempt.address,
        "addresses": attempt.addresses,
        "port": attempt.port,
        "tls_version": attempt.tls_version,
        "cipher": attempt.cipher,
        "certificate_days_left": round(seen.days_left(datetime.now(timezone.utc)), 1) if seen else None,
        "certificate_subject": seen.subject if seen else None,
        "certificate_digest": seen.digest if seen else None,
        "certificate_issuer": seen.issuer if seen else None,
        "certificate_excess": certificate_rules.excess_of(seen, attempt.peer.host) if seen else None,
        "peer_name": attempt.challenge.name if attempt.challenge else None,
        "peer_otp": None,
        "milliseconds": attempt.milliseconds,
        "fault": fault.as_result() if fault else None,
    }
