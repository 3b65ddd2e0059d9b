# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record of every certificate that was issued, in the cluster's directory: a line of JSON each, the latest last.

It is written before a certificate is handed out, so that none is in use that is not in it: what has to be revoked one day has to be known.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import json
import os
import typing as t
from pathlib import Path

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import certificate, pem
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.files import OWNER_ONLY

NAME = layout.cluster("")["issued"]
_TIME = "%Y-%m-%dT%H:%M:%SZ"


def write_down(directory: Path, host: str, node: str, chain: str, now: datetime.datetime) -> None:
    """Adds the first certificate of a chain in PEM to the record of a cluster, and returns when it is on the disc.

    ``host`` is the inventory's name, ``now`` the time of the issue. Several tasks may do so at once: each line is whole. Raises OSError, and
    CertificateError for what is no certificate.
    """
    seen = certificate.read(pem.contents(chain)[0])
    entry = {
        "host": host,
        "node": node,
        "serial": "%x" % seen.serial,
        "digest": seen.digest,
        "key": seen.key_digest,
        "issuer": seen.issuer,
        "issued": time(now),
        "not_after": time(seen.not_after),
    }
    append(directory / NAME, entry)


def append(path: Path, entry: t.Mapping[str, t.Any]) -> None:
    """Adds an entry to a record, and returns when it is on the disc. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, OWNER_ONLY)
    with os.fdopen(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(_line_end(file) + json.dumps(entry, sort_keys=True).encode("ascii") + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _line_end(file: t.BinaryIO) -> bytes:
    """What ends a line that somebody began who was then interrupted."""
    if not file.seek(0, os.SEEK_END):
        return b""
    file.seek(-1, os.SEEK_END)
    return b"" if file.read(1) == b"\n" else b"\n"


def entries(path: Path, keys: t.Collection[str] = ("host", "node", "serial", "not_after")) -> list[dict[str, t.Any]]:
    """The entries of a record that have these keys, the latest last; none where there is no record. Raises OSError.

    A line that is none, as one that somebody began who was then interrupted, is passed over.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        with contextlib.suppress(ValueError, TypeError, KeyError):
            entry = json.loads(line)
            int(entry["serial"], 16)
            moment(entry["not_after"])
            if all(isinstance(entry[key], str) for key in keys):
                found.append(entry)
    return found


def time(moment: datetime.datetime) -> str:
    """A time as records have it."""
    return moment.astimezone(datetime.timezone.utc).strftime(_TIME)


def moment(text: str) -> datetime.datetime:
    """The time that a record says. Raises ValueError."""
    return datetime.datetime.strptime(text, _TIME).replace(tzinfo=datetime.timezone.utc)
