# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The backends of the packet filter by their names, and what roles ask of the one that a host has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.firewall.contract import Backend, Program, Wanted
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.firewall.nftables import Nftables
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.firewall.none import Nothing

BACKENDS: dict[str, Backend] = {backend.name: backend for backend in (Nftables(), Nothing())}
"""The values of ``erlang_firewall_backend``."""

__all__ = ["BACKENDS", "Wanted", "any_left", "names", "of", "questions", "state"]

SET = "firewall"
"""The name of the backend's files in the survey."""


def of(node: Mapping[str, Any]) -> Backend:
    """The backend of a node's host."""
    return BACKENDS[node["firewall"]]


def names(node: Mapping[str, Any]) -> dict[str, Any]:
    """What other roles have to know: ``unit``, ``check``, ``told`` and ``holds_accounts`` of :class:`contract.Backend`."""
    backend = of(node)
    return {
        "unit": backend.unit(node),
        "check": backend.check(node),
        "told": backend.told(node),
        "holds_accounts": backend.holds_accounts,
    }


def questions(topology: Mapping[str, Any], inventory: str, program: Program, further: Sequence[int] = ()) -> dict[str, Any]:
    """What has to be asked of a host for :func:`state`: options of ``host_survey``; of a backend that has nothing there, the units that another has.

    ``further`` are ports that peers may reach beside those of the plan.
    """
    node = topology["nodes"][inventory]
    wanted = of(node).wanted(topology, inventory, program, further)
    if not wanted.files:
        return {"units": _others(node)}
    return {
        "account": node["account"],
        "firewall_check": of(node).check(node),
        "needs": wanted.needs,
        "sets": {SET: wanted.files},
        "units": [*wanted.units, *_others(node)],
    }


def _others(node: Mapping[str, Any]) -> list[str]:
    """The units that the backends have on the host which the node does not have."""
    return [other.unit(node) for other in BACKENDS.values() if other is not of(node) and other.unit(node)]


def state(node: Mapping[str, Any], survey: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Whether the packet filter of a host is ``right``, the file of ``tasks`` that makes it so, and the ``conflicts``: managers of it beside which the
    backend cannot work, as a sentence names them.

    ``former`` are the units of another backend that the host had before and that no node which starts asks for any more: they are to be stopped, and
    stay there for a node that goes back. ``left`` are those and the ones that the node asks for until it has been restarted. ``free`` is whether
    there are no conflicts, ``to_install`` whether nft is missing, ``to_prepare`` whether either keeps the backend from working, ``startable`` whether
    the backend's unit can be started: in check mode one that is not there yet cannot.
    """
    backend, found = of(node), survey["firewall"]
    conflicts = [name for name in found["managers"] if name in backend.conflicts]
    checked = not backend.check(node) or (survey["sets"][SET] and found["right"])
    lacking = "nft" in survey["packages"]
    left = _left(node, survey)
    former = [unit for unit in left if node["layout"]["service"] not in survey["units"][unit]["wanted_by"]]
    right = bool(not conflicts and checked and backend.right(node, survey["units"]))
    return {
        "right": right and not former,
        "former": former,
        "left": left,
        "tasks": "former.yml" if right and former else "%s.yml" % backend.name,
        "conflicts": " and ".join(conflicts),
        "free": not conflicts,
        "to_install": lacking,
        "to_prepare": bool(conflicts or lacking),
        "startable": not check_mode or survey["units"].get(backend.unit(node), {}).get("load") == "loaded",
    }


def any_left(node: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    """Whether the host of a node had the packet filter of another backend when it was surveyed, by the ``facts`` of the host.

    No in a run without a survey, or without the role ``erlang_firewall``, which has the survey ask for that.
    """
    return bool(_left(node, facts.get("erlang_survey") or {"units": {}}))


def _left(node: Mapping[str, Any], survey: Mapping[str, Any]) -> list[str]:
    return [unit for unit in _others(node) if unit in survey["units"] and _runs(survey["units"][unit])]


def _runs(unit: Mapping[str, Any]) -> bool:
    """Whether a unit runs, or is started with its host."""
    return bool(unit["load"] == "loaded" and (unit["active"] == "active" or unit["enabled"] == "enabled"))
