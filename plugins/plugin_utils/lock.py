# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run at a time changes a cluster: a lock in the cluster's directory on the controller.

The tasks of a run are processes that end with their task, so that none of them can hold the lock. A small process of its own
(``lock_keeper.py``) does, for as long as the process that was started as ``ansible-playbook`` lives, however it ends. The file
says whose run it is, for the sentence that the next one gets, and is empty when there is none.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import getpass
import hashlib
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import time
import typing as t
from pathlib import Path

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout

NAME = layout.cluster("")["lock"]
_KEEPER = Path(__file__).resolve().with_name("lock_keeper.py")
_MODE = 0o600
_LONGEST = 4096
# What the keeper of a run that just ended may take to let go.
_PATIENCE = 5.0
_PAUSE = 0.05


class HeldError(Exception):
    """Another run holds the lock; the sentence says whose, and what to do."""


class Run(t.NamedTuple):
    """A run of Ansible: the process that it lives as, and where that is.

    ``begin`` is when the process began, as its system counts; with it a number that another process has by now is told from
    the one of the run. ``boot`` names one start of a system, ``machine`` the system, ``space`` whose processes can be seen.
    """

    pid: int
    begin: str
    user: str
    host: str
    machine: str
    boot: str
    space: str
    since: str

    @property
    def key(self) -> tuple[t.Any, ...]:
        """What is the same for every task of one run, and for no other run."""
        return (self.pid, self.begin, self.machine, self.boot, self.space)


def this_run(pid: int | None = None) -> Run:
    """The run that this process is a task of, or that of the main process ``pid``."""
    if pid is None:
        parent = multiprocessing.parent_process()
        pid = parent.pid if parent is not None and parent.pid else os.getpid()
    now = datetime.datetime.now(datetime.timezone.utc)
    host = socket.gethostname()
    return Run(
        pid=pid,
        begin=_begin(pid) or "",
        user=_user(),
        host=host,
        machine=_first_line("/etc/machine-id") or host,
        boot=_first_line("/proc/sys/kernel/random/boot_id") or "",
        space=_link("/proc/self/ns/pid"),
        since=now.strftime("%Y-%m-%d %H:%M:%S UTC"),
    )


def names(directory: Path, run: Run) -> dict[str, str]:
    """``place``, which all runs of this system with this directory share, and ``run``, which no other run has.

    Of the runs of one place only one at a time has the lock.
    """
    place = hashlib.sha256(("%s\0%s" % (run.machine, directory)).encode()).hexdigest()[:8]
    own = hashlib.sha256(json.dumps([str(directory), *run.key]).encode()).hexdigest()[:16]
    return {"place": place, "run": own}


def take(directory: Path, run: Run) -> None:
    """Takes the lock of a cluster for a run until it ends. Does nothing if the run has it already.

    Raises HeldError if another run has it, and OSError if the file cannot be used.
    """
    path = directory / NAME
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
    try:
        free = _acquire(descriptor, run)
        holder = _read(descriptor)
        if holder is not None and holder.key == run.key and not free:
            return
        if not free or (holder is not None and holder.key != run.key and _may_live(holder, run)):
            raise HeldError(_sentence(holder, run, path))
        _write(descriptor, run)
        _keep(descriptor, run)
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, run: Run) -> bool:
    """Whether nobody had the lock; waits a moment for what holds it without saying for whom, or for a run that ended."""
    end = time.monotonic() + _PATIENCE
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        holder = _read(descriptor)
        passing = holder is None or (holder.key != run.key and not _may_live(holder, run))
        if not passing or time.monotonic() > end:
            return False
        time.sleep(_PAUSE)


def _may_live(holder: Run, run: Run) -> bool:
    """Whether the run that a lock names may still be going on, as far as can be seen from here."""
    if holder.boot != run.boot or not run.boot:
        # The same system was started anew since then; of another one nothing is known.
        return holder.machine != run.machine or (not run.boot and _begin(holder.pid) == holder.begin)
    # Beside what is asked here the kernel's own lock was free, which holds for all processes of a system.
    return holder.space == run.space and _begin(holder.pid) == holder.begin


def _sentence(holder: Run | None, run: Run, path: Path) -> str:
    if holder is None:
        return "Another run changes this cluster, and no host was touched; wait until it has ended (it holds %s)." % path
    who = "%s on %s (process %d) has been changing this cluster since %s, and no host was touched; wait until that run has ended"
    known = who % (holder.user, holder.host, holder.pid, holder.since)
    if holder.machine == run.machine:
        return "%s, or end it." % known
    return "%s. If it has, and %s still names it, remove that file." % (known, path)


def _read(descriptor: int) -> Run | None:
    """The run that a lock names; None if it names none."""
    try:
        fields = json.loads(os.pread(descriptor, _LONGEST, 0))
        texts = {name: _plain(fields[name]) for name in Run._fields if name != "pid"}
        return Run(pid=int(fields["pid"]), **texts)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _plain(value: t.Any) -> str:
    """A text of one line. Raises ValueError for anything else."""
    if not isinstance(value, str) or not (value.isprintable() or not value):
        raise ValueError
    return value


def _write(descriptor: int, run: Run) -> None:
    os.fchmod(descriptor, _MODE)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(run._asdict()).encode() + b"\n", 0)


def _keep(descriptor: int, run: Run) -> None:
    """Starts the process that holds the lock until the run ends, and lets nothing of this task get into it but the lock."""
    handed = [descriptor]
    with contextlib.suppress(AttributeError, OSError):  # Linux alone has it. It stands for this process, whoever gets its number.
        handed.append(os.pidfd_open(run.pid))
    command = [sys.executable, "-I", "-S", str(_KEEPER), str(run.pid), *map(str, handed)]
    try:
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={},
            pass_fds=handed,
            start_new_session=True,
        )
    finally:
        for other in handed[1:]:
            os.close(other)


def _begin(pid: int) -> str | None:
    """When a process began; None if there is no such process. Sources: proc(5), ps(1)."""
    try:
        stat = Path("/proc/%d/stat" % pid).read_text(encoding="utf-8", errors="replace")
    except OSError:
        if os.path.exists("/proc/self/stat"):
            return None
        shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return " ".join(shown.stdout.split()) or None
    # The name in parentheses may hold anything; the state follows it. What waits to be reaped has ended.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "user %d" % os.getuid()


def _first_line(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""
