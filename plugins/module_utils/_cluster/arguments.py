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
    layout = node["layout"]
    arguments = [name_flag(cluster), node["node"], *distribution(cluster, layout)]
    arguments += ["-boot", layout["boot_script"], "-config", layout["sys_config"], "-noinput", "-beam_tls_runtime", layout["runtime"]]
    arguments += ["-pa", *node["code_paths"]] if node["code_paths"] else []
    arguments += ["-s", *node["start"]] if node["start"] else []
    return [*arguments, *further]


def file(arguments: Sequence[str], comment: str) -> str:
    """Return the text of a file for ``-args_file``: an argument on each line, quoted as erl and a shell take it, below a comment."""
    return "".join(["# %s; each argument on a line of its own, quoted as erl and a shell take it.\n" % comment, *map(_line, arguments)])


def _line(argument: str) -> str:
    return shlex.quote(str(argument)) + "\n"
