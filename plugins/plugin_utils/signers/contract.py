# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a signer is asked, and what becomes of its answer: the contract of the files beside this one.

A signer is asked for a certificate for a key, and answers with a chain. It is trusted with nothing more than that: whatever it is, a file, a command
or a service, its answer is held to what was asked for before anybody gets it.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import re
import types
import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.checks import Check
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError, InventoryFault
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import certificates, revocations
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers.requests import RequestError, requested_key

with contextlib.suppress(ImportError):  # certificates.CRYPTOGRAPHY_MISSING tells.
    from cryptography import x509

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


@t.runtime_checkable
class Revoker(t.Protocol):
    """What a signer also is whose CAs can be had to sign lists of revoked certificates. Without one of these, lists are the user's matter."""

    def revocation_lists(self, asked: revocations.Asked) -> str:
        """A list in PEM for each CA whose certificates nodes are shown. Raises SignerError."""


Open = t.Callable[[t.Mapping[str, t.Any]], Signer]
"""Makes a signer ready, from what :attr:`Kind.read` returned, ``trust`` (paths), ``directory`` (the cluster's) and ``passphrase``. Raises SignerError."""


class Inventory:
    """What a signer reads of the inventory, and where it says what is wrong with it.

    ``values`` are the variables of the cluster, ``trusted`` the roots that nodes trust, in PEM, empty where they cannot be read, ``hosts`` the host parts
    of the nodes' names.
    """

    def __init__(
        self,
        values: t.Mapping[str, t.Any],
        base: str,
        everywhere: t.Iterable[str],
        now: datetime.datetime,
        faults: list[InventoryFault],
    ) -> None:
        """``everywhere`` are the hosts that the variables are said on; relative paths are taken from ``base``."""
        self.values, self.now = values, now
        self.trusted, self.hosts = "", t.cast("list[str]", [])
        self._base, self._everywhere, self._faults = base, tuple(everywhere), faults

    def path(self, given: str) -> str:
        """A path on the controller, absolute."""
        return os.path.abspath(os.path.join(self._base, os.path.expanduser(given)))

    def add(self, variable: str, shown: t.Any, problem: str, fix: str) -> None:
        """Adds what is wrong with a variable; ``shown`` is its value, None where that is not shown."""
        self._faults.append(InventoryFault(self._everywhere, variable, shown, problem, fix))

    def tried(self, variable: str, shown: t.Any, look: t.Callable[..., t.Any], *arguments: t.Any) -> t.Any:
        """What a look returns; None, and a fault, if it raises InputError."""
        try:
            return look(*arguments)
        except InputError as error:
            self.add(variable, shown, error.problem, error.fix)
            return None


class Kind(t.NamedTuple):
    """A signer as a choice of ``erlang_certs_signer``: what a file beside this one has as ``SIGNER``. All else that has to know of it is made from that.

    ``summary`` is the rest of a sentence that begins with its ``name``. ``read`` returns what of its variables is to be in the topology, where nothing is
    secret.
    ``specification`` has its variables as the role's specification has them, in YAML, ``checks`` what is checked of them; they are the same on all hosts.
    ``passphrase`` is the one of the role's variables that has the passphrase of its key. ``exact`` is whether its certificates are word for word what the
    collection makes; others have rules of their own (``Profile.exact``).
    """

    name: str
    summary: str
    opened: Open
    read: t.Callable[[Inventory], dict[str, t.Any]] = lambda _inventory: {}
    specification: str = ""
    checks: t.Mapping[str, Check] = types.MappingProxyType({})
    secrets: frozenset[str] = frozenset()
    passphrase: str = ""
    exact: bool = False


def signed_for(answer: t.Any, wanted: certificates.Wanted, signer: Signer, now: datetime.datetime) -> str:
    """The chain for the key in a host's ``answer``, held to what is ``wanted`` before it is handed out, without those at its end that are trusted.

    Raises RequestError if the answer is no request that can be signed, ChainError if what was signed is not what was asked for, and SignerError.
    """
    asked = Asked(str(answer), requested_key(answer), wanted, now)
    chain = signer.sign(asked)
    # A certificate may begin at the moment at which it was signed.
    return held_to(chain, signer.trust(), asked._replace(now=max(now, datetime.datetime.now(datetime.timezone.utc))))


def held_to(chain: str, trust: str, asked: Asked) -> str:
    """A signer's answer, without those at its end that are trusted. Raises ChainError if it is not what was asked for."""
    faults = chain_faults(chain, trust, asked)
    if faults:
        raise ChainError("was not given its new certificate, because %s" % ", and ".join(faults))
    return certificates.without_trusted(chain, trust)


def chain_faults(chain: str, trust: str, asked: Asked) -> list[str]:
    """What is wrong with a signer's answer, one reason a sentence part; empty if it is what was asked for.

    Rules: those that hosts' certificates are held to (``certificates.certificate_faults``).
    """
    found = _CERTIFICATE.findall(chain)
    if not found or _CERTIFICATE.sub("", chain).strip():
        return ["the signer answered with something else than certificates in PEM"]
    if len(found) > MOST_CERTIFICATES:
        return ["the signer answered with more than %d certificates" % MOST_CERTIFICATES]
    try:
        if x509.load_pem_x509_certificate(found[0].encode()).public_key() != asked.key:
            return ["its certificate is for another key than the one that it asked for"]
        for each in found[1:]:
            x509.load_pem_x509_certificate(each.encode())
        return certificates.certificate_faults({"pem": "\n".join(found), "key_matches": True}, trust, asked.wanted, asked.now)
    except certificates.UNREADABLE:
        return ["the signer answered with a certificate that cannot be read"]
