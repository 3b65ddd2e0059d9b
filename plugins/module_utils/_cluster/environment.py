# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The environment of a node: names and values that it may have, and the file that systemd reads it from.

Sources: systemd.exec(5), EnvironmentFile= (quoting, continued lines, what is taken as it is); POSIX, "Environment Variables" (names);
execve(2) (limits); erl(1), "Environment Variables".
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError, Problem

LONGEST = 128 * 1024 - 2
"""Bytes that a name and its value may have together (MAX_ARG_STRLEN of Linux, less the equals sign and the end)."""
LONGEST_ALL = 1024 * 1024
"""Bytes that all names and values may have together; Linux takes more, of which arguments are a part."""

_ASSIGNMENT = re.compile(r'(?ms)^(?P<name>[A-Za-z_][A-Za-z0-9_]*)="(?P<value>(?:[^"\\]|\\.)*)"$')
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
# What systemd takes for invalid UTF-8: it would leave the variable out.
_NO_CHARACTERS = re.compile(
    "[\ud800-\udfff\ufdd0-\ufdef%s]" % "".join(chr(plane + last) for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF))
)

_BY_SYSTEMD = ("is set by systemd", "remove it")
_BY_ROLE = "is the role's own"
_FLAGS = (_BY_ROLE, "use erlang_node_vm_args")
_LOADED = ("has code of others run in the node and in what starts it", "remove it")
_SHELL = ("changes how the unit's own commands run", "remove it")
_OF_START = ("is set by erl for the emulator", "remove it")
RESERVED: dict[str, tuple[str, str]] = {
    "HOME": (_BY_ROLE, "use erlang_account_home"),
    "ERL_CRASH_DUMP": (_BY_ROLE, "remove it: crash dumps lie in the node's home; ERL_CRASH_DUMP_SECONDS=0 has none written"),
    "ERL_AFLAGS": _FLAGS,
    "ERL_FLAGS": _FLAGS,
    "ERL_ZFLAGS": _FLAGS,
    "ERL_LIBS": (_BY_ROLE, "use erlang_app_code_paths"),
    "ERL_EPMD_PORT": (_BY_ROLE, "use erlang_cluster_epmd_port"),
    "ERL_EPMD_ADDRESS": (_BY_ROLE, "remove it: the role erlang_otp decides where the port mapper listens"),
    "ERL_ROOTDIR": _OF_START,
    "ROOTDIR": _OF_START,
    "BINDIR": _OF_START,
    "EMU": _OF_START,
    "PROGNAME": _OF_START,
    "ESCRIPT_NAME": _OF_START,
    "LD_PRELOAD": _LOADED,
    "LD_AUDIT": _LOADED,
    "BASH_ENV": _SHELL,
    "BASHOPTS": _SHELL,
    "ENV": _SHELL,
    "IFS": _SHELL,
    "SHELLOPTS": _SHELL,
    "CACHE_DIRECTORY": _BY_SYSTEMD,
    "CONFIGURATION_DIRECTORY": _BY_SYSTEMD,
    "CREDENTIALS_DIRECTORY": _BY_SYSTEMD,
    "FDSTORE": _BY_SYSTEMD,
    "INVOCATION_ID": _BY_SYSTEMD,
    "JOURNAL_STREAM": _BY_SYSTEMD,
    "LISTEN_FDNAMES": _BY_SYSTEMD,
    "LISTEN_FDS": _BY_SYSTEMD,
    "LISTEN_PID": _BY_SYSTEMD,
    "LOGS_DIRECTORY": _BY_SYSTEMD,
    "MAINPID": _BY_SYSTEMD,
    "NOTIFY_SOCKET": _BY_SYSTEMD,
    "RUNTIME_DIRECTORY": _BY_SYSTEMD,
    "STATE_DIRECTORY": _BY_SYSTEMD,
    "SYSTEMD_EXEC_PID": _BY_SYSTEMD,
    "WATCHDOG_PID": _BY_SYSTEMD,
    "WATCHDOG_USEC": _BY_SYSTEMD,
}
"""Names that are not the user's to set: why, and what to do instead."""
_RESERVED_PATTERN = re.compile(r"ERL_OTP[0-9]+_FLAGS\Z")


def problems(environment: Any) -> Iterator[Problem]:
    """What is wrong with an environment; of values, which may be secret, nothing is shown."""
    if not isinstance(environment, Mapping):
        yield Problem(None, "is no mapping", "give names and their values")
        return
    size = 0
    for name, value in environment.items():
        found = _of_name(name) or _of_value(name, value)
        if found is not None:
            yield found
        else:
            size += len(("%s=%s\0" % (name, value)).encode("utf-8"))
    if size > LONGEST_ALL:
        yield Problem(None, "is larger than %d bytes in all" % LONGEST_ALL, "put what is large into a file")


def _of_name(name: Any) -> Problem | None:
    if not isinstance(name, str) or not _NAME.match(name):
        return Problem(str(name), "is not the name of an environment variable", "use letters, digits and underscores, the first no digit")
    reserved = _FLAGS if _RESERVED_PATTERN.match(name) else RESERVED.get(name)
    return Problem(name, *reserved) if reserved else None


def _of_value(name: str, value: Any) -> Problem | None:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        kind = "nothing" if value is None else "true or false" if isinstance(value, bool) else "no text"
        return Problem(name, "has a value that is %s" % kind, "give a text in quotes, or an integer")
    text = str(value)
    if "\0" in text:
        return Problem(name, "has a value with a zero byte", "remove that, or give the value in another encoding")
    if _NO_CHARACTERS.search(text):
        return Problem(
            name, "has a value with code points that are no characters, which systemd does not take", "give it in another encoding"
        )
    if len(name) + len(text.encode("utf-8")) > LONGEST:
        return Problem(name, "has a value that is longer than %d bytes" % (LONGEST - len(name)), "put it into a file")
    if name == "PATH" and not ({"/usr/bin", "/bin"} & set(text.split(":")) and all(map(posixpath.isabs, text.split(":")))):
        return Problem(
            name, "lacks /usr/bin, or has a directory that is not absolute", "name /usr/bin and further directories, joined by colons"
        )
    return None


def environment_file(environment: Mapping[str, Any], comment: str = "") -> str:
    """The text of a file for EnvironmentFile=, of which systemd reads exactly these names and values.

    ``comment`` is put on top. Raises InputError for what no such file can hold.
    """
    for problem in problems(environment):
        raise InputError("%s %s" % (problem.shown or "it", problem.problem), problem.fix)
    lines = ["# %s\n" % line for line in comment.splitlines()]
    return "".join(lines + ["%s=%s\n" % (name, quoted(str(value))) for name, value in environment.items()])


def quoted(text: str) -> str:
    """A text in double quotes, within which four characters are marked; all others, line ends too, stand for themselves."""
    return '"%s"' % re.sub(r'["\\`$]', r"\\\g<0>", text)


def read_environment_file(text: str) -> dict[str, str]:
    """Return the names and values of a file that :func:`environment_file` made."""
    return {match["name"]: re.sub(r"(?s)\\(.)", r"\1", match["value"]) for match in _ASSIGNMENT.finditer(text)}
