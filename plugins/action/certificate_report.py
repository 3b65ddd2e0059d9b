# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates of all nodes on the terminal, as a table or in one line. Runs on the controller only."""

from __future__ import annotations

import datetime
import typing as t

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report import certificate_table
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers.names import OWN, PRIVATE_CA

display = Display()

_ARGUMENTS = {
    "certificates": {"type": "list", "elements": "dict", "required": True},
    "due_days": {"type": "int", "required": True},
    "renews": {"type": "bool", "default": False},
    "signer": {"type": "str", "default": PRIVATE_CA},
    "renewed": {"type": "list", "elements": "str", "default": []},
    "revocations": {"type": "str", "default": ""},
    "revocations_needed": {"type": "bool", "default": False},
}


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Prints what is known of the certificates, and fails with a sentence for each thing that a person has to see to."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _validation, given = self.validate_argument_spec(_ARGUMENTS)
        found = given["certificates"]
        text = given["revocations"] if given["revocations_needed"] else ""
        lists = certificate_table.lists(text, datetime.datetime.now(datetime.timezone.utc))
        line = certificate_table.line(found, given["renewed"], given["due_days"], lists)
        display.display("\n%s\n" % "\n".join([line] if given["renews"] else [*certificate_table.table(found), line]))
        # What a run in check mode would renew needs no person.
        by_person = given["signer"] == OWN
        nobodys = given["renews"] and self._task.check_mode and not by_person
        needs = certificate_table.needs(found, 0 if nobodys else given["due_days"], by_person)
        needs += [] if nobodys else certificate_table.list_needs(lists)
        result.update(changed=False, failed=bool(needs), msg="\n".join(needs) or line, needs=needs)
        return result
