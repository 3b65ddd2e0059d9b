# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules of a checkout's plugins, by their names in the collection, wherever the checkout lies."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

COLLECTION = "ansible_collections.beam.tls_distribution"


def loaded(checkout: Path, name: str) -> ModuleType:
    """A module of this checkout by its name below ``plugins``; another checkout that is imported already is left as it is."""
    outside = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "ansible_collections"}
    for other in outside:
        del sys.modules[other]
    try:
        for package, place in (("ansible_collections", None), ("ansible_collections.beam", None), (COLLECTION, checkout)):
            made = sys.modules[package] = ModuleType(package)
            made.__path__ = [str(place)] if place else []
        return importlib.import_module("%s.plugins.%s" % (COLLECTION, name))
    finally:
        for other in [other for other in sys.modules if other.split(".")[0] == "ansible_collections"]:
            del sys.modules[other]
        sys.modules.update(outside)
