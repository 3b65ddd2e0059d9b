# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The count of lines in which roles decide something in Jinja."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from ground import jinja


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("", []),
        ("name: a text, if any\n", []),
        ("a: '{{ b }}'\nc: \"{{ d.e[f] }} and {{ g }}\"\n", []),
        ('a: "{{ b | beam.tls_distribution.state(c) }}"\nd: "{{ lookup(\'file\', e) }}"\n', []),
        ('a: "{{ b | length }}"\nc: "{{ d }}"\n', [1]),
        ("a:\n  - '{{ b if c else d }}'\n  - '{{ e.f() }}'\n  - '{{ g[:4] }}'\n", [2, 3, 4]),
        ("a: >-\n  {{ b }}\n  {{ c\n     or d }}\n", [3]),
        ("- when: b == 'c'\n", [1]),
        ("- when: a\n- when: not a\n- when:\n    - b.c\n    - b == c\n", [2, 5]),
        ("- when: >-\n    a and\n    b is defined\n", [2, 3]),
        ('- that: "a > 1"\n- until: a is success\n- failed_when: false\n- changed_when: a.b\n', [1, 2]),
        ('- module:\n    until: "{{ a | default(omit) }}"\n    that: "{{ b }}"\n', [2]),
        ("vars:\n  when_asked: not a\n", []),
    ],
)
def test_lines_that_decide_or_compute_are_counted(text: str, counted: list[int]) -> None:
    assert jinja.lines(text) == counted


def test_more_lines_than_the_ceiling_are_too_many(tmp_path: Path) -> None:
    for part in (*jinja.PARTS, "meta"):
        (tmp_path / "one" / part).mkdir(parents=True)
        (tmp_path / "one" / part / "main.yml").write_text("- when: not a\n")
    assert jinja.too_many(tmp_path, 4) == ""
    assert jinja.too_many(tmp_path, 3).startswith("4 lines of roles have logic in Jinja, 3 at most")
    assert jinja.too_many(tmp_path, 5) == ""
