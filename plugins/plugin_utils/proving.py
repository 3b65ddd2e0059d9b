# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host of the topology, or one that is no peer, is asked to prove, as options of the module ``node_verify``; and the watch, which has
its settings from the same options.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.edges import proven_from
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.firewall import backends
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.walls import INSIDE, LOCAL, OUTSIDE

CONTROLLER = "controller"
"""The host that stands for the controller, which proves the walls of the outside where no other host does."""

PORT_MAPPER = "epmd"
"""The wall that there is where nodes are found by a port mapper, and the discovery by one."""

SILENT = "connection-filtered"
"""The fault of an edge about which one host alone cannot tell more."""

_WATCHED = (
    "node",
    "address",
    "port",
    "certfile",
    "cacertfile",
    "cookie_file",
    "configuration",
    "unit",
    "account",
    "authorities",
    "timeout",
    "discovery",
    "epmd_port",
    "peers",
)
"""Options of node_verify that are settings of the watch as well."""


def peers(topology: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the nodes of a topology as the option ``peers`` of the modules."""
    names = ("node", "name", "host")
    return [
        {**{name: node[name] for name in names}, "address": list(node["addresses"]), "port": node["port"]}
        for node in topology["nodes"].values()
    ]


def options(topology: Mapping[str, Any], origin: str, walls: Sequence[str], authorities: Sequence[str], timeout: float) -> dict[str, Any]:
    """Return the options of node_verify for ``origin``: a host of the topology, or another, which proves the walls of the outside alone.

    ``walls`` are the names of those to be proven, ``authorities`` the CAs that nodes are to trust, in PEM. ``timeout`` is the seconds that
    an attempt may take.
    """
    cluster = topology["cluster"]
    found = {
        "host": origin,
        "peers": peers(topology),
        "discovery": cluster["discovery"],
        "epmd_port": cluster["epmd_port"],
        "authorities": [each.rstrip() for each in authorities],
        "timeout": float(timeout),
    }
    node = topology["nodes"].get(origin)
    if node is None:
        there = [wall for wall in OUTSIDE if wall != PORT_MAPPER or cluster["discovery"] == PORT_MAPPER]
        return {**found, "walls": [wall for wall in walls if wall in there]}
    places, firewall = node["layout"], backends.names(node)
    here = (*INSIDE, *LOCAL) if firewall["holds_accounts"] else INSIDE
    return {
        **found,
        "node": node["node"],
        "address": list(node["addresses"]),
        "port": node["listen_port"],
        "certfile": places["certificate"],
        "cacertfile": places["trust"],
        "cookie_file": places["cookie"],
        "configuration": places["config"],
        "unit": places["service"],
        "account": node["account"],
        "packet_filter_check": firewall["check"],
        "walls": [wall for wall in walls if wall in here],
        "walls_at": [topology["nodes"][name]["node"] for name in proven_from(list(topology["nodes"]), origin)],
    }


def outsiders(topology: Mapping[str, Any], groups: Mapping[str, Sequence[str]], group: str, hosts: Sequence[str]) -> dict[str, Any]:
    """Return the ``hosts`` that are no peers: those of ``group`` (which need not exist) and of the play, ``hosts``, that the topology neither has nor
    is about to lose; and ``controller``, whether that has to prove the walls of the outside, as there are none. A host of the play may be in a group that
    only its own variables name.
    """
    members = {*topology["nodes"], *topology["leaving"]}
    found = [host for host in dict.fromkeys([*groups.get(group, ()), *hosts]) if host not in members]
    return {"hosts": found, "controller": not found}


def silent(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return where the edges of a host's answer ended that got no answer from the network, as the option ``connect_to`` of node_traffic."""
    edges = answer.get("edges") or ()
    return [{"address": edge["address"], "port": edge["port"]} for edge in edges if (edge["fault"] or {}).get("id") == SILENT]


def counting(topology: Mapping[str, Any], answers: Mapping[str, Mapping[str, Any]]) -> dict[str, bool]:
    """Return of each host whether it has to count what leaves and arrives: all nodes that answered, if any connection got no answer, and none otherwise.

    ``answers`` are those of the hosts of the run, by their inventory names.
    """
    some = any(silent(answer) for answer in answers.values())
    return {host: some and host in topology["nodes"] and not answer.get("skipped") for host, answer in answers.items()}


def watch_files(
    node: Mapping[str, Any], proof: Mapping[str, Any], directory: str, service: str, timer: str, wanted: bool | str
) -> dict[str, Any]:
    """Return the files of the watch but for its program, as arguments of ``file_set``; or their absence, where it is not wanted.

    ``proof`` are the host's options of node_verify. ``directory`` is where node_exporter looks, empty for nowhere; ``service`` and ``timer``
    are the texts of its units. A command line gives ``wanted`` as a word.
    """
    places = node["layout"]
    if not boolean(wanted):
        keys = ("watch_timer_link", "watch_service_file", "watch_timer_file", "watch_settings", "watch_program", "watch_state")
        return {"absent": [places[key] for key in keys]}
    collected = posixpath.join(directory, posixpath.basename(places["watch_metrics"])) if directory else None
    settings = {
        **{name: _plain(proof[name]) for name in _WATCHED},
        "packet_filter": backends.names(node)["told"] or None,
        "output": places["watch_metrics"],
        "collected": collected,
    }
    public = {"owner": "root", "group": "root", "mode": "0644"}
    text = json.dumps(settings, indent=4, sort_keys=True) + "\n"
    return {
        "directories": [{"path": directory}] if directory else [],
        "files": [
            {"path": places["watch_settings"], "content": text, "owner": "root", "group": node["account"], "mode": "0640"},
            {"path": places["watch_service_file"], "content": service, **public},
            {"path": places["watch_timer_file"], "content": timer, **public},
        ],
        "links": [{"path": collected, "target": places["watch_metrics"]}] if collected else [],
    }


def _plain(value: Any) -> Any:
    """A value of Ansible's as one of Python's own types, which the encoder of JSON knows."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each) for each in value]
    return value


def watch_program(node: Mapping[str, Any], files: Mapping[str, Any], content: str) -> list[dict[str, Any]]:
    """Return the files of the watch with its program, whose ``content`` is in base64: it is written only where something of the watch differs."""
    program = {"path": node["layout"]["watch_program"], "base64_content": content, "summary": "program of the watch"}
    return [*files["files"], {**program, "owner": "root", "group": "root", "mode": "0644"}]


def watch_questions(node: Mapping[str, Any], files: Mapping[str, Any]) -> dict[str, Any]:
    """Return what to ask of a host about its watch: options of ``host_survey``; ``files`` are what ``watch_files`` returned."""
    places = node["layout"]
    return {
        "files": [places["watch_settings"]],
        "exists": [places["watch_program"]],
        "sets": {"watch": dict(files)},
        "units": [places["watch_unit"] + ".service", places["watch_unit"] + ".timer"],
    }


def watch_state(
    survey: Mapping[str, Any], node: Mapping[str, Any], files: Mapping[str, Any], wanted: bool | str, check_mode: bool = False
) -> dict[str, Any]:
    """Return how a host's watch is: ``right`` if it is as wanted, ``tasks`` the file of tasks that make it so, ``loaded`` the units that systemd knows,
    ``startable`` whether its timer can be started, which in check mode one cannot that is not there yet, ``absent`` the files that have to go: all of
    them where no watch is wanted, and links that an earlier run made.
    """
    places, wanted = node["layout"], boolean(wanted)
    service, timer = (survey["units"][places["watch_unit"] + kind] for kind in (".service", ".timer"))
    loaded = [places["watch_unit"] + kind for kind, unit in ((".timer", timer), (".service", service)) if unit["load"] == "loaded"]
    if wanted:
        runs = timer["active"] == "active" and timer["enabled"] == "enabled"
        right = runs and survey["exists"][places["watch_program"]] and not timer["needs_reload"] and not service["needs_reload"]
    else:
        right = timer["load"] == service["load"] == "not-found"
    links = [link["path"] for link in files.get("links") or ()]
    former = [link for link in _linked(survey["files"].get(places["watch_settings"])) if link not in links]
    absent = [*(files.get("absent") or ()), *former]
    return {
        "right": bool(survey["sets"]["watch"] and right),
        "tasks": "watch_on.yml" if wanted else "watch_off.yml",
        "loaded": loaded,
        "absent": absent,
        "startable": not check_mode or timer["load"] == "loaded",
    }


def _linked(text: str | None) -> list[str]:
    """The link that settings on a host name; none where they cannot be read."""
    try:
        settings = json.loads(text or "null")
    except ValueError:
        return []
    collected = settings.get("collected") if isinstance(settings, dict) else None
    return [collected] if isinstance(collected, str) and collected.startswith("/") else []
