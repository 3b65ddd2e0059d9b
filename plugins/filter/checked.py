# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter that holds the value of a variable to what its role takes, at the moment of use."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import checks
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import shown


def checked(value: t.Any, variable: str) -> t.Any:
    """The value, if nothing is wrong with it. Raises AnsibleFilterError with a sentence for each fault, in which no secret is shown."""
    faults = [
        "%s%s %s; %s." % (variable, "" if problem.shown is None else " " + shown(problem.shown), problem.problem, problem.fix)
        for problem in checks.problems(variable, value)
    ]
    if faults:
        raise AnsibleFilterError("\n".join(faults))
    return value


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Its name and function."""
        return {"checked": checked}
