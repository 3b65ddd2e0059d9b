# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How READMEs are made from argument specifications."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from ground import roles


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see C(-O2) and V(true)", "see `-O2` and `true`"),
        ("O(erlang_cluster_discovery=epmd)", "`erlang_cluster_discovery=epmd`"),
        ("O(beam.tls_distribution.file_set#module:files)", "`files`"),
        ("the filter P(beam.tls_distribution.to_erlang#filter) takes", "the filter `beam.tls_distribution.to_erlang` takes"),
        ("M(beam.tls_distribution.file_set), RV(outdated), E(HOME)", "`beam.tls_distribution.file_set`, `outdated`, `HOME`"),
        (r"C(f(1\)) and B(not) I(this)", "`f(1)` and **not** *this*"),
        ("U(https://www.erlang.org/) R(the guide, guide)", "[https://www.erlang.org/](https://www.erlang.org/) the guide"),
        ("L(OTP, https://www.erlang.org/)", "[OTP](https://www.erlang.org/)"),
        ("an ABC(x) is no markup", "an ABC(x) is no markup"),
    ],
)
def test_markup(text: str, shown: str) -> None:
    assert roles.plain(text) == shown


SPECIFICATION = """
argument_specs: {main: {options: {erlang_x_kind: {default: one}, erlang_x_unset: {}, erlang_x_name: {}}}}
"""


def test_a_default_is_shown_as_it_is() -> None:
    lines = roles.variables({"x_flags": {"type": "dict", "default": {"CFLAGS": "-O2 -Wl"}, "no_log": True}})
    assert 'Type dict; default `{"CFLAGS": "-O2 -Wl"}`; secret.' in lines


def test_markup_that_is_left_is_found(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "README.md").write_text("# x\n\nSee `C(fine)` and P(some.thing#filter).\n")
    assert roles.markup(tmp_path) == ["x/README.md: P(some.thing#filter) is markup of Ansible"]


@pytest.mark.parametrize(
    ("place", "line", "found"),
    [
        ("tasks", "when: erlang_x_kind | default('other') == 'one'", True),
        ("tasks", "when: erlang_x_kind | d('one') == 'one'", True),
        ("defaults", "erlang_x_name: \"{{ erlang_x_kind | default('other') }}\"", True),
        ("defaults", "erlang_x_name: \"{{ erlang_x_kind | default('one') }}\"", False),
        ("tasks", "when: erlang_x_unset | default('') == 'one'", False),
        ("tasks", "when: __erlang_x_found | default('') == 'one'", False),
    ],
)
def test_a_second_default_is_found(tmp_path: Path, place: str, line: str, found: bool) -> None:
    for name, text in (("meta/argument_specs.yml", SPECIFICATION), (place + "/main.yml", line)):
        path = tmp_path / "erlang_x" / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    assert bool(roles.second_defaults(tmp_path)) is found
