# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All files of a node that the role erlang_node writes, as arguments of the module ``node_prepare``.

What the node reads only when it starts is at paths in :data:`layout.GENERATION`, which stands for the directory of a generation, and names that directory;
what it reloads while it runs is elsewhere. What is in them: ``settings.py`` (terms), ``arguments.py`` (flags), ``peers.py`` (the table of peers),
``environment.py``, ``service.py`` (the unit's values, what counts as changed). Templates are rendered by what is handed in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Callable, NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import (
    arguments,
    environment,
    layout,
    mixing,
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


class Revoked(NamedTuple):
    """What a node refuses: ``lists`` of revoked certificates in PEM by the names of their files, whether each certificate ``needs`` a current one, and the
    digests of revoked ``keys``.
    """

    lists: Mapping[str, str]
    needs: bool
    keys: Sequence[str]


class Given(NamedTuple):
    """What goes into files as it is: the cookie (secret), the trust bundle in PEM, our Erlang modules by their names, and the control program.

    ``control_program`` returns it in base64; ``control_digest`` is its SHA-256, so that it is asked for only where a host has another.
    ``revoked`` is what the node refuses.
    """

    cookie: str
    trust: str
    sources: Mapping[str, str]
    control_program: Callable[[], str]
    control_digest: str
    revoked: Revoked


_TERMS = ("sys_config", "tls_options")
"""What of a generation Erlang reads as terms, by its key of the layout."""

_PUBLIC = {"owner": "root", "group": "root", "mode": "0644"}

Render = Callable[[str, Mapping[str, Any]], str]
"""Renders the role's template of a name with values."""


def node_files(
    topology: Mapping[str, Any],
    inventory: str,
    survey: Mapping[str, Any],
    chosen: Chosen,
    given: Given,
    render: Render,
    together: bool = False,
) -> dict[str, Any]:
    """Return what the host ``inventory`` is to have, of which ``survey`` says what it has.

    With ``together`` the node is changed together with others, and the table of peers stays as it is as long as they run (:func:`at_the_switch`).
    Raises InputError for an environment that no file can hold.
    """
    cluster, node = topology["cluster"], topology["nodes"][inventory]
    otp = survey["otp"] or {}
    erl, patched = otp.get("erl", USUAL_ERL), bool(otp.get("inet_ssl_port", False))
    places = node["layout"]
    starting = {**node, "layout": layout.of_generation(places, layout.GENERATION)}
    there = survey["units"][places["service"]]["load"] == "loaded"
    made = _release(cluster, starting, chosen.vm_args)
    modules = {**_boot_script(node), "release": made, "key": service.boot_key(node, survey, given.sources, made)}
    system = settings.system(chosen.sys_config, cluster["net_ticktime"], chosen.buffer_bytes, node["listen_port"] if patched else None)
    table = [] if together else [_table(topology, inventory, survey, chosen)]
    return {
        "layout": places,
        "account": node["account"],
        "directories": _directories(node),
        "files": [
            *_generation(cluster, starting, chosen, given, system, render),
            {"path": starting["layout"]["about"], "content": _about(cluster, node, otp, chosen), **_secured(node)},
            *table,
            *_live(cluster, node, given, render),
            *_programs(places, survey, given),
        ],
        "links": [{"path": places["service_link"], "target": places["service_file"]}],
        "validators": _validators([*(starting["layout"][key] for key in _TERMS), *(file["path"] for file in table)], erl) if there else [],
        "read": [starting["layout"][key] for key in (*layout.SHOWN, "unit_text", "about")],
        "erl": erl,
        "modules": {key: value for key, value in modules.items() if value is not None},
    }


def at_the_switch(topology: Mapping[str, Any], inventory: str, survey: Mapping[str, Any], chosen: Chosen) -> dict[str, Any]:
    """Return what a node that is changed together with others gets once all of them have stopped, as arguments of the module ``file_set``.

    It is the table of peers: it says where a node listens when it starts, and where nodes look for it, so that as long as they run what they were started
    with it has to be the one of that.
    """
    table, generation = _table(topology, inventory, survey, chosen), _reloaded(topology["nodes"][inventory])
    erl = (survey["otp"] or {}).get("erl", USUAL_ERL)
    return {"files": [table, generation], "validators": _validators([table["path"]], erl)}


def _table(topology: Mapping[str, Any], inventory: str, survey: Mapping[str, Any], chosen: Chosen) -> dict[str, Any]:
    node, patched = topology["nodes"][inventory], bool((survey["otp"] or {}).get("inet_ssl_port", False))
    return {"path": node["layout"]["peers"], "content": _terms(peers.table(topology, inventory, patched, chosen.connect)), **_secured(node)}


def _reloaded(node: Mapping[str, Any]) -> dict[str, Any]:
    places = node["layout"]
    return {"path": places["generation"], "generation": service.reloaded(places), **_secured(node)}


def _generation(
    cluster: Mapping[str, Any], node: Mapping[str, Any], chosen: Chosen, given: Given, system: Mapping[str, Any], render: Render
) -> list[dict[str, Any]]:
    """What the node reads only when it starts."""
    places, secured = node["layout"], _secured(node)
    unit = {"comment": COMMENT, "generation": layout.GENERATION, **service.unit(cluster, node, chosen.unit_settings)}
    tls = settings.tls(places, chosen.tls_versions, chosen.tls_options)
    return [
        {"path": places["sys_config"], "secret_content": _terms([system]), **secured},
        {"path": places["environment"], "secret_content": environment.environment_file(chosen.environment, COMMENT), **secured},
        {"path": places["tls_options"], "content": _terms([tls]), **secured},
        {"path": places["vm_args"], "content": arguments.file(arguments.of_node(cluster, node, chosen.vm_args), COMMENT), **secured},
        *(_module(places, name, text) for name, text in sorted(given.sources.items())),
        # Units that were written before the environment had a file of its own hold it, as may what somebody wrote into one.
        {"path": places["unit_text"], "content": render("node.service.j2", unit), "hidden_lines": "Environment=", **_PUBLIC},
    ]


def _live(cluster: Mapping[str, Any], node: Mapping[str, Any], given: Given, render: Render) -> list[dict[str, Any]]:
    """What the node reloads while it runs, but for the table of peers, and what asks it."""
    places, secured = node["layout"], _secured(node)
    own = {"owner": node["account"], "group": node["account"], "mode": "0400"}
    return [
        {"path": places["trust"], "content": given.trust, **secured},
        *revoked(node, given.revoked),
        _reloaded(node),
        {"path": places["cookie"], "secret_content": given.cookie, **own},
        {
            "path": places["control"],
            "content": render("control.sh.j2", service.control(cluster, node)),
            "summary": "control command",
            **_PUBLIC,
            "mode": "0755",
        },
    ]


def revoked(node: Mapping[str, Any], given: Revoked) -> list[dict[str, Any]]:
    """Return the files that say what a node refuses. It reads them at each handshake, and reloads nothing for them.

    Lists come before the file that says that they are needed.
    """
    places, secured = node["layout"], _secured(node)
    terms = [{"$tuple": [{"$atom": "lists"}, given.needs]}, *({"$tuple": [{"$atom": "key"}, key]} for key in given.keys)]
    return [
        *({"path": "%s/%s" % (places["revocations"], name), "content": text, **secured} for name, text in given.lists.items()),
        {"path": places["revoked_keys"], "content": _terms(terms), **secured},
    ]


def _programs(places: Mapping[str, str], survey: Mapping[str, Any], given: Given) -> list[dict[str, Any]]:
    """The program of the control command, where the host has another."""
    if survey["digests"].get(places["control_program"]) == given.control_digest:
        return []
    program = {"base64_content": given.control_program(), "summary": "program of the control command"}
    return [{"path": places["control_program"], **program, **_PUBLIC}]


def _about(cluster: Mapping[str, Any], node: Mapping[str, Any], otp: Mapping[str, Any], chosen: Chosen) -> str:
    """What is in the generation, for who has to know without reading all of it; what the node takes from the table of peers when it starts is in it."""
    release = node["application"]
    about = mixing.about(cluster, node, str(otp.get("version", "")), chosen.tls_versions, chosen.tls_options)
    # With a slash behind it, so that it is told from another one whose name begins with this one's.
    if release:
        about["release"] = release["path"] + "/"
    return json.dumps(about, indent=2, sort_keys=True) + "\n"


def _secured(node: Mapping[str, Any]) -> dict[str, str]:
    """The access of what root and the account alone may read."""
    return {"owner": "root", "group": node["account"], "mode": "0640"}


def _terms(values: Sequence[Any]) -> str:
    return term_writer.dumps_file([tagged.from_tagged(value) for value in values], COMMENT)


def _module(places: Mapping[str, str], name: str, text: str) -> dict[str, Any]:
    return {"path": "%s/%s.erl" % (places["src"], name), "content": text, "summary": "Erlang module", **_PUBLIC}


def _directories(node: Mapping[str, Any]) -> list[dict[str, str]]:
    places, account = node["layout"], node["account"]
    public = {"owner": "root", "group": "root", "mode": "0755"}
    secured = {"owner": "root", "group": account, "mode": "0750"}
    return [
        {"path": layout.CONFIGURATIONS, **public},
        {"path": places["config"], **secured},
        {"path": places["revocations"], **secured},
        {"path": layout.OWN, **public},
        {"path": layout.NODES, **public},
        {"path": places["code"], **secured},
        {"path": places["generations"], **secured},
        {"path": layout.WANTED_AT_BOOT, **public},
        {"path": places["home"], "owner": account, "group": account, "mode": "0700"},
    ]


def _validators(paths: Sequence[str], erl: str) -> list[dict[str, Any]]:
    """What Erlang reads as terms is first read by the runtime that is going to, where a node is there that it could keep from starting."""
    command = [erl, "-noinput", "-boot", "no_dot_erlang", "-eval", _CONSULT, "-extra"]
    return [{"paths": list(paths), "command": command}]


def _release(cluster: Mapping[str, Any], node: Mapping[str, Any], further: Sequence[str]) -> dict[str, Any] | None:
    """What is ours where a release boots itself, as the module takes it; None for other nodes."""
    release, places = node["application"], node["layout"]
    if release is None or not release["boots_itself"]:
        return None
    ours, asking = arguments.of_node(cluster, node, further), arguments.asking(cluster, node)
    programs = {"run": releases.run_program(release, places, places["erl"], ours, asking, COMMENT)}
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


def _boot_script(node: Mapping[str, Any]) -> dict[str, Any]:
    release = node["application"] if node["application"] and not node["application"]["boots_itself"] else None
    applications = [*node["otp_applications"], *(release["applications"] if release else [])]
    return {
        "applications": list(dict.fromkeys(applications)),
        "libraries": [release["path"] + "/lib"] if release else [],
        "starts": release["starts"] if release else {},
    }
