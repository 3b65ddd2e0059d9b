# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration of a node's applications: what ``sys.config`` may hold. Of values, which may be secret, nothing is shown.

Sources: config(4); kernel(6); Erlang Reference Manual, "Data Types" (atoms).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import Problem
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import tagged, term_writer, terms

_APPLICATION = re.compile(r"[a-z][A-Za-z0-9_@]{0,254}\Z")
_PORT = ("decides where the node listens, as the role does", "use erlang_node_listen_port")
KERNEL: dict[str, tuple[str, str]] = {
    "inet_dist_listen_min": _PORT,
    "inet_dist_listen_max": _PORT,
    "inet_ssl_port": _PORT,
    "erl_epmd_node_listen_port": _PORT,
    "net_ticktime": ("is the same on all nodes", "use erlang_cluster_net_ticktime"),
    "start_distribution": ("decides whether there is distribution at all", "remove it"),
}
"""Parameters of kernel that are the role's to set: why, and what to use instead."""


def problems(configuration: Any) -> Iterator[Problem]:
    """What is wrong with the configuration of applications: application -> parameter -> value, in the form that ``to_erlang`` takes."""
    if not isinstance(configuration, Mapping):
        yield Problem(None, "is no mapping", "give applications, each with parameters and their values")
        return
    for application, parameters in configuration.items():
        if not isinstance(application, str) or not _APPLICATION.match(application):
            yield Problem(str(application), "is not the name of an application", "use a name such as my_app")
        elif not isinstance(parameters, Mapping):
            yield Problem(application, "is no mapping", "give the parameters of the application and their values")
        else:
            for parameter, value in parameters.items():
                yield from _of_parameter(application, parameter, value)


def _of_parameter(application: str, parameter: Any, value: Any) -> Iterator[Problem]:
    at = "%s.%s" % (application, parameter)
    if not isinstance(parameter, str) or not 0 < len(parameter) <= terms.MAX_ATOM or parameter.startswith("$"):
        yield Problem(at, "is not the name of a parameter", "use a name such as log_level, of at most %d characters" % terms.MAX_ATOM)
    elif application == "kernel" and parameter in KERNEL:
        yield Problem(at, *KERNEL[parameter])
    else:
        try:
            term_writer.dumps(tagged.from_tagged({parameter: value}))
        except terms.TermError as error:
            yield Problem(at, "has a value that stands for no Erlang term (%s)" % error, "see the filter beam.tls_distribution.to_erlang")
