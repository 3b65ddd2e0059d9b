# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mesh that the tests of this scenario share: each leaves it whole, and begins with whatever it runs then."""

from __future__ import annotations

import pytest
from lab import changes
from lab.changes import Wanted

FIRST = Wanted()


@pytest.fixture(scope="session", autouse=True)
def mesh() -> None:
    """The mesh as it is before the first change."""
    changes.converged(FIRST)
