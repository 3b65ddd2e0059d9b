# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps a certificate from serving a node, and what it allows or says beyond that: the one set of rules, for hosts and for the
controller. Pure.

That a certificate was signed by a CA that is trusted is decided by the TLS library; what is found here can only make that stricter,
as OTP is in much. The rules of ``fault_of`` are held against OTP in tests/oracle; where its releases differ, that of the strictest is
the rule, as nodes of each may be peers. Those of ``departures`` are what the cluster's CA gives its nodes (RFC 5280: basic constraints 4.2.1.9, key
usage 4.2.1.3, extended key usage 4.2.1.12, validity 4.1.2.5).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.certificate import (
    ANY_PURPOSE,
    SIGNATURES,
    USAGES,
    Certificate,
    Revocations,
)

_GOES_WITH = {
    "clientAuth": ("digitalSignature", "keyAgreement"),
    "serverAuth": ("digitalSignature", "keyAgreement", "keyEncipherment"),
    "codeSigning": ("digitalSignature",),
}
"""The key usages one of which has to be there with an extended one (RFC 5280, section 4.2.1.12, as OTP 27 reads it)."""

_SERVING = ("RSA", "P-256", "P-384", "P-521", "Ed25519")
"""Keys with which nodes of every OTP, and what is not OTP, know each other by in TLS 1.3."""

NAMED, LONGEST_NAME = 5, 255
"""How many names of a certificate are told, and how much of each."""

NAMELESS = "it has no subject alternative name"

SIDES = {"server": "serverAuth", "client": "clientAuth"}
"""The sides of a connection, and the extended key usage that a certificate needs there (RFC 5280, section 4.2.1.12)."""


def fault_of(
    seen: Certificate,
    host: str,
    side: str,
    now: datetime,
    lists: Sequence[Revocations] = (),
    chain: Sequence[Certificate] = (),
    revoked_keys: Collection[str] = (),
) -> tuple[str, str] | None:
    """Return what keeps a certificate, and those that come behind it, from serving a node of host on a side (one of SIDES),
    in the word of the catalogue and with its detail; None if nothing does. Whether a CA is trusted is not looked at. ``revoked_keys`` are digests.
    """
    if now > seen.not_after:
        return "expired", "it ended on %s UTC" % seen.not_after.strftime("%Y-%m-%d %H:%M")
    if now < seen.not_before:
        return "not-yet-valid", "it begins on %s UTC" % seen.not_before.strftime("%Y-%m-%d %H:%M")
    if any(seen.serial in revoked.serials for revoked in lists if revoked.issuer == seen.issuer):
        return "revoked", "its serial number %x is in the revocation list" % seen.serial
    key = key_fault(seen, revoked_keys)
    if key is not None:
        return key
    if not any(_covers(name, host) for name in seen.names):
        if not seen.names and seen.common_name is not None and _covers(seen.common_name, host):
            return "common-name-only", NAMELESS
        return "name", "it is for %s" % (_shown(seen.names) or _shown([seen.common_name or ""]) or "no name at all")
    if seen.purposes is not None and SIDES[side] not in seen.purposes:
        allowed = ", ".join(seen.purposes) or "something else"
        return "purpose", "it is for %s, and the %s needs %s" % (allowed, side, SIDES[side])
    return form_fault(seen, chain) or _path_fault(seen, side, chain, now)


def key_fault(seen: Certificate, revoked_keys: Collection[str]) -> tuple[str, str] | None:
    """Return that the key of a certificate is revoked, in the word of the catalogue and with its detail; None if it is not among these digests."""
    return ("revoked", "its key is among the revoked ones") if seen.key_digest in revoked_keys else None


def form_fault(seen: Certificate, chain: Sequence[Certificate]) -> tuple[str, str] | None:
    """Return what of a certificate's form, and of those that come behind it, keeps a node of some OTP from taking it,
    whatever names it has and whatever its dates are; None if nothing does.
    """
    if seen.own_issuer:
        return "unknown-ca", "it has signed itself"
    if not seen.names and seen.common_name is not None:
        return "common-name-only", NAMELESS
    if seen.key not in _SERVING:
        return "algorithm", "its key is %s, and nodes take %s" % (seen.key, ", ".join(_SERVING))
    for one in (seen, *path_of(seen, chain)):
        if one.signature not in SIGNATURES.values() and not one.own_issuer:
            return "algorithm", "%s is signed by the algorithm %s" % (one.subject or "it", one.signature)
        if one is not seen and not one.own_issuer and not _may_issue(one):
            return "chain", "%s in it may not issue certificates" % one.subject
        if one.critical and not one.own_issuer:
            return "extension", "%s has the critical extension %s" % (one.subject or "it", ", ".join(one.critical))
    return _usage_fault(seen) or _chain_fault(seen, chain)


def path_of(seen: Certificate, chain: Sequence[Certificate]) -> list[Certificate]:
    """Return those of the certificates that come behind one that lead to its root, in order."""
    found: list[Certificate] = []
    last = seen
    while not last.own_issuer:
        issuer = next((one for one in chain if last.issued_by(one) and one not in found), None)
        if issuer is None:
            break
        found.append(issuer)
        last = issuer
    return found


def excess_of(seen: Certificate, host: str) -> str | None:
    """Return what a certificate allows beyond being the node of one host, in words; None if nothing."""
    names = _shown([name for name in (*seen.names, *seen.other_names) if name.lower() != host.lower()])
    found = ["to act as a CA"] if seen.authority else []
    found += ["to issue certificates or revocation lists"] if {"keyCertSign", "cRLSign"} & (seen.usages or set()) else []
    found += ["to act for " + names] if names else []
    purposes = {ANY_PURPOSE} if seen.purposes is None else set(seen.purposes) - set(SIDES.values())
    found += ["any purpose" if ANY_PURPOSE in purposes else "the purposes " + ", ".join(sorted(purposes))] if purposes else []
    return "it allows " + "; ".join(found) if found else None


def _shown(names: Sequence[str], last: str = ", ") -> str:
    """Return names that somebody else chose: a few of them, cut, and nothing in them that is not printed."""
    cut = ["".join(letter if letter.isprintable() else "?" for letter in name[:LONGEST_NAME]) for name in names[:NAMED]]
    more = len(names) - NAMED
    told = last.join([", ".join(cut[:-1]), cut[-1]]) if len(cut) > 1 and more <= 0 else ", ".join(cut)
    return told + (" and %d more" % more if more > 0 else "")


def _may_issue(seen: Certificate) -> bool:
    return seen.version < 3 or (seen.authority and (seen.usages is None or "keyCertSign" in seen.usages))


def _usage_fault(seen: Certificate) -> tuple[str, str] | None:
    if seen.usages is None or seen.version < 3:
        return None
    told = ", ".join(usage for usage in USAGES if usage in seen.usages) or "nothing"
    if "keyCertSign" in seen.usages and not seen.authority:
        return "usage", "its key usage is %s, and it is no CA" % told
    purposes = seen.purposes or []
    for purpose in [] if ANY_PURPOSE in purposes else purposes:
        wanted = _GOES_WITH.get(purpose, ())
        if wanted and not seen.usages & set(wanted):
            return "usage", "its key usage is %s, which does not go with %s" % (told, purpose)
    return None


def _chain_fault(seen: Certificate, chain: Sequence[Certificate]) -> tuple[str, str] | None:
    """OTP 27 takes a stranger only behind an issuer, OTP 25 a root only behind the others that lead to it."""
    path = path_of(seen, chain)
    if chain and not path:
        return "chain", "behind it comes %s, which has not issued it" % (chain[0].subject or "a certificate without a name")
    places = [chain.index(one) for one in path]
    if path and path[-1].own_issuer and places[-1] < max(places):
        return "chain", "its root, %s, comes before the CA that it has issued" % path[-1].subject
    return None


def _path_fault(seen: Certificate, side: str, chain: Sequence[Certificate], now: datetime) -> tuple[str, str] | None:
    for one in path_of(seen, chain):
        if one.purposes is not None and SIDES[side] not in one.purposes and not one.own_issuer:
            return "purpose", "that of its CA %s is for %s, and the %s needs %s" % (
                one.subject, ", ".join(one.purposes), side, SIDES[side],
            )  # fmt: skip
        if now > one.not_after:
            return "expired", "that of its CA %s ended on %s UTC" % (one.subject, one.not_after.strftime("%Y-%m-%d %H:%M"))
        if now < one.not_before:
            return "not-yet-valid", "that of its CA %s begins on %s UTC" % (
                one.subject, one.not_before.strftime("%Y-%m-%d %H:%M"),
            )  # fmt: skip
    return None


def _covers(name: str, host: str) -> bool:
    """Names are compared without case. A wildcard covers nothing: nodes take none."""
    return name.lower() == host.lower()


LIST_LEFT = 0.2
"""The share of the time that a revocation list holds for, of which so much or less is left when it counts as running out."""


def list_fault(lists: Sequence[Revocations], authorities: Sequence[Certificate], now: datetime) -> tuple[str, str] | None:
    """Return what is wrong with the revocation lists that a node holds certificates of its CAs against, in the word of the catalogue
    and with its detail; None if nothing is. A node refuses every certificate of a CA whose list is not there or out of date
    (RFC 5280, section 5.1.2.5; ssl, option ``crl_check``).
    """
    found = None
    for name in dict.fromkeys(authority.subject for authority in authorities):
        mine = [each for each in lists if each.issuer == name]
        if not mine:
            return "missing", "there is none of %s" % name
        last = max(mine, key=lambda each: each.this_update)
        if last.next_update is None:
            continue
        told = "that of %s holds until %s UTC" % (name, last.next_update.strftime("%Y-%m-%d %H:%M"))
        if now > last.next_update:
            return "expired", told
        if last.next_update - now <= LIST_LEFT * (last.next_update - last.this_update):
            found = found or ("expiring", told)
    return found


LAST_PART = 4
"""A certificate that has less of its time left than one part of so many has not been renewed when it should have been."""


def overdue_from(begins: datetime, ends: datetime) -> datetime:
    """Return the time from which a certificate should have been renewed: when the last quarter of its time begins.

    That needs no setting, so that a host knows by the certificate alone, whoever issued it and for how long.
    """
    return ends - (ends - begins) / LAST_PART


def is_overdue(begins: datetime, ends: datetime, now: datetime) -> bool:
    """Tell whether a certificate should have been renewed by now, be it at its end or not."""
    return now > overdue_from(begins, ends)


def told_of_lists(lists: Sequence[Revocations], now: datetime) -> list[str]:
    """Return a phrase on each revocation list of a node, and on there being none."""
    if not lists:
        return ["there is no list of revoked certificates, and the node takes none"]
    return [_told_of(each, now) for each in lists]


def _told_of(each: Revocations, now: datetime) -> str:
    count = "%d certificate%s of %s" % (len(each.serials), "" if len(each.serials) == 1 else "s", each.issuer)
    if each.next_update is None:
        return count
    if now > each.next_update:
        return "%s; the list ended on %s, and the node takes no certificate" % (count, each.next_update.date())
    return "%s, the list holds for %d days" % (count, (each.next_update - now).days)


class Profile(NamedTuple):
    """What a node is given: a certificate for its name and its host part, valid for so many days. One counts as
    expiring so many days before its end.

    ``exact`` is whether it is word for word what the cluster's own CA gives. Who else signs has rules of its own: then it has to serve the node, and
    to allow nothing beyond.
    """

    node: str
    host: str
    days: int
    renew_before_days: int
    exact: bool = True


CLOCKS_APART = timedelta(days=1)
"""What the clocks of two controllers may differ by."""

LONGEST_COMMON_NAME = 64
"""Characters of a common name (RFC 5280, appendix A.1, ub-common-name)."""

_GIVEN_EXTENSIONS = ("2.5.29.14", "2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.35", "2.5.29.37")
"""Extensions of what the CA gives: key identifiers, key usage, alternative names, basic constraints, extended key usage."""


def departures(seen: Certificate, wanted: Profile, now: datetime, chain: Sequence[Certificate] = ()) -> list[tuple[str, str]]:
    """Return what keeps a certificate, behind which a chain comes, from being what a node is to be given, each in a word and as a
    phrase that goes on from "its certificate"; none if it is that. What keeps it from serving the node (``fault_of``) is among it.
    """
    found = dict(_further(seen, wanted) if wanted.exact else _beyond(seen, wanted.host))
    found.update(_time_departures(seen, wanted, now))
    for side in SIDES:
        fault = fault_of(seen, wanted.host, side, now, (), chain)
        if fault is not None and fault[0] not in found:
            found[fault[0]] = ("has a chain that serves no node: " if fault[0] == "chain" else "does not serve a node: ") + fault[1]
    return list(found.items())


def _beyond(seen: Certificate, host: str) -> Iterator[tuple[str, str]]:
    excess = excess_of(seen, host)
    if excess is not None:
        yield "excess", excess.partition(" ")[2] + ", which no node needs"


def _further(seen: Certificate, wanted: Profile) -> Iterator[tuple[str, str]]:
    if seen.subject != "CN=" + wanted.node[:LONGEST_COMMON_NAME]:
        yield "subject", "has another subject than %s" % wanted.node
    if seen.key != "P-256":
        yield "algorithm", "is for a key of another kind than ECDSA with P-256"
    if seen.authority:
        yield "authority", "is that of a CA, so that it could issue others"
    # One without the extension may be used for everything (RFC 5280, section 4.2.1.3).
    usages = seen.usages if seen.usages is not None else set(USAGES) - {"encipherOnly", "decipherOnly"}
    if "digitalSignature" not in usages:
        yield "no-signature", "lacks the key usage digitalSignature"
    more = sorted(usages - {"digitalSignature"})
    if more:
        yield "usage", "allows its key more than a node needs (%s)" % ", ".join(more)
    yield from _name_departures(seen, wanted.host)
    if seen.purposes is None or set(SIDES.values()) - set(seen.purposes):
        yield "purpose", "lacks the extended key usage of a server and a client"
    elif set(seen.purposes) - set(SIDES.values()):
        yield "purposes", "has more extended key usages than those of a server and a client"
    strange = sorted(set(seen.extensions) - set(_GIVEN_EXTENSIONS))
    if strange:
        yield "extension", "has an extension that no node needs (%s)" % ", ".join(strange)


def _name_departures(seen: Certificate, host: str) -> Iterator[tuple[str, str]]:
    own = [name for name in seen.names if _covers(name, host)]
    others = [name for name in (*seen.names, *seen.other_names) if not _covers(name, host)]
    if not own:
        yield "name", "is not for %s" % host
    elif others:
        yield "names", "is also for %s" % _shown(others, " and ")
    elif len(own) > 1:
        yield "names", "has its name more than once"


def _time_departures(seen: Certificate, wanted: Profile, now: datetime) -> Iterator[tuple[str, str]]:
    left = seen.not_after - now
    if seen.not_before > now:
        yield "not-yet-valid", "is not valid before %s" % seen.not_before.date()
    elif left <= timedelta(0):
        yield "expired", "expired on %s" % seen.not_after.date()
    elif left < timedelta(days=wanted.renew_before_days):
        yield "expiring", "expires in %d days" % left.days
    elif left > timedelta(days=wanted.days) + CLOCKS_APART:
        yield "too-long", "is valid for %d days more, and one may be for %d" % (left.days, wanted.days)
