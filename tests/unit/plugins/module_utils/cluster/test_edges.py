# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who has to reach whom, and who proves whose walls."""

from __future__ import annotations

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.edges import PROVERS, proven_from


@pytest.mark.parametrize("count", [1, 2, 3, 4, 16])
def test_every_node_has_its_walls_proven_by_itself_and_by_a_few_peers(count: int):
    names = ["node%02d" % number for number in range(count)]
    proofs = [(name, target) for name in names for target in proven_from(names, name)]
    assert len(set(proofs)) == len(proofs) == count * min(count, PROVERS + 1)
    for target in names:
        provers = {name for name, proven in proofs if proven == target}
        assert target in provers and len(provers) == min(count, PROVERS + 1)
