# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Imports between rooms, and the tables of the architecture page: what the checks of them find."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from ground import architecture, rooms

CONTRACT = """
touching = ["os", "socket"]
[rooms."module_utils/_low"]
imports = []
pure = ["*", "!loud"]
[rooms."module_utils/_high"]
imports = ["module_utils/_low"]
pure = ["calm"]
"""


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    """An empty tree of plugins with two rooms, and a contract beside it."""
    (tmp_path / "rooms.toml").write_text(CONTRACT)
    for room in ("_low", "_high"):
        (tmp_path / "plugins" / "module_utils" / room).mkdir(parents=True)
        (tmp_path / "plugins" / "module_utils" / room / "other.py").write_text("")
    return tmp_path / "plugins"


def of_ours(room: str, module: str) -> str:
    return "from %smodule_utils.%s.%s import name\n" % (rooms.OURS, room, module)


@pytest.mark.parametrize(
    ("path", "text", "problem"),
    [
        ("_high/wild.py", of_ours("_low", "other") + "import os\nopen('x')\n", None),
        ("_low/loud.py", "from os import path\n", None),
        ("_low/a.py", "def f(tarfile, it):\n    return tarfile.open(fileobj=it)\n", None),
        ("_low/a.py", of_ours("_high", "other"), "module_utils/_low imports nothing of module_utils/_high"),
        ("_low/a.py", "def f():\n    import os.path\n", "it is pure, and imports os.path"),
        ("_low/a.py", "from socket import AF_INET\n", "it is pure, and imports socket"),
        ("_low/a.py", "def f(path):\n    return path.read_text()\n", "it is pure, and calls read_text()"),
        ("_low/a.py", "from ..module_utils import x\n", "it imports by a relative name"),
        ("_high/calm.py", of_ours("_high", "wild"), "it is pure, and module_utils/_high/wild is not"),
        ("../modules/m.py", "", "its room is not in rooms.toml"),
    ],
)
def test_an_import_or_a_call_that_the_contract_does_not_allow_is_found(plugins, path, text, problem):
    place = plugins / "module_utils" / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    found = rooms.disagreements(plugins.parent, plugins.parent / "rooms.toml")
    assert len(found) == (problem is not None) and all(problem in sentence for sentence in found)


def test_a_room_of_the_contract_that_is_not_there_is_found(plugins):
    contract = plugins.parent / "rooms.toml"
    contract.write_text(CONTRACT + '[rooms."module_utils/_gone"]\nimports = []\n')
    assert rooms.disagreements(plugins.parent, contract) == ["module_utils/_gone: there is no such room"]


def test_rooms_that_may_import_each_other_in_a_ring_are_found(plugins):
    contract = plugins.parent / "rooms.toml"
    contract.write_text(CONTRACT.replace("imports = []", 'imports = ["module_utils/_high"]'))
    (problem,) = rooms.disagreements(plugins.parent, contract)
    assert "in a ring" in problem and "module_utils/_low" in problem and "module_utils/_high" in problem


def test_a_module_of_a_room_is_what_is_imported_not_the_room():
    tree = ast.parse("from %smodule_utils._erlang import terms, nothing\n" % rooms.OURS)
    names = [entry.name.removeprefix(rooms.OURS) for entry in rooms.imports(Path("x.py"), tree)]
    assert names == ["module_utils._erlang.terms", "module_utils._erlang"]


BLOCK = """```
roles/                one two
plugins/action/       controller side: act
plugins/module_utils/
  _low/               PURE: a.py deep/b.py (what it is)
                      {c,d}_of.py, and a file for each kind (kinds/*.py)
playbooks/            site
```
"""


@pytest.mark.parametrize(
    ("more", "less", "problem"),
    [
        (None, None, []),
        ("plugins/module_utils/_low/f.py", None, ["room _low: f is not listed"]),
        (None, "plugins/module_utils/_low/deep/b.py", ["room _low: there is no deep/b"]),
        ("plugins/module_utils/_new/e.py", None, ["room _new: e is not listed"]),
        ("plugins/module_utils/_low/kinds/three.py", None, []),
        ("roles/three", None, ["roles: three is not listed"]),
        (None, "plugins/action/act.py", ["plugins/action: there is no act"]),
    ],
)
def test_the_block_of_rooms_is_held_to_the_tree(tmp_path, more, less, problem):
    names = {"roles/one", "roles/two", "plugins/action/act.py", "playbooks/site.yml"}
    names |= {"plugins/module_utils/_low/%s.py" % name for name in ("a", "deep/b", "c_of", "d_of", "kinds/one", "kinds/two")}
    for name in (names | {more}) - {less, None}:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert architecture.rooms(BLOCK, tmp_path) == problem


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("| `role_port` | 4370 | |", None),
        ("| `role_port` / `role_name` | 4370 / `guard` | two |", "role_name: no role has this variable"),
        ("| `role_port` | 4371 | |", "role_port: its default is 4370, not 4371"),
        ("| `role_port` | the usual one | |", None),
        ("| `role_port` / `role_other` | 4370 | |", "role_port, role_other: 2 names, and 1 defaults"),
        ("| nothing | | |", "role_port: it is not listed"),
    ],
)
def test_the_table_of_variables_is_held_to_the_specifications(row, problem):
    found = architecture.variables(row, {"role_port": {"default": 4370}, "ansible_pipelining": {}})
    assert problem in found if problem else found == []


TABLE = """
| path | what |
|---|---|
| `/etc/guard/` | the configuration, with a `word` |
| `.../vm.args` `sys.config` | files |
| `/run/guard.next` | a prefix |
| `.../ca.pem` | a file of the first directory |
| `/opt/guard/` `run` | a directory and a file in it |
| `CLUSTER/lock` `cookie` | on the controller |
"""
TOLD = {
    "/etc/guard", "/etc/guard/vm.args", "/etc/guard/sys.config", "/run/guard.next", "/etc/guard/ca.pem", "/opt/guard", "/opt/guard/run",
    "CLUSTER/lock", "CLUSTER/cookie",
}  # fmt: skip


def test_the_table_of_paths_is_held_to_the_layout() -> None:
    assert architecture.paths(TABLE, TOLD) == []
    assert architecture.paths(TABLE, TOLD - {"/opt/guard/run"}) == ["paths: there is no /opt/guard/run"]
    assert architecture.paths(TABLE, TOLD | {"/etc/guard/node.pem"}) == ["paths: /etc/guard/node.pem is not listed"]
