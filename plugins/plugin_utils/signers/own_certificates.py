# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The signer ``own_certificates``: nothing is signed here; the user gives each host its key and certificate.

Rules: those that all certificates are held to (``certificates.certificate_faults``); of the key, what nodes and OpenSSL both take.
"""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import pem
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import certificates

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
except ImportError:
    pass  # certificates.CRYPTOGRAPHY_MISSING tells.

VARIABLE = "erlang_certs_own_certificate"
ANY_DAYS = 36500
"""For how many days such a certificate may be valid: for as long as the user likes."""
_SHORTEST_RSA = 2048


class Own(t.NamedTuple):
    """A host's key and certificate. ``key`` is secret: PEM without passphrase; ``chain`` is in PEM."""

    key: str
    chain: str

    @property
    def file(self) -> str:
        """What a node reads: the key, its certificate, and those behind it. Secret."""
        return self.key + self.chain


def wanted(node: str, host: str) -> certificates.Wanted:
    """What such a certificate has to be."""
    return certificates.Wanted(node, host, ANY_DAYS, 0, exact=False)


def read(text: t.Any, trust: str) -> Own:
    """The key and the chain in PEM text, the chain without those at its end that are trusted. Raises InputError, which shows nothing of the text."""
    if not isinstance(text, str) or not text.strip():
        raise InputError("has no value", "give the host's key and certificate in PEM, or choose another erlang_certs_signer")
    if len(text) > certificates.LONGEST_PEM:
        raise InputError("is longer than %d characters" % certificates.LONGEST_PEM, "give nothing but key and certificates")
    try:
        entries = list(pem.entries(text))
    except pem.PemError:
        raise InputError("is no PEM that can be read to its end", "give the host's key and certificate in PEM") from None
    keys = [entry for entry in entries if entry.label in pem.KEYS]
    if len(keys) != 1:
        raise InputError("holds %s private keys" % (len(keys) or "no"), "give one key and its certificate in PEM")
    if keys[0].encrypted:
        raise InputError(
            "holds a key with a passphrase, which no node could open", "give it without one, and keep the file in Ansible Vault"
        )
    chain = "".join(entry.text for entry in entries if entry.label == pem.CERTIFICATE)
    if not chain:
        raise InputError("holds no certificate", "give one key and its certificate in PEM")
    try:
        key = serialization.load_pem_private_key(keys[0].text.encode(), None)
        public = x509.load_pem_x509_certificate(chain.encode()).public_key()
    except certificates.UNREADABLE:
        raise InputError("holds a key or a certificate that cannot be read", "put it back from where it was issued") from None
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*form) != public.public_bytes(*form):
        raise InputError(
            "holds a key that does not belong to its first certificate", "put the node's own certificate first, the CAs behind it"
        )
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < _SHORTEST_RSA:
        raise InputError("holds an RSA key of %d bits" % key.key_size, "use one of %d or more, or ECDSA" % _SHORTEST_RSA)
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Own(key.private_bytes(*plain).decode("ascii"), certificates.without_trusted(chain, trust))


def problems(own: Own, trust: str, node: str, host: str, now: datetime.datetime) -> list[str]:
    """What is wrong with a certificate that the user gives, one reason a sentence part."""
    return certificates.certificate_faults({"pem": own.chain, "key_matches": True}, trust, wanted(node, host), now)


def differs(found: t.Any, chain: str) -> list[str]:
    """Why a host has to get the certificate that the user gives, one reason a sentence part; empty if it has that one.

    ``found`` is the survey's certificate (``pem``, ``key_matches``, ``labels``) or None.
    """
    if not isinstance(found, t.Mapping) or not found.get("pem"):
        return ["it has no certificate"]
    faults = [] if found.get("key_matches") else ["its key does not belong to its certificate"]
    given = pem.contents(chain)
    if pem.contents(str(found["pem"])) != given:
        faults.append("its file holds another certificate than the one in %s" % VARIABLE)
    labels = found.get("labels")
    if not faults and isinstance(labels, list) and len(labels) > len(given) + 1:
        faults.append("its file holds more than its key and its certificates")
    return faults
