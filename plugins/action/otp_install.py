# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An archive of OTP goes to a host that has not unpacked it yet. See the module of the same name."""

from __future__ import annotations

import os
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import transfer

_MODULE = "beam.tls_distribution.otp_install"


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Asks the host first; what it has is not sent again."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        answer = self._execute_module(_MODULE, arguments, task_vars=task_vars)
        if answer.pop("lacks", False):
            archive = arguments["archive"]
            if not os.path.exists(archive):
                raise AnsibleActionFail(
                    "OTP %s is not in the cache (%s); it is built by a host of the same kind, so see what that one said"
                    % (arguments["name"], archive)
                )
            answer = transfer.run_with_archive(self, _MODULE, arguments, archive, task_vars)
            answer.pop("lacks", None)
        return {**result, **answer}
