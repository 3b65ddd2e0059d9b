# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a node's service is and does: the values of its unit, what modules and boot script are made from, and what has to be done to it.

Source: systemd.service(5), systemd.exec(5).
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import arguments, releases
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.change import IN_TURN, NONE, RESTART, START, WOULD
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.firewall import backends

_MADE_BY = 3
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


def reloaded(places: Mapping[str, str]) -> dict[str, Any]:
    """Return what a running node reloads, as a file set takes it, by the node's layout.

    Of the table of peers, the node's own port and whether it registers with the port mapper are read once.
    """
    paths = [places[file] for file in ("peers", "trust", "certificate", "cookie")]
    return {"running": places["running_generation"], "actions": [{"name": "reload", "paths": paths}]}


def questions(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return what to ask of a host about its node: what it is made from, its release among it, and how its service is."""
    return {
        "account": node["account"],
        "applications": node["otp_applications"],
        "otp_roots": node["otp"]["roots"],
        "digests": [node["layout"]["control_program"]],
        "exists": [node["application"]["path"]] if node["application"] else [],
        "units": [node["layout"]["service"]],
    }


def state(survey: Mapping[str, Any], node: Mapping[str, Any]) -> dict[str, bool]:
    """Return how the service of a node is: whether it ``runs``, and whether it is ``unsettled``: failed, or neither up nor down.

    Source: systemctl(1), ActiveState.
    """
    active = survey["units"][node["layout"]["service"]]["active"]
    return {"runs": active == "active", "unsettled": active not in ("active", "inactive")}


def needed(change: Mapping[str, Any], unread: bool) -> str:
    """Return the state that the service has to be brought to at once, as ``systemd_service`` names it; empty if it is in it.

    ``change`` is what the node has to do (``change.py``), ``unread`` whether systemd has to read its units again.
    """
    if change["class"] == START:
        return "started"
    return "reloaded" if change["reload"] else "started" if unread and change["class"] == NONE else ""


def steps(change: Mapping[str, Any], state: str, check_mode: bool) -> dict[str, Any]:
    """Return what the role has to do, as yes or no each: ``any`` of it, or ``right`` if nothing; ``announce`` it, which is all in check
    mode; ``switch`` the next start to
    what is wanted; bring the ``service`` to a state; ``try`` what the node is restarted with; have it ``wait`` for its turn.

    ``change`` is what the node has to do (``change.py``), ``state`` what :func:`needed` returned. ``announcement`` is the rest of a sentence about the
    node in check mode, ``starts`` whether the service is to start, and ``failure`` what it does not do where it cannot be brought to its state.
    """
    kind = change["class"]
    reasons = " (%s)" % ", ".join(change["reasons"]) if change["reasons"] else ""
    return {
        "any": kind != NONE or bool(state),
        "right": kind == NONE and not state,
        "announce": check_mode,
        "switch": kind == START and not check_mode,
        "service": bool(state) and not check_mode,
        "try": kind == RESTART and not check_mode,
        "wait": kind in IN_TURN and not check_mode,
        "announcement": WOULD[kind] + reasons,
        "starts": state != "reloaded",
        "failure": "does not reload its files" if state == "reloaded" else "does not start",
    }


def unit(cluster: Mapping[str, Any], node: Mapping[str, Any], further: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of the unit's template; ``further`` are the user's settings of its sections."""
    layout = node["layout"]
    return {
        "node": node["node"],
        "account": node["account"],
        "layout": layout,
        "start": " ".join(_start(node)),
        "packet_filter": backends.of(node).unit(node),
        "port_mapper": "epmd.socket" if cluster["discovery"] == "epmd" else "",
        "listen_port": node["listen_port"],
        "protect_home": "no" if _HIDDEN_HOMES.match(layout["home"]) else "yes",
        "unit_settings": _lines(further.get("Unit") or {}),
        "service_settings": _lines(further.get("Service") or {}),
    }


def _start(node: Mapping[str, Any]) -> list[str]:
    layout, release = node["layout"], node["application"]
    if release is not None and release["boots_itself"]:
        return [layout["release_program"], releases.start_command(release["kind"])]
    return [layout["erl"], "-args_file", layout["vm_args"]]


def control(cluster: Mapping[str, Any], node: Mapping[str, Any]) -> dict[str, Any]:
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
        "erl": layout["erl"],
        "runtime": layout["runtime"],
        "net_ticktime": str(cluster["net_ticktime"]),
    }
    return {**{key: shlex.quote(value) for key, value in values.items()}, "shell_flags": " ".join(map(shlex.quote, flags))}


def _lines(settings: Mapping[str, Any]) -> list[str]:
    return [
        "%s=%s" % (key, value) for key, values in settings.items() for value in (values if isinstance(values, (list, tuple)) else [values])
    ]
