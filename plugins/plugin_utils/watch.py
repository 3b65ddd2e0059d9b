# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The watch of a host: its files, with the units of systemd, what is asked of a host about it, and whether it is as wanted.

It has its settings from what its host is asked to prove (``proving.py``).
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.firewall import backends
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import bundle

_HOMES = ("/home/", "/root/", "/run/user/")
"""What systemd's ``ProtectHome`` hides (systemd.exec(5))."""

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


def watch_files(
    node: Mapping[str, Any], proof: Mapping[str, Any], directory: str, interval: int | str, wanted: bool | str
) -> dict[str, Any]:
    """Return the files of the watch but for its program, as arguments of ``file_set``; or their absence, where it is not wanted.

    ``proof`` are the host's options of node_verify. ``directory`` is where node_exporter looks, empty for nowhere; ``interval`` are the seconds
    between two looks. A command line gives ``interval`` and ``wanted`` as texts.
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
            {"path": places["watch_service_file"], "content": service_unit(node), **public},
            {"path": places["watch_timer_file"], "content": timer_unit(node, int(interval)), **public},
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


def service_unit(node: Mapping[str, Any]) -> str:
    """The text of the watch's service. It names the digest of the program, so that another program is another unit."""
    places = node["layout"]
    return _SERVICE % {
        "digest": bundle.digest(bundle.PROGRAMS["watch"]),
        "node": node["node"],
        "account": node["account"],
        "unit": places["watch_unit"],
        "program": places["watch_program"],
        "settings": places["watch_settings"],
        "protect_home": "read-only" if places["home"].startswith(_HOMES) else "yes",
    }


def timer_unit(node: Mapping[str, Any], interval: int) -> str:
    """The text of the timer that starts it every ``interval`` seconds."""
    return _TIMER % {"node": node["node"], "interval": interval, "delay": interval // 10}


_SERVICE = """\
# Made by Ansible, role beam.tls_distribution.erlang_verify.
# Digest of the program: %(digest)s
[Unit]
Description=Look at the edges of Erlang node %(node)s
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
User=%(account)s
Group=%(account)s
StateDirectory=%(unit)s
StateDirectoryMode=0755
# The program says something only where something is wrong; that it ran is a metric.
ExecStart=/usr/bin/env python3 -I %(program)s %(settings)s
SyslogLevel=warning
LogLevelMax=notice
TimeoutStartSec=300
UMask=0077

NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=%(protect_home)s
PrivateTmp=yes
PrivateDevices=yes
PrivateUsers=yes
PrivateIPC=yes
ProtectProc=invisible
ProcSubset=pid
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
SocketBindDeny=any
"""

_TIMER = """\
# Made by Ansible, role beam.tls_distribution.erlang_verify.
[Unit]
Description=Look at the edges of Erlang node %(node)s now and then

[Timer]
OnBootSec=60
OnUnitActiveSec=%(interval)d
# Hosts of a cluster that started together do not look together for ever.
RandomizedDelaySec=%(delay)d
AccuracySec=1

[Install]
WantedBy=timers.target
"""
