# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node's files on its host: worked out on the controller, written by the module ``node_prepare`` in one round trip."""

from __future__ import annotations

import base64
import functools
import typing as t
from pathlib import Path

import jinja2
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import checks, node_files, service
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.change import IN_TURN
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError, shown
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import authorities, bundle, handover, mixing, revocations

_ROLE = Path(__file__).parents[2] / "roles" / "erlang_node"
_CONTROL = "_host.control"
_CHOSEN: dict[str, dict[str, t.Any]] = {
    "sys_config": {"type": "dict", "required": True, "no_log": True},
    "environment": {"type": "dict", "required": True, "no_log": True},
    "vm_args": {"type": "list", "elements": "str", "required": True},
    "unit_settings": {"type": "dict", "required": True},
    "buffer_bytes": {"type": "int", "required": True},
    "tls_versions": {"type": "list", "elements": "str", "required": True},
    "tls_options": {"type": "dict", "required": True},
    "connect": {"type": "bool", "required": True},
}
_ARGUMENTS = {
    **_CHOSEN,
    "cookie": {"type": "str", "required": True, "no_log": True},
    "trust": {"type": "str", "required": True},
    "revocations": {"type": "str", "default": ""},
    "revocations_needed": {"type": "bool", "default": False},
    "revoked_keys": {"type": "list", "elements": "str", "default": []},
}


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Writes the files, and says what is left to be done: what the node and its service have to do."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _validation, given = self.validate_argument_spec(_ARGUMENTS)
        variables = task_vars or {}
        # As they stand: facts are data, and a template more each time that a role reads them.
        facts, inventory = variables["ansible_facts"], variables["inventory_hostname"]
        topology, survey = facts["erlang_cluster_topology"], facts["erlang_survey"]
        chosen = node_files.Chosen(**{name: given[name] for name in _CHOSEN})
        _check(chosen)
        revoked = _revoked(given, self._task.check_mode)
        contents = node_files.Given(given["cookie"], given["trust"], _sources(), _program, bundle.digest(_CONTROL), revoked)
        # In check mode all is told that would change in the end.
        together = inventory in mixing.together(topology, variables["hostvars"], variables["ansible_play_hosts"])
        held = together and not self._task.check_mode
        try:
            wanted = node_files.node_files(topology, inventory, survey, chosen, contents, _render, held)
        except InputError as error:
            raise AnsibleActionFail("%s: erlang_node_environment: %s." % (inventory, error)) from None
        result.update(self._execute_module(module_name="beam.tls_distribution.node_prepare", module_args=wanted, task_vars=variables))
        if not result.get("failed"):
            if not self._task.check_mode:
                _remember(topology["cluster"])
            change = result["change"]
            result["service_state"] = service.needed(change, result["unread"])
            result["steps"] = service.steps(change, result["service_state"], self._task.check_mode)
            if change["class"] in IN_TURN:
                change["together"] = together
            result["at_the_switch"] = node_files.at_the_switch(topology, inventory, survey, chosen) if held else {}
        return result


def _remember(cluster: t.Mapping[str, t.Any]) -> None:
    """Writes down who signs and what nodes trust, as it is in force now. While that is changed, the rotation says it."""
    try:
        if authorities.rotation(cluster["layout"]) is None:
            handover.write_down(cluster["layout"], handover.of(cluster["signing"]))
    except InputError as error:
        raise AnsibleActionFail(authorities.OF_DIRECTORY % (error.problem, error.fix)) from None
    except OSError as error:
        raise AnsibleActionFail("%s cannot be written on the controller (%s)." % (error.filename, error.strerror)) from None


def _check(chosen: node_files.Chosen) -> None:
    """Raises AnsibleActionFail with a sentence for each fault of what the user chose, in which no secret is shown."""
    faults = [
        "%s%s %s; %s." % (variable, "" if problem.shown is None else " " + shown(problem.shown), problem.problem, problem.fix)
        for variable, value in (("erlang_node_" + name, value) for name, value in chosen._asdict().items())
        for problem in checks.problems(variable, value)
    ]
    if faults:
        raise AnsibleActionFail("\n".join(faults))


def _revoked(given: t.Mapping[str, t.Any], check_mode: bool) -> node_files.Revoked:
    """What the node refuses. Raises AnsibleActionFail where there are no lists though they are needed: a node would refuse everybody."""
    revoked = revocations.of_node(given["revocations"], given["revocations_needed"], given["revoked_keys"])
    if revoked.needs and not revoked.lists and not check_mode:
        message = "The cluster's directory has no list of revoked certificates (%s), which nodes need; run the role erlang_certs before erlang_node."
        raise AnsibleActionFail(message % revocations.LISTS)
    return revoked


def _program() -> str:
    return base64.b64encode(bundle.program(_CONTROL)).decode("ascii")


@functools.cache
def _sources() -> dict[str, str]:
    """The Erlang modules of the role, by their names."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted((_ROLE / "files" / "src").glob("*.erl"))}


@functools.cache
def _templates() -> jinja2.Environment:
    """The role's templates, read as Ansible's own lookup reads them."""
    loader = jinja2.FileSystemLoader(str(_ROLE / "templates"))
    return jinja2.Environment(
        loader=loader, trim_blocks=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined, autoescape=False
    )


def _render(name: str, values: t.Mapping[str, t.Any]) -> str:
    return _templates().get_template(name).render(values)
