# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What this collection says of itself."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

_ROOT = Path(__file__).resolve().parents[2]


def version(root: Path = _ROOT) -> str | None:
    """The collection's version: as it was installed (MANIFEST.json), or of a checkout (galaxy.yml); None where neither says it.

    Source: Ansible, "Collection structure".
    """
    try:
        manifest = root / "MANIFEST.json"
        if manifest.exists():
            found = json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"]
        else:
            found = yaml.safe_load((root / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return None
    return str(found)
