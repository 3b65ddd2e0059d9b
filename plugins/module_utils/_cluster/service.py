# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a node's service is and does: the values of its unit, what counts as another generation, and what has to be done to it.

Source: systemd.service(5), systemd.exec(5).
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import arguments, releases
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.firewall import backends

_MADE_BY = 2
"""Raised when modules and boot script are made in another way from the same things."""

_OF_OTP = ("root", "erts", "inet_ssl_port", "crypto_library")
_OF_RELEASE = ("name", "version", "sha256", "digest", "path", "applications", "bundled")

# Homes that systemd hides with ProtectHome=yes.
_HIDDEN_HOMES = re.compile(r"/(home|root|run/user)/")


def boot_key(node: Mapping[str, Any], survey: Mapping[str, Any], sources: Mapping[str, str], made: Mapping[str, Any] | None = None) -> str:
    """Return the digest of what modules and boot script of a node are made from: what the node uses, and nothing else.

    OTP has applications that it does not boot, and where the archive of its release lies on the controller is no concern of it.
    ``sources`` are our modules, by their names, ``made`` is what is ours where a release boots itself.
    """
    otp, release = survey["otp"], node["application"]
    made_from = [
        _MADE_BY,
        [otp[key] for key in _OF_OTP] if otp else [],
        survey["boots"],
        node["otp_applications"],
        {key: release[key] for key in _OF_RELEASE} if release else {},
        dict(sorted(sources.items())),
    ]
    # Most nodes have neither.
    made_from += [further for further in (release["starts"] if release else {}, made) if further]
    return hashlib.sha256(json.dumps(made_from).encode("ascii")).hexdigest()


def generation(node: Mapping[str, Any], discovery: str, key: str) -> dict[str, Any]:
    """Return what the node is to run, as ``file_set`` takes it: what it reads only when it starts, and what it reloads.

    Of the table of peers, the node's own port and whether it registers with the port mapper are read once.
    """
    layout = node["layout"]
    at_start = ("sys_config", "vm_args", "tls_options", "environment", "service_file")
    reloaded = ("peers", "trust", "certificate", "cookie")
    return {
        "running": layout["running_generation"],
        "actions": [
            {"name": "restart", "text": json.dumps([key, node["listen_port"], discovery]), "paths": [layout[file] for file in at_start]},
            {"name": "reload", "paths": [layout[file] for file in reloaded]},
        ],
    }


def needed(state: Mapping[str, Any], outdated: Sequence[str]) -> str:
    """Return the state that the service has to be brought to, as ``systemd_service`` names it; empty if it runs what is wanted.

    ``state`` is what systemd says of it, ``outdated`` the actions of the generation that it has yet to take.
    """
    if state["active"] != "active" or "restart" in outdated:
        return "restarted"
    if "reload" in outdated:
        return "reloaded"
    return "started" if state["needs_reload"] else ""


def unit(cluster: Mapping[str, Any], node: Mapping[str, Any], erl: str, further: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of the unit's template; ``further`` are the user's settings of its sections."""
    layout = node["layout"]
    return {
        "node": node["node"],
        "account": node["account"],
        "layout": layout,
        "start": " ".join(_start(node, erl)),
        "packet_filter": backends.of(node).unit(node),
        "port_mapper": "epmd.socket" if cluster["discovery"] == "epmd" else "",
        "protect_home": "no" if _HIDDEN_HOMES.match(layout["home"]) else "yes",
        "unit_settings": _lines(further.get("Unit") or {}),
        "service_settings": _lines(further.get("Service") or {}),
    }


def _start(node: Mapping[str, Any], erl: str) -> list[str]:
    layout, release = node["layout"], node["application"]
    if release is not None and release["boots_itself"]:
        return [layout["release_program"], releases.start_command(release["kind"])]
    return [erl, "-args_file", layout["vm_args"]]


def control(cluster: Mapping[str, Any], node: Mapping[str, Any], erl: str) -> dict[str, Any]:
    """Return the values of the control command's template, each quoted for a shell."""
    layout = node["layout"]
    flags = [arguments.name_flag(cluster), *arguments.distribution(cluster, layout)]
    values = {
        "command": layout["unit"],
        "unit": layout["unit"],
        "node": node["node"],
        "account": node["account"],
        "home": layout["home"],
        "config": layout["config"],
        "program": layout["control_program"],
        "erl": erl,
        "runtime": layout["runtime"],
        "net_ticktime": str(cluster["net_ticktime"]),
    }
    return {**{key: shlex.quote(value) for key, value in values.items()}, "shell_flags": " ".join(map(shlex.quote, flags))}


def _lines(settings: Mapping[str, Any]) -> list[str]:
    return [
        "%s=%s" % (key, value) for key, values in settings.items() for value in (values if isinstance(values, (list, tuple)) else [values])
    ]
