# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The archive that runs on a host, run here by a Python that knows nothing of the collection."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile

from ansible_collections.beam.tls_distribution.plugins.plugin_utils import bundle

PROGRAM = "host.watch"


def test_it_runs_by_itself_wherever_it_lies(tmp_path):
    archive = tmp_path / "watch.pyz"
    archive.write_bytes(bundle.program(PROGRAM))
    argv = [sys.executable, "-I", "-S", str(archive), str(tmp_path / "none.json")]
    done = subprocess.run(argv, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "The watch cannot do its work: its settings in" in done.stderr and "Traceback" not in done.stderr


def test_the_same_sources_make_the_same_bytes():
    once = bundle.program(PROGRAM)
    bundle.program.cache_clear()
    assert bundle.program(PROGRAM) == once


def test_it_holds_what_the_program_needs_and_nothing_else():
    needed = bundle.closure(PROGRAM)
    assert {"host.watch", "distribution.watch", "distribution.metrics", "distribution.probe"} <= needed
    assert not [name for name in needed if name.startswith(("building.", "cluster.")) or name == "host.files"]
    names = zipfile.ZipFile(io.BytesIO(bundle.program(PROGRAM))).namelist()
    modules = {name.partition("module_utils/")[2] for name in names if not name.endswith("__init__.py")} - {""}
    assert modules == {name.replace(".", "/") + ".py" for name in needed}
