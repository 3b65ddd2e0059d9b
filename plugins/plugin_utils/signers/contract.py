# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a signer is asked, and what becomes of its answer: the contract of the files beside this one.

A signer is asked for a certificate for a key, and answers with a chain. It is trusted with nothing more than that: whatever it is, a file, a command
or a service, its answer is held to what was asked for before anybody gets it.
"""

from __future__ import annotations

import datetime
import re
import typing as t

from ansible_collections.beam.tls_distribution.plugins.plugin_utils import certificates
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers.requests import RequestError, requested_key

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
except ImportError:
    pass  # certificates.CRYPTOGRAPHY_MISSING tells.

MOST_CERTIFICATES = 8
"""Certificates of a chain."""

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----", re.ASCII)


class SignerError(Exception):
    """Why a signer cannot be used or did not sign: a sentence without its end, with what to do."""


class ChainError(RequestError):
    """What is wrong with a signer's answer, as the rest of a sentence that begins with the host."""


class Asked(t.NamedTuple):
    """What a signer is asked for: a certificate for the public ``key``, that is ``wanted``, at the time ``now``.

    ``request`` is the host's request in PEM, for a signer that wants one. It may ask for anything, and only its key and its proof
    have been looked at.
    """

    request: str
    key: t.Any
    wanted: certificates.Wanted
    now: datetime.datetime


class Signer(t.Protocol):
    """One way to come by certificates."""

    def trust(self) -> str:
        """The certificates in PEM that nodes have to trust. Raises SignerError."""

    def sign(self, asked: Asked) -> str:
        """A chain in PEM: the certificate asked for, then each that the one before it was issued by, without those of :meth:`trust`.

        Raises SignerError.
        """


Open = t.Callable[[t.Mapping[str, t.Any]], Signer]
"""Makes a signer ready, from the options of the module ``node_certificate``. Raises SignerError."""


def signed_for(answer: t.Any, wanted: certificates.Wanted, signer: Signer, now: datetime.datetime) -> str:
    """The chain for the key in a host's ``answer``, held to what is ``wanted`` before it is handed out.

    Raises RequestError if the answer is no request that can be signed, ChainError if what was signed is not what was asked for, and SignerError.
    """
    asked = Asked(str(answer), requested_key(answer), wanted, now)
    chain, trust = signer.sign(asked), signer.trust()
    faults = chain_faults(chain, trust, asked)
    if faults:
        raise ChainError("was not given its new certificate, because %s" % ", and ".join(faults))
    return chain


def chain_faults(chain: str, trust: str, asked: Asked) -> list[str]:
    """What is wrong with a signer's answer, one reason a sentence part; empty if it is what was asked for.

    Rules: RFC 5280, 6.1 (each certificate is issued by the next, the last by one that is trusted).
    """
    found = _CERTIFICATE.findall(chain)
    if not found or _CERTIFICATE.sub("", chain).strip():
        return ["the signer answered with something else than certificates in PEM"]
    if len(found) > MOST_CERTIFICATES:
        return ["the signer answered with more than %d certificates" % MOST_CERTIFICATES]
    leaf = {"pem": found[0], "key_matches": True}
    issuers = [*([each] for each in found[1:]), _CERTIFICATE.findall(trust)]
    try:
        if x509.load_pem_x509_certificate(found[0].encode()).public_key() != asked.key:
            return ["its certificate is for another key than the one that it asked for"]
        return _issue_faults(found, issuers) + _leaf_faults(leaf, issuers[0], asked)
    except certificates.UNREADABLE:
        return ["the signer answered with a certificate that cannot be read"]


def _leaf_faults(leaf: t.Mapping[str, t.Any], issuers: t.Sequence[str], asked: Asked) -> list[str]:
    """What the node's own certificate says that it should not, and what it lacks; by the first of its issuers if none has issued it."""
    told = [certificates.certificate_faults(leaf, issuer, asked.wanted, asked.now) for issuer in issuers or [""]]
    return min(told, key=len)


def _issue_faults(found: t.Sequence[str], issuers: t.Sequence[t.Sequence[str]]) -> list[str]:
    """Whether each certificate behind the first is that of a CA, and was issued by one of those after it."""
    faults = []
    for pem, others in list(zip(found, issuers))[1:]:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        try:
            is_ca = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        except x509.ExtensionNotFound:
            is_ca = False
        if not is_ca:
            faults.append("a certificate of its chain is not that of a CA")
        if not any(_issued(certificate, other) for other in others):
            faults.append("a certificate of its chain was not issued by the next one, or by a CA that is trusted")
    return faults


def _issued(certificate: t.Any, issuer: str) -> bool:
    try:
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(issuer.encode()))
    except (*certificates.UNREADABLE, InvalidSignature):
        return False
    return True
