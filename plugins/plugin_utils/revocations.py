# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificates of a cluster are revoked, and the lists that tell its nodes: what is in the cluster's directory of them.

``revoked.jsonl`` is the record, a line of JSON for each certificate, and its key with it: nodes refuse the keys, whoever signs (module
``beam_tls_revocation``). ``crl.pem`` holds a list for each CA of the cluster, signed by it, which nodes read at each handshake. A node
refuses everybody without a list that is in date, so that a list holds for long: it is brought to the nodes by us and fetched by nobody,
and a short time would only be one more thing that runs out.

Rules: RFC 5280, section 5 (lists), and X509_NAME_hash(3) (names of files in a directory of lists, which are OTP's in ``ssl_crl_hash_dir`` as well).
"""

from __future__ import annotations

import datetime
import hashlib
import re
import typing as t
from pathlib import Path

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout, node_files
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import certificate, der, pem
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import certificates, issued

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
except ImportError:
    pass  # certificates.CRYPTOGRAPHY_MISSING tells.

RECORD, LISTS = (layout.cluster("")[key] for key in ("revoked", "revocations"))

SHORTEST = datetime.timedelta(days=400)
"""The least time that a list holds for when it is made: a cluster that nobody touches for a year runs on."""

KEPT = SHORTEST
"""How long a certificate stays in lists after its end: a host whose clock is behind may still take it (RFC 5280, section 3.3)."""

_CLOCKS_APART = datetime.timedelta(hours=1)
_KEY = re.compile("[0-9a-f]{64}")
_SPACES = re.compile(r"[ \t\n\v\f\r]+")
_TEXTS = {0x0C: "utf-8", 0x13: "latin-1", 0x14: "latin-1", 0x16: "ascii", 0x1A: "latin-1", 0x1C: "utf-32-be", 0x1E: "utf-16-be"}
"""How the texts of a name are encoded, by their tags (ITU-T X.680)."""


class Asked(t.NamedTuple):
    """What a signer is asked to sign: a list of serial numbers, each with the time at which it was revoked, for each of its CAs. ``number`` rises with
    each list.
    """

    revoked: t.Mapping[int, datetime.datetime]
    number: int
    now: datetime.datetime
    until: datetime.datetime


def days(of_certificates: int) -> datetime.timedelta:
    """How long a list holds, by the days for which certificates are valid. It is renewed when half of that is over, so that it has at least as long
    left as a certificate of the same run, and never is what runs out first.
    """
    return max(datetime.timedelta(days=2 * of_certificates), SHORTEST)


def signed(authority: t.Any, key: t.Any, asked: Asked) -> str:
    """A list in PEM of the CA that has this certificate and this key."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.subject)
        .last_update(asked.now - _CLOCKS_APART)
        .next_update(asked.until)
        .add_extension(_identifier(authority), critical=False)
        .add_extension(x509.CRLNumber(asked.number), critical=False)
    )
    for serial, when in sorted(asked.revoked.items()):
        builder = builder.add_revoked_certificate(x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when).build())
    return str(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode("ascii"))


def _identifier(authority: t.Any) -> t.Any:
    try:
        own = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def authorities(text: str) -> list[t.Any]:
    """The certificates of CAs in PEM. Raises ValueError."""
    return x509.load_pem_x509_certificates(text.encode("ascii"))


def read(text: str, of: t.Sequence[t.Any]) -> dict[str, t.Any]:
    """The latest list of each CA in a text, by the CA's subject key in hexadecimal; lists that none of the CAs has signed are left out."""
    found: dict[str, t.Any] = {}
    for content in pem.contents(text, pem.REVOCATIONS):
        try:
            one = x509.load_der_x509_crl(content)
            signers = [each for each in of if one.issuer == each.subject and one.is_signature_valid(each.public_key())]
        except certificates.UNREADABLE:
            continue
        for authority in signers:
            former = found.get(_key(authority))
            if former is None or _number(former) < _number(one):
                found[_key(authority)] = one
    return found


def _key(authority: t.Any) -> str:
    return str(authority.fingerprint(hashes.SHA256()).hex())


def _number(one: t.Any) -> int:
    try:
        return int(one.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number)
    except x509.ExtensionNotFound:
        return 0


def serials(text: str) -> set[int]:
    """The serial numbers that lists in PEM hold, whoever signed them."""
    found: set[int] = set()
    for content in pem.contents(text, pem.REVOCATIONS):
        try:
            found.update(entry.serial_number for entry in x509.load_der_x509_crl(content))
        except certificates.UNREADABLE:
            continue
    return found


def faults(found: t.Any, text: str, revoked_keys: t.Collection[str]) -> list[str]:
    """What is wrong with the certificate that a host answered with, by lists in PEM and by revoked keys: a part of a sentence, or nothing."""
    seen = first(str(found.get("pem") or "")) if isinstance(found, t.Mapping) else None
    if seen is None:
        return []
    return ["its certificate was revoked"] if seen.key_digest in revoked_keys or seen.serial in serials(text) else []


def serial(text: str) -> str | None:
    """The serial number of the first certificate in PEM, as records have it; None where there is none that can be read."""
    seen = first(text)
    return None if seen is None else "%x" % seen.serial


def first(text: str) -> certificate.Certificate | None:
    """The first certificate in PEM; None where there is none that can be read."""
    contents = pem.contents(text[: certificates.LONGEST_PEM])
    try:
        return certificate.read(contents[0]) if contents else None
    except ValueError:
        return None


class Lists(t.NamedTuple):
    """What is known of the lists of a cluster's CAs: the ``former`` ones by CA, how many CAs there are, and the record of what is revoked."""

    former: t.Mapping[str, t.Any]
    authorities: int
    recorded: t.Sequence[t.Mapping[str, t.Any]]

    def wanted(self, now: datetime.datetime) -> dict[int, datetime.datetime]:
        """What lists have to hold: all that is recorded, until its end is long past, and what former lists hold that is in no record."""
        known = {int(entry["serial"], 16): entry for entry in self.recorded}
        found = {
            number: issued.moment(entry["revoked"]) for number, entry in known.items() if issued.moment(entry["not_after"]) > now - KEPT
        }
        for one in self.former.values():
            found.update({entry.serial_number: entry.revocation_date_utc for entry in one if entry.serial_number not in known})
        return found

    def reasons(self, lifetime: datetime.timedelta, now: datetime.datetime) -> list[str]:
        """Why new lists have to be made, as the rest of a sentence; empty if those there are do."""
        wanted = set(self.wanted(now))
        found = []
        if len(self.former) < self.authorities:
            found.append("there is none")
        if any({entry.serial_number for entry in one} != wanted for one in self.former.values()):
            found.append("other certificates are revoked than are in it")
        if any(_left(one, now) < lifetime / 2 for one in self.former.values()):
            found.append("more than half of its time is over")
        return found

    def asked(self, lifetime: datetime.timedelta, now: datetime.datetime) -> Asked:
        """What is to be signed. The number is the time, or one more than that of the former list: it rises also where a former list was lost."""
        number = max([int(now.timestamp()), *(_number(one) + 1 for one in self.former.values())])
        return Asked(self.wanted(now), number, now, now + lifetime)


def _left(one: t.Any, now: datetime.datetime) -> datetime.timedelta:
    return t.cast(datetime.timedelta, one.next_update_utc - now) if one.next_update_utc is not None else KEPT


def recorded(directory: Path) -> list[dict[str, t.Any]]:
    """The record of what is revoked. Raises OSError."""
    return issued.entries(directory / RECORD, ("serial", "not_after", "revoked"))


def record(directory: Path, entries: t.Iterable[t.Mapping[str, t.Any]], now: datetime.datetime) -> None:
    """Adds certificates, as the record of those that were issued has them, to those that are revoked. Raises OSError."""
    for entry in entries:
        issued.append(directory / RECORD, {**entry, "revoked": issued.time(now)})


def keys(places: t.Mapping[str, str]) -> list[str]:
    """The digests of the keys that nodes refuse, by the layout of a cluster: those of all revoked certificates, until their end is long past.

    Raises InputError.
    """
    try:
        entries = recorded(Path(places["revoked"]).parent)
    except OSError as error:
        raise InputError(
            "holds %s, which cannot be read on the controller (%s)" % (RECORD, error.strerror), "correct its permissions"
        ) from None
    now = datetime.datetime.now(datetime.timezone.utc)
    kept = [entry for entry in entries if issued.moment(entry["not_after"]) > now - KEPT]
    return sorted({entry["key"] for entry in kept if _KEY.fullmatch(str(entry.get("key")))})


def of_node(text: str, needed: bool, revoked_keys: t.Sequence[str]) -> node_files.Revoked:
    """What a node refuses, from lists in PEM, whether it needs them, and revoked keys. Raises ValueError for what is no list."""
    return node_files.Revoked(files(text) if needed else {}, needed, revoked_keys)


def to_revoke(
    entries: t.Iterable[t.Mapping[str, t.Any]], known: t.Iterable[t.Mapping[str, t.Any]], nodes: t.Collection[str], now: datetime.datetime
) -> list[t.Mapping[str, t.Any]]:
    """Those of the issued certificates that are still good, are of these nodes (names), and are not revoked yet.

    Of one that was written down anew with its key that entry counts.
    """
    entries = list(entries)
    keyed = {entry.get("digest") for entry in entries if "key" in entry}
    entries = [entry for entry in entries if "key" in entry or entry.get("digest") not in keyed]
    done = {_same(entry) for entry in known}
    return [entry for entry in entries if entry["node"] in nodes and _same(entry) not in done and issued.moment(entry["not_after"]) > now]


def _same(entry: t.Mapping[str, t.Any]) -> tuple[str, str]:
    """What tells certificates apart: two CAs may have given the same serial number. With the key, as a former version wrote none down."""
    return str(entry.get("digest") or entry["serial"]), str(entry.get("key") or "")


def files(text: str) -> dict[str, str]:
    """The lists in a text, each with the name of its file in a directory of lists: the hash of its issuer's name, and a number.

    Raises ValueError for what is no list.
    """
    found: dict[str, str] = {}
    for content in pem.contents(text, pem.REVOCATIONS):
        one = x509.load_der_x509_crl(content)
        label = name_hash(one.issuer.public_bytes())
        number = sum(name.startswith(label) for name in found)
        found["%s.r%d" % (label, number)] = one.public_bytes(serialization.Encoding.PEM).decode("ascii")
    return found


def name_hash(name: bytes) -> str:
    """The hash of a distinguished name in DER as X509_NAME_hash(3) has it: of its parts in canonical form, texts in lower case with single spaces."""
    parts = b""
    for relative in der.elements(der.only(name, der.SEQUENCE)):
        canonical = []
        for attribute in der.elements(relative.content):
            kind, value = der.elements(attribute.content)
            canonical.append(der.encoded(der.SEQUENCE, der.encoded(*kind), der.encoded(*_canonical(value))))
        parts += der.encoded(relative.tag, *sorted(canonical))
    return hashlib.sha1(parts, usedforsecurity=False).digest()[3::-1].hex()


def _canonical(value: der.Element) -> tuple[int, bytes]:
    if value.tag not in _TEXTS:
        return value.tag, value.content
    text = _SPACES.sub(" ", value.content.decode(_TEXTS[value.tag]).strip(" \t\n\v\f\r"))
    return 0x0C, re.sub("[A-Z]+", lambda match: match[0].lower(), text).encode("utf-8")
