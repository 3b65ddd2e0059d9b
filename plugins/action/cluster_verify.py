# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host proves of a cluster: worked out from the topology on the controller, tried by the module ``node_verify`` in one round trip."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.walls import NAMES
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import foreign, proving

_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "topology": {"type": "dict", "required": True},
    "host": {"type": "str"},
    "walls": {"type": "list", "elements": "str", "choices": list(NAMES), "required": True},
    "authorities": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "float", "default": 5.0},
    "retry_seconds": {"type": "float", "default": 10.0},
}


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Has the host try what it has to, and returns its answer; skipped for a controller without anything to try."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _validation, given = self.validate_argument_spec(_ARGUMENTS)
        variables = task_vars or {}
        topology, origin = given["topology"], given["host"] or variables["inventory_hostname"]
        options = proving.options(topology, origin, given["walls"], given["authorities"], given["timeout"])
        if origin == proving.CONTROLLER and not options["walls"]:
            return {**result, "changed": False, "skipped": True, "msg": "There is nothing that the controller could prove."}
        # In check mode nothing was started that would have to be waited for.
        options["retry_seconds"] = 0.0 if self._task.check_mode else given["retry_seconds"]
        if "foreign_ca" in options["walls"]:
            if foreign.CRYPTOGRAPHY_MISSING is not None:
                raise AnsibleActionFail(foreign.WITHOUT_CRYPTOGRAPHY)
            options["foreign_certificate"] = foreign.certificate(topology["nodes"][origin]["host"])
        result.update(self._execute_module(module_name="beam.tls_distribution.node_verify", module_args=options, task_vars=variables))
        return result
