# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The walls: what each is called, and what to do where one does not stand."""

from __future__ import annotations

import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils.distribution.walls import OUTSIDE

LABELS = {
    "plain": "plain TCP",
    "no_certificate": "no certificate",
    "foreign_ca": "foreign CA",
    "wrong_cookie": "wrong cookie",
    "wrong_name": "another's name",
    "packet_filter": "packet filter",
    "epmd": "port mapper",
}

MEANINGS = {
    "plain": "a distribution client that does not speak TLS",
    "no_certificate": "a TLS client that shows no certificate",
    "foreign_ca": "a TLS client with a certificate of another CA",
    "wrong_cookie": "a peer's certificate with a wrong cookie",
    "wrong_name": "a peer's certificate with another host's node name",
    "packet_filter": "a host that is no peer, at the distribution port",
    "epmd": "a host that is no peer, at the port mapper",
}

_FELL = {
    "plain": (
        "A client without TLS got an answer of the distribution protocol",
        "Run the role erlang_node for {to}, which starts the node with TLS distribution.",
    ),
    "no_certificate": (
        "A client that showed no certificate was let in",
        "Run the role erlang_node for {to}: its TLS options have to ask for a certificate "
        "(verify_peer and fail_if_no_peer_cert).",
    ),
    "foreign_ca": (
        "A certificate of a CA that is not the cluster's was trusted",
        "Run the role erlang_certs for {to}: its trust bundle has to hold the cluster's CA alone.",
    ),
    "wrong_cookie": (
        "A client with a wrong cookie was let in",
        "Run the role erlang_node for {to}, and see that nothing else sets its cookie.",
    ),
    "wrong_name": (
        "A host could claim a node name that its certificate does not carry",
        "Run the role erlang_node for {to}: the node has to run with the collection's epmd module, "
        "which names its peers.",
    ),
    "packet_filter": (
        "The distribution port answers a host that is no peer",
        "Run the role erlang_firewall for {to}, and open upstream firewalls no further than the playbook "
        "firewall_plan lists.",
    ),
    "epmd": (
        "The port mapper answers a host that is no peer",
        "Run the role erlang_firewall for {to}, and open upstream firewalls no further than the playbook "
        "firewall_plan lists.",
    ),
}

_UNPROVEN_INSIDE = "Correct the faults of {to}'s edges first, and verify again."
_UNPROVEN_OUTSIDE = (
    "Have the packet filters in front of {to} drop what is not from a peer (the role erlang_firewall does), "
    "see that {from} has a route to it, and verify again."
)
_NO_ANSWER = "See what ansible says of {from} further up, and verify again."


def label(wall: str) -> str:
    """What people call a wall."""
    return LABELS.get(wall, wall.replace("_", " "))


def fault(attempt: t.Mapping[str, t.Any]) -> dict[str, str]:
    """The fault of an attempt (a wall of the report) that did not meet a wall: ``id``, ``host``, ``cause`` and
    ``remedy``.
    """
    wall, state = str(attempt["wall"]), str(attempt["state"])
    detail = str(attempt["detail"] or "").rstrip(".")
    cause, remedy = _FELL.get(wall, ("The wall %s does not stand" % label(wall), "Run the playbook site for {to}."))
    if state == "unproven":
        cause = "The wall '%s' is not proven" % label(wall)
        remedy = _UNPROVEN_OUTSIDE if wall in OUTSIDE else _UNPROVEN_INSIDE
    elif state == "no-answer":
        cause, remedy = "The wall '%s' was not tried from %s" % (label(wall), attempt["from"]), _NO_ANSWER
    names = {"from": str(attempt["from"]), "to": str(attempt["to"])}
    for name, value in names.items():
        remedy = remedy.replace("{%s}" % name, value)
    return {
        "id": "wall-%s-%s" % (wall.replace("_", "-"), state),
        "host": names["from" if state == "no-answer" else "to"],
        "cause": "%s%s." % (cause, ": " + detail if detail else ""),
        "remedy": remedy,
    }
