# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of TLS as OTP has them, and as OpenSSL and Python do: versions, cipher suites, groups, signature algorithms. Pure data.

Listed is what OTP 25 to 29 and OpenSSL 1.1.1 and later both have, with the certificates of this collection. Sources: ssl(3erl), types
``cipher_suites``, ``group``, ``sign_scheme`` and ``sign_algo``; RFC 8446, section 4; RFC 8422; OpenSSL, ciphers(1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

TLS_1_2, TLS_1_3 = "tlsv1.2", "tlsv1.3"

VERSIONS = {TLS_1_3: "TLSv1.3", TLS_1_2: "TLSv1.2"}
"""The versions, and their names in Python and in what is shown."""

CIPHERS: Mapping[str, Mapping[str, str]] = {
    TLS_1_3: {
        "TLS_AES_256_GCM_SHA384": "TLS_AES_256_GCM_SHA384",
        "TLS_AES_128_GCM_SHA256": "TLS_AES_128_GCM_SHA256",
        "TLS_CHACHA20_POLY1305_SHA256": "TLS_CHACHA20_POLY1305_SHA256",
    },
    TLS_1_2: {
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    },
}
"""The cipher suites of each version, and their names in OpenSSL."""

GROUPS = {"x25519": "X25519", "x448": "X448", "secp256r1": "prime256v1", "secp384r1": "secp384r1", "secp521r1": "secp521r1"}
"""Groups of the key exchange, and their names in OpenSSL."""

SIGNATURE_ALGS: Mapping[str, tuple[str, str] | None] = {
    "ecdsa_secp256r1_sha256": ("sha256", "ecdsa"),
    "ecdsa_secp384r1_sha384": ("sha384", "ecdsa"),
    "ecdsa_secp521r1_sha512": ("sha512", "ecdsa"),
    "eddsa_ed25519": None,
    "rsa_pss_rsae_sha256": None,
    "rsa_pss_rsae_sha384": None,
    "rsa_pss_rsae_sha512": None,
}
"""Signature algorithms, and how OTP writes in TLS 1.2 those that it does not know there by these names: a digest and a kind of key."""

OF_OUR_CERTIFICATES = "ecdsa_secp256r1_sha256"
"""The signature algorithm of certificates with ECDSA and P-256, which this collection makes."""


class Lists(NamedTuple):
    """What a node takes: versions, cipher suites, groups and signature algorithms, as OTP names them; None where it takes what it knows."""

    versions: Sequence[str]
    ciphers: Sequence[str] | None = None
    groups: Sequence[str] | None = None
    signature_algs: Sequence[str] | None = None

    def ciphers_of(self, version: str) -> Sequence[str] | None:
        """Return the cipher suites of one version, None where all that are known are taken."""
        return None if self.ciphers is None else [cipher for cipher in self.ciphers if cipher in CIPHERS.get(version, ())]


def unshared(one: Lists, other: Lists) -> str | None:
    """Return what two nodes do not share (``version``, ``cipher``, ``group`` or ``signature algorithm``); None if they can connect."""
    lacks = "version"
    for version in [version for version in one.versions if version in other.versions]:
        kinds = (
            ("cipher", one.ciphers_of(version), other.ciphers_of(version)),
            ("group", one.groups, other.groups),
            ("signature algorithm", one.signature_algs, other.signature_algs),
        )
        missing = [kind for kind, mine, theirs in kinds if mine is not None and theirs is not None and not set(mine) & set(theirs)]
        if not missing:
            return None
        lacks = missing[0]
    return lacks
