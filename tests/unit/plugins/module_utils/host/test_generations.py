# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.layout import layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import boot, commands, files, generations

UNIT = "[Service]\nEnvironmentFile=%s/environment\nExecStart=%s/erl -args_file %s/vm.args\n" % ((generations.PLACE,) * 3)
READ = ("sys.config", "vm.args", "inet_tls.conf", "environment", "unit")


class Host:
    """A node's directories, and the commands that were run."""

    def __init__(self, root: Path) -> None:
        self.root = root
        places = {key: str(root) + path if path.startswith("/") else path for key, path in layout("guard").items()}
        self.layout = places
        self.places = generations.places_of(places)
        self.commands: list[list[str]] = []
        self.erl = str(root / "otp" / "erl")
        for path in (places["code"], places["config"], places["runtime"], os.path.dirname(places["service_file"])):
            os.makedirs(path)

    def run(self, argv: Sequence[str]) -> commands.Outcome:
        self.commands.append(list(argv))
        return commands.Outcome(0, "", "")

    def wanted(
        self, config: str = "[].\n", key: str = "k1", unit: str = UNIT, validators: tuple[files.Validator, ...] = ()
    ) -> generations.Wanted:
        modes = {generations.UNIT: 0o644}
        contents = {
            "sys.config": config,
            "vm.args": "-config\n%s/sys.config\n" % generations.PLACE,
            "inet_tls.conf": "[].\n",
            "environment": "",
            generations.UNIT: unit,
            "src/a.erl": "-module(a).\n",
        }
        made = tuple(
            files.File("%s/%s" % (generations.PLACE, name), files.Access(None, None, modes.get(name, 0o640)), text.encode())
            for name, text in contents.items()
        )
        read = tuple("%s/%s" % (generations.PLACE, name) for name in READ)
        own = files.Wanted(files=made, validators=validators)
        return generations.Wanted(own, read, boot.Asked("", ("kernel",), (), key), self.erl, files.Access(None, None, 0o750))

    def make(self, wanted: generations.Wanted) -> int:
        return generations.make(self.places, wanted, self.run)

    def switch(self, number: int) -> list[str]:
        return generations.switch(self.places, number, self.run)

    def state(self, wanted: generations.Wanted | None) -> generations.State:
        return generations.state(self.places, wanted)

    def starts(self) -> None:
        """What the unit writes down when the node starts."""
        lines = []
        for line in Path(self.places.current, generations.DIGESTS).read_text().splitlines():
            action, _digest, path = line.split(" ", 2)
            lines.append("%s %s %s" % (action, hashlib.sha256(Path(path).read_bytes()).hexdigest(), path))
        Path(self.places.running).write_text("\n".join([*lines, "reload 00 /etc/erlang/guard/ca.pem"]) + "\n")


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stands in for the compiler, and counts what was asked of it."""
    made: list[str] = []

    def make(_erl: str, asked: boot.Asked, _final: str, _run: commands.Runner) -> None:
        made.append(asked.key)
        for name in ("boot", "ebin"):
            os.mkdir(os.path.join(asked.directory, name))
        Path(asked.directory, "boot", boot.KEY).write_text(asked.key + "\n")
        Path(asked.directory, "ebin", "a.beam").write_text("compiled")

    monkeypatch.setattr(boot, "make", make)
    return made


@pytest.fixture
def host(tmp_path: Path, compiled: list[str]) -> Host:
    return Host(tmp_path)


def test_nothing_yet(host: Host) -> None:
    nothing = generations.State(None, None, None, False, None, False, False, False, None)
    assert host.state(host.wanted()) == host.state(None) == nothing


def test_made_whole_and_not_switched_to(host: Host) -> None:
    number = host.make(host.wanted())
    assert number == 1
    place = Path(host.places.directory(1))
    assert (place / "vm.args").read_text() == "-config\n%s/sys.config\n" % place
    assert os.readlink(place / "erl") == host.erl
    assert (place / "ebin" / "a.beam").exists()
    assert os.listdir(host.places.generations) == ["1"]
    state = host.state(host.wanted())
    assert (state.current, state.prepared, state.newest, state.right, state.proven) == (None, 1, 1, False, False)
    assert not os.path.exists(host.places.current) and not os.path.exists(host.places.unit)


def test_switched_to_run_and_proven(host: Host) -> None:
    Path(host.layout["sys_config"]).write_text("from before there were generations")
    host.make(host.wanted())
    changed = host.switch(1)
    assert changed == [host.places.unit, host.places.current, *(path for path, _name in host.places.shown)]
    assert os.readlink(host.places.current) == "generations/1"
    assert Path(host.layout["sys_config"]).read_text() == "[].\n"
    assert Path(host.places.unit).read_text() == UNIT.replace(generations.PLACE, host.places.directory(1))
    assert host.commands[-1] == ["systemctl", "daemon-reload"]
    state = host.state(host.wanted())
    assert (state.current, state.right, state.prepared, state.running, state.runs) == (1, True, None, None, False)
    host.starts()
    state = host.state(host.wanted())
    assert (state.running, state.runs, state.proven) == (1, True, False)
    assert generations.mark_proven(host.places, 1) and not generations.mark_proven(host.places, 1)
    assert host.state(host.wanted()).proven
    assert host.switch(1) == []


def test_a_change_is_another_generation_and_the_way_back(host: Host, compiled: list[str]) -> None:
    for config in ("[one].\n", "[two].\n"):
        number = host.make(host.wanted(config))
        host.switch(number)
        host.starts()
        generations.mark_proven(host.places, number)
    assert compiled == ["k1"]
    state = host.state(host.wanted("[three].\n"))
    assert (state.current, state.right, state.prepared, state.former) == (2, False, None, 1)
    assert host.make(host.wanted("[three].\n", key="k2")) == 3 and compiled == ["k1", "k2"]
    state = host.state(host.wanted("[three].\n", key="k2"))
    assert (state.current, state.prepared, state.former, state.proven) == (2, 3, 2, False)
    host.switch(3)
    assert host.state(None).former == 2
    host.switch(2)
    # What was prepared waits, and is used again.
    assert host.state(host.wanted("[three].\n", key="k2")).prepared == 3
    # What a generation of long ago was is made anew, so that the order of numbers is that of time.
    assert host.state(host.wanted("[one].\n")).prepared is None


def test_what_was_made_behind_and_never_healthy_waits(host: Host) -> None:
    for config in ("[one].\n", "[two].\n"):
        host.make(host.wanted(config))
    assert generations.waiting(host.places, 1) == 2 and generations.waiting(host.places, 2) is None
    generations.mark_proven(host.places, 2)
    assert generations.waiting(host.places, 1) is None


def test_what_was_changed_by_hand_is_put_back(host: Host) -> None:
    wanted = host.wanted()
    host.make(wanted)
    host.switch(1)
    host.starts()
    config = Path(host.places.directory(1), "sys.config")
    config.write_text("[by_hand].\n")
    os.chmod(config, 0o644)
    Path(host.places.unit).write_text(Path(host.places.unit).read_text() + "# by hand\n")
    os.unlink(host.places.current)
    state = host.state(wanted)
    assert state.right and state.prepared is None and state.runs
    damage = {str(config), host.places.unit, host.places.current}
    assert set(generations.repair(host.places, 1, wanted, host.run, check=True).changed_paths) == damage
    assert config.read_text() == "[by_hand].\n"
    host.commands.clear()
    assert set(generations.repair(host.places, 1, wanted, host.run, check=False).changed_paths) == damage
    assert host.commands == [["systemctl", "daemon-reload"]]
    assert config.read_text() == "[].\n" and os.stat(config).st_mode & 0o777 == 0o640
    assert not generations.repair(host.places, 1, wanted, host.run, check=False).differences
    assert host.state(wanted).runs


def test_a_node_that_started_with_what_was_changed_by_hand(host: Host) -> None:
    host.make(host.wanted())
    host.switch(1)
    Path(host.places.directory(1), "sys.config").write_text("[by_hand].\n")
    host.starts()
    state = host.state(host.wanted())
    assert state.right and not state.runs and state.running == 1


def test_a_start_is_of_one_generation_at_each_step_of_a_switch(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    for config in ("[one].\n", "[two].\n"):
        host.make(host.wanted(config))
    host.switch(1)
    seen = []
    replace = os.replace

    def replaced(source: str, target: str) -> None:
        replace(source, target)
        unit = Path(host.places.unit).read_text()
        seen.append([str(number) for number in (1, 2) if host.places.directory(number) + "/" in unit])

    monkeypatch.setattr(os, "replace", replaced)
    host.switch(2)
    assert seen == [["2"]] * 2 and generations.current_number(host.places) == 2


def test_differences_are_shown_as_of_the_current_one(host: Host) -> None:
    first = generations.differences(host.places, None, host.wanted()).changed_paths
    assert first[0] == host.places.current + "/sys.config" and first[-2:] == [
        host.places.current + "/" + name for name in ("erl", "boot/.key")
    ]
    host.make(host.wanted())
    assert not generations.differences(host.places, 1, host.wanted()).differences
    (config, key) = generations.differences(host.places, 1, host.wanted("[two].\n", key="k2")).differences
    assert (config.path, config.before, config.after) == (host.places.current + "/sys.config", "[].\n", "[two].\n")
    assert (key.before, key.after) == ("k1\n", "k2\n")


def test_one_that_cannot_be_made_leaves_nothing(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.make(host.wanted())
    refused = commands.Outcome(1, "", "sys.config: syntax error")
    monkeypatch.setattr(host, "run", lambda argv: refused)
    validator = files.Validator(("check",), (generations.PLACE + "/sys.config",))
    with pytest.raises(generations.GenerationError, match=r"refused by check: sys\.config: syntax error") as raised:
        host.make(host.wanted("[", validators=(validator,)))
    assert ".staged" not in str(raised.value)

    def failing(*_arguments: object) -> None:
        raise boot.BootError("no boot script: ssl is not there")

    monkeypatch.setattr(boot, "make", failing)
    with pytest.raises(generations.GenerationError, match="ssl is not there"):
        host.make(host.wanted(key="k2"))
    assert os.listdir(host.places.generations) == ["1"]


def test_a_generation_is_on_the_disk_before_it_has_its_name_and_before_the_unit_names_it(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[tuple[str, str]] = []
    fsync, rename, replace = os.fsync, os.rename, os.replace

    def flushed(descriptor: int) -> None:
        steps.append(("on the disk", os.readlink("/proc/self/fd/%d" % descriptor)))
        fsync(descriptor)

    def renamed(source: str, target: str) -> None:
        steps.append(("named", target))
        rename(source, target)

    def replaced(source: str, target: str) -> None:
        steps.append(("named", target))
        replace(source, target)

    host.make(host.wanted())
    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(os, "rename", renamed)
    monkeypatch.setattr(os, "replace", replaced)
    host.make(host.wanted("[two].\n"))
    final = host.places.directory(2)
    staged = os.path.join(host.places.generations, ".2.staged")
    before = [path for what, path in steps[: steps.index(("named", final))] if what == "on the disk"]
    made = [os.path.join(directory, name) for directory, _names, files_ in os.walk(final) for name in files_ if name != "erl"]
    assert {path.replace(staged, final) for path in before} >= {*made, final, final + "/ebin", final + "/boot"}
    steps.clear()
    host.switch(2)
    unit = steps.index(("named", host.places.unit))
    assert any(what == "on the disk" and "erlang-guard.service.staged" in path for what, path in steps[:unit])
    assert ("on the disk", os.path.dirname(host.places.unit) + "/") in [
        (what, path + "/" * (what == "on the disk")) for what, path in steps[unit:]
    ]


def test_what_an_interrupted_run_left(host: Host) -> None:
    os.makedirs(os.path.join(host.places.generations, ".1.staged", "boot"))
    os.makedirs(os.path.join(host.places.generations, "not-a-number"))
    assert generations.numbers(host.places) == []
    left = host.places.generations + "/.1.staged"
    assert generations.remove_leftovers(host.places, check=True).changed_paths == [left] and os.path.exists(left)
    assert generations.remove_leftovers(host.places, check=False).changed_paths == [left]
    assert host.make(host.wanted()) == 1
    assert sorted(os.listdir(host.places.generations)) == ["1", "not-a-number"]


def test_old_ones_are_removed(host: Host) -> None:
    for number in range(1, 8):
        assert host.make(host.wanted("[n%d].\n" % number)) == number
        host.switch(number)
        host.starts()
        if number not in (4, 6):
            generations.mark_proven(host.places, number)
            os.utime(Path(host.places.directory(number), "proven"), ns=(number, number))
    host.make(host.wanted("[next].\n"))
    assert generations.outdated(host.places, 2) == [1, 2, 4, 6]
    assert generations.outdated(host.places, 0) == [1, 2, 3, 4, 6]
    generations.remove(host.places, [1, 2, 4, 6])
    assert generations.numbers(host.places) == [3, 5, 7, 8]
    assert host.state(None).former == 5


def test_the_layout_of_before(host: Host) -> None:
    Path(host.places.code, "ebin").mkdir()
    Path(host.places.code, "release.ready").write_text("")
    left = generations.left_from_before(host.places)
    assert [os.path.basename(path) for path in left] == ["ebin", "release.ready"]
    for path in left:
        generations.remove_path(path)
    assert generations.left_from_before(host.places) == []


@pytest.mark.parametrize(
    "directory", ["/elsewhere/generations/1", "%s/generations/../../1", "%s/generations/x", "%s/generations", "%s/generations/2"]
)
def test_a_unit_that_names_another_directory(host: Host, directory: str) -> None:
    host.make(host.wanted())
    named = directory.replace("%s", host.places.code)
    Path(host.places.unit).write_text("[Service]\nEnvironmentFile=%s/environment\n" % named)
    assert generations.current_number(host.places) is None
    own = host.places.directory(1)
    Path(host.places.unit).write_text("EnvironmentFile=%s/environment\nEnvironmentFile=%s/environment\n" % (own, named))
    assert generations.current_number(host.places) is None


def test_the_parts_of_a_set() -> None:
    access = files.Access(None, None, None)
    inside, outside = (files.File(path, access, b"") for path in (generations.PLACE + "/vm.args", "/etc/peers"))
    check = files.Validator(("check",), (inside.path, outside.path))
    own, live = generations.parted(files.Wanted(files=(inside, outside), validators=(check,), absent=("/old",)))
    assert own == files.Wanted(files=(inside,), validators=(check._replace(paths=(inside.path,)),))
    assert live == files.Wanted(files=(outside,), validators=(check._replace(paths=(outside.path,)),), absent=("/old",))


def test_a_node_that_listens_on_another_port_runs_another_generation(host: Host) -> None:
    """The table of peers, in which the port stands, had another one when the node started."""
    wanted = host.wanted()
    about = files.File(generations.PLACE + "/about.json", files.Access(None, None, 0o640), b'{"listen_port": "4371"}')
    wanted = wanted._replace(set=wanted.set._replace(files=(*wanted.set.files, about)))
    host.make(wanted)
    host.switch(1)
    host.starts()
    assert host.state(wanted).runs
    with open(host.places.running, "a") as stream:
        stream.write("listens 4371\n")
    assert host.state(wanted).runs and host.state(wanted).running == 1
    Path(host.places.running).write_text(Path(host.places.running).read_text().replace("listens 4371", "listens 4370"))
    assert not host.state(wanted).runs and host.state(wanted).right
