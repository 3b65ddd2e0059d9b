# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What actions have in common that have an archive of the controller installed on a host."""

from __future__ import annotations

import os
import shlex
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import transfer


class InstallAction(ActionBase):
    """Sends the ``archive`` of a task to a host that does not have what is in it, and runs the module of the same name there."""

    _supports_check_mode = True
    module: str
    """The module, by its full name."""

    def place(self, arguments: t.Mapping[str, t.Any]) -> str | None:
        """The directory that is there once the archive is installed; None where the arguments do not tell."""
        raise NotImplementedError

    def missing(self, arguments: t.Mapping[str, t.Any], archive: str) -> str:
        """The sentence about an ``archive`` that is no file of the controller."""
        return "%s is no file on the controller" % archive

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Asks the host's shell first, which is quicker than asking by a module; what the host has is not sent again."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        place, given = self.place(arguments), arguments.get("archive")
        if self._task.check_mode or place is None or not given or self._is_there(place):
            return {**result, **self._execute_module(self.module, arguments, task_vars=task_vars)}
        archive = self._loader.path_dwim(given)
        if not os.path.isfile(archive):
            raise AnsibleActionFail(self.missing(arguments, archive))
        return {**result, **transfer.run_with_archive(self, self.module, arguments, archive, task_vars)}

    def _is_there(self, path: str) -> bool:
        return bool(self._low_level_execute_command("test -d %s" % shlex.quote(path))["rc"] == 0)
