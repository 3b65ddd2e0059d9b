# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of a host that leaves a cluster is written into the cluster's directory. Runs on the controller only."""

from __future__ import annotations

import datetime
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import members

_ARGUMENTS = {
    "topology": {"type": "dict", "required": True},
    "host": {"type": "str", "required": True},
    "outcome": {"type": "str", "required": True, "choices": ["removed", "unreached"]},
}


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Writes it. Never ``changed``: no state of any host is."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _validation, given = self.validate_argument_spec(_ARGUMENTS)
        host = given["host"]
        leaving = given["topology"].get("leaving") or {}
        if host not in leaving:
            raise AnsibleActionFail("%s does not leave the cluster: the topology does not say so." % host)
        memory, node = members.Members(given["topology"]["cluster"]["layout"]), leaving[host]["node"]
        if not self._task.check_mode:
            try:
                memory.mark(host, node, given["outcome"], datetime.datetime.now(datetime.timezone.utc))
                (memory.forget if given["outcome"] == "removed" else memory.gone)(node)
            except OSError as error:
                raise AnsibleActionFail("%s cannot be written on the controller (%s)." % (error.filename, error.strerror)) from None
        result.update(changed=False)
        return result
