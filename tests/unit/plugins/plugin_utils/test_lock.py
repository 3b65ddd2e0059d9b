# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lock of a cluster, with processes that stand for runs of Ansible."""

from __future__ import annotations

import fcntl
import getpass
import json
import multiprocessing
import os
import signal
import stat
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import lock

GENEROUS = 30.0


class Main:
    """A process that lives until it is killed, and the run that it stands for."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(["sleep", "1000"])
        self.run = lock.this_run(self.process.pid)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def started() -> t.Iterator[t.Callable[[], Main]]:
    mains: list[Main] = []

    def start() -> Main:
        mains.append(Main())
        return mains[-1]

    yield start
    for main in mains:
        main.kill()


def free(path: Path) -> bool:
    """Whether nobody holds the lock's file."""
    with path.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def until(condition: t.Callable[[], bool]) -> bool:
    end = time.monotonic() + GENEROUS
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def test_the_second_is_told_who_is_at_it(tmp_path: Path, started: t.Callable[[], Main]) -> None:
    first, second = started(), started()
    lock.take(tmp_path, first.run)
    assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o600
    with pytest.raises(lock.HeldError) as held:
        lock.take(tmp_path, second.run)
    sentence = str(held.value)
    assert sentence.count(".") == 1 and sentence.endswith("wait until that run has ended, or end it.")
    for part in (getpass.getuser(), first.run.host, "process %d" % first.process.pid, first.run.since):
        assert part in sentence


def test_one_run_passes_as_often_as_it_likes(tmp_path: Path, started: t.Callable[[], Main]) -> None:
    main = started()
    for _time in range(3):
        lock.take(tmp_path, lock.this_run(main.process.pid))


def test_a_run_that_is_killed_lets_go(tmp_path: Path, started: t.Callable[[], Main]) -> None:
    first, second = started(), started()
    lock.take(tmp_path, first.run)
    first.kill()
    lock.take(tmp_path, second.run)
    assert json.loads((tmp_path / "lock").read_text())["pid"] == second.process.pid
    second.kill()
    assert until(lambda: free(tmp_path / "lock")) and (tmp_path / "lock").read_text() == ""


def test_tasks_end_and_the_lock_stays(tmp_path: Path, started: t.Callable[[], Main]) -> None:
    """The process that takes it is a task; what holds it is the run."""
    task = multiprocessing.get_context("fork").Process(target=lambda: lock.take(tmp_path, lock.this_run()))
    task.start()
    task.join()
    assert task.exitcode == 0
    with pytest.raises(lock.HeldError, match=r"process %d\b" % os.getpid()):
        lock.take(tmp_path, started().run)
    lock.take(tmp_path, lock.this_run(os.getpid()))


def keepers(path: Path) -> list[int]:
    """The processes that have the lock's file open, but for this one."""
    found = []
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if os.path.samefile(descriptor, path) and descriptor.parts[2] != str(os.getpid()):
                found.append(int(descriptor.parts[2]))
        except OSError:
            continue
    return found


def test_without_its_keeper_a_run_that_lives_is_respected(tmp_path: Path, started: t.Callable[[], Main]) -> None:
    first, second = started(), started()
    lock.take(tmp_path, first.run)
    for keeper in keepers(tmp_path / "lock"):
        os.kill(keeper, signal.SIGKILL)
    assert until(lambda: free(tmp_path / "lock"))
    with pytest.raises(lock.HeldError):
        lock.take(tmp_path, second.run)
    lock.take(tmp_path, first.run)
    assert not free(tmp_path / "lock")


def left(tmp_path: Path, run: lock.Run, **changes: t.Any) -> lock.Run:
    """A lock that a run left behind whose keeper could not empty it."""
    holder = run._replace(**changes)
    (tmp_path / "lock").write_text(json.dumps(holder._asdict()))
    return holder


@pytest.mark.parametrize(
    "changes",
    [
        {"begin": "1"},
        {"pid": 2**22 + 1},
        {"boot": "another start of this system"},
        {"space": "pid:[1]", "host": "a container of this system", "machine": "its own"},
    ],
)
def test_what_is_left_behind_here_is_taken_over(tmp_path: Path, started: t.Callable[[], Main], changes: dict[str, t.Any]) -> None:
    left(tmp_path, started().run, **changes)
    lock.take(tmp_path, started().run)


def test_of_another_system_only_a_person_knows(tmp_path: Path, started: t.Callable[[], Main]) -> None:
    elsewhere = {"boot": "another", "machine": "another", "host": "control02"}
    left(tmp_path, started().run, **elsewhere)
    with pytest.raises(lock.HeldError, match=r"on control02 .* remove that file") as held:
        lock.take(tmp_path, started().run)
    assert str(tmp_path / "lock") in str(held.value)
    (tmp_path / "lock").unlink()
    lock.take(tmp_path, started().run)


@pytest.mark.parametrize("damage", ["", "{", "[]", "[" * 5000, '{"pid": 1}', "null"])
def test_a_damaged_file_is_no_lock(tmp_path: Path, started: t.Callable[[], Main], damage: str) -> None:
    (tmp_path / "lock").write_text(damage)
    lock.take(tmp_path, started().run)


def test_a_file_cannot_write_to_the_terminal(tmp_path: Path, started: t.Callable[[], Main]) -> None:
    left(tmp_path, started().run, machine="another", boot="another", user="\x1b[2J")
    lock.take(tmp_path, started().run)


def test_a_link_is_not_followed(tmp_path: Path, started: t.Callable[[], Main]) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        lock.take(tmp_path, started().run)
    assert not (tmp_path / "elsewhere").exists()


def test_names_of_a_place_and_of_a_run(tmp_path: Path, started: t.Callable[[], Main]) -> None:
    one, other = started().run, started().run
    assert lock.names(tmp_path, one) == lock.names(tmp_path, one._replace(since="later"))
    assert lock.names(tmp_path, one)["place"] == lock.names(tmp_path, other)["place"]
    assert lock.names(tmp_path, one)["run"] != lock.names(tmp_path, other)["run"]
    assert lock.names(tmp_path, one)["place"] != lock.names(tmp_path / "copy", one)["place"]
