# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host sees of its own node without asking it: its files as its account can read them, its unit, its port."""

from __future__ import annotations

import errno
import os
import pwd
import socket
from collections.abc import Iterator, Sequence

from ansible_collections.beam.tls_distribution.plugins.module_utils.distribution import epmd
from ansible_collections.beam.tls_distribution.plugins.module_utils.distribution.channel import ChannelError, Deadline
from ansible_collections.beam.tls_distribution.plugins.module_utils.distribution.findings import Listener, State
from ansible_collections.beam.tls_distribution.plugins.module_utils.host import sockets
from ansible_collections.beam.tls_distribution.plugins.module_utils.host.commands import Runner

MAX_FILE = 1024 * 1024
"""Longest file, in bytes, that is read."""

_PROPERTIES = ("LoadState", "ActiveState", "SubState", "Result", "MainPID", "ControlGroup")

EPMD_SECONDS = 2.0
"""Seconds in which this host's own epmd has to answer."""


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

    def state(self, unit: str, ports: Sequence[int]) -> State:
        """What systemd says of the node's unit, and who listens on the ports or is of that unit and listens."""
        outcome = self._run(["systemctl", "show", "--property=" + ",".join(_PROPERTIES), "--", unit])
        said = dict(line.split("=", 1) for line in outcome.out.splitlines() if "=" in line)
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


def _tried_as(entry: pwd.struct_passwd, paths: Sequence[str]) -> list[int]:
    """The error numbers, 0 for none, with which an account opens files. A child process of its own becomes that
    account, as access depends on the whole process.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        numbers = bytearray()
        try:
            os.initgroups(entry.pw_name, entry.pw_gid)
            os.setgid(entry.pw_gid)
            os.setuid(entry.pw_uid)
            for path in paths:
                numbers.append(_opened(path))
            os.write(writing, bytes(numbers))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        numbers = bytearray(stream.read())
    os.waitpid(child, 0)
    return list(numbers)


def _opened(path: str) -> int:
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    except OSError as error:
        return min(error.errno or 0, 255)
    return 0
