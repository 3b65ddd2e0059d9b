# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arguments of the module ``file_set``: their specification, and the set of files that they describe."""

from __future__ import annotations

import base64
import grp
import os
import pwd
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Callable

from ansible_collections.beam.tls_distribution.plugins.module_utils._host import generation
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.files import (
    Access,
    Directory,
    File,
    FileSetError,
    Link,
    Validator,
    Wanted,
)

_MODE = re.compile(r"0[0-7]{3,4}\Z")
_PATH = {"type": "str", "required": True}
_ACCESS = {"owner": {"type": "str"}, "group": {"type": "str"}, "mode": {"type": "str"}}
_PART = {"path": {"type": "str"}, "content": {"type": "str"}}
_ACTION = {
    "name": {"type": "str", "required": True},
    "paths": {"type": "list", "elements": "str", "default": []},
    "text": {"type": "str", "default": ""},
}
_GENERATION = {"running": _PATH, "actions": {"type": "list", "elements": "dict", "required": True, "options": _ACTION}}
_VALIDATOR = {
    "command": {"type": "list", "elements": "str", "required": True},
    "paths": {"type": "list", "elements": "str", "required": True},
}
_CONTENTS = ["content", "secret_content", "base64_content", "parts", "generation"]
_FILE = {
    "path": _PATH,
    "content": {"type": "str"},
    "secret_content": {"type": "str", "no_log": True},
    # No secret, but nothing that logs and results have a use for.
    "base64_content": {"type": "str", "no_log": True},
    "parts": {
        "type": "list",
        "elements": "dict",
        "options": _PART,
        "mutually_exclusive": [["path", "content"]],
        "required_one_of": [["path", "content"]],
    },
    "generation": {"type": "dict", "options": _GENERATION},
    "hidden_lines": {"type": "str"},
    "summary": {"type": "str"},
    **_ACCESS,
}


def specification() -> dict[str, Any]:
    """The argument specification of a set of files."""
    return {
        "directories": {"type": "list", "elements": "dict", "default": [], "options": {"path": _PATH, **_ACCESS}},
        "files": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": _FILE,
            "mutually_exclusive": [_CONTENTS],
            "required_one_of": [_CONTENTS],
        },
        "links": {"type": "list", "elements": "dict", "default": [], "options": {"path": _PATH, "target": _PATH}},
        "absent": {"type": "list", "elements": "str", "default": []},
        "validators": {"type": "list", "elements": "dict", "default": [], "options": _VALIDATOR},
    }


def wanted(params: Mapping[str, Any], check: bool, place: str = "") -> Wanted:
    """The set that arguments describe. Paths may begin with ``place``, which stands for a directory that is not known yet.

    With ``check`` an owner, a group or a file to read that does not exist yet is taken as one that will. Raises :class:`FileSetError` with
    every fault of the arguments.
    """
    reader = _Reader(check, place)
    want = Wanted(
        directories=tuple(Directory(reader.path(entry["path"]), reader.access(entry)) for entry in params["directories"]),
        files=reader.files(params["files"]),
        links=tuple(Link(reader.path(entry["path"]), entry["target"]) for entry in params["links"]),
        absent=tuple(reader.path(path) for path in params["absent"]),
        validators=tuple(Validator(tuple(entry["command"]), tuple(entry["paths"])) for entry in params["validators"]),
    )
    faults = [*reader.faults, *_named_twice(want), *_validated_in_vain(want)]
    if faults:
        raise FileSetError(faults)
    return want


def access(entry: Mapping[str, Any], check: bool) -> Access:
    """Owner, group and mode by their names, of the path of an entry. Raises :class:`FileSetError`."""
    reader = _Reader(check, "")
    found = reader.access(entry)
    if reader.faults:
        raise FileSetError(reader.faults)
    return found


def outdated(want: Wanted) -> list[str]:
    """Return the names of the actions that running programs have to take to have read what the set's generations name."""
    return [action for wanted, running in _sides(want) for action in generation.outdated(wanted, running)]


def outdated_paths(want: Wanted, action: str) -> list[str]:
    """Return the paths for which running programs have to take an action to have read what the set's generations name."""
    return [path for wanted, running in _sides(want) for path in generation.outdated_paths(wanted, running, action)]


def _sides(want: Wanted) -> Iterator[tuple[str, str]]:
    """Yield the texts of the set's generations, each with what the running program wrote down."""
    for file in want.files:
        if file.running is not None:
            running = b"" if not os.path.exists(file.running) else _content(file.running)
            yield file.content.decode("utf-8"), running.decode("utf-8", "replace")


def _content(path: str) -> bytes:
    with open(path, "rb") as stream:
        return stream.read()


def _named_twice(want: Wanted) -> list[str]:
    named = [item.path for item in want.directories] + [item.path for item in want.files] + [item.path for item in want.links]
    named += want.absent
    return ["%s is named twice" % path for path in sorted({path for path in named if named.count(path) > 1})]


def _validated_in_vain(want: Wanted) -> list[str]:
    known = {file.path for file in want.files}
    return [
        "%s is to be checked by %s, and is no file of the set" % (path, " ".join(validator.command))
        for validator in want.validators
        for path in validator.paths
        if path not in known
    ]


class _Reader:
    """Reads arguments, and keeps what is wrong with them."""

    def __init__(self, check: bool, place: str) -> None:
        self.check = check
        self.place = place
        self.faults: list[str] = []

    def path(self, path: str) -> str:
        known = path.startswith("/") or (self.place and path.startswith(self.place + "/"))
        if not known or os.path.normpath(path) != path or path == "/":
            self.faults.append("%s is no absolute path without '..' and without a slash at its end" % path)
        return path

    def access(self, entry: Mapping[str, Any]) -> Access:
        path, mode = entry["path"], entry.get("mode")
        if mode is not None and not _MODE.match(mode):
            self.faults.append("%s: mode '%s' is no octal number in quotes such as '0640'" % (path, mode))
            mode = None
        return Access(
            self._identity(entry.get("owner"), "user", path, lambda name: pwd.getpwnam(name).pw_uid),
            self._identity(entry.get("group"), "group", path, lambda name: grp.getgrnam(name).gr_gid),
            None if mode is None else int(mode, 8),
        )

    def files(self, entries: Sequence[Mapping[str, Any]]) -> tuple[File, ...]:
        """The files in their order. Generations get their content last, since they are of the other files."""
        made = [self._file(entry) for entry in entries]
        contents = {file.path: file.content for file in made if file.running is None}
        return tuple(
            file if file.running is None else file._replace(content=self._generation(entry, contents)) for file, entry in zip(made, entries)
        )

    def _file(self, entry: Mapping[str, Any]) -> File:
        return File(
            self.path(entry["path"]),
            self.access(entry),
            self._own_content(entry),
            entry.get("content") is None,
            (entry.get("generation") or {}).get("running"),
            self._pattern(entry),
            self._summary(entry),
        )

    def _pattern(self, entry: Mapping[str, Any]) -> str | None:
        pattern = entry.get("hidden_lines")
        try:
            re.compile(pattern or "")
        except re.error as error:
            self.faults.append("%s: its hidden_lines is no regular expression (%s)" % (entry["path"], error))
            return None
        return pattern

    def _summary(self, entry: Mapping[str, Any]) -> str | None:
        if entry.get("summary") is not None and entry.get("content") is None and entry.get("base64_content") is None:
            self.faults.append("%s: its summary would tell the digest of what is shown nowhere" % entry["path"])
        return entry.get("summary")

    def _own_content(self, entry: Mapping[str, Any]) -> bytes:
        if entry.get("base64_content") is not None:
            return self._decoded(entry["path"], entry["base64_content"])
        if entry.get("parts") is None:
            text = entry.get("content") if entry.get("secret_content") is None else entry["secret_content"]
            return (text or "").encode("utf-8")
        parts = [
            self._read(entry["path"], part["path"]) if part.get("path") is not None else (part.get("content") or "").encode("utf-8")
            for part in entry["parts"]
        ]
        return b"".join(part if part.endswith(b"\n") or not part else part + b"\n" for part in parts)

    def _decoded(self, of: str, text: str) -> bytes:
        try:
            return base64.b64decode(text, validate=True)
        except ValueError:
            self.faults.append("%s: its base64_content is no base64" % of)
            return b""

    def _generation(self, entry: Mapping[str, Any], contents: Mapping[str, bytes]) -> bytes:
        actions = [
            generation.Action(action["name"], tuple(action.get("paths") or ()), action.get("text") or "")
            for action in entry["generation"]["actions"]
        ]
        return generation.text(actions, lambda path: contents[path] if path in contents else self._read(entry["path"], path)).encode(
            "utf-8"
        )

    def _read(self, of: str, path: str) -> bytes:
        try:
            return _content(path)
        except OSError as error:
            if not (self.check and isinstance(error, FileNotFoundError)):
                self.faults.append("%s: its part %s is not readable: %s" % (of, path, error.strerror))
            return b""

    def _identity(self, name: str | None, kind: str, path: str, look_up: Callable[[str], int]) -> int | None:
        if name is None:
            return None
        try:
            return int(name) if name.isdigit() else look_up(name)
        except KeyError:
            if self.check:
                return -1
            self.faults.append("%s: there is no %s '%s' on this host" % (path, kind, name))
            return None
