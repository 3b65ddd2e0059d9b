# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests beside a real ``erl`` share."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "roles" / "erlang_node" / "files" / "src"


@pytest.fixture(scope="module")
def ebin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with our Erlang modules, compiled by the ``erlc`` at hand."""
    directory = tmp_path_factory.mktemp("ebin")
    subprocess.run(["erlc", "-o", str(directory), *map(str, sorted(SOURCES.glob("*.erl")))], check=True)
    return directory
