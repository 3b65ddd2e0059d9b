# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Choices of role variables that come from a registry."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from ground import choices

SPECIFICATION = """\
argument_specs:
  main:
    options:
      first:
        description:
          - What is first.
        choices:
          - a
      kind:
        description:
          - V(a) does this.
          - V(b) does that.
        type: str
        default: a
        choices:
          - a
          - b
      last:
        description: What is last.
        choices:
          - z
"""


def test_what_a_registry_has_takes_the_place_of_what_there_was() -> None:
    assert choices.written(SPECIFICATION, "kind", {"a": "does this.", "b": "does that."}) == SPECIFICATION
    new = choices.written(SPECIFICATION, "kind", {"a": "does this.", "c": r"does \\1."})
    assert new == SPECIFICATION.replace("V(b) does that.", r"V(c) does \\1.").replace("          - b\n", "          - c\n")


def test_without_sentences_the_description_stays() -> None:
    new = choices.written(SPECIFICATION, "last", {"z": "", "y": ""})
    assert new == SPECIFICATION + "          - y\n"


@pytest.mark.parametrize("variable", ["none", "las"])
def test_a_variable_that_is_not_there_is_an_error(variable: str) -> None:
    with pytest.raises(ValueError, match="there is no variable"):
        choices.written(SPECIFICATION, variable, {"a": ""})


def test_a_variable_without_choices_is_an_error() -> None:
    with pytest.raises(ValueError, match="kind has no list of choices"):
        choices.written(SPECIFICATION.replace("choices", "elements"), "kind", {"a": ""})


def test_variables_of_signers_are_written_into_the_role(tmp_path: Path) -> None:
    role, plugins = tmp_path / "roles" / "erlang_certs", Path(__file__).resolve().parents[3] / "plugins"
    (tmp_path / "plugins").symlink_to(plugins)
    block = "%s# Made from plugin_utils/signers by that.\n%s%s# Here these end.\nafter\n"
    for path, indent in ((role / "meta" / "argument_specs.yml", "      "), (role / "defaults" / "main.yml", "")):
        path.parent.mkdir(parents=True)
        path.write_text("before\n" + block % (indent, indent + "former: 1\n", indent))
    specified, defaults = choices.of_signers(tmp_path).values()
    assert specified.startswith("before\n") and specified.endswith("after\n") and "former" not in specified + defaults
    assert "\n      erlang_certs_intermediate_key:\n        description: File" in specified
    assert "\nerlang_certs_command: []\nerlang_certs_command_timeout: 60\n# Here" in defaults
    (role / "defaults" / "main.yml").write_text("nothing\n")
    with pytest.raises(ValueError, match="no place"):
        choices.of_signers(tmp_path)
