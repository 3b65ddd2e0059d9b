# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tasks of the role erlang_decommission hand to modules."""

from __future__ import annotations

from pathlib import Path

import yaml

TASKS = Path(__file__).parents[4] / "roles" / "erlang_decommission" / "tasks" / "leave.yml"


def test_the_time_that_a_node_has_to_leave_is_that_of_the_call() -> None:
    """And not that of the connection, which would leave the call the 30 seconds of the module's default."""
    (call,) = [
        task["beam.tls_distribution.node_call"] for task in yaml.safe_load(TASKS.read_text()) if "beam.tls_distribution.node_call" in task
    ]
    assert call["call_timeout"] == "{{ erlang_decommission_timeout }}" and "timeout" not in call
