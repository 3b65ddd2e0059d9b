# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host lacks of the OTP that its node is to have, and of the port mapper that is to run there or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.release import BOOT_TOOLS

EPMD_UNITS = ("epmd.socket", "epmd.service")
"""The units of the port mapper as distributions call them, what listens first."""

EPMD_DIRECTORY = layout.SYSTEMD + "/epmd.socket.d"
EPMD_SETTINGS = EPMD_DIRECTORY + "/erlang.conf"
"""What binds the port mapper to addresses (systemd.unit(5), drop-ins)."""

_EPMD_HEAD = """\
# Made by Ansible, role beam.tls_distribution.erlang_otp: the port mapper serves this host and the node's own addresses only.
[Socket]
ListenStream=
FreeBind=yes
"""

Survey = Mapping[str, Any]
Name = Callable[[Mapping[str, Any], Mapping[str, Any]], str]
"""The name of an OTP on a platform."""


def applications(node: Mapping[str, Any]) -> list[str]:
    """What OTP has to have on a node's host: what the node boots, and what makes its boot script."""
    return sorted({*node["otp_applications"], *BOOT_TOOLS})


def state(node: Mapping[str, Any], survey: Survey, cache: str, name_of: Name) -> dict[str, Any]:
    """Whether a host has the OTP of its node, and what that is.

    Of an OTP that is not the distribution's, ``name``, ``root`` (where it will lie) and ``archive`` (on the controller, in ``cache`` where it
    is built) are told; of any the ``applications`` that it has to have, ``right``: whether it is there, and current, ``to_install``, the
    contrary, and ``tasks``, the file with the tasks that install it.
    """
    otp, found = node["otp"], survey["otp"] or {}
    wanted = applications(node)
    if otp["source"] == "package":
        right = set(wanted) <= set(found.get("applications", ()))
        return {"applications": wanted, "right": right, "to_install": not right, "tasks": "package.yml"}
    name = name_of(otp, survey["platform"])
    root = "%s/%s" % (otp["prefix"], name)
    archive = otp["archive"]["path"] if otp["source"] == "archive" else "%s/%s.tar.gz" % (cache, name)
    right = found.get("root") == root
    told = {"applications": wanted, "right": right, "to_install": not right, "tasks": "install.yml"}
    return {**told, "name": name, "root": root, "archive": archive}


def questions(node: Mapping[str, Any]) -> dict[str, Any]:
    """What has to be asked of a host for :func:`state` and :func:`port_mapper`."""
    otp = node["otp"]
    return {
        "applications": node["otp_applications"],
        "otp_roots": otp["roots"],
        "otp_prefix": otp["prefix"],
        "files": [EPMD_SETTINGS],
        "units": list(EPMD_UNITS),
        "needs": {"otp": applications(node)} if otp["source"] == "package" else {},
    }


def port_mapper(
    topology: Mapping[str, Any], inventory: str, survey: Survey, check_mode: bool, needed: bool = False, back: bool = False
) -> dict[str, Any]:
    """Whether the port mapper runs on a host as it should: bound to the node's addresses where nodes are found by it, masked where not.

    ``wanted`` is whether it should run, ``right`` whether all is as it should be, ``active`` the units that run, ``masks`` the files that
    mask units and have to go, ``settings`` the text of the file that binds it. Where not all is right, ``tasks`` is the file with the tasks that change
    it, ``to_listen`` whether its socket has to be started after that, ``mask`` the command that masks it and ``announcement`` what is said of it in check mode.

    With ``needed`` it stays as it is where nodes are to be found without it, as the node may go back. With ``back`` the node has gone back, and it is to be
    as it was when the host was surveyed, before this run bound it to other addresses or unmasked it.
    """
    cluster, node = topology["cluster"], topology["nodes"][inventory]
    units = {name: survey["units"][name] for name in EPMD_UNITS}
    active = [name for name, unit in units.items() if unit["active"] == "active"]
    masked = [name for name, unit in units.items() if unit["enabled"] == "masked"]
    wanted = cluster["discovery"] == "epmd"
    settings = _EPMD_HEAD + "".join(
        "ListenStream=%s:%s\n" % (_host(each), cluster["epmd_port"]) for each in ["127.0.0.1", *node["addresses"]]
    )
    listens = EPMD_UNITS[0] in active and not masked and survey["files"][EPMD_SETTINGS] == settings
    is_off = not active and len(masked) == len(units)
    right = listens if wanted else is_off or needed
    if back:
        before, moved = survey["files"][EPMD_SETTINGS], wanted and not right
        wanted = EPMD_UNITS[0] in active
        right = not moved or not (len(masked) == len(units) or (wanted and before))
        settings = before or ""
    startable = not check_mode or units[EPMD_UNITS[0]]["load"] == "loaded"
    return {
        "units": list(EPMD_UNITS),
        "wanted": wanted,
        "right": right,
        "to_change": not right,
        "to_listen": wanted and not right and startable,
        "tasks": "epmd_%s.yml" % ("on" if wanted else "announce" if check_mode else "off"),
        "mask": ["systemctl", "mask", *(["--now"] if active or back else []), *EPMD_UNITS],
        "announcement": "%s would mask %s%s." % (inventory, " and ".join(EPMD_UNITS), ", and stop what runs" if active else ""),
        "active": active,
        "masks": ["%s/%s" % (layout.SYSTEMD, name) for name in EPMD_UNITS] if masked else [],
        "directory": EPMD_DIRECTORY,
        "path": EPMD_SETTINGS,
        "settings": settings,
    }


def _host(address: str) -> str:
    """An address as systemd takes it in front of a port (systemd.socket(5), ListenStream)."""
    return "[%s]" % address if ":" in address else address
