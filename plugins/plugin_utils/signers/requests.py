# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is taken from a host's request for a certificate. Rules: RFC 2986.

A host may be hostile, and its request is data: the public key in it and the proof that its sender holds the private key are
taken, and nothing else. Everything that a certificate says (subject, name, usages, times) is the controller's.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.beam.tls_distribution.plugins.plugin_utils import certificates

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec
except ImportError:
    pass  # certificates.CRYPTOGRAPHY_MISSING tells.

LONGEST_REQUEST = 16 * 1024
"""Characters of a request; one of ours has about 600."""

_REQUEST = re.compile(r"\s*-----BEGIN CERTIFICATE REQUEST-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE REQUEST-----\s*", re.ASCII)


class RequestError(ValueError):
    """What is wrong with a host's answer, as the rest of a sentence that begins with the host."""


def requested_key(answer: t.Any) -> t.Any:
    """The public key of a certificate request, whose sender has proven to hold the private key.

    ``answer`` is what the host answered, of any type. Raises RequestError if it is anything but one request in PEM for a key
    of the kind that was asked for, or if its signature is not by that key.
    """
    if not isinstance(answer, str):
        raise RequestError("answered with no certificate request")
    if len(answer) > LONGEST_REQUEST:
        raise RequestError("answered with a certificate request of more than %d characters" % LONGEST_REQUEST)
    if not _REQUEST.fullmatch(answer):
        raise RequestError("answered with something else than one certificate request in PEM")
    try:
        request = x509.load_pem_x509_csr(answer.encode("ascii"))
        key = request.public_key()
    except certificates.UNREADABLE:
        raise RequestError("answered with a certificate request that cannot be read") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise RequestError("asks for a certificate for a key of another kind than the one it was to make (ECDSA, P-256)")
    try:
        proven = request.is_signature_valid
    except (*certificates.UNREADABLE, InvalidSignature):
        proven = False
    if not proven:
        raise RequestError("asks for a certificate for a key without proof that it holds the private key")
    return key
