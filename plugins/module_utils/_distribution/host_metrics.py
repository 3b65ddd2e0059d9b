# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the watch measures: the node of one host and its edges, tried once, and what came of it as metrics.

The metrics are described in docs/watch.md.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import (
    certificate_files,
    diagnosis,
    findings,
    options,
    probe,
    running,
    tls,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.metrics import Metric, Sample
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.network import Peer
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.prober import Prober

NODE_UP = Metric("beam_tls_node_up", ("node",), "Whether the node of this host lets a peer of the cluster in, asked over the loopback.")
NODE_FAULT = Metric("beam_tls_node_fault", ("node", "fault"), "1 for each fault of the node of this host, whether it lets peers in or not.")
NODE_STRANGERS = Metric(
    "beam_tls_node_strangers",
    ("node",),
    "Nodes connected with the node of this host that are not of its cluster, as its settings name that.",
)
NODE_CERTIFICATE = Metric(
    "beam_tls_node_certificate_remaining_seconds",
    ("node",),
    "Time until the certificate on the disk of this host ends, negative afterwards.",
)
TRUST_CERTIFICATE = Metric(
    "beam_tls_trust_certificate_remaining_seconds",
    ("node",),
    "Time until the first certificate of this host's trust bundle ends, negative afterwards.",
)
OVERDUE = Metric(
    "beam_tls_certificate_overdue",
    ("node", "whose"),
    "Whether the certificate of this host (whose: node), or one of a CA that it trusts (whose: ca), should have been renewed.",
)
PACKET_FILTER_UP = Metric(
    "beam_tls_packet_filter_up", ("node",), "Whether the packet filter of the node of this host stands as it was loaded."
)
EDGE_UP = Metric("beam_tls_edge_up", ("node", "peer"), "Whether this host can connect to the peer as its node would.")
EDGE_FAULT = Metric("beam_tls_edge_fault", ("node", "peer", "fault"), "1 for the fault that keeps this host from it.")
EDGE_HANDSHAKE = Metric(
    "beam_tls_edge_handshake_seconds",
    ("node", "peer"),
    "Time that a connection to the peer took, from name resolution to the proof of the cookie.",
)
EDGE_CERTIFICATE = Metric(
    "beam_tls_edge_certificate_remaining_seconds",
    ("node", "peer"),
    "Time until the certificate that the peer shows ends, negative afterwards.",
)
LAST_RUN = Metric("beam_tls_watch_last_run_timestamp_seconds", ("node",), "When the watch began to look, in Unix time.")
DURATION = Metric("beam_tls_watch_duration_seconds", ("node",), "Time that the watch took to look at everything.")

SHOWN_STRANGERS, SHOWN_NAME = 5, 80
"""Most names of nodes that are no members which are told, and most characters of each."""


class Findings(NamedTuple):
    """What a look at everything found.

    ``faults`` are sentences with cause and remedy, ``unable`` says why nothing could be tried at all: a file of the
    node's own that does not serve. ``overdue`` are sentences on what should have been renewed, and serves still.
    """

    samples: list[Sample]
    faults: list[str]
    unable: str | None
    overdue: list[str]


def look(settings: Mapping[str, Any], host: findings.Host) -> Findings:
    """Try the host's own node and every peer once, side by side, and look through the node's files.

    ``settings`` are options of the module node_verify by name: ``node``, ``address``, ``port``, ``peers``, ``discovery``,
    ``epmd_port``, ``timeout``, ``authorities`` and where the node's things are; ``host`` is the way to its files. Raises
    OptionError. Bounded in time by probe.bound.
    """
    node = settings["node"]
    began, clock = datetime.now(timezone.utc), time.perf_counter()
    timeout = options.checked_timeout(settings["timeout"])
    epmd_port = options.asked_epmd_port(settings)
    own = options.as_own(node, settings["address"], settings["port"], epmd_port)
    peers = options.peers_of(node, settings, epmd_port)
    described = findings.OwnNode(findings.place(settings), host)
    faults = [found.fault for found in described.standing([peer.node for peer in peers], began)]
    prober = described.prober(timeout)
    first, *edges = probe.probe(node, prober, [own, *peers])
    connected = _strangers(prober, own, settings) if first.fault is None else None
    held = list(certificate_files.held(prober.credentials))
    samples = [
        *_of_node(node, first, prober.credentials, began),
        *_of_renewal(node, held, began),
        *_of_files(node, first, faults),
        *([Sample(NODE_STRANGERS, (node,), len(connected))] if connected is not None else []),
        *(sample for edge in edges for sample in _of_edge(node, edge, began)),
        Sample(LAST_RUN, (node,), began.timestamp()),
        Sample(DURATION, (node,), round(time.perf_counter() - clock, 6)),
    ]
    said = ["%s: %s %s" % (node, fault.cause, fault.remedy) for fault in faults]
    if connected:
        said.append(_stranger_sentence(node, connected))
    return Findings(samples, [*said, *_sentences([first, *edges])], _own_problem(prober), _overdue(node, held, began))


def _strangers(prober: Prober, own: Peer, settings: Mapping[str, Any]) -> list[str] | None:
    """Return the nodes connected with our own that are not of the cluster, None where it does not say."""
    told = running.ask(prober, own, prober.timeout)
    members = {own.node, *(peer["node"] for peer in settings["peers"])}
    return list(running.strangers(told, members)) if told["ok"] else None


def _stranger_sentence(node: str, connected: Sequence[str]) -> str:
    """Return what to do about nodes that are no members; their names are as they chose them, so that they are quoted."""
    names = ", ".join(ascii(name[:SHOWN_NAME]) for name in connected[:SHOWN_STRANGERS])
    more = " and %d more" % (len(connected) - SHOWN_STRANGERS) if len(connected) > SHOWN_STRANGERS else ""
    return "%s: connected with %s%s, which the cluster does not have. Verify the cluster; the report says what to do." % (
        node, names, more,
    )  # fmt: skip


def _of_node(node: str, edge: probe.Edge, files: tls.Credentials, now: datetime) -> Iterator[Sample]:
    yield Sample(NODE_UP, (node,), int(edge.fault is None))
    if edge.fault is not None:
        yield Sample(NODE_FAULT, (node, edge.fault.id), 1)
    for metric, path in ((NODE_CERTIFICATE, files.certfile), (TRUST_CERTIFICATE, files.cacertfile)):
        found = certificate_files.readable(path)
        if found:
            yield Sample(metric, (node,), _seconds(min(each.not_after for each in found), now))


def _of_renewal(node: str, held: Sequence[certificate_files.Held], now: datetime) -> Iterator[Sample]:
    for whose, authority in (("node", False), ("ca", True)):
        yield Sample(OVERDUE, (node, whose), int(any(each.is_overdue(now) for each in held if each.authority is authority)))


def _overdue(node: str, held: Sequence[certificate_files.Held], now: datetime) -> list[str]:
    """Return what should have been renewed by now, and is not yet at its end, which is a fault."""
    return [
        "The %s (%s) ends on %s, in %d days, and should have been renewed by now. Run the playbook %s."
        % (
            "CA that %s trusts" % node if each.authority else "certificate of %s" % node,
            each.certificate.subject,
            each.certificate.not_after.strftime("%Y-%m-%d"),
            each.certificate.days_left(now),
            each.playbook,
        )
        for each in held
        if each.is_overdue(now) and now <= each.certificate.not_after
    ]


def _of_files(node: str, edge: probe.Edge, faults: Sequence[diagnosis.Fault]) -> Iterator[Sample]:
    """What the node's files show, but for what keeps peers out, which is told already."""
    told = {edge.fault.id} if edge.fault is not None else set()
    for name in dict.fromkeys(fault.id for fault in faults if fault.id not in told):
        yield Sample(NODE_FAULT, (node, name), 1)


def _of_edge(node: str, edge: probe.Edge, now: datetime) -> Iterator[Sample]:
    ends = (node, edge.result["to"])
    yield Sample(EDGE_UP, ends, int(edge.fault is None))
    if edge.fault is None:
        yield Sample(EDGE_HANDSHAKE, ends, round(edge.result["milliseconds"]["total"] / 1000, 6))
    else:
        yield Sample(EDGE_FAULT, (*ends, edge.fault.id), 1)
    if edge.certificate is not None:
        yield Sample(EDGE_CERTIFICATE, ends, _seconds(edge.certificate.not_after, now))


def _seconds(end: datetime, now: datetime) -> float:
    return round((end - now).total_seconds(), 3)


def _sentences(edges: Sequence[probe.Edge]) -> list[str]:
    """Return what is wrong and what to do about it; a fault that several edges share is told once."""
    found: dict[tuple[str, str], list[str]] = {}
    for edge in edges:
        if edge.fault is not None:
            found.setdefault((edge.fault.cause, edge.fault.remedy), []).append(edge.result["to"])
    return ["%s: %s %s" % (", ".join(nodes), *sentences) for sentences, nodes in found.items()]


def _own_problem(prober: Prober) -> str | None:
    try:
        prober.context()
        prober.cookie()
    except tls.LocalFileError as error:
        return str(error)
    return None
