# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of what was brought about and what was diagnosed: shown at the end of the run, and kept in the lab's cache."""

from __future__ import annotations

import json

import pytest
from diagnosed import RECORDS
from lab.settings import CACHE

KEPT = CACHE / "faults.json"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Shows the table, and writes it down."""
    KEPT.write_text(json.dumps([record._asdict() for record in RECORDS], indent=1) + "\n")
    width = max((len(record.fault) for record in RECORDS), default=0)
    terminalreporter.section("faults brought about, and what the verification calls them")
    for record in RECORDS:
        mark = "ok   " if record.right else "WRONG"
        terminalreporter.write_line("%s  %-*s  %s" % (mark, width, record.fault, ", ".join(record.diagnosed) or "nothing"))
    terminalreporter.write_line("%d faults, %d right; kept in %s" % (len(RECORDS), sum(one.right for one in RECORDS), KEPT))
