# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates of nodes: what is taken from a host's request, and what the private CA signs.

A host may be hostile, and its request is data: the public key in it and the proof that its sender holds the private key are
taken, and nothing else. Everything that a certificate says (subject, name, usages, times) is the controller's.

Rules: RFC 2986 (requests), RFC 5280 (certificates) and Erlang/OTP, "Using TLS for Erlang Distribution" (the host part of a
node name is in the subject alternative name).
"""

from __future__ import annotations

import datetime
import re
import typing as t

from ansible_collections.beam.tls_distribution.plugins.plugin_utils import certificates

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
except ImportError:
    pass  # certificates.CRYPTOGRAPHY_MISSING tells.

LONGEST_REQUEST = 16 * 1024
"""Characters of a request; one of ours has about 600."""

_CLOCKS_APART = datetime.timedelta(hours=1)
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


class Authority(t.NamedTuple):
    """The private CA, with its key open."""

    certificate: t.Any
    key: t.Any

    @classmethod
    def load(cls, key: bytes, certificate: bytes, passphrase: str) -> Authority:
        """Reads the contents of ``ca.key`` and ``ca.pem``. Raises InputError if they do not belong together."""
        now = datetime.datetime.now(datetime.timezone.utc)
        certificates.check_ca(key, certificate, passphrase, now)
        private = serialization.load_pem_private_key(key, passphrase.encode())
        return cls(x509.load_pem_x509_certificate(certificate), private)

    def issue(self, key: t.Any, wanted: certificates.Wanted, now: datetime.datetime) -> str:
        """A certificate for a public key in PEM: what is ``wanted``, from an hour before ``now`` until its days are over."""
        builder = (
            x509.CertificateBuilder()
            .subject_name(certificates.subject(wanted.node))
            .issuer_name(self.certificate.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _CLOCKS_APART)
            .not_valid_after(now + datetime.timedelta(days=wanted.days))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(self._identifier(), critical=False)
        )
        for extension, critical in certificates.extensions(wanted.host):
            builder = builder.add_extension(extension, critical=critical)
        signed = builder.sign(self.key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM).decode("ascii")

    def _identifier(self) -> t.Any:
        try:
            own = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        except x509.ExtensionNotFound:
            return x509.AuthorityKeyIdentifier.from_issuer_public_key(self.certificate.public_key())
        return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def signed_for(answer: t.Any, wanted: certificates.Wanted, authority: Authority, now: datetime.datetime) -> str:
    """The certificate for the key in a host's ``answer``, held to what is ``wanted`` before it is handed out.

    Raises RequestError if the answer is no request that can be signed.
    """
    signed = authority.issue(requested_key(answer), wanted, now)
    trust = authority.certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")
    faults = certificates.certificate_faults({"pem": signed, "key_matches": True}, trust, wanted, now)
    if faults:
        raise RequestError("was not given its new certificate, because %s" % ", and ".join(faults))
    return signed
