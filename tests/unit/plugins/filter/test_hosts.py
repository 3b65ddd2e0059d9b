# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A variable of several hosts."""

from __future__ import annotations

from ansible_collections.beam.tls_distribution.plugins.filter.hosts import of_each_host


def test_hosts_that_have_no_such_variable_are_left_out() -> None:
    hostvars = {"alpha": {"x": 1}, "bravo": {"y": 2}, "carol": {"x": None}, "dave": {"x": 4}}
    assert of_each_host(["carol", "bravo", "alpha"], hostvars, "x") == {"carol": None, "alpha": 1}
