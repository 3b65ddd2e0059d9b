# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A certificate with everything right but its CA."""

from __future__ import annotations

import datetime
import typing as t

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ImportError as error:
    CRYPTOGRAPHY_MISSING: ImportError | None = error
else:
    CRYPTOGRAPHY_MISSING = None

WITHOUT_CRYPTOGRAPHY = "The Python package cryptography is missing on the controller; install it there."

_VALID = datetime.timedelta(days=1)
_CLOCKS_APART = datetime.timedelta(hours=1)


def certificate(host: str) -> str:
    """Certificate and key in PEM, for the host part of a node name, issued by a CA that is forgotten at once.

    Its profile is that of the cluster's own leaves (RFC 5280, section 4.2: subject alternative name, both extended key
    usages), so that nothing but
    the issuer can be a reason to refuse it. Valid for a day.
    """
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = _name("Throwaway CA of a foreign cluster")
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    now = datetime.datetime.now(datetime.timezone.utc)
    leaf = (
        x509.CertificateBuilder()
        .subject_name(_name(host))
        .issuer_name(ca_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_APART)
        .not_valid_after(now + _VALID)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return (leaf.public_bytes(serialization.Encoding.PEM) + private).decode("ascii")


def _name(text: str) -> t.Any:
    """A name whose one part is at most the 64 characters that RFC 5280, appendix A.1 (ub-common-name) allows."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])
