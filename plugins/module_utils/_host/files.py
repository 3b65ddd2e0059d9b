# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of a host that change together: all of them, or none.

What is wanted is compared with what is there. What differs is written beside its target as ``.NAME.staged`` (never readable by
more than its owner before it has its final owner and mode), checked by validators, and then everything is renamed into place; the
old state waits as ``.NAME.previous`` until all is done, and comes back if a step fails. Targets are opened without following
symbolic links. What a killed run left behind is removed by the next.
"""

from __future__ import annotations

import grp
import hashlib
import os
import pwd
import re
import shutil
import stat
from collections.abc import Sequence
from functools import partial
from typing import Callable, NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._host import writing
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.commands import Runner

MAX_DIFF = 100_000
"""Longest text, in characters, that is shown in a difference."""

_DIGITS = 12


class FileSetError(Exception):
    """What is wrong, one sentence each, in ``faults``."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = list(faults)


class Access(NamedTuple):
    """Owner, group and mode of a path; None leaves what is there (or what the system gives a new file)."""

    uid: int | None
    gid: int | None
    mode: int | None


class Directory(NamedTuple):
    """A directory that has to be there."""

    path: str
    access: Access


class File(NamedTuple):
    """A file and its whole content.

    ``running`` is where a running program keeps its copy of a file that is a generation. Lines that match ``hidden``, a regular expression, are
    not shown in a difference. With a ``summary``, which says what the file is, a difference shows that, its length and its digest, and no text.
    """

    path: str
    access: Access
    content: bytes
    secret: bool = False
    running: str | None = None
    hidden: str | None = None
    summary: str | None = None


class Link(NamedTuple):
    """A symbolic link."""

    path: str
    target: str


class Validator(NamedTuple):
    """A command that has to approve of those of some files that change; their staged paths are its last arguments."""

    command: tuple[str, ...]
    paths: tuple[str, ...]


class Wanted(NamedTuple):
    """The whole set. Directories are made first, in the order given; files change in the order given."""

    directories: tuple[Directory, ...] = ()
    files: tuple[File, ...] = ()
    links: tuple[Link, ...] = ()
    absent: tuple[str, ...] = ()
    validators: tuple[Validator, ...] = ()


class Difference(NamedTuple):
    """What one path differs in: the sentence-like ``what``, and the texts ``before`` and ``after`` (None if not to be shown)."""

    path: str
    what: str
    before: str | None
    after: str | None


class Result(NamedTuple):
    """What a set differed in."""

    differences: tuple[Difference, ...]

    @property
    def changed_paths(self) -> list[str]:
        """The paths that differed, each once, in order."""
        return list(dict.fromkeys(difference.path for difference in self.differences))

    @property
    def diff(self) -> list[dict[str, str]]:
        """The differences in the form that Ansible shows."""
        shown = []
        for difference in self.differences:
            header = "%s (%s)" % (difference.path, difference.what)
            if difference.before is None or difference.after is None:
                shown.append({"before_header": header, "after_header": header, "prepared": header + ": content not shown\n"})
            else:
                shown.append(
                    {
                        "before_header": header,
                        "after_header": header,
                        "before": difference.before,
                        "after": difference.after,
                    }
                )
        return shown


def apply(want: Wanted, run: Runner, check: bool = False) -> Result:
    """Brings the host to ``want``, or with ``check`` only says what would change.

    ``run`` runs the validators. Raises :class:`FileSetError`; then nothing has changed.
    """
    change = _Change(want)
    if not check and change.differences:
        change.carry_out(run)
    return Result(tuple(change.differences))


def _status(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read()


def _previous(path: str) -> str:
    """The name under which a file is kept until the set is in place."""
    directory, name = os.path.split(path)
    return os.path.join(directory, ".%s.previous" % name)


def _text(content: bytes) -> str | None:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if len(text) <= MAX_DIFF and "\0" not in text else None


def _without(hidden: str | None, text: str | None) -> str | None:
    """A text in which asterisks stand for each line that matches ``hidden``."""
    if hidden is None or text is None:
        return text
    return "".join("********\n" if re.search(hidden, line) else line for line in text.splitlines(keepends=True))


def difference(file: File, content: bytes | None, what: str) -> Difference:
    """How a file as it is wanted differs from ``content`` (None if there is none), ``what`` being the kind of difference."""
    if file.summary is not None:
        return Difference(file.path, what, "" if content is None else _summary(file.summary, content), _summary(file.summary, file.content))
    before, after = (_without(file.hidden, _text(text)) for text in (content or b"", file.content))
    hidden = file.secret or before is None or after is None
    return Difference(file.path, what, None if hidden else before, None if hidden else after)


def _summary(what: str, content: bytes) -> str:
    """The line that stands for a content."""
    text = _text(content)
    length = "%d bytes" % len(content) if text is None else "%d lines" % len(text.splitlines())
    return "%s, %s, SHA-256 %s\n" % (what, length, hashlib.sha256(content).hexdigest()[:_DIGITS])


def _account(number: int, look_up: Callable[[int], str]) -> str:
    try:
        return look_up(number)
    except (KeyError, OverflowError):
        return str(number) if number >= 0 else "to be made"


def _described(access: Access) -> str:
    lines = []
    if access.uid is not None:
        lines.append("owner: %s" % _account(access.uid, lambda number: pwd.getpwuid(number).pw_name))
    if access.gid is not None:
        lines.append("group: %s" % _account(access.gid, lambda number: grp.getgrgid(number).gr_name))
    if access.mode is not None:
        lines.append("mode: %04o" % access.mode)
    return "".join(line + "\n" for line in lines)


def _differing(found: os.stat_result, want: Access) -> tuple[Access, Access]:
    """Those of owner, group and mode that differ: as they are, and as they are wanted."""
    uid = want.uid is not None and want.uid != found.st_uid
    gid = want.gid is not None and want.gid != found.st_gid
    mode = want.mode is not None and want.mode != stat.S_IMODE(found.st_mode)
    return (
        Access(found.st_uid if uid else None, found.st_gid if gid else None, stat.S_IMODE(found.st_mode) if mode else None),
        Access(want.uid if uid else None, want.gid if gid else None, want.mode if mode else None),
    )


def _set_access(descriptor: int, access: Access) -> None:
    if access.uid is not None or access.gid is not None:
        os.fchown(descriptor, -1 if access.uid is None else access.uid, -1 if access.gid is None else access.gid)
    if access.mode is not None:
        os.fchmod(descriptor, access.mode)


class _Change:
    """One set: what differs, and the steps that were taken so far."""

    def __init__(self, want: Wanted) -> None:
        self.want = want
        self.differences: list[Difference] = []
        self.leftovers: list[str] = []
        self.directories: list[Directory] = []
        self.attributes: list[tuple[str, Access, Access]] = []
        self.files: list[File] = []
        self.links: list[Link] = []
        self.absent: list[str] = []
        self.faults: list[str] = []
        self.compare()
        if self.faults:
            raise FileSetError(self.faults)

    # What differs

    def compare(self) -> None:
        made: set[str] = set()
        for directory in self.want.directories:
            self.compare_parents(directory.path, made)
            self.compare_directory(directory, made)
        for file in self.want.files:
            self.compare_file(file)
        for link in self.want.links:
            self.compare_link(link)
        for path in self.want.absent:
            found = _status(path)
            if found is not None:
                self.absent.append(path)
                self.differences.append(Difference(path, "removed", "present\n", "absent\n"))
            self.compare_leftovers(path)

    def compare_parents(self, path: str, made: set[str]) -> None:
        parent = os.path.dirname(path)
        if parent == path or parent in made or _status(parent) is not None:
            return
        self.compare_parents(parent, made)
        self.compare_directory(Directory(parent, Access(None, None, 0o755)), made)

    def compare_directory(self, directory: Directory, made: set[str]) -> None:
        found = _status(directory.path)
        if found is None:
            if directory.path not in made:
                made.add(directory.path)
                self.directories.append(directory)
                self.differences.append(Difference(directory.path, "directory", "absent\n", _described(directory.access) or "present\n"))
        elif not stat.S_ISDIR(found.st_mode):
            self.faults.append("%s is there and is no directory; move it away" % directory.path)
        else:
            self.compare_access(directory.path, found, directory.access)

    def compare_access(self, path: str, found: os.stat_result, want: Access) -> None:
        before, after = _differing(found, want)
        if before != after:
            self.attributes.append((path, before, after))
            self.differences.append(Difference(path, "access", _described(before), _described(after)))

    def compare_file(self, file: File) -> None:
        found = _status(file.path)
        if found is not None and stat.S_ISDIR(found.st_mode):
            self.faults.append("%s is a directory, and a file is wanted; move it away" % file.path)
            return
        self.compare_leftovers(file.path)
        regular = found is not None and stat.S_ISREG(found.st_mode)
        content = _read(file.path) if regular else None
        if content != file.content:
            self.files.append(file)
            self.differences.append(difference(file, content, "new" if found is None else "content"))
        elif found is not None:
            self.compare_access(file.path, found, file.access)

    def compare_link(self, link: Link) -> None:
        found = _status(link.path)
        if found is not None and stat.S_ISDIR(found.st_mode):
            self.faults.append("%s is a directory, and a symbolic link is wanted; move it away" % link.path)
            return
        self.compare_leftovers(link.path)
        before = "absent\n"
        if found is not None:
            before = "-> %s\n" % os.readlink(link.path) if stat.S_ISLNK(found.st_mode) else "a file\n"
        after = "-> %s\n" % link.target
        if before != after:
            self.links.append(link)
            self.differences.append(Difference(link.path, "link", before, after))

    def compare_leftovers(self, path: str) -> None:
        for leftover in (writing.staged(path), _previous(path)):
            if _status(leftover) is not None:
                self.leftovers.append(leftover)
                self.differences.append(Difference(leftover, "left by an interrupted run", "present\n", "absent\n"))

    # Steps

    def carry_out(self, run: Runner) -> None:
        """Takes every step; goes back over all of them where one fails."""
        undo: list[Callable[[], None]] = []
        done: list[str] = []
        try:
            for path in self.leftovers:
                _remove(path)
            for directory in self.directories:
                self.make(directory, undo)
            for file in self.files:
                self.stage(file, undo)
            faults = [fault for fault in (self.fault(validator, run) for validator in self.want.validators) if fault]
            if faults:
                raise FileSetError(faults)
            for path, before, after in self.attributes:
                _change_access(path, after)
                undo.append(partial(_change_access, path, before))
            for file in self.files:
                self.put(writing.staged(file.path), file.path, undo, done)
            for link in self.links:
                staged = writing.staged(link.path)
                os.symlink(link.target, staged)
                undo.append(partial(_remove, staged))
                self.put(staged, link.path, undo, done)
            for path in self.absent:
                self.take_away(path, undo, done)
            for parent in {os.path.dirname(path) for path in done}:
                _sync(parent)
        except BaseException as error:
            stuck = _go_back(undo)
            if isinstance(error, OSError):
                path = error.filename2 or error.filename or "a file"
                raise FileSetError(["%s: %s; nothing was changed" % (path, error.strerror), *stuck]) from error
            raise
        for path in done:
            _remove(_previous(path))

    @staticmethod
    def make(directory: Directory, undo: list[Callable[[], None]]) -> None:
        os.mkdir(directory.path, 0o700)
        undo.append(lambda: os.rmdir(directory.path))
        access = directory.access
        _change_access(directory.path, access if access.mode is not None else access._replace(mode=0o755))

    @staticmethod
    def stage(file: File, undo: list[Callable[[], None]]) -> None:
        staged = writing.staged(file.path)
        descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        undo.append(lambda: _remove(staged))
        with os.fdopen(descriptor, "wb") as stream:
            found = _status(file.path)
            kept = found if found is not None and stat.S_ISREG(found.st_mode) else None
            access = file.access
            _set_access(
                descriptor,
                Access(
                    access.uid if access.uid is not None or kept is None else kept.st_uid,
                    access.gid if access.gid is not None or kept is None else kept.st_gid,
                    access.mode if access.mode is not None else stat.S_IMODE(kept.st_mode) if kept else 0o644,
                ),
            )
            stream.write(file.content)
            stream.flush()
            os.fsync(descriptor)

    def fault(self, validator: Validator, run: Runner) -> str:
        """Why the validator refuses what is staged of its files; empty if it does not."""
        judged = [file for file in self.files if file.path in validator.paths]
        if not judged:
            return ""
        outcome = run([*validator.command, *(writing.staged(file.path) for file in judged)])
        if outcome.code == 0:
            return ""
        said = outcome.err.strip() or outcome.out.strip()
        if said and any(file.secret for file in judged):
            said = "what it said is not shown, as it may quote what is secret"
        for file in judged:
            said = said.replace(writing.staged(file.path), file.path)
        paths = ", ".join(file.path for file in judged)
        return "%s: refused by %s%s; nothing was changed" % (paths, validator.command[0], ": " + said if said else "")

    @staticmethod
    def put(staged: str, path: str, undo: list[Callable[[], None]], done: list[str]) -> None:
        """Renames the staged file or link into place, its predecessor kept aside."""
        previous = _previous(path)
        there = _status(path) is not None
        if there:
            os.link(path, previous, follow_symlinks=False)
            undo.append(lambda: _remove(previous))
        os.rename(staged, path)
        undo.append((lambda: os.replace(previous, path)) if there else (lambda: _remove(path)))
        done.append(path)

    @staticmethod
    def take_away(path: str, undo: list[Callable[[], None]], done: list[str]) -> None:
        previous = _previous(path)
        os.rename(path, previous)
        undo.append(lambda: os.rename(previous, path))
        done.append(path)


def _go_back(undo: Sequence[Callable[[], None]]) -> list[str]:
    """Takes back every step, the last one first. Returns a sentence for each that could not be taken back."""
    stuck = []
    for step in reversed(undo):
        try:
            step()
        except OSError as error:
            stuck.append("%s could not be put back: %s" % (error.filename2 or error.filename, error.strerror))
    return stuck


def _change_access(path: str, access: Access) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        _set_access(descriptor, access)
    finally:
        os.close(descriptor)


def _remove(path: str) -> None:
    found = _status(path)
    if found is None:
        return
    if stat.S_ISDIR(found.st_mode):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def _sync(directory: str) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
