# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All files of a node that the role erlang_node writes, as arguments of the module ``file_set``.

What is in them: ``settings.py`` (terms), ``arguments.py`` (flags), ``peers.py`` (the table of peers), ``environment.py``, ``service.py`` (the
unit's values, the generation). Templates are rendered by what is handed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable, NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import (
    arguments,
    environment,
    layout,
    peers,
    releases,
    service,
    settings,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import tagged, term_writer

COMMENT = "Made by Ansible, role beam.tls_distribution.erlang_node"
"""What stands on top of each file."""

USUAL_ERL = "/usr/bin/erl"
"""Where a package puts erl, for a host that has none yet."""

_CONSULT = (
    "Faults = [{File, Reason} || File <- init:get_plain_arguments(), {error, Reason} <- [file:consult(File)]], "
    '[io:format(standard_error, "~ts: ~ts~n", [File, file:format_error(Reason)]) || {File, Reason} <- Faults], '
    "halt(min(length(Faults), 1))."
)


class Chosen(NamedTuple):
    """What the user chose for a node, as the variables of the role erlang_node that have these names."""

    sys_config: Mapping[str, Any]
    environment: Mapping[str, Any]
    vm_args: Sequence[str]
    unit_settings: Mapping[str, Any]
    buffer_bytes: int
    tls_versions: Sequence[str]
    tls_options: Mapping[str, Sequence[str]]
    connect: bool


class Given(NamedTuple):
    """What goes into files as it is: the cookie (secret), the trust bundle in PEM, our Erlang modules by their names, and the control program.

    ``control_program`` returns it in base64; ``control_digest`` is its SHA-256, so that it is asked for only where a host has another.
    """

    cookie: str
    trust: str
    sources: Mapping[str, str]
    control_program: Callable[[], str]
    control_digest: str


Render = Callable[[str, Mapping[str, Any]], str]
"""Renders the role's template of a name with values."""


class NodeFiles(NamedTuple):
    """Arguments of ``file_set``, and of ``boot_script`` (None where the boot script is what it has to be)."""

    file_set: dict[str, Any]
    boot_script: dict[str, Any] | None


def node_files(
    topology: Mapping[str, Any], inventory: str, survey: Mapping[str, Any], chosen: Chosen, given: Given, render: Render
) -> NodeFiles:
    """Return what the host ``inventory`` is to have, of which ``survey`` says what it has. Raises InputError for an environment that no file can hold."""
    cluster, node = topology["cluster"], topology["nodes"][inventory]
    places, otp = node["layout"], survey["otp"] or {}
    erl, patched = otp.get("erl", USUAL_ERL), bool(otp.get("inet_ssl_port", False))
    made = _release(cluster, node, erl, chosen.vm_args)
    key = service.boot_key(node, survey, given.sources, made)
    system = settings.system(chosen.sys_config, cluster["net_ticktime"], chosen.buffer_bytes, node["listen_port"] if patched else None)
    table = peers.table(topology, inventory, patched, chosen.connect)
    unit = {"comment": COMMENT, **service.unit(cluster, node, erl, chosen.unit_settings)}
    secured = {"owner": "root", "group": node["account"], "mode": "0640"}
    own = {"owner": node["account"], "group": node["account"], "mode": "0400"}
    public = {"owner": "root", "group": "root", "mode": "0644"}
    files = [
        {"path": places["sys_config"], "secret_content": _terms([system]), **secured},
        {"path": places["environment"], "secret_content": environment.environment_file(chosen.environment, COMMENT), **secured},
        {"path": places["tls_options"], "content": _terms([settings.tls(places, chosen.tls_versions, chosen.tls_options)]), **secured},
        {"path": places["peers"], "content": _terms(table), **secured},
        {"path": places["vm_args"], "content": arguments.file(arguments.of_node(cluster, node, chosen.vm_args), COMMENT), **secured},
        {"path": places["trust"], "content": given.trust, **secured},
        {"path": places["generation"], "generation": service.generation(node, cluster["discovery"], key), **secured},
        {"path": places["cookie"], "secret_content": given.cookie, **own},
        *(_module(places, name, text, public) for name, text in sorted(given.sources.items())),
        # Units that were written before the environment had a file of its own hold it, as may what somebody wrote into one.
        {"path": places["service_file"], "content": render("node.service.j2", unit), "hidden_lines": "Environment=", **public},
        {
            "path": places["control"],
            "content": render("control.sh.j2", service.control(cluster, node, erl)),
            "summary": "control command",
            **public,
            "mode": "0755",
        },
    ]
    if survey["digests"].get(places["control_program"]) != given.control_digest:
        files.append(
            {
                "path": places["control_program"],
                "base64_content": given.control_program(),
                "summary": "program of the control command",
                **public,
            }
        )
    file_set = {
        "directories": _directories(node),
        "files": files,
        "links": [{"path": places["service_link"], "target": places["service_file"]}],
        "validators": _validators(places, erl) if survey["units"][places["service"]]["load"] == "loaded" else [],
    }
    right = (survey["files"].get(places["boot_key"]) or "").strip() == key
    return NodeFiles(file_set, None if right else {**_boot_script(node, erl, key), "release": made})


def _terms(values: Sequence[Any]) -> str:
    return term_writer.dumps_file([tagged.from_tagged(value) for value in values], COMMENT)


def _module(places: Mapping[str, str], name: str, text: str, access: Mapping[str, str]) -> dict[str, Any]:
    return {"path": "%s/%s.erl" % (places["src"], name), "content": text, "summary": "Erlang module", **access}


def _directories(node: Mapping[str, Any]) -> list[dict[str, str]]:
    places, account = node["layout"], node["account"]
    public = {"owner": "root", "group": "root", "mode": "0755"}
    secured = {"owner": "root", "group": account, "mode": "0750"}
    return [
        {"path": layout.CONFIGURATIONS, **public},
        {"path": places["config"], **secured},
        {"path": layout.OWN, **public},
        {"path": layout.NODES, **public},
        {"path": places["code"], **secured},
        {"path": places["src"], **public},
        {"path": layout.WANTED_AT_BOOT, **public},
        {"path": places["home"], "owner": account, "group": account, "mode": "0700"},
    ]


def _validators(places: Mapping[str, str], erl: str) -> list[dict[str, Any]]:
    """What Erlang reads as terms is first read by the runtime that is going to, where a node is there that it could keep from starting."""
    command = [erl, "-noinput", "-boot", "no_dot_erlang", "-eval", _CONSULT, "-extra"]
    return [{"paths": [places["sys_config"], places["tls_options"], places["peers"]], "command": command}]


def _release(cluster: Mapping[str, Any], node: Mapping[str, Any], erl: str, further: Sequence[str]) -> dict[str, Any] | None:
    """What is ours where a release boots itself, as the module ``boot_script`` takes it; None for other nodes."""
    release, places = node["application"], node["layout"]
    if release is None or not release["boots_itself"]:
        return None
    ours, asking = arguments.of_node(cluster, node, further), arguments.asking(cluster, node)
    programs = {"run": releases.run_program(release, places, erl, ours, asking, COMMENT)}
    if release["kind"] == releases.MIX:
        mesh = {"RELEASE_NODE": node["node"], "RELEASE_DISTRIBUTION": arguments.name_flag(cluster)[1:]}
        own = "%s/releases/%s/env.sh" % (release["path"], release["version"])
        programs["environment"] = releases.environment_program(own if "env.sh" in release["configuration"] else None, mesh, COMMENT)
    return {
        "path": release["path"],
        "directory": places["release"],
        "name": release["name"],
        "version": release["version"],
        "kind": release["kind"],
        "control": places["control"],
        "arguments": ours,
        **programs,
    }


def _boot_script(node: Mapping[str, Any], erl: str, key: str) -> dict[str, Any]:
    release = node["application"] if node["application"] and not node["application"]["boots_itself"] else None
    applications = [*node["otp_applications"], *(release["applications"] if release else [])]
    return {
        "erl": erl,
        "directory": node["layout"]["code"],
        "applications": list(dict.fromkeys(applications)),
        "libraries": [release["path"] + "/lib"] if release else [],
        "starts": release["starts"] if release else {},
        "key": key,
    }
