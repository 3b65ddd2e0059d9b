# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host sees of its own node without asking it: its files as its account can read them, its unit, its port."""

from __future__ import annotations

import errno
import os
import pwd
import select
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import epmd
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.channel import ChannelError, Deadline
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.findings import Listener, State
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import sockets
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.commands import Runner
from ansible_collections.beam.tls_distribution.plugins.module_utils._system import systemd

MAX_FILE = 1024 * 1024
"""Longest file, in bytes, that is read."""

_PROPERTIES = ("LoadState", "ActiveState", "SubState", "Result", "MainPID", "ControlGroup")

EPMD_SECONDS = 2.0
"""Seconds in which this host's own epmd has to answer."""

NOBODY = "nobody"
"""An account that has no business with a node."""

CONNECT_SECONDS = 3.0
"""Seconds that attempts of another account may take."""

CROWD_SECONDS = 4.0
"""Seconds after which a connection that still waits to be accepted is one that the node does not get to."""

AGAIN_SECONDS = 1.5
"""Seconds after which a packet filter that is wrong is looked at again: it may be on its way back."""


class Host:
    """The way to the host; ``run`` runs commands."""

    def __init__(self, run: Runner) -> None:
        self._run = run

    def texts(self, paths: Sequence[str]) -> dict[str, str]:
        """The text of those of the files that can be read."""
        found = {}
        for path in paths:
            try:
                with open(path, "rb") as stream:
                    found[path] = stream.read(MAX_FILE).decode("utf-8", "replace")
            except OSError:
                continue
        return found

    def directory(self, path: str | None) -> list[str]:
        """The text of the files of a directory, none where it cannot be read."""
        try:
            names = sorted(os.listdir(path)) if path else []
        except OSError:
            return []
        return list(self.texts([os.path.join(path or "", name) for name in names]).values())

    def barred(self, account: str, paths: Sequence[str]) -> dict[str, str]:
        """Why the account cannot read those of the files that it cannot; nothing is known of an account that is not
        there, or if we are not root.
        """
        try:
            entry = pwd.getpwnam(account)
        except KeyError:
            return {}
        if os.geteuid() != 0 or entry.pw_uid == 0:
            return {}
        reasons = _tried_as(entry, paths)
        return {
            path: "the account %s may not read it" % account
            for path, reason in zip(paths, reasons)
            if reason in (errno.EACCES, errno.EPERM)
        }

    def packet_filter(self, command: Sequence[str]) -> str:
        """What is wrong with the packet filter, as the command that checks it says; empty if nothing is."""
        outcome = self._run(command)
        if outcome.code != 0:
            time.sleep(AGAIN_SECONDS)
            outcome = self._run(command)
        if outcome.code == 0:
            return ""
        said = (outcome.out.strip() or outcome.err.strip()).splitlines()
        return said[0] if said else "its check ended with %d" % outcome.code

    def connect_as_nobody(self, places: Sequence[tuple[str, int]]) -> list[int | None]:
        """How attempts of an account without business at addresses and ports end, made side by side: 0 where a connection
        came about, an error number, ETIMEDOUT where nothing came back; None where nobody could be made to try.
        """
        try:
            entry = pwd.getpwnam(NOBODY)
        except KeyError:
            return [None] * len(places)
        if os.geteuid() != 0 or entry.pw_uid == 0:
            return [None] * len(places)
        numbers: list[int | None] = list(_as_account(entry, lambda: _connections(places)))
        return numbers if len(numbers) == len(places) else [None] * len(places)

    def state(self, unit: str, ports: Sequence[int]) -> State:
        """What systemd says of the node's unit, and who listens on the ports or is of that unit and listens."""
        outcome = self._run(["systemctl", "show", "--property=" + ",".join(_PROPERTIES), "--", unit])
        said = systemd.properties(outcome.out)
        process = int(said.get("MainPID") or 0)
        group = said.get("ControlGroup", "")
        members = {process} if process else set()
        members |= {each for each in sockets.processes() if sockets.within(each, group)}
        return State(
            unit=unit if said.get("LoadState") == "loaded" else None,
            active=said.get("ActiveState", ""),
            sub=said.get("SubState", ""),
            result=said.get("Result", ""),
            process=process,
            program=sockets.program(process) if process else "",
            listeners=tuple(_listeners(members, ports)),
            waiting=_crowd(ports[0]) if ports else "",
        )

    def registered(self, port: int) -> list[str] | None:
        """The names that are registered with this host's epmd, None where it does not answer as one."""
        deadline = Deadline(EPMD_SECONDS)
        try:
            with socket.create_connection(("localhost", port), timeout=deadline.remaining()) as stream:
                return [each.name for each in epmd.ask_names(stream, deadline).registered]
        except (OSError, ChannelError, epmd.EpmdError):
            return None


def _listeners(members: set[int], ports: Sequence[int]) -> Iterator[Listener]:
    """Who listens on the ports, and on what else the member processes of a unit listen."""
    own = {inode: process for process in members for inode in sockets.inodes(process)}
    seen = [each for each in sockets.listeners() if each.port in ports or each.inode in own]
    others = sockets.holders(each.inode for each in seen if each.inode not in own)
    for each in seen:
        process = own.get(each.inode) or others.get(each.inode, 0)
        # Who is not root sees no sockets but those of its own account.
        mine = each.inode in own if process or os.geteuid() == 0 else None
        named = (sockets.program(process), sockets.account(process)) if process else ("", "")
        yield Listener(each.address, each.port, mine, process, *named)


def _crowd(port: int) -> str:
    """Who waits at a port and is not accepted, empty if nobody is kept waiting."""
    kept = sockets.waiting_at(port)
    end = time.monotonic() + CROWD_SECONDS
    while kept and time.monotonic() < end:
        time.sleep(0.1)
        kept &= sockets.waiting_at(port)
    if not kept:
        return ""
    everybody = sockets.waiting_at(port) | kept
    address, most = Counter(address for address, _port in everybody).most_common(1)[0]
    return "%d wait to be accepted, %d of them from %s, and some have for more than %g seconds" % (
        len(everybody), most, address, CROWD_SECONDS,
    )  # fmt: skip


def _tried_as(entry: pwd.struct_passwd, paths: Sequence[str]) -> list[int]:
    """The error numbers, 0 for none, with which an account opens files."""
    return _as_account(entry, lambda: [_opened(path) for path in paths])


def _as_account(entry: pwd.struct_passwd, tries: Callable[[], Sequence[int]]) -> list[int]:
    """The error numbers of what a child process tries that becomes an account, as rights depend on the whole process."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.initgroups(entry.pw_name, entry.pw_gid)
            os.setgid(entry.pw_gid)
            os.setuid(entry.pw_uid)
            os.write(writing, bytes(min(number, 255) for number in tries()))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        numbers = stream.read()
    os.waitpid(child, 0)
    return list(numbers)


def _connections(places: Sequence[tuple[str, int]]) -> list[int]:
    """How attempts to connect end, made side by side."""
    ended = [errno.ETIMEDOUT] * len(places)
    under_way: dict[socket.socket, int] = {}
    for number, (address, port) in enumerate(places):
        attempt = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        attempt.setblocking(False)
        ended[number] = attempt.connect_ex((address, port))
        if ended[number] == errno.EINPROGRESS:
            ended[number] = errno.ETIMEDOUT
            under_way[attempt] = number
        else:
            attempt.close()
    end = time.monotonic() + CONNECT_SECONDS
    while under_way and time.monotonic() < end:
        for attempt in select.select([], list(under_way), [], max(0.0, end - time.monotonic()))[1]:
            ended[under_way.pop(attempt)] = attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            attempt.close()
    return ended


def _opened(path: str) -> int:
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    except OSError as error:
        return min(error.errno or 0, 255)
    return 0
