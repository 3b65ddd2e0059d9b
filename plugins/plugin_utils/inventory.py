# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the hosts of a cluster as their tasks would see them, each of the right type or a fault."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleError, AnsibleUndefinedVariable
from ansible.template import Templar
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import checks, releases
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError, InventoryFault
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.machines import CONNECTION
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.specifications import Specifications

# Variables that may refer to the topology, which is not there yet when the others are read.
DEFERRED = frozenset(
    [
        "erlang_node_sys_config",
        "erlang_node_vm_args",
        "erlang_node_environment",
        "erlang_rollout_after",
        "erlang_rollout_before",
        "erlang_rollout_health",
        "erlang_verify_report_directory",
    ]
)

# What our modules and actions set as facts.
FACTS = frozenset(["erlang_cluster_topology", "erlang_survey"])

_OF_TOPOLOGY = ("erlang_cluster_topology", "erlang_cluster_node")
_PREFIX = "erlang_"


def read_host(
    inventory: str, raw: dict[str, t.Any], specifications: Specifications, loader: t.Any, faults: list[InventoryFault]
) -> dict[str, t.Any]:
    """The public variables of all roles for one host, templated and of the types that the roles ask for.

    ``raw`` are the host's variables before templating. A variable with a fault has its default, or is absent where it has none, so
    that everything else is checked as well. Names that are probably misspelt are faults too. Variables that may refer to the topology are left out.
    """
    faults += _unknown(inventory, raw, specifications)
    return _read(inventory, raw, specifications, loader, faults, set(specifications.options) - DEFERRED, ())


def check_deferred(
    inventory: str,
    raw: dict[str, t.Any],
    specifications: Specifications,
    loader: t.Any,
    topology: dict[str, t.Any] | None,
    faults: list[InventoryFault],
) -> dict[str, t.Any]:
    """The variables of a host that may refer to the topology, which is None where the inventory has faults. Adds what is wrong with them.

    All of them are worked out here, before a host is asked: a template that fails where it is used would be shown with the lines around it,
    which may be secret. What only the survey of a host tells is of no use to them, then. What refers to a topology that there is not is left out.
    """
    known: dict[str, t.Any] = {}
    if topology is not None:
        known = {
            "ansible_facts": {**raw.get("ansible_facts", {}), "erlang_cluster_topology": topology},
            "erlang_cluster_topology": topology,
            "erlang_cluster_node": topology["nodes"][inventory],
        }
    unknown = () if topology is not None else _OF_TOPOLOGY
    values = _read(inventory, {**raw, **known}, specifications, loader, faults, DEFERRED & set(specifications.options), unknown)
    for name, value in values.items():
        faults += [InventoryFault((inventory,), name, *problem) for problem in checks.problems(name, value)]
    release = topology["nodes"][inventory].get("application") if topology is not None else None
    environment = values.get("erlang_node_environment")
    if release is not None and release["boots_itself"] and isinstance(environment, dict):
        faults += [
            InventoryFault((inventory,), "erlang_node_environment", *problem)
            for problem in releases.environment_problems(release["variables"], environment)
        ]
    return values


def _read(
    inventory: str,
    raw: dict[str, t.Any],
    specifications: Specifications,
    loader: t.Any,
    faults: list[InventoryFault],
    names: t.Collection[str],
    unknown: tuple[str, ...],
) -> dict[str, t.Any]:
    """The values of variables; one whose template cannot be worked out for lack of something ``unknown`` is left out."""
    defaults, literals = specifications.defaults(), specifications.literals()
    variables = {**defaults, **raw}
    templar = Templar(loader=loader, variables=variables)
    values: dict[str, t.Any] = {}
    for name in specifications.options:
        if name not in variables or name not in names:
            continue
        if name in literals:
            values[name] = literals[name]
        try:
            values[name] = _value(name, variables[name], specifications, templar)
        except AnsibleError as error:
            if variables[name] == defaults.get(name):
                continue  # The fault is in a variable that the default refers to.
            undefined = isinstance(error, AnsibleUndefinedVariable)
            if undefined and any(word in str(error) for word in unknown):
                continue
            reason = "" if specifications.is_secret(name) and not undefined else " (%s)" % " ".join(str(error).split())
            faults.append(InventoryFault((inventory,), name, None, "cannot be worked out%s" % reason, "correct its template"))
        except InputError as error:
            if variables[name] == defaults.get(name):
                continue
            shown = None if specifications.is_secret(name) else _plain(templar.template(variables[name]))
            faults.append(InventoryFault((inventory,), name, shown, error.problem, error.fix))
    values[CONNECTION] = _connection(inventory, raw, templar)
    return values


def _connection(inventory: str, raw: dict[str, t.Any], templar: Templar) -> str | None:
    """How Ansible reaches a host, the same text for what is the same machine; None if that cannot be told."""
    try:
        kind, host, port, further = (
            next((str(templar.template(raw[name])) for name in names if raw.get(name) is not None), default)
            for names, default in (
                (("ansible_connection",), "ssh"),
                (("ansible_host", "ansible_ssh_host"), inventory),
                (("ansible_port", "ansible_ssh_port"), "22"),
                (("ansible_ssh_common_args",), ""),
            )
        )
    except AnsibleError:
        return None
    if kind == "local":
        return "the controller itself"
    return "%s port %s%s" % (host.lower(), port, " with %s" % further if further else "")


def _value(name: str, raw: t.Any, specifications: Specifications, templar: Templar) -> t.Any:
    value = _worked_out(templar.template(raw))
    if value is None:
        if specifications.is_needed(name):
            raise specifications.without_value(name)
        return None
    return specifications.validated(name, value)


def _worked_out(value: t.Any) -> t.Any:
    """Data in which nothing waits to be templated any more."""
    if isinstance(value, t.Mapping):
        return {key: _worked_out(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_worked_out(inner) for inner in value]
    return value


def _plain(value: t.Any) -> t.Any:
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


def _unknown(inventory: str, raw: t.Iterable[str], specifications: Specifications) -> list[InventoryFault]:
    faults: list[InventoryFault] = []
    for name in raw:
        if not name.startswith(_PREFIX):
            continue
        nearest = specifications.nearest(name, FACTS)
        if nearest is not None:
            fix = "the nearest one is %s" % nearest if nearest else "remove it, or see the role's README for the variables it has"
            faults.append(InventoryFault((inventory,), name, None, "is a variable that no role knows", fix))
    return faults
