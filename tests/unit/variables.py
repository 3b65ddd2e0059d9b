# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables of hosts as the topology is given them: with the defaults of the roles' specifications."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.specifications import Specifications

COLLECTION = Path(__file__).resolve().parents[2]
DEFAULTS = Specifications(COLLECTION, lambda path: yaml.safe_load(Path(path).read_text(encoding="utf-8"))).literals()


def with_defaults(hosts: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The variables of hosts, those that have a default and were not given with it. The one default that is a template of another is worked out."""
    found = {name: {**DEFAULTS, **variables} for name, variables in hosts.items()}
    for variables in found.values():
        days = variables["erlang_certs_days"]
        variables.setdefault("erlang_certs_renew_before_days", days // 2 if isinstance(days, int) else days)
    return found
