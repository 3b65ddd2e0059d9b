# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A release archive goes to a host that has not unpacked it yet. See the module of the same name."""

from __future__ import annotations

import os
import shlex
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import transfer

_MODULE = "beam.tls_distribution.release_install"


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Asks the host's shell first, which is quicker than asking by a module; what the host has is not sent again."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        if self._task.check_mode or not {"path", "archive"}.issubset(arguments) or self._is_there(arguments["path"]):
            return {**result, **self._execute_module(_MODULE, arguments, task_vars=task_vars)}
        archive = self._loader.path_dwim(arguments["archive"])
        if not os.path.isfile(archive):
            raise AnsibleActionFail("%s is no file on the controller" % archive)
        return {**result, **transfer.run_with_archive(self, _MODULE, arguments, archive, task_vars)}

    def _is_there(self, path: str) -> bool:
        return bool(self._low_level_execute_command("test -d %s" % shlex.quote(path))["rc"] == 0)
