# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The archive that runs on a host, run here by a Python that knows nothing of the collection."""

from __future__ import annotations

import ast
import hashlib
import io
import subprocess
import sys
import zipfile

from ansible_collections.beam.tls_distribution.plugins.plugin_utils import bundle

PROGRAM = "_host.watch"
CONTROL = "_host.control"
FILTER = "_host.packet_filter"


def test_it_runs_by_itself_wherever_it_lies(tmp_path):
    archive = tmp_path / "watch.pyz"
    archive.write_bytes(bundle.program(PROGRAM))
    argv = [sys.executable, "-I", "-S", str(archive), str(tmp_path / "none.json")]
    done = subprocess.run(argv, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "The watch cannot do its work: its settings in" in done.stderr and "Traceback" not in done.stderr


def test_the_control_command_runs_by_itself(tmp_path):
    """It gets as far as the account, which no host of ours has."""
    archive = tmp_path / "control.pyz"
    archive.write_bytes(bundle.program(CONTROL))
    settings = ["erlang-x", "erlang-x", "x@host", "no-such-account", "/nowhere", "/nowhere", "/nowhere/erl"]
    argv = [sys.executable, "-I", "-S", str(archive), *settings, "ping"]
    done = subprocess.run(argv, cwd="/", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "") and done.stderr.startswith("erlang-x: there is no account no-such-account")


def test_imports_are_found_as_python_finds_them():
    """They are read by their form; Python's own reading of the sources is the judge."""
    for path in bundle.MODULES.glob("*/*.py"):
        source = path.read_text(encoding="utf-8")
        assert set(bundle.imported(source)) == set(parsed_imports(source)), path


def parsed_imports(source):
    """The modules that a source imports, as the parser has them."""
    for statement in ast.walk(ast.parse(source)):
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith(bundle.PACKAGE):
            room = statement.module[len(bundle.PACKAGE) + 1 :]
            for alias in statement.names:
                inside = "%s.%s" % (room, alias.name)
                yield inside if bundle.MODULES.joinpath(*inside.split(".")).with_suffix(".py").exists() else room


def test_the_digest_is_that_of_the_bytes():
    assert bundle.digest(CONTROL) == hashlib.sha256(bundle.program(CONTROL)).hexdigest()


def test_the_same_sources_make_the_same_bytes():
    once = bundle.program(PROGRAM)
    bundle.program.cache_clear()
    assert bundle.program(PROGRAM) == once


def test_it_holds_what_the_program_needs_and_nothing_else():
    needed = bundle.closure(PROGRAM)
    assert {"_host.watch", "_distribution.host_metrics", "_distribution.metrics", "_distribution.probe"} <= needed
    strange = {name for name in needed if name.startswith(("_building.", "_cluster.")) or name in ("_host.files", "_host.control")}
    assert strange == {"_cluster.layout"}, "of these the layout alone says where a node's files are"
    names = zipfile.ZipFile(io.BytesIO(bundle.program(PROGRAM))).namelist()
    modules = {name.partition("module_utils/")[2] for name in names if not name.endswith("__init__.py")} - {""}
    assert modules == {name.replace(".", "/") + ".py" for name in needed}


def test_it_is_a_program_of_the_system_too(tmp_path):
    program = tmp_path / "packet-filter"
    program.write_bytes(bundle.program(FILTER))
    program.chmod(0o755)
    done = subprocess.run([str(program), "tidy"], cwd="/", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (64, "usage: packet-filter load|check|keep|unload TABLE RULES_FILE STATE_DIRECTORY\n")
    assert bundle.closure(FILTER) == {FILTER, "_host.writing"}
