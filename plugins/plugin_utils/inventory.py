# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the hosts of a cluster as their tasks would see them, each of the right type or a fault."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleError
from ansible.template import Templar
from ansible_collections.beam.tls_distribution.plugins.module_utils.cluster.faults import Fault, InputError
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.specifications import Specifications

# Variables that may refer to the topology, which is not there yet. They are worked out where they are used.
DEFERRED = frozenset(["erlang_node_sys_config", "erlang_node_vm_args", "erlang_node_environment"])

# What our modules and actions set as facts.
FACTS = frozenset(["erlang_cluster_topology", "erlang_survey"])

_PREFIX = "erlang_"


def read_host(
    inventory: str, raw: dict[str, t.Any], specifications: Specifications, loader: t.Any, faults: list[Fault]
) -> dict[str, t.Any]:
    """The public variables of all roles for one host, templated and of the types that the roles ask for.

    ``raw`` are the host's variables before templating. A variable with a fault counts as absent, so that everything
    else is checked as well. Names that are probably misspelt are faults too.
    """
    faults += _unknown(inventory, raw, specifications)
    defaults = specifications.defaults()
    variables = {**defaults, **raw}
    templar = Templar(loader=loader, variables=variables)
    values: dict[str, t.Any] = {}
    for name in specifications.options:
        if name not in variables:
            continue
        try:
            values[name] = _value(name, variables[name], specifications, templar)
        except AnsibleError as error:
            if variables[name] == defaults.get(name):
                continue  # The fault is in a variable that the default refers to.
            reason = "" if specifications.is_secret(name) else " (%s)" % " ".join(str(error).split())
            faults.append(Fault((inventory,), name, None, "cannot be worked out%s" % reason, "correct its template"))
        except InputError as error:
            shown = None if specifications.is_secret(name) else _plain(name, variables, specifications, templar)
            faults.append(Fault((inventory,), name, shown, error.problem, error.fix))
            values[name] = None
    return values


def _value(name: str, raw: t.Any, specifications: Specifications, templar: Templar) -> t.Any:
    if name in DEFERRED:
        specifications.check_shape(name, raw)
        return None
    value = templar.template(raw)
    return None if value is None else specifications.validated(name, value)


def _plain(name: str, variables: dict[str, t.Any], specifications: Specifications, templar: Templar) -> t.Any:
    value = variables[name] if name in DEFERRED else templar.template(variables[name])
    return value if isinstance(value, (str, int, float)) else str(value)


def _unknown(inventory: str, raw: t.Iterable[str], specifications: Specifications) -> list[Fault]:
    faults: list[Fault] = []
    for name in raw:
        if not name.startswith(_PREFIX):
            continue
        nearest = specifications.nearest(name, FACTS)
        if nearest is not None:
            fix = (
                "the nearest one is %s" % nearest
                if nearest
                else "remove it, or see the role's README for the variables it has"
            )
            faults.append(Fault((inventory,), name, None, "is a variable that no role knows", fix))
    return faults
