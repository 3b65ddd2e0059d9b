# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a unit's file says of the surroundings of its processes, for another process that is to have the same. Text comes in, nothing is read.

Source: systemd.service(5), systemd.exec(5), systemd.resource-control(5), systemd.syntax(7).
"""

from __future__ import annotations

from collections.abc import Iterator

_OF_THE_SERVICE = (
    # How the service is started, watched and ended.
    "Exec", "Type", "NotifyAccess", "Restart", "Timeout", "RuntimeMax", "RuntimeRandomized", "Watchdog", "Kill", "SendSIG", "FinalKillSignal",
    "SuccessExitStatus", "RemainAfterExit", "GuessMainPID", "ExitType", "PIDFile", "BusName", "Sockets", "FileDescriptor", "OpenFile", "OOMPolicy",
    "USBFunction", "NonBlocking", "RootDirectoryStartOnly", "Reload", "StartLimit", "FailureAction", "SuccessAction",
    # What would be removed when the other process ends, though the service goes on using it.
    "RuntimeDirectory", "StateDirectory", "CacheDirectory", "LogsDirectory", "ConfigurationDirectory", "RemoveIPC",
    # What the application is told, and where its output goes.
    "Environment", "PassEnvironment", "UnsetEnvironment", "LoadCredential", "SetCredential", "ImportCredential", "Standard", "Syslog", "Log", "TTY", "Utmp",
)  # fmt: skip


def properties(unit: str) -> list[str]:
    """Return the assignments of the section Service, in order, that are about what a process may do: ``NAME=VALUE``.

    ``unit`` is what ``systemctl cat`` prints, drop-ins included. What is not known to be about the service itself is taken, so that a
    setting of systemd that is yet to come makes a sandbox tighter and never wider.
    """
    return [line for line in _service_lines(unit) if not line.startswith(_OF_THE_SERVICE)]


def _service_lines(unit: str) -> Iterator[str]:
    section = ""
    for line in _whole_lines(unit):
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line:
            name, _sign, value = line.partition("=")
            yield "%s=%s" % (name.strip(), value.strip())


def _whole_lines(unit: str) -> Iterator[str]:
    """Yield the lines without comments, those that a backslash continues as one."""
    begun = ""
    for line in unit.splitlines():
        stripped = line.strip()
        if stripped.startswith(("#", ";")) or (not stripped and not begun):
            continue
        if stripped.endswith("\\"):
            begun += stripped[:-1] + " "
        else:
            yield begun + stripped
            begun = ""
    if begun:
        yield begun.strip()
