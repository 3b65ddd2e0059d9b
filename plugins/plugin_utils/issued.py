# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record of every certificate that was issued, in the cluster's directory: a line of JSON each, the latest last.

It is written before a certificate is handed out, so that none is in use that is not in it: what has to be revoked one day has to be known.
"""

from __future__ import annotations

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
        "issuer": seen.issuer,
        "issued": _time(now),
        "not_after": _time(seen.not_after),
    }
    descriptor = os.open(directory / NAME, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, OWNER_ONLY)
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


def _time(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
