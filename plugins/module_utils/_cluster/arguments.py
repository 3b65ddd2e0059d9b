# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arguments that a node's emulator is started with, and the file in which it reads them.

Sources: erl(1), "Emulator Flags" and ``-args_file``; Erlang/OTP, "Using TLS for Erlang Distribution".
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import releases


def name_flag(cluster: Mapping[str, Any]) -> str:
    """Return the flag that a node of the cluster is given its name by."""
    return "-name" if cluster["names"] == "long" else "-sname"


def distribution(cluster: Mapping[str, Any], layout: Mapping[str, str]) -> list[str]:
    """Return the arguments that make an emulator speak the cluster's distribution; a remote shell needs them as well."""
    arguments = ["-proto_dist", "inet6_tls" if cluster["address_family"] == "inet6" else "inet_tls"]
    arguments += ["-ssl_dist_optfile", layout["tls_options"], "-epmd_module", "beam_tls_epmd", "-start_epmd", "false"]
    arguments += ["-beam_tls_peers", layout["peers"], "-pa", layout["ebin"]]
    return arguments + (["-epmd_port", str(cluster["epmd_port"])] if cluster["discovery"] == "epmd" else [])


def of_node(cluster: Mapping[str, Any], node: Mapping[str, Any], further: Sequence[str]) -> list[str]:
    """Return all arguments of a node, ``further`` those that the user adds."""
    layout, release = node["layout"], node["application"]
    arguments = [name_flag(cluster), node["node"], *distribution(cluster, layout), *_boot(node)]
    if release is not None and release["kind"] == releases.MIX:
        # Its configuration is one file, which has ours in it; what is worked out when it starts comes last there.
        arguments += ["-kernel", "net_ticktime", str(cluster["net_ticktime"])]
    else:
        arguments += ["-config", layout["sys_config"]]
    arguments += ["-noinput"] if release is None or release["kind"] == releases.SYSTOOLS else []
    arguments += ["-beam_tls_runtime", layout["runtime"]]
    arguments += ["-pa", *node["code_paths"]] if node["code_paths"] else []
    arguments += ["-s", *node["start"]] if node["start"] else []
    return [*arguments, *further]


def _boot(node: Mapping[str, Any]) -> list[str]:
    """Return what a node boots, and the configuration that its release brings, which ours comes behind and so wins over (config(4)).

    The program of a release gives both by itself.
    """
    release, layout = node["application"], node["layout"]
    if release is None:
        return ["-boot", layout["boot_script"]]
    if release["kind"] != releases.SYSTOOLS:
        return []
    boot = "%s/releases/%s/start" % (layout["release"], release["version"]) if release["boots_itself"] else layout["boot_script"]
    brought = "%s/releases/%s/sys.config" % (release["path"], release["version"])
    return ["-boot", boot, *(["-config", brought] if "sys.config" in release["configuration"] else [])]


def asking(cluster: Mapping[str, Any], node: Mapping[str, Any]) -> list[str]:
    """Return the arguments of what asks a node by the program of its release, less what that program passes by itself."""
    arguments = distribution(cluster, node["layout"])
    if node["application"]["kind"] == releases.RELX:
        pairs = zip(arguments[::2], arguments[1::2])
        return [word for pair in pairs if pair[0] not in ("-proto_dist", "-epmd_module", "-start_epmd") for word in pair]
    return [*arguments, "-dist_listen", "false"]


def file(arguments: Sequence[str], comment: str) -> str:
    """Return the text of a file for ``-args_file``: an argument on each line, quoted as erl and a shell take it, below a comment."""
    return "".join(["# %s; each argument on a line of its own, quoted as erl and a shell take it.\n" % comment, *map(_line, arguments)])


def _line(argument: str) -> str:
    return shlex.quote(str(argument)) + "\n"
