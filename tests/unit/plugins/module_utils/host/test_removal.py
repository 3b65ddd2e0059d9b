# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes with a node, what stays, and that a removal which was interrupted is gone on with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import removal, writing
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.commands import Outcome

NAME = "gone-in-a-test"
ACCOUNT = "no-account-of-a-test"


class Machine:
    """A host with two nodes below a directory, and what it was asked to run."""

    def __init__(self, root: Path) -> None:
        self.root, self.ran, self.active = root, [], [layout.units(NAME)[0]]
        self.roots = removal.Roots(*(str(root / name) for name in ("etc/erlang", "opt/erlang/nodes", "opt/erlang/apps", "systemd")))
        self.home = root / "home"
        self.node = removal.NodeToRemove(NAME, ACCOUNT, str(self.home))
        for name in (NAME, "other"):
            self.write("etc/erlang/%s/vm.args" % name, "-name %s@host.example.net\n" % name)
            self.write("systemd/erlang-%s.service" % name, "User=%s\n" % ("root" if name == "other" else ACCOUNT))
            self.write("home/%s/Mnesia.x/schema.DAT" % name, "data")
            self.write("home/%s/.erlang.cookie" % name, "secret")
        for unit in layout.units(NAME)[1:]:
            self.write("systemd/" + unit, "")
        wants = root / "systemd" / "multi-user.target.wants"
        wants.mkdir()
        (wants / layout.units(NAME)[0]).symlink_to(root / "systemd" / layout.units(NAME)[0])
        for release in ("guard/1.0.0-aaa", "guard/1.1.0-bbb", "guard/1.2.0-ccc", "mine/1.0.0-ddd", "mine/0.9.0-eee", "theirs/1.0.0-fff"):
            self.write("opt/erlang/apps/%s/lib/x" % release, "")
        self.write(
            "opt/erlang/nodes/%s/boot/a.script" % NAME, '"%s/guard/1.0.0-aaa/lib" "%s/guard/1.1.0-bbb/lib"' % ((layout.APPLICATIONS,) * 2)
        )
        self.write("opt/erlang/nodes/%s/bin/packet-filter" % NAME, "")
        (root / "opt/erlang/nodes" / NAME / "release").symlink_to("%s/mine/1.0.0-ddd" % layout.APPLICATIONS)
        self.write("opt/erlang/nodes/other/boot/a.script", '"%s/guard/1.1.0-bbb/lib"' % layout.APPLICATIONS)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, argv: Sequence[str], timeout: float = 0) -> Outcome:
        self.ran.append(" ".join(argv))
        if argv[:2] == ["systemctl", "show"]:
            loaded = (self.root / "systemd" / argv[-1]).exists()
            return Outcome(
                0,
                "LoadState=%s\nActiveState=%s\n"
                % ("loaded" if loaded else "not-found", "active" if argv[-1] in self.active else "inactive"),
                "",
            )
        if argv[:2] == ["systemctl", "stop"]:
            self.active.remove(argv[2])
        return Outcome(1 if argv[0] in ("nft", "conntrack") else 0, "", "")

    def remove(self, check: bool = False, **changes: object) -> removal.Removed:
        return removal.remove(self.node._replace(**changes), check, self.run, self.roots)

    def files(self) -> set[str]:
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_symlink() or not path.is_dir()}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(removal.os, "lchown", lambda *_arguments: None)
    monkeypatch.setattr(removal, "_is_of_root", lambda _path: True)
    return Machine(tmp_path)


def test_the_node_goes_and_its_neighbour_stays(machine: Machine) -> None:
    before = machine.files()
    done = machine.remove()
    after = machine.files()
    assert not [name for name in after if NAME in name and ".decommissioned-" not in name]
    assert {name for name in before if "other" in name} <= after
    releases = {name.split("/lib")[0].removeprefix("opt/erlang/apps/") for name in after if name.startswith("opt/erlang/apps/")}
    assert releases == {"guard/1.1.0-bbb", "guard/1.2.0-ccc", "theirs/1.0.0-fff"}, (
        "of what another node has only what this one alone names goes"
    )
    kept = [name for name in after if ".decommissioned-" in name]
    assert len(kept) == 1 and kept[0].endswith("/Mnesia.x/schema.DAT"), "the data, without the cookie"
    assert done.kept[0].endswith("the data of the node") and done.kept[1:] == ["%s, which holds other" % machine.home]
    assert "systemctl stop %s" % layout.units(NAME)[0] in machine.ran and "systemctl daemon-reload" in machine.ran
    assert machine.remove().gone == []


def test_check_mode_says_the_same_and_does_nothing(machine: Machine) -> None:
    before = machine.files()
    said = machine.remove(check=True)
    assert machine.files() == before and not any(line.startswith(("systemctl stop", "userdel")) for line in machine.ran)
    assert said.kept[0] == "%s/%s.decommissioned-TIME, the data of the node" % (machine.home, NAME)
    assert set(machine.remove().gone) >= set(said.gone)


def test_data_go_if_asked_to(machine: Machine) -> None:
    assert not [kept for kept in machine.remove(data=True).kept if "the data" in kept]
    assert not list(machine.home.glob(NAME + "*")) and (machine.home / "other").exists()


def test_interrupted_at_each_step(machine: Machine, tmp_path: Path) -> None:
    """Whatever step a removal ends behind, the next does the rest, and no other."""
    steps = len(machine.remove(check=True).gone)
    assert steps > 10
    for number in range(steps):
        place = tmp_path / str(number)
        place.mkdir()
        again = Machine(place)
        left = removal._Removal(again.node, again.run, again.roots)
        done = 0
        for find in left.stages():
            for step in find():
                if done == number:
                    break
                step.do()
                done += 1
        again.remove()
        assert again.remove().gone == [], number
        assert not [name for name in again.files() if NAME in name and ".decommissioned-" not in name], number
        assert not (place / "opt/erlang/apps/mine").exists(), number


def test_a_directory_that_was_removed_by_half(machine: Machine) -> None:
    code = machine.root / "opt/erlang/nodes" / NAME
    code.rename(writing.staged(str(code)))
    machine.remove()
    assert sorted(path.name for path in code.parent.iterdir()) == ["other"]


def test_a_unit_that_does_not_stop_ends_it_before_anything_is_removed(machine: Machine) -> None:
    before, run = machine.files(), machine.run
    node = machine.node

    def refuse(argv: Sequence[str], timeout: float = 0) -> Outcome:
        return Outcome(1, "", "it hangs") if argv[:2] == ["systemctl", "stop"] else run(argv)

    with pytest.raises(removal.RemovalError, match="does not stop: it hangs"):
        removal.remove(node, False, refuse, machine.roots)
    assert machine.files() == before


def test_nothing_of_the_node_is_there(tmp_path: Path) -> None:
    roots = removal.Roots(*(str(tmp_path / name) for name in ("a", "b/c", "d", "e")))
    node = removal.NodeToRemove(NAME, ACCOUNT, str(tmp_path / "home"))

    def ran(argv: Sequence[str], timeout: float = 0) -> Outcome:
        return Outcome(1, "", "")

    assert removal.remove(node, False, ran, roots) == removal.Removed([], [])
