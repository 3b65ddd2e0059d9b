# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A backup of the cluster's directory: what cannot be had again, as one text that ansible-vault reads as well."""

from __future__ import annotations

import gzip
import io
import os
import re
import tarfile
import typing as t
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import files

Contents = dict[str, bytes]
"""Files by their paths below the cluster's directory."""

HEADER = "$ANSIBLE_VAULT;"
LONGEST = 64 * 1024 * 1024
"""Bytes of all files together."""

_PLACES = layout.cluster("")
_LEFT_OUT = frozenset([*(os.path.basename(_PLACES[key]) for key in ("lock", "report")), "plan.json", "upstream.nft"])
"""What tells of the last run alone, and what the playbook firewall_plan writes, which is worked out from the inventory."""
_DIRECTORIES = frozenset([os.path.basename(_PLACES["decommissioned"])])
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,254}\Z")
_FIX = "give the file that the playbook backup has written"
_CA_KEY = os.path.basename(_PLACES["ca_key"])


def read(directory: Path) -> Contents:
    """What is in the cluster's directory, but for what tells of the last run alone. Raises OSError."""
    found: Contents = {}
    for path in sorted(directory.glob("*")) if directory.is_dir() else []:
        if path.name in _LEFT_OUT or not _NAME.match(path.name):
            continue
        if path.is_dir() and path.name in _DIRECTORIES:
            found.update(
                {"%s/%s" % (path.name, inner.name): inner.read_bytes() for inner in sorted(path.iterdir()) if _NAME.match(inner.name)}
            )
        elif path.is_file():
            found[path.name] = path.read_bytes()
    return found


def packed(contents: Contents) -> bytes:
    """The files as an archive (tar, compressed), the same bytes for the same files."""
    made = io.BytesIO()
    with gzip.GzipFile(fileobj=made, mode="wb", mtime=0) as stream, tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in sorted(contents.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), files.OWNER_ONLY
            archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def unpacked(archive: bytes) -> Contents:
    """The files of an archive. Raises InputError for one that this module has not made."""
    found: Contents = {}
    left = LONGEST
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as entries:
            for entry in entries:
                left -= entry.size
                content = entries.extractfile(entry) if entry.isreg() and left >= 0 else None
                if content is None or entry.name in found or not _is_ours(entry.name):
                    raise InputError("holds something that no backup of a cluster's directory holds", _FIX)
                found[entry.name] = content.read()
    except (tarfile.TarError, OSError, EOFError, ValueError):
        raise InputError("holds no archive", _FIX) from None
    return found


def _is_ours(name: str) -> bool:
    directory, slash, inner = name.rpartition("/")
    return bool(_NAME.match(inner)) and inner not in _LEFT_OUT and (not slash or directory in _DIRECTORIES)


def encrypted(content: bytes, passphrase: str) -> str:
    """Content that who has the passphrase can read, also by ``ansible-vault view``."""
    text: bytes = VaultLib().encrypt(content, secret=VaultSecret(passphrase.encode("utf-8")))
    return text.decode("ascii")


def decrypted(text: str, passphrase: str) -> bytes:
    """What was encrypted. Raises InputError."""
    if not text.startswith(HEADER):
        raise InputError("is no backup", _FIX)
    try:
        content: bytes = VaultLib([("backup", VaultSecret(passphrase.encode("utf-8")))]).decrypt(text)
    except AnsibleError:
        raise InputError("cannot be read with this passphrase", "give the passphrase that it was made with") from None
    return content


def strange(directory: Path, wanted: Contents) -> list[str]:
    """The files of a directory that a backup would replace by others. Raises OSError."""
    there = read(directory)
    return sorted(name for name in there if name in wanted and there[name] != wanted[name])


def missing(directory: Path, wanted: Contents) -> list[str]:
    """The files of a backup that a directory lacks. Raises OSError."""
    there = read(directory)
    return sorted(name for name in wanted if name not in there)


def restore(directory: Path, wanted: Contents, names: t.Iterable[str]) -> None:
    """Puts files of a backup into the directory, each whole, the key of the CA last. Raises OSError."""
    for place in (directory, *(directory / name for name in _DIRECTORIES)):
        if place == directory or any(name.startswith(place.name + "/") for name in wanted):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in sorted(names, key=lambda name: (name == _CA_KEY, name)):
        files.write(directory / name, wanted[name])
