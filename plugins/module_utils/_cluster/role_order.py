# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which role has to come before another in a play, as what it makes is neither on the host nor about to be."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Callable

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.firewall import backends

CLUSTER = "erlang_cluster"
"""The role that finds what every other one needs: the topology, and what the host has."""

NEEDS: dict[str, tuple[str, ...]] = {
    "erlang_otp": (),
    "erlang_account": (),
    "erlang_certs": ("erlang_account",),
    "erlang_firewall": ("erlang_account",),
    "erlang_app": ("erlang_account",),
    "erlang_node": ("erlang_otp", "erlang_account", "erlang_certs", "erlang_app"),
    "erlang_verify": (),
}
"""The roles that each role needs what they make of, besides ``erlang_cluster``."""

TOPOLOGY = "erlang_cluster_topology"
"""The fact that is the topology, and the variable of ``erlang_cluster`` through which most roles read it."""

Node = Mapping[str, Any]
Survey = Mapping[str, Any]


def lacking(role: str, in_play: Collection[str], node: Node | None, survey: Survey | None) -> str:
    """Return the first role that has to come before ``role``, empty if none has to.

    ``in_play`` are the roles that are in the play: what they make need not be there yet. ``node`` is the host's node in the topology and ``survey``
    what the host has, each None where ``erlang_cluster`` did not come before.
    """
    if node is None or survey is None:
        return CLUSTER
    if role == "erlang_app" and not node["application"]:
        return ""
    if role == "erlang_firewall" and not backends.of(node).holds_accounts:
        return ""
    return next((other for other in NEEDS[role] if other not in in_play and not _MADE[other](node, survey)), "")


def before(role: str, known: Mapping[str, Any], survey: bool = True) -> str:
    """Return the first role that has to come before ``role`` by the variables of a host, empty if none has to. Those of a role are ``known`` where it is
    in the play. Without ``survey`` the topology is all that the role needs.
    """
    if role == "erlang_rollout":
        return "erlang_node" if _lacks_topology(role, known) or _lacks_change(known) else ""
    if not survey or role not in NEEDS:
        return CLUSTER if _lacks_topology(role, known) else ""
    facts = known.get("ansible_facts") or {}
    in_play = {other for other in NEEDS if "__%s_lacks" % other in known}
    # Without the role's own variables its facts alone are of no use to others.
    nodes = facts.get(TOPOLOGY, {}).get("nodes", {}) if "erlang_cluster_node" in known else {}
    return lacking(role, in_play, nodes.get(known.get("inventory_hostname")), facts.get("erlang_survey"))


def _lacks_topology(role: str, known: Mapping[str, Any]) -> bool:
    """Return whether a role cannot read the topology: no role made it, or, but for a role that reads the fact itself, none brings the variable.

    ``known`` are the variables of a host.
    """
    there = TOPOLOGY in (known.get("ansible_facts") or {})
    return not there or (role != "erlang_decommission" and TOPOLOGY not in known)


def _lacks_change(known: Mapping[str, Any]) -> bool:
    """Return whether nothing says what ``erlang_rollout`` has to do with a host's node: neither ``erlang_node`` nor the playbook rollback."""
    written = known.get("__erlang_node_written") or {}
    return "__erlang_rollout_former" not in known and "change" not in written


def _otp(node: Node, survey: Survey) -> bool:
    return set((survey["otp"] or {}).get("applications", ())) >= set(node["otp_applications"])


def _account(_node: Node, survey: Survey) -> bool:
    return survey["account"] is None or bool(survey["account"]["exists"])


def _certs(_node: Node, _survey: Survey) -> bool:
    """What the role says of the trust bundle is on the controller, and so of no use without it."""
    return False


def _app(node: Node, survey: Survey) -> bool:
    return not node["application"] or survey["exists"].get(node["application"]["path"]) is True


_MADE: dict[str, Callable[[Node, Survey], bool]] = {
    "erlang_otp": _otp,
    "erlang_account": _account,
    "erlang_certs": _certs,
    "erlang_app": _app,
}
"""Whether a host has what a role makes."""
