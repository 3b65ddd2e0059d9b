# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The signer ``intermediate``: a CA of the cluster's below one of the user's own, whose key lies encrypted where the user keeps it.

Rules: RFC 5280, 4.2.1.3, 4.2.1.9, 4.2.1.10 and 6.1.
"""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import checks
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import certificate, pem
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import certificates
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers import private_ca, trust_files
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers.contract import Asked, Inventory, Kind, SignerError

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
except ImportError:
    pass  # certificates.CRYPTOGRAPHY_MISSING tells.

CERTIFICATE, KEY, PASSPHRASE = ("erlang_certs_intermediate_" + part for part in ("certificate", "key", "passphrase"))
_ENDS = "ends on %s, before a certificate from it would be due to be renewed (%d days before its end)"


class Intermediate(t.NamedTuple):
    """A CA below another one, with its key open. A signer, see ``contract.py``. ``chain`` is its certificate and those above it, as DER."""

    authority: private_ca.Authority
    chain: list[bytes]
    trusted: str

    def trust(self) -> str:
        """The roots in PEM."""
        return self.trusted

    def sign(self, asked: Asked) -> str:
        """A certificate in PEM, valid no longer than any CA above it, and those behind it. Raises SignerError if one of them ends too soon."""
        end = _end(self.chain, self.trusted)
        days = (end - asked.now).days
        if days < asked.wanted.renew_before_days:
            raise SignerError("The CA in %s " % CERTIFICATE + _ENDS % (end.date(), asked.wanted.renew_before_days) + "; have it renewed")
        shorter = asked.wanted._replace(days=min(asked.wanted.days, days))
        leaf = self.authority.sign(asked._replace(wanted=shorter))
        return leaf + "".join(pem.text(pem.CERTIFICATE, each) for each in self.chain)


def opened(options: t.Mapping[str, t.Any]) -> Intermediate:
    """The CA by ``intermediate_certificate``, ``intermediate_key``, ``passphrase`` and ``trust``. Raises SignerError if it cannot be used."""
    try:
        chain = trust_files.chain(options["intermediate_certificate"])
        key = opened_key(trust_files.content(options["intermediate_key"]), options.get("passphrase"))
        trusted = trust_files.read(options["trust"])
    except (InputError, TypeError) as error:
        raise SignerError(
            "The intermediate CA cannot be used: what is given for it %s" % getattr(error, "problem", "is not complete")
        ) from None
    return Intermediate(private_ca.Authority(x509.load_der_x509_certificate(chain[0]), key), chain, trusted)


def opened_key(content: bytes, passphrase: str | None) -> t.Any:
    """The key of a CA. Raises InputError if it is none, is not encrypted, or the passphrase does not open it."""
    if b"PRIVATE KEY-----" not in content:
        raise InputError("holds no private key in PEM", "give the file of the CA's key")
    if b"ENCRYPTED" not in content:
        raise InputError("holds a key that is not encrypted", "encrypt it (openssl pkey -aes256)")
    if not passphrase:
        raise InputError("cannot be opened: %s is not set" % PASSPHRASE, "set it, from Ansible Vault or the environment")
    try:
        key = serialization.load_pem_private_key(content, passphrase.encode())
    except certificates.UNREADABLE:
        raise InputError("is not opened by %s" % PASSPHRASE, "set that to the passphrase that the key was encrypted with") from None
    if not isinstance(key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)):
        raise InputError("holds a key of a kind that nodes of some OTP take no certificates of", "use a CA with a key of RSA or ECDSA")
    return key


class Found(t.NamedTuple):
    """What there is to hold against each other: the files' contents as they could be read, and what nodes trust."""

    chain: list[bytes] | None
    key: t.Any
    trusted: str


def problems(found: Found, hosts: t.Iterable[str], renew_before_days: int, now: datetime.datetime) -> t.Iterator[tuple[str, str, str]]:
    """What is wrong with an intermediate CA, as variable, problem and what to do: with what was read, each with the others.

    ``hosts`` are the host parts of the nodes' names.
    """
    if not found.chain:
        return
    seen = [certificate.read(each) for each in found.chain]
    name = certificates.named(seen[0].subject)
    if not seen[0].authority or (seen[0].usages is not None and "keyCertSign" not in seen[0].usages):
        yield CERTIFICATE, "is that of %s, which is no CA that may issue certificates" % name, "give the certificate of a CA first"
        return
    if found.key is not None:
        form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        own = x509.load_der_x509_certificate(found.chain[0]).public_key()
        if own.public_bytes(*form) != found.key.public_key().public_bytes(*form):
            yield KEY, "is the key of another certificate than the first one in %s" % CERTIFICATE, "give the two that belong together"
    stranger = certificates.break_in(found.chain)
    if stranger is not None:
        sentence = "has the certificate of %s behind one that it has not issued" % certificates.named(seen[stranger].subject)
        yield CERTIFICATE, sentence, "give the CA's certificate first, then that of each CA above it"
        return
    if not found.trusted:
        return
    if certificates.anchor_of(found.chain[-1], pem.contents(found.trusted)) is None:
        sentence = "does not lead to a root in erlang_certs_trust_files: the last certificate is from %s" % certificates.named(
            seen[-1].issuer
        )
        yield CERTIFICATE, sentence, "add the CAs between them, or name the right root"
        return
    for below, each in enumerate(found.chain):
        told = {fault for host in hosts for fault in certificates.limits(each, below, host)}
        for fault in sorted(told):
            yield CERTIFICATE, "holds %s, which %s" % (certificates.named(seen[below].subject), fault), "have it issued with other limits"
    begin = max(each.not_before for each in seen)
    if begin > now:
        yield CERTIFICATE, "is not valid before %s" % begin.date(), "wait until then, or have it issued anew"
    end = _end(found.chain, found.trusted)
    if (end - now).days < renew_before_days:
        yield CERTIFICATE, _ENDS % (end.date(), renew_before_days), "have it renewed"


def read(inventory: Inventory) -> dict[str, t.Any]:
    """The paths of its files, after these were held against each other."""
    given = {variable: inventory.values.get(variable) for variable in (CERTIFICATE, KEY)}
    for variable, value in given.items():
        if not value:
            inventory.add(variable, None, "has no value", "give the path of the file")
    paths = {variable: inventory.path(value) for variable, value in given.items() if value}
    chain = key = None
    if CERTIFICATE in paths:
        chain = inventory.tried(CERTIFICATE, paths[CERTIFICATE], trust_files.chain, paths[CERTIFICATE])
    if KEY in paths:
        content = inventory.tried(KEY, paths[KEY], trust_files.content, paths[KEY])
        if content is not None:
            key = inventory.tried(KEY, paths[KEY], opened_key, content, inventory.values.get(PASSPHRASE))
    there = Found(chain, key, inventory.trusted)
    for variable, problem, fix in problems(there, inventory.hosts, inventory.values["erlang_certs_renew_before_days"], inventory.now):
        inventory.add(variable, paths.get(variable), problem, fix)
    return {"intermediate_certificate": paths.get(CERTIFICATE), "intermediate_key": paths.get(KEY)}


def _end(chain: t.Sequence[bytes], trusted: str) -> datetime.datetime:
    """When the first of the CAs of a chain ends, the root among them."""
    anchor = certificates.anchor_of(chain[-1], pem.contents(trusted))
    return min(certificate.read(each).not_after for each in (*chain, *([anchor] if anchor else [])))


SIGNER = Kind(
    name="intermediate",
    summary="has a CA below one of yours sign.",
    opened=opened,
    read=read,
    specification="""\
erlang_certs_intermediate_certificate:
  description: File on the controller with the certificate of the intermediate CA, and behind it those of the CAs above it without the root, in PEM.
  type: str
erlang_certs_intermediate_key:
  description: File on the controller with the key of the intermediate CA in PEM, encrypted.
  type: str
erlang_certs_intermediate_passphrase:
  description: Passphrase of that key, from Ansible Vault or from wherever a lookup finds it.
  type: str
  no_log: true
""",
    checks={CERTIFICATE: checks.FILE, KEY: checks.FILE, PASSPHRASE: checks.PASSPHRASE},
    secrets=frozenset([PASSPHRASE]),
    passphrase=PASSPHRASE,
    exact=True,
)
"""This signer."""
