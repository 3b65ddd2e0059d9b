# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The catalogue of faults, as data: how each shows, what it comes from, what to do about it, and on which host.

An entry is recognised by its symptoms. Those of a connection name the stage it ended in, what kind of thing ended it
and a code within that kind. Those of the stage ``host`` are what a host finds when it looks at its own node, those of
the stage ``mesh`` what comes out when the answers of several hosts are compared, those of the stage ``wall`` what becomes of
a wall. docs/diagnosis.md is made from it. Names of alerts are those of RFC 8446, section 6.
"""

from __future__ import annotations

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import (
    faults_of_node,
    faults_of_protocol,
    faults_of_tls,
    faults_of_walls,
    faults_of_way,
)

CATALOGUE = (
    *faults_of_node.ENTRIES,
    *faults_of_way.ENTRIES,
    *faults_of_tls.ENTRIES,
    *faults_of_walls.ENTRIES,
    *faults_of_protocol.ENTRIES,
)
"""All entries. The first one that has a symptom is that symptom's, so that those which match anything of a stage come last."""
