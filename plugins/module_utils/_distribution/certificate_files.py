# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates in files of this host: what is in them, and what of it should have been renewed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import certificate, certificate_rules, pem, tls


class Held(NamedTuple):
    """A certificate that a node has: its own, or that of a CA that it trusts, and the playbook that renews it."""

    certificate: certificate.Certificate
    authority: bool
    playbook: str

    def is_overdue(self, now: datetime) -> bool:
        """Tell whether it should have been renewed, be it at its end or not."""
        return certificate_rules.is_overdue(self.certificate.not_before, self.certificate.not_after, now)


def read(path: str) -> list[certificate.Certificate]:
    """Return the certificates in a PEM file; raise OSError, ValueError."""
    with open(path, encoding="latin-1") as stream:
        return [certificate.read(content) for content in pem.contents(stream.read())]


def readable(path: str) -> list[certificate.Certificate]:
    """Return the same; none where the file cannot be read, or holds one that nobody can read."""
    try:
        return read(path)
    except (OSError, ValueError):
        return []


def held(files: tls.Credentials) -> Iterator[Held]:
    """Yield what a node has: its own certificate, and those of the CAs that it trusts."""
    for own in readable(files.certfile)[:1]:
        yield Held(own, False, "renew")
    for authority in readable(files.cacertfile):
        yield Held(authority, True, "rotate_ca")
