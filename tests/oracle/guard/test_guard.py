# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The example's own tests, by the command of its README."""

from __future__ import annotations

import subprocess
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "guard"
SECONDS = 600


def test_the_example_passes_its_own_tests() -> None:
    ended = subprocess.run([str(EXAMPLE / "test" / "run")], capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ended.returncode == 0, ended.stdout[-8000:] + ended.stderr[-4000:]
    assert "tests passed" in ended.stdout
