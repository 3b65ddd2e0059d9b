# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab itself: ``up`` twice at once, after a crash, on top of a half-done one; what is not opened is closed; ``down`` leaves nothing."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.second_lab import ENVIRONMENT, LAB, NAME, drawn, lab, made, state


@pytest.fixture(autouse=True)
def nothing_before_and_after() -> Iterator[None]:
    lab("down")
    assert state() == (set(), set(), set(), set())
    yield
    lab("down")
    assert state() == (set(), set(), set(), set())


def test_the_drawing_shows_what_is_made() -> None:
    lab("up")
    assert drawn(lab("--help").stdout) == made()
    assert len(state()[2]) == 4


@pytest.mark.parametrize("number", ["3", "25", "many"])
def test_a_number_of_hosts_that_cannot_be(number: str) -> None:
    done = lab("up", "--hosts", number, check=False)
    assert done.returncode == 2 and "the lab has 4 to 24 hosts" in done.stderr


def test_bytecode_is_kept_whatever_the_environment_says() -> None:
    kept = Path(importlib.util.cache_from_source(str(Path(__file__).parent / "lifecycle.py")))
    kept.unlink(missing_ok=True)
    subprocess.run([LAB, "--help"], env={**ENVIRONMENT, "PYTHONDONTWRITEBYTECODE": "1"}, stdout=subprocess.DEVNULL, check=True)
    assert kept.exists()


def test_two_at_once() -> None:
    both = [subprocess.Popen([LAB, "up"], env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) for _number in range(2)]
    assert [process.wait(300) for process in both] == [0, 0]
    assert len(state()[2]) == 4
    for host in ("alpha", "bravo", "carol", "dave"):
        assert lab("ssh", host, "hostname").stdout.strip() == host


def test_no_host_sees_the_processes_of_another() -> None:
    """A process of another host would be listed as 0 in the control group of the same name."""
    lab("up")
    for host in ("alpha", "bravo", "carol", "dave"):
        processes = lab("ssh", host, "cat /sys/fs/cgroup/system.slice/ssh.service/cgroup.procs").stdout.split()
        assert processes and "0" not in processes


def test_tests_that_are_interrupted_leave_nothing() -> None:
    process = subprocess.Popen(
        [LAB, "test", "molecule", "bad_input", "walls"], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        # What is about to become a host may be seen as a process more.
        end = time.monotonic() + 120
        while len(state()[2]) < 4 and time.monotonic() < end:
            time.sleep(0.2)
        assert len(state()[2]) >= 4
    finally:
        process.terminate()
        said = process.communicate(timeout=120)[0]
    assert process.returncode == 130 and said.rstrip().endswith("what was running has been ended")
    assert state() == (set(), set(), set(), set())
    other = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    assert NAME + "1-" not in other


def test_killed_and_up_again() -> None:
    for seconds in (0.3, 0.8, 1.4):
        process = subprocess.Popen(
            [LAB, "up"], env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
        )
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
    lab("up")
    assert lab("ssh", "dave", "systemctl is-active ssh").stdout.strip() == "active"
    for leader in list(state()[2])[:1]:
        os.kill(int(leader), signal.SIGKILL)
    lab("up")
    assert len(state()[2]) == 4


def test_routers_drop_what_is_not_opened() -> None:
    lab("up")
    knock = "timeout 2 bash -c '</dev/tcp/198.18.1.10/%d'"
    assert lab("ssh", "alpha", "true").returncode == 0
    assert lab("run", "stranger", "bash", "-c", knock % 22, check=False).returncode != 0
    assert lab("ssh", "bravo", knock % 22, check=False).returncode != 0
    # The path itself is there: a router without its filter lets the same connection through.
    lab("run", "router-north", "nft", "delete", "table", "inet", "router")
    lab("run", "router-south", "nft", "delete", "table", "inet", "router")
    assert lab("run", "stranger", "bash", "-c", knock % 22).returncode == 0
    assert lab("ssh", "bravo", knock % 22).returncode == 0


def test_reset_makes_a_host_anew() -> None:
    lab("up")
    lab("ssh", "carol", "touch /root/mark")
    lab("reset", "carol")
    assert lab("ssh", "carol", "ls /root/mark", check=False).returncode != 0


def test_what_is_up_stays_unless_other_suites_are_asked_for() -> None:
    lab("up", "--suite", "bookworm")
    assert state()[2] and "bookworm" in lab("ssh", "alpha", "cat /etc/os-release").stdout
    hosts = state()[2]
    lab("up")
    assert state()[2] == hosts
    lab("up", "--suite", "trixie", "--hosts", "4")
    hosts = state()[2]
    lab("up", "--hosts", "4")
    assert state()[2] == hosts
    assert "trixie" in lab("ssh", "alpha", "cat /etc/os-release").stdout
