# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OTP releases on a host, each in a directory of its own.

Source: OTP "SASL: release handling", ``systools:make_tar`` (a release is an archive of ``lib`` and ``releases``, with or without ``erts-*``).
"""

from __future__ import annotations

import glob
import grp
import os
import shutil
import stat
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._host import staging, writing


class Readers(NamedTuple):
    """Who may enter a release besides root: the members of ``group`` (a name), or all where that is None.

    ``used_by`` are patterns of files that name the directories of releases in use. Those below ``node`` are of the node that the release
    is for.
    """

    group: str | None
    used_by: tuple[str, ...]
    node: str | None


def is_there(path: str) -> bool:
    """Whether a release is installed there; a directory that is there is whole."""
    return os.path.isdir(path)


def install(path: str, archive: str, sha256: str | None, group: str | None = None) -> None:
    """Unpacks an archive with the digest ``sha256`` to ``path``, which is not there, for the members of ``group``.

    At no moment can others read what is in it, unless ``group`` is None. Raises :class:`staging.StagingError`.
    """
    parent = os.path.dirname(path)
    number = None if group is None else _number(group)
    try:
        staging.remove_leftovers(parent)
    except OSError as error:
        raise staging.StagingError("%s cannot be made (%s)" % (parent, error.strerror)) from error
    with staging.unpacked(archive, sha256, path, number):
        pass


def open_to_others(path: str, readers: Readers) -> list[str]:
    """The release and those beside it that others than root and the group can enter, or that the group cannot: what :func:`close` changes.

    Nothing where all may enter. Raises :class:`staging.StagingError` for one that belongs to another account's nodes.
    """
    if readers.group is None:
        return []
    number = _number(readers.group, missing=-1)
    found = []
    for other in [path, *sorted(_beside(path))]:
        if not is_there(other):
            continue
        status = os.stat(other)
        mode = stat.S_IMODE(status.st_mode)
        if other != path:
            if mode & 0o007:
                found.append(other)
        elif (status.st_gid, mode) != (number, 0o750):
            if status.st_gid not in (0, number) and not _of_node_alone(path, readers):
                raise staging.StagingError(
                    "%s can be read by root and the group %s, whose nodes run this release, and not by %s; "
                    "give the nodes of one host the same erlang_account_name" % (path, _name(status.st_gid), readers.group)
                )
            found.append(other)
    return found


def close(paths: Iterable[str], group: str) -> None:
    """Lets nobody but root and ``group`` enter releases. Raises :class:`staging.StagingError`."""
    number = _number(group)
    for path in paths:
        try:
            staging.open_to(path, number)
        except OSError as error:
            raise staging.StagingError("%s cannot be closed to others (%s)" % (path, error.strerror)) from error


def _of_node_alone(path: str, readers: Readers) -> bool:
    """Whether the node names the release, and no other node does."""
    users = [name for pattern in readers.used_by for name in glob.glob(pattern) if path + "/" in _text(name)]
    return bool(users) and all(readers.node is not None and name.startswith(readers.node + "/") for name in users)


def _number(group: str, missing: int | None = None) -> int:
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        if missing is not None:
            return missing
        raise staging.StagingError("there is no group '%s' on this host" % group) from None


def _name(group: int) -> str:
    try:
        return grp.getgrgid(group).gr_name
    except KeyError:
        return str(group)


def _beside(path: str) -> list[str]:
    """The other releases in the directory of one."""
    parent = os.path.dirname(path)
    found = os.scandir(parent) if os.path.isdir(parent) else ()
    return [entry.path for entry in found if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".") and entry.path != path]


def outdated(path: str, keep: int, used_by: Iterable[str]) -> list[str]:
    """Directories beside ``path`` that are neither among the ``keep`` newest of them nor named in a file that a pattern of ``used_by`` matches."""
    others = sorted(_beside(path), key=lambda other: os.stat(other).st_mtime, reverse=True)
    used = [_text(name) for pattern in used_by for name in glob.glob(pattern)]
    return [other for other in others[keep:] if not any(other + "/" in text for text in used)]


def remove(paths: Iterable[str]) -> None:
    """Removes releases. Each loses its name first, so that none is there by half. Raises :class:`staging.StagingError`."""
    for path in paths:
        try:
            os.rename(path, writing.staged(path))
            shutil.rmtree(writing.staged(path))
        except OSError as error:
            raise staging.StagingError("%s cannot be removed (%s)" % (path, error.strerror)) from error


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as stream:
        return stream.read()


def describe(path: str, archive: str, removed: Iterable[str] = (), closed: Iterable[str] = ()) -> Sequence[dict[str, str]]:
    """The difference between before and after, as Ansible shows it: what an archive holds at ``path`` (nothing new where it is empty), what
    was ``removed``, and what was ``closed`` to others."""
    made = [("", "what %s holds\n" % os.path.basename(archive), path)] if archive else []
    gone = [("an older release\n", "", old) for old in removed]
    shut = [("others can read it\n", "root and the node's account alone can read it\n", other) for other in closed]
    return [{"before_header": at, "after_header": at, "before": before, "after": after} for before, after, at in [*made, *gone, *shut]]
