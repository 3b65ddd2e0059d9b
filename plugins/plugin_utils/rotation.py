# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the CA of a cluster is rotated: which phase comes when. See authorities.py for the phases, and report/rotation_proof.py for what shows that every
node is in one.

The next phase begins when all nodes are proven to be in the one before. So nodes are never in phases that do not go together, whatever ends a run and
whenever that is, and the way back is the way there, backwards.
"""

from __future__ import annotations

import datetime
import re
import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import certificate, pem
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import authorities, certificates, handover
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.authorities import DROP, KEEP, LEAVES, PHASES, TRUST, Rotation
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers import intermediate, private_ca
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers.contract import Asked, Signer, SignerError
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers.names import PRIVATE_CA

try:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec
except ImportError:
    pass  # certificates.CRYPTOGRAPHY_MISSING tells.

WALL = "foreign_ca"
"""The wall at which a certificate of the other CA is shown."""

_NAMED = re.compile(r"CA(?: (\d{1,6}))? of Erlang cluster ")
_TRIED_DAYS = 1
"""Days that a certificate with which it is tried whether nodes trust a CA is valid."""


class Step(t.NamedTuple):
    """What comes next in a rotation: the phase to be entered, whether that is on the way back, and whether it is in force already.

    ``phase`` is None where nothing is left to be done.
    """

    phase: str | None
    back: bool
    again: bool = False


def step(under_way: Rotation | None, proven: bool, back: bool | None) -> Step:
    """What comes next. ``proven`` is whether all nodes were found to be in the phase in force in this run, ``back`` what the user said of the
    direction, None for that of the rotation that is under way.

    A rotation that changes its direction goes to the phase that it came from: nodes are in that one or in this one.
    """
    if under_way is None:
        return Step(TRUST, False)
    if back is not None and back != under_way.back:
        return Step(_after(under_way.phase, back) or under_way.phase, back)
    if not proven:
        return Step(under_way.phase, under_way.back, again=True)
    return Step(_after(under_way.phase, under_way.back), under_way.back)


def _after(phase: str, back: bool) -> str | None:
    place = PHASES.index(phase) + (-1 if back else 1)
    return PHASES[place] if 0 <= place < len(PHASES) else None


def ends(under_way: Rotation, until: str | None) -> bool:
    """Whether a rotation whose phase is proven is to go no further in this run."""
    if until is None:
        return False
    here, there = PHASES.index(under_way.phase), PHASES.index(until)
    return here <= there if under_way.back else here >= there


def next_name(ca_pem: str, cluster: str) -> str:
    """The name of the CA that follows one: each has another, so that people and lists of revoked certificates tell them apart."""
    found = _NAMED.match(certificate.read(pem.contents(ca_pem)[0]).common_name or "")
    number = int(found[1] or 1) + 1 if found else 2
    return ("CA %d of Erlang cluster %s" % (number, cluster))[:64]


def issues(under_way: Rotation) -> bool:
    """Whether nodes get new certificates in a phase that has been entered."""
    return under_way.phase == (TRUST if under_way.back else LEAVES)


class Passphrases(t.NamedTuple):
    """What opens the keys of CAs with which nodes are tried: of the private one, and of an intermediate one; None where it is not given."""

    private: str
    intermediate: str | None = None


def trial_certificate(
    places: authorities.Places, passphrases: Passphrases, node: str, host: str, now: datetime.datetime
) -> tuple[str, str] | None:
    """A certificate for a node by the CA that does not sign, and what is shown and used with it, both in PEM: the CA's certificate and the key. With it is
    tried whether nodes trust that CA.

    None where no rotation is under way, or that CA cannot be had: it is in neither the cluster's directory nor the user's files, or signs elsewhere.
    Raises InputError, SignerError and OSError.
    """
    under_way = authorities.rotation(places)
    authority = _other(places, under_way, passphrases) if under_way is not None else None
    if authority is None:
        return None
    key = ec.generate_private_key(ec.SECP256R1())
    made = authority.sign(Asked("", key.public_key(), certificates.Wanted(node, host, _TRIED_DAYS, 0), now))
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    # Without the CA's certificate OpenSSL adds it as a host's program has it, which is less than it was signed as.
    return made, authority.trust() + private.decode("ascii")


def _other(places: authorities.Places, under_way: Rotation, passphrases: Passphrases) -> Signer | None:
    pair = authorities.not_signing(places, under_way)
    if under_way.of_signers:
        former, following = handover.sides(under_way)
        other = following if under_way.phase in (KEEP, TRUST) else former
        if other.signer == "intermediate":
            try:
                return intermediate.opened({**other.signing, "passphrase": passphrases.intermediate})
            except SignerError:
                return None  # That of the former side need not be there any more, and that of the other was looked at before.
        if other.signer != PRIVATE_CA:
            return None
        pair = authorities.signing(places)
    if not (pair.key.exists() and pair.certificate.exists()):
        return None
    return private_ca.Authority.load(pair.key.read_bytes(), pair.certificate.read_bytes(), passphrases.private)


LINES = {
    KEEP: "the CA is rotated no more: all nodes trust the former one alone, as before",
    TRUST: "every node trusts both CAs, and has a certificate of the former one",
    LEAVES: "every node trusts both CAs, and has a certificate of the next one",
    DROP: "the CA is rotated: all nodes have certificates of the new one, and trust it alone",
}
"""What is true when all nodes are proven to be in a phase."""

LINES_OF_SIGNERS = {
    KEEP: "the signer stays: all nodes trust what they trusted before, and nothing else; the inventory has to have the former settings again",
    TRUST: "every node trusts the roots of both signers, and has a certificate of the former one",
    LEAVES: "every node trusts the roots of both signers, and has a certificate of the next one",
    DROP: "the signer is changed: all nodes have certificates of the new one, and trust its roots alone",
}
"""The same, from one signer to another."""
