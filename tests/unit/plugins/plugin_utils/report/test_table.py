# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report on a terminal."""

from __future__ import annotations

import pytest
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report import table
from ansible_collections.beam.tls_distribution.tests.unit.plugins.plugin_utils.report.mesh import Mesh

SHORT = {"id": "x", "cause": "The other side does not answer.", "remedy": "Start it."}


def lines(mesh: Mesh, width: int = 79) -> list[str]:
    return ["".join(span.text for span in line) for line in table.render(mesh.build(), width, "/x/report.html")]


@pytest.mark.parametrize("width", [79, 120, 200])
@pytest.mark.parametrize("count", [1, 2, 4, 6, 7, 24, 64])
def test_no_line_is_wider_than_the_terminal(count, width):
    mesh = Mesh(count)
    if count > 1:
        for target in mesh.names[1:]:
            mesh.fail(mesh.names[0], target)
    assert max(len(line) for line in lines(mesh, width)) <= width


def test_a_small_mesh_lists_every_edge_in_columns_and_ends_with_the_summary():
    shown = lines(Mesh())
    assert shown[0].split() == ["from", "to", "result", "TLS", "cipher", "days", "ms"]
    assert shown[1].split() == ["alpha", "bravo", "ok", "1.3", "AES_256_GCM_SHA384", "89", "4.9"]
    assert len({len(line) for line in shown[:13]}) == 1
    assert shown[-1] == "mesh guard: 12 of 12 edges, 64 of 64 walls, certificates good for 89 days"
    assert any("no certificate  held 12 of 12" in line for line in shown)


@pytest.mark.parametrize("width", [80, 160])
def test_a_larger_mesh_has_a_line_for_each_node_and_lists_failed_edges_only(width):
    mesh = Mesh(64)
    mesh.fail("node03", "node05", SHORT)
    shown = lines(mesh, width)
    assert shown[0].split() == ["node", "result", "out", "in", "TLS", "days", "ms"]
    assert shown[1].split() == ["node01", "ok", "63/63", "63/63", "1.3", "89", "66.9"]
    assert shown[3].split()[:6] == ["node03", "1", "edge", "failed", "62/63", "63/63"]
    assert shown[5].split()[:6] == ["node05", "1", "edge", "failed", "63/63", "62/63"]
    assert sum("failed: tls" in line for line in shown) == 1
    assert "node03 → node05" in shown and "  → Start it." in shown
    assert len(shown) < 64 + 24


def test_a_larger_mesh_shows_some_edges_of_each_fault():
    mesh = Mesh(16)
    for name in mesh.names[1:]:
        mesh.fail("node01", name, SHORT)
    mesh.fail("node05", "node09", {**SHORT, "id": "y", "cause": "It is another one."})
    shown = lines(mesh)
    assert sum("failed: tls" in line for line in shown) == 5
    assert any(line.split()[:2] == ["node05", "node09"] for line in shown)
    assert "and 11 edges more that failed" in shown
    assert "node01 → node02, node01 → node03, node01 → node04, node01 → node05, and 11 more" in shown
    assert len(shown) < 45


def test_a_larger_mesh_says_which_nodes_are_down_or_silent():
    mesh = Mesh(8)
    del mesh.answers["node02"]
    mesh.answers["node04"]["running"].update(ok=False, fault=SHORT)
    shown = lines(mesh)
    assert shown[2].split()[:4] == ["node02", "no", "answer", "0/7"]
    assert shown[4].split()[:3] == ["node04", "down", "7/7"]


def test_many_faults_are_cut_short():
    mesh = Mesh(24)
    for number, target in enumerate(mesh.names[1:]):
        mesh.fail("node01", target, {**SHORT, "cause": "Fault %d." % number})
    assert "and 11 more faults, which the report lists" in lines(mesh)


def test_nothing_that_a_host_says_reaches_the_terminal_as_a_control_sequence():
    mesh = Mesh()
    mesh.fail("alpha", "bravo", {"id": "x", "cause": "\x1b[2Jgone\u202e", "remedy": "a\nb"})
    mesh.edge("alpha", "carol")["cipher"] = "\x1b]0;title\x07"
    text = "".join(lines(mesh, 200))
    assert "\x1b" not in text and "\x07" not in text and "\u202e" not in text
    assert "\\x1b[2Jgone" in text


def test_a_node_that_may_still_run_is_told_without_the_colour_of_a_fault():
    mesh = Mesh()
    former = {
        "node": "guard@erin.example.net",
        "inventory": "erin",
        "host": "erin.example.net",
        "addresses": [],
        "port": 4370,
        "gone": False,
    }
    mesh.topology["former"] = [former]
    lines = table.render(mesh.build(), 100, "")
    (told,) = [line for line in lines if line and line[0].text == "erin"]
    assert told[0].style == table.QUIET and not any(span.style == table.BAD for line in lines for span in line)
