# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cluster's directory on the controller: secrets made once, readable by their owner only."""

from __future__ import annotations

import os
import secrets
import stat
import string
import typing as t
from pathlib import Path

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import files

_DIRECTORY_MODE = 0o700
_SECRET_LENGTH = 48
_PLACES = layout.cluster("")
_SECRETS = frozenset(_PLACES[key] for key in ("ca_key", "ca_certificate", "ca_passphrase", "cookie"))
_OWN = frozenset([*_PLACES.values(), "plan.json", "upstream.nft"])
_ALPHABET = string.ascii_letters + string.digits


def check_directory(path: Path) -> None:
    """Raises InputError if a directory is not there and cannot be made, or cannot be written to."""
    fix = "choose a directory that you may write to, or correct its permissions"
    for place in (path, *path.parents):
        try:
            mode = place.stat().st_mode
        except FileNotFoundError:
            continue
        except OSError as error:
            raise InputError("cannot be looked at on the controller (%s)" % error.strerror, fix) from None
        if not stat.S_ISDIR(mode):
            raise InputError("cannot be a directory on the controller: %s is something else" % place, fix)
        if not os.access(place, os.W_OK | os.X_OK):
            raise InputError("cannot be written to on the controller: %s is not yours" % place, fix)
        return


def check_own(path: Path) -> None:
    """Raises InputError for a directory that holds other things than a cluster's: it is closed to others than its owner, as a whole."""
    try:
        found = {entry.name for entry in path.iterdir()}
    except OSError:
        return  # It is not there, or check_directory says what is wrong.
    strange = sorted(name for name in found - _OWN if not name.startswith("."))
    if strange and not found & _SECRETS:
        raise InputError(
            "is a directory on the controller that holds other things, such as %s" % strange[0], "choose one that is the cluster's alone"
        )


def read_secret(path: Path) -> str | None:
    """The secret in a file, without the end of its line; None if there is no such file.

    Raises InputError if it cannot be read, or nothing is in it.
    """
    try:
        secret = path.read_text().strip()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise InputError("cannot be read on the controller (%s)" % reason, "correct the permissions of %s" % path) from None
    if not secret:
        raise InputError("cannot be read on the controller (%s is empty)" % path, "put it back, or remove the file to have one made")
    return secret


def ensure(directory: Path, wanted: t.Sequence[str], check_mode: bool) -> list[str]:
    """Makes the directory with its .gitignore, and the files of secrets (paths in it) that are not there yet.

    Every file appears whole or not at all, and one that somebody else made meanwhile is kept. Returns the paths that
    were made or whose permissions were corrected; in check mode those that would be.
    """
    changed: list[str] = []
    if not directory.is_dir() or stat.S_IMODE(directory.stat().st_mode) != _DIRECTORY_MODE:
        changed.append(str(directory))
        if not check_mode:
            directory.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
            directory.chmod(_DIRECTORY_MODE)
    for name in (".gitignore", *wanted):
        path = directory / name
        if path.exists() and stat.S_IMODE(path.stat().st_mode) == files.OWNER_ONLY:
            continue
        changed.append(str(path))
        if not check_mode:
            files.create(path, "*\n" if name == ".gitignore" else _secret() + "\n")
            path.chmod(files.OWNER_ONLY)
    return changed


def replace(path: Path, check_mode: bool) -> list[str]:
    """Puts a new secret into a file, in one step, and returns its path; in check mode the path alone. Raises OSError."""
    if not check_mode:
        files.write(path, _secret() + "\n")
    return [str(path)]


def _secret() -> str:
    return "".join(secrets.choice(_ALPHABET) for _position in range(_SECRET_LENGTH))
