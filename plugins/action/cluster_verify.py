# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host proves of a cluster: worked out from the topology on the controller, tried by the module ``node_verify`` in one round trip."""

from __future__ import annotations

import datetime
import typing as t
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.walls import NAMES
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import directory, foreign, issued, proving, rotation, secrets
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers import intermediate
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers.contract import SignerError

_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "topology": {"type": "dict", "required": True},
    "host": {"type": "str"},
    "walls": {"type": "list", "elements": "str", "choices": list(NAMES), "required": True},
    "authorities": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "float", "default": 5.0},
    "retry_seconds": {"type": "float", "default": 10.0},
    "rotation": {"type": "bool", "default": False},
    "passphrase": {"type": "str", "no_log": True},
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
        shown = None
        if given["rotation"]:
            said = [secrets.given(self._templar, variables, name) for name in (secrets.VARIABLES["ca_passphrase"], intermediate.PASSPHRASE)]
            shown = _of_other_ca(topology, origin, given["passphrase"] or said[0], said[1])
        walls = [*given["walls"], rotation.WALL] if shown else given["walls"]
        options = proving.options(topology, origin, walls, given["authorities"], given["timeout"])
        if origin == proving.CONTROLLER and not options["walls"]:
            return {**result, "changed": False, "skipped": True, "msg": "There is nothing that the controller could prove."}
        # In check mode nothing was started that would have to be waited for.
        options["retry_seconds"] = 0.0 if self._task.check_mode else given["retry_seconds"]
        if "foreign_ca" in options["walls"]:
            if foreign.CRYPTOGRAPHY_MISSING is not None:
                raise AnsibleActionFail(foreign.WITHOUT_CRYPTOGRAPHY)
            options["foreign_certificate"] = shown or foreign.certificate(topology["nodes"][origin]["host"])
        result.update(self._execute_module(module_name="beam.tls_distribution.node_verify", module_args=options, task_vars=variables))
        return result


def _of_other_ca(topology: t.Mapping[str, t.Any], host: str, passphrase: str | None, of_intermediate: str | None) -> str | None:
    """A certificate with its key, in PEM, for the node of a host, by the CA that takes or gives the place of the one that signs; None without one."""
    cluster, node, now = topology["cluster"], topology["nodes"][host], datetime.datetime.now(datetime.timezone.utc)
    try:
        opens = passphrase or directory.read_secret(Path(cluster["layout"]["ca_passphrase"])) or ""
        made = rotation.trial_certificate(cluster["layout"], rotation.Passphrases(opens, of_intermediate), node["node"], node["host"], now)
        if made is None:
            return None
        issued.write_down(Path(cluster["directory"]), host, node["node"], made[0], now)
    except (InputError, SignerError, OSError) as error:
        said = "%s; %s" % (error.problem, error.fix) if isinstance(error, InputError) else error
        raise AnsibleActionFail("The other CA of the rotation cannot be tried: %s." % said) from None
    return "".join(made)
