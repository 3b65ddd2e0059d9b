# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Arguments of the emulator as a real ``erl`` reads them from the file that the role writes: those that our check lets pass come back the same."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import flags
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.arguments import file

COUNT = 300
SEED = 20061124
ALPHABET = "abcXYZ019 -+'\"\\$`#%=,.:;{}[]()<>|&*?!~@/äß\u20ac\u65e5\U0001f600"
SAYS = (
    "Said = [case init:get_argument(list_to_atom([$x | integer_to_list(N)])) of {ok, [[V]]} -> V; _ -> none end || N <- lists:seq(1, %d)], "
    % COUNT
)
SAYS += 'ok = file:write_file("said", unicode:characters_to_binary(lists:join($\\n, Said))), halt().'


def test_every_argument_comes_back(tmp_path: Path) -> None:
    dice = random.Random(SEED)
    values = ["'", '"', "\\", "#", "a #b", "it's", "$HOME", "x\\", "'-setcookie x'", "a -setcookie b", " "]
    while len(values) < COUNT:
        value = "".join(dice.choices(ALPHABET, k=dice.randint(1, 12)))
        if not flags.is_flag(value):
            values.append(value)
    arguments = [part for number, value in enumerate(values, 1) for part in ("-x%d" % number, value)]
    assert list(flags.problems(arguments)) == []
    (tmp_path / "vm.args").write_text(file(arguments, "Made by a test"))
    argv = ["erl", "-noinput", "-boot", "no_dot_erlang", "-args_file", "vm.args", "-eval", SAYS]
    subprocess.run(argv, cwd=tmp_path, env={**os.environ, "LC_ALL": "C.UTF-8"}, check=True, timeout=60)
    assert (tmp_path / "said").read_text().split("\n") == values


def test_what_the_check_refuses_does_not_come_back(tmp_path: Path) -> None:
    """A line end in an argument is lost, and an argument that begins like a flag is one."""
    assert list(flags.problems(["-x1", "a\nb"])) and list(flags.problems(["-x1", "-setcookie", "mine"]))
    (tmp_path / "vm.args").write_text(file(["-x1", "value", "-setcookie", "mine"], "Made by a test"))
    says = 'ok = file:write_file("said", io_lib:format("~p", [init:get_argument(setcookie)])), halt().'
    argv = ["erl", "-noinput", "-boot", "no_dot_erlang", "-args_file", "vm.args", "-eval", says]
    subprocess.run(argv, cwd=tmp_path, check=True, timeout=60)
    assert (tmp_path / "said").read_text() == '{ok,[["mine"]]}'
