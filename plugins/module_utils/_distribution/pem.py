# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PEM as OTP reads it, which differs from what OpenSSL does: what stands before a first line or within its content, the
kinds that are known, a line of the end that is missing.

Source of the format: RFC 7468; of OTP's ways: ``public_key:pem_decode/1``, held against OTP in tests/oracle.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import der

CERTIFICATE, REVOCATIONS = "CERTIFICATE", "X509 CRL"
KEYS = ("DSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY", "PRIVATE KEY", "RSA PRIVATE KEY")
_OTHERS = ("CERTIFICATE REQUEST", "DH PARAMETERS", "EC PARAMETERS", "PKCS7", "PUBLIC KEY", "RSA PUBLIC KEY")
_BEGIN = {"-----BEGIN %s-----" % label: label for label in (CERTIFICATE, REVOCATIONS, *KEYS, *_OTHERS)}
_LINES = re.compile(r"\r\n|\r|\n")
_LABEL = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,64})-----")
_FOREIGN = re.compile(r"[^A-Za-z0-9+/=]")


class PemError(ValueError):
    """The text is none that OTP reads to its end; the message says why."""


class Entry(NamedTuple):
    """One thing in a file: its kind, what it holds, and whether it is encrypted."""

    label: str
    content: bytes
    encrypted: bool = False

    @property
    def text(self) -> str:
        """The same in PEM again, as everybody reads it."""
        return text(self.label, self.content)


def text(label: str, content: bytes) -> str:
    """Return content as PEM."""
    encoded = base64.b64encode(content).decode("ascii")
    lines = [encoded[position : position + 64] for position in range(0, len(encoded), 64)]
    return "\n".join(["-----BEGIN %s-----" % label, *lines, "-----END %s-----" % label, ""])


def labels(content: str) -> list[str]:
    """Return what each part of PEM text is called, those that OTP does not know as well."""
    return _LABEL.findall(content)


def entries(content: str) -> Iterator[Entry]:
    """Yield what a PEM text holds, in order; raise PemError at the place behind which OTP reads nothing of the whole."""
    lines = iter(_LINES.split(content))
    for line in lines:
        label = _BEGIN.get(line.rstrip(" \t\v\f"))
        if label is not None:
            yield _entry(label, list(_until_end(label, lines)))


def _until_end(label: str, lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if line.startswith("-----END "):
            return
        yield line
    raise PemError("the line -----END %s----- is missing" % label)


def _entry(label: str, lines: Sequence[str]) -> Entry:
    sealed = bool(lines) and lines[0].startswith("Proc-Type: 4,ENCRYPTED")
    content = _FOREIGN.sub("", "".join(lines[2:] if sealed else lines))
    try:
        return Entry(label, base64.b64decode(content), sealed or label.startswith("ENCRYPTED"))
    except (ValueError, binascii.Error) as error:
        raise PemError("what follows -----BEGIN %s----- is no base64" % label) from error


def contents(content: str, label: str = CERTIFICATE) -> list[bytes]:
    """Return the DER of the certificates, or what else a label is for, in PEM text as OTP reads it, in order, up to what it
    cannot read.
    """
    found = []
    try:
        for entry in entries(content):
            if entry.label == label:
                found.append(der.first(entry.content))
    except PemError:
        pass
    return found
