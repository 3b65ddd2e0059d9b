# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The signer ``private_ca``: a CA of the cluster's own, whose key lies encrypted in the cluster's directory.

Rules: RFC 5280 (certificates) and Erlang/OTP, "Using TLS for Erlang Distribution" (the host part of a node name is in the subject alternative
name).
"""

from __future__ import annotations

import datetime
import typing as t
from pathlib import Path

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import authorities, certificates, directory, revocations
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers.contract import Asked, Kind, SignerError
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers.names import PRIVATE_CA

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
except ImportError:
    pass  # certificates.CRYPTOGRAPHY_MISSING tells.

_CLOCKS_APART = datetime.timedelta(hours=1)


class Authority(t.NamedTuple):
    """The private CA of a cluster, with its key open. A signer, see ``contract.py``.

    ``trusted`` are the CAs that nodes trust, in PEM, while these are more than itself, ``other`` is the one that it takes the place of, or that takes its own.
    """

    certificate: t.Any
    key: t.Any
    trusted: str = ""
    other: Authority | None = None

    @classmethod
    def load(cls, key: bytes, certificate: bytes, passphrase: str, trusted: str = "") -> Authority:
        """Reads the contents of ``ca.key`` and ``ca.pem``. Raises InputError if they do not belong together."""
        now = datetime.datetime.now(datetime.timezone.utc)
        certificates.check_ca(key, certificate, passphrase, now)
        private = serialization.load_pem_private_key(key, passphrase.encode())
        return cls(x509.load_pem_x509_certificate(certificate), private, trusted)

    def trust(self) -> str:
        """The CA's certificate in PEM, and that of the other CA while one takes the place of the other."""
        return self.trusted or str(self.certificate.public_bytes(serialization.Encoding.PEM).decode("ascii"))

    def sign(self, asked: Asked) -> str:
        """A certificate in PEM: what is wanted, from an hour before now until its days are over, or the CA's. Rules: RFC 5280.

        Raises SignerError if the CA ends so soon that the certificate would be due to be renewed at once.
        """
        key, wanted, now = asked.key, asked.wanted, asked.now
        end = self.certificate.not_valid_after_utc
        if end - now < datetime.timedelta(days=wanted.renew_before_days):
            sentence = "The CA ends on %s, before a certificate from it would be due to be renewed (%d days before its end)"
            raise SignerError(sentence % (end.date(), wanted.renew_before_days) + "; run the playbook rotate_ca")
        builder = (
            x509.CertificateBuilder()
            .subject_name(certificates.subject(wanted.node))
            .issuer_name(self.certificate.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _CLOCKS_APART)
            .not_valid_after(min(now + datetime.timedelta(days=wanted.days), end))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(self._identifier(), critical=False)
        )
        for extension, critical in certificates.extensions(wanted.host):
            builder = builder.add_extension(extension, critical=critical)
        signed = builder.sign(self.key, hashes.SHA256())
        return str(signed.public_bytes(serialization.Encoding.PEM).decode("ascii"))

    def revocation_lists(self, asked: revocations.Asked) -> str:
        """The list of the CA, in PEM, and that of the other one while one takes the place of the other."""
        own = revocations.signed(self.certificate, self.key, asked)
        return own + (self.other.revocation_lists(asked) if self.other is not None else "")

    def _identifier(self) -> t.Any:
        try:
            own = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        except x509.ExtensionNotFound:
            return x509.AuthorityKeyIdentifier.from_issuer_public_key(self.certificate.public_key())
        return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _other(names: authorities.Places, passphrase: str) -> Authority | None:
    """The CA of a rotation that does not sign, as long as nodes may have certificates of it. Raises InputError and OSError."""
    under_way = authorities.rotation(names)
    pair = authorities.not_signing(names, under_way) if under_way is not None and not under_way.of_signers else None
    if pair is None or not pair.key.exists() or not pair.certificate.exists():
        return None
    return Authority.load(pair.key.read_bytes(), pair.certificate.read_bytes(), passphrase)


def opened(options: t.Mapping[str, t.Any]) -> Authority:
    """The CA in a cluster's directory, by ``directory`` and ``passphrase``. Raises SignerError if it cannot be used."""
    place = options["directory"]
    names = layout.cluster(place)
    try:
        signing, trusted = authorities.signing(names), "".join(authorities.trusted(names))
    except InputError as error:
        raise SignerError("The cluster's directory %s %s; %s" % (place, error.problem, error.fix)) from None
    try:
        passphrase = options.get("passphrase") or directory.read_secret(Path(names["ca_passphrase"])) or ""
        opened_ca = Authority.load(signing.key.read_bytes(), signing.certificate.read_bytes(), passphrase, trusted)
        return opened_ca._replace(other=_other(names, passphrase))
    except InputError as error:
        raise SignerError("erlang_certs_ca_passphrase %s (in %s); %s" % (error.problem, place, error.fix)) from None
    except OSError as error:
        raise SignerError("The CA in %s cannot be read (%s)" % (place, error.strerror)) from None


SIGNER = Kind(
    name=PRIVATE_CA,
    summary="has a CA of the cluster's own sign, in its directory.",
    opened=opened,
    passphrase="erlang_certs_ca_passphrase",
    exact=True,
)
"""This signer."""
