# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CAs that nodes trust, where the user names them: files of certificates in PEM. Rules: RFC 5280, 4.2.1.9 and 6.1.1."""

from __future__ import annotations

import datetime
import typing as t
from pathlib import Path

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import certificate, pem
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import certificates
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers.names import PRIVATE_CA


def content(path: str) -> bytes:
    """What is in a file on the controller. Raises InputError if it cannot be read, or is larger than what is looked at."""
    try:
        found = Path(path).read_bytes()
    except OSError as error:
        raise InputError("cannot be read on the controller (%s)" % error.strerror, "correct the path or its permissions") from None
    if len(found) > certificates.LONGEST_PEM:
        raise InputError("is larger than %d bytes" % certificates.LONGEST_PEM, "give a file that holds nothing but certificates or a key")
    return found


def chain(path: str) -> list[bytes]:
    """The certificates in a file of nothing but certificates, as DER. Raises InputError."""
    text = content(path).decode("ascii", "replace")
    found = pem.contents(text)
    if any(label in pem.KEYS for label in pem.labels(text)):
        raise InputError("holds a private key", "give a file of certificates alone")
    if not found or len(found) != len(pem.labels(text)):
        raise InputError("holds something else than certificates in PEM", "give a file of certificates alone")
    try:
        for each in found:
            certificate.read(each)
    except certificate.CertificateError:
        raise InputError("holds a certificate that cannot be read", "put it back from your backup") from None
    return found


def checked(path: str, now: datetime.datetime) -> str:
    """The CAs in a file that nodes are to trust, in PEM. Raises InputError for what is no root in its time: nodes take roots alone."""
    found = chain(path)
    for each in found:
        seen = certificate.read(each)
        name = certificates.named(seen.subject)
        if not seen.own_issuer or not certificates.issued_by(each, each):
            fix = "give the root, and put this one behind the certificates that it issued"
            raise InputError("holds the certificate of %s, which is no root" % name, fix)
        if not seen.authority or (seen.usages is not None and "keyCertSign" not in seen.usages):
            raise InputError("holds the certificate of %s, which may not issue others" % name, "give the certificate of a CA")
        if seen.not_after <= now:
            raise InputError("holds the certificate of %s, which expired on %s" % (name, seen.not_after.date()), "remove it from the file")
        if seen.not_before > now:
            raise InputError(
                "holds the certificate of %s, which is not valid before %s" % (name, seen.not_before.date()), "wait until then"
            )
    return "".join(pem.text(pem.CERTIFICATE, each) for each in found)


def of_cluster(signing: t.Mapping[str, t.Any], own: t.Sequence[str]) -> list[str]:
    """The CAs that nodes trust, a text in PEM each: those of the cluster's own CA (``own``) where that signs, and those in files.

    ``signing`` is that of the topology's cluster. Raises InputError.
    """
    return [*(own if signing["signer"] == PRIVATE_CA else ()), *(read([path]) for path in signing["trust"])]


def read(paths: t.Iterable[str]) -> str:
    """The CAs in files that were checked before, in PEM. Raises InputError."""
    return "".join(pem.text(pem.CERTIFICATE, each) for path in paths for each in chain(path))
