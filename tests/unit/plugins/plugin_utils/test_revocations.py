# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificates are revoked, and when lists of them have to be made anew."""

from __future__ import annotations

import datetime
import typing as t
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import certificate
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import issued, revocations
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers import contract, private_ca
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
DAY = datetime.timedelta(days=1)
LIFETIME = revocations.days(90)


def authority(name: str = "CA of Erlang cluster guard", identifier: bool = True) -> private_ca.Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), NOW - DAY, NOW + 3650 * DAY)
    if identifier:
        builder = builder.add_extension(x509.SubjectKeyIdentifier(b"its own, and no digest"), critical=False)
    return private_ca.Authority(builder.sign(key, hashes.SHA256()), key)


CA = authority()


def entry(serial: int, node: str = "guard@dave", days: int = 60, **further: str) -> dict[str, t.Any]:
    return {"host": "dave", "node": node, "serial": "%x" % serial, "not_after": issued.time(NOW + days * DAY), **further}


def revoked(serial: int, days: int = 60) -> dict[str, t.Any]:
    return entry(serial, days=days, revoked=issued.time(NOW - DAY))


def lists(text: str = "", recorded: t.Sequence[t.Mapping[str, t.Any]] = (), ca: private_ca.Authority = CA) -> revocations.Lists:
    return revocations.Lists(revocations.read(text, [ca.certificate]), 1, recorded)


def made(*recorded: t.Mapping[str, t.Any], now: datetime.datetime = NOW, ca: private_ca.Authority = CA) -> str:
    return ca.revocation_lists(lists("", recorded, ca).asked(LIFETIME, now))


@pytest.mark.parametrize("ca", [CA, authority(identifier=False)])
def test_a_list_is_signed_by_the_ca_and_names_its_key(ca: private_ca.Authority) -> None:
    assert isinstance(ca, contract.Revoker)
    one = x509.load_pem_x509_crl(made(revoked(77), ca=ca).encode())
    assert one.is_signature_valid(ca.certificate.public_key()) and [found.serial_number for found in one] == [77]
    assert one.next_update_utc == NOW + 400 * DAY and one.last_update_utc < NOW
    named = one.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert named.key_identifier == (
        b"its own, and no digest" if ca is CA else x509.SubjectKeyIdentifier.from_public_key(ca.key.public_key()).digest
    )


def test_there_is_a_list_of_each_ca_while_one_takes_the_place_of_the_other() -> None:
    following = authority("CA of Erlang cluster guard 2")
    text = CA._replace(other=following).revocation_lists(lists("", [revoked(77)]).asked(LIFETIME, NOW))
    found = revocations.read(text, [CA.certificate, following.certificate])
    assert len(found) == 2 and all([entry.serial_number for entry in one] == [77] for one in found.values())
    assert len({name.partition(".")[0] for name in revocations.files(text)}) == 2, "they are looked for by the names of their CAs"
    both = revocations.Lists(revocations.read(made(), [CA.certificate, following.certificate]), 2, [])
    assert both.reasons(LIFETIME, NOW) == ["there is none"]


def test_a_list_holds_for_longer_than_a_certificate_of_the_same_run() -> None:
    assert revocations.days(90) == 400 * DAY and revocations.days(825) == 1650 * DAY
    assert all(revocations.days(days) / 2 >= days * DAY for days in (1, 90, 200, 398, 3650))


def test_a_new_list_is_made_where_the_former_one_does_not_do() -> None:
    assert lists().reasons(LIFETIME, NOW) == ["there is none"]
    text = made(revoked(77))
    assert lists(text, [revoked(77)]).reasons(LIFETIME, NOW) == []
    assert lists(text, [revoked(77), revoked(78)]).reasons(LIFETIME, NOW) == ["other certificates are revoked than are in it"]
    assert lists(text, [revoked(77)]).reasons(LIFETIME, NOW + 199 * DAY) == []
    assert lists(text, [revoked(77)]).reasons(LIFETIME, NOW + 201 * DAY) == ["more than half of its time is over"]
    assert lists(text, [revoked(77)], authority()).reasons(LIFETIME, NOW) == ["there is none"], "a list that another CA signed is none"
    assert lists("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n").reasons(LIFETIME, NOW) == ["there is none"]


def test_what_a_former_list_holds_stays_revoked_though_the_record_is_lost() -> None:
    text = made(revoked(77))
    assert lists(text).reasons(LIFETIME, NOW) == [] and set(lists(text, [revoked(78)]).wanted(NOW)) == {77, 78}


def test_a_certificate_leaves_the_lists_when_its_end_is_long_past() -> None:
    text = made(revoked(77, days=-399))
    assert set(lists(text, [revoked(77, days=-399)]).wanted(NOW)) == {77}
    assert lists(text, [revoked(77, days=-401)]).wanted(NOW) == {}


def test_the_number_of_a_list_rises_whatever_the_clock_says() -> None:
    text = made()
    for now in (NOW - 9 * DAY, NOW, NOW + DAY):
        assert lists(text).asked(LIFETIME, now).number > revocations._number(x509.load_pem_x509_crl(text.encode()))
    later = made(now=NOW + DAY)
    found = revocations.read(later + text, [CA.certificate])
    assert [one.next_update_utc for one in found.values()] == [NOW + 401 * DAY], "the latest counts"


def test_who_left_loses_all_certificates_that_are_still_good() -> None:
    known = [entry(1), entry(2, days=-1), entry(3, "guard@alpha"), entry(4)]
    found = revocations.to_revoke(known, [revoked(4)], {"guard@dave"}, NOW)
    assert [one["serial"] for one in found] == ["1"]


def test_the_record(tmp_path: Path) -> None:
    assert revocations.recorded(tmp_path) == []
    revocations.record(tmp_path, [entry(1), entry(2)], NOW)
    assert [(one["serial"], one["revoked"]) for one in revocations.recorded(tmp_path)] == [("1", issued.time(NOW)), ("2", issued.time(NOW))]


def test_the_names_of_files_are_those_that_openssl_gives() -> None:
    """As ``openssl crl -hash`` has it for this name, with a text that is brought into its canonical form."""
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CH"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, " My  \u00d6rg  Ltd "),
            x509.NameAttribute(NameOID.COMMON_NAME, "CA of Erlang cluster Guard"),
        ]
    )
    assert revocations.name_hash(name.public_bytes()) == "3e2cfc65"
    first, second = list(revocations.files(made() + made(revoked(77))))
    assert first[:-3] == second[:-3] == revocations.name_hash(CA.certificate.subject.public_bytes()) and (first[-3:], second[-3:]) == (
        ".r0",
        ".r1",
    )


def test_a_revoked_certificate_is_a_fault_of_a_host() -> None:
    own = CA.certificate.public_bytes(serialization.Encoding.PEM).decode()
    text = made(revoked(CA.certificate.serial_number))
    key = certificate.read(CA.certificate.public_bytes(serialization.Encoding.DER)).key_digest
    assert revocations.faults({"pem": own}, text, []) == revocations.faults({"pem": own}, "", [key]) == ["its certificate was revoked"]
    others = [({"pem": own}, made(), ["0" * 64]), (None, text, [key]), ({"pem": "nonsense"}, text, [key])]
    assert [revocations.faults(*each) for each in others] == [[], [], []]


def test_nodes_refuse_the_keys_of_revoked_certificates_until_their_end_is_long_past(tmp_path: Path) -> None:
    places = layout.cluster(str(tmp_path))
    entry = {"serial": "1", "key": "b" * 64, "revoked": issued.time(NOW), "not_after": issued.time(NOW)}
    long_past = {**entry, "key": "c" * 64, "not_after": issued.time(NOW - revocations.KEPT)}
    # A former version wrote no key down, and a file may be damaged.
    endless = {**entry, "key": "d" * 64, "not_after": "9999-12-31T23:59:59Z"}
    for each in (
        entry,
        entry,
        endless,
        {**entry, "key": "a" * 64},
        long_past,
        {**entry, "key": None},
        {**entry, "key": "}. {lists, false"},
    ):
        issued.append(tmp_path / "revoked.jsonl", each)
    assert revocations.keys(places) == ["a" * 64, "b" * 64, "d" * 64]
    (tmp_path / "revoked.jsonl").unlink()
    assert revocations.keys(places) == []
    (tmp_path / "revoked.jsonl").mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        revocations.keys(places)


def test_certificates_of_two_authorities_with_one_serial_number_are_told_apart() -> None:
    entry = {"node": "guard@dave", "serial": "1", "digest": "d1", "key": "k1", "not_after": issued.time(NOW + datetime.timedelta(days=1))}
    other = {**entry, "digest": "d2", "key": "k2"}
    assert revocations.to_revoke([entry, other], [entry], ["guard@dave"], NOW) == [other]
    # One that was revoked when no key was written down is revoked again, by its key.
    bare = {key: value for key, value in entry.items() if key != "key"}
    assert revocations.to_revoke([bare, entry], [bare], ["guard@dave"], NOW) == [entry]
    assert revocations.to_revoke([bare, entry], [], ["guard@dave"], NOW) == [entry]
    assert revocations.to_revoke([bare], [], ["guard@dave"], NOW) == [bare]
