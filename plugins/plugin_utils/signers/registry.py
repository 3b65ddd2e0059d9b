# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The signers by their names: one in each file beside this one that has a ``SIGNER``."""

from __future__ import annotations

import importlib
import typing as t
from pathlib import Path

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.checks import Further
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers.contract import Kind
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers.names import OWN, PRIVATE_CA

DEFAULT = PRIVATE_CA


def _found() -> t.Iterator[Kind]:
    package = __name__.rpartition(".")[0]
    for path in sorted(Path(__file__).parent.glob("*.py")):
        kind = getattr(importlib.import_module("%s.%s" % (package, path.stem)), "SIGNER", None)
        if isinstance(kind, Kind):
            yield kind


SIGNERS: dict[str, Kind] = {kind.name: kind for kind in sorted(_found(), key=lambda kind: (kind.name != DEFAULT, kind.name))}
"""Whoever signs, the one that does by default first."""

CHOICES = {**{name: kind.summary for name, kind in SIGNERS.items()}, OWN: "has nobody sign; you give each host its certificate."}
"""The values of ``erlang_certs_signer``, and what each does."""

FURTHER = Further(
    checks={variable: check for kind in SIGNERS.values() for variable, check in kind.checks.items()},
    secrets=frozenset(variable for kind in SIGNERS.values() for variable in kind.secrets),
)
"""The variables of signers, for the topology."""
