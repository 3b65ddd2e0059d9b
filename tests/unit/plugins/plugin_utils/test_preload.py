# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is loaded before workers are forked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ansible_collections.beam.tls_distribution.plugins.plugin_utils import preload

COLLECTIONS = Path(preload.__file__).parents[5]

PROGRAM = """
import sys

from ansible.plugins.loader import init_plugin_loader

init_plugin_loader(sys.argv[1:])

from ansible import constants
from ansible_collections.beam.tls_distribution.plugins.filter.leaving import FilterModule
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import bundle

left_out = FilterModule().filters()["left_out"]


def loaded():
    plugins = [constants.config.has_configuration_definition(*each) for each in (("connection", "ssh"), ("shell", "sh"), ("become", "sudo"))]
    return [*plugins, bundle.program.cache_info().currsize == len(bundle.PROGRAMS)]


assert not any(loaded()), loaded()
assert left_out({"leaving": ["alpha"], "nodes": {"bravo": {}}}, "alpha") and all(loaded()), loaded()
assert not left_out({"leaving": ["alpha"], "nodes": {"bravo": {}}}, "bravo")
"""


def test_the_condition_that_the_controller_evaluates_before_it_forks_loads_it() -> None:
    """In a process of its own, as others may have loaded it here."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(COLLECTIONS)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
