# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of the certificates of all nodes, and what of it needs a person."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report import certificate_table
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
TOPOLOGY = {"nodes": {host: {"node": "guard@%s.example.net" % host} for host in ("alpha", "bravo")}}
HOSTS = ["alpha", "bravo"]


def answer(host: str, *met: str, days: float = 80, **changes: Any) -> dict[str, Any]:
    """What a host answers whose certificate has the digest of its name, and that was shown these digests by the other one."""
    own = {
        "subject": "CN=guard@" + host,
        "issuer": "CN=CA of guard",
        "subject_key": "",
        "authority_key": "",
        "digest": host,
        "serial": "2a",
        "not_before": 0,
        "not_after": NOW.timestamp() + days * 86400,
    }
    other = "guard@%s.example.net" % ("bravo" if host == "alpha" else "alpha")
    edges = [
        {"to": other, "ok": True, "stage": "cookie", "fault": None, "milliseconds": {}, "certificate_digest": digest}
        for digest in met or [None]
    ]
    return {"edges": edges, "findings": [], "facts": {"certificates": {"server": [own], "client": [own]}}, **changes}


def found(alpha: dict[str, Any] | None, bravo: dict[str, Any] | None) -> list[certificate_table.Row]:
    answers = {host: given for host, given in (("alpha", alpha), ("bravo", bravo)) if given is not None}
    return certificate_table.rows(TOPOLOGY, HOSTS, answers, NOW)


WELL = (answer("alpha", "bravo"), answer("bravo", "alpha"))


def test_all_is_well() -> None:
    rows = found(*WELL)
    assert certificate_table.needs(rows, 30) == [] and certificate_table.not_shown(rows) == []
    head, alpha, _bravo = certificate_table.table(rows)
    assert head.split()[:3] == ["HOST", "NODE", "SERIAL"]
    assert alpha.split() == ["alpha", "guard@alpha.example.net", "2a", "80", "2026-03-22", "CN=CA", "of", "guard", "yes", "the", "CA"]
    assert (
        certificate_table.line(rows, [], 30)
        == "certificates: 2 of 2 nodes show theirs to their peers, none is due, the first ends in 80 days"
    )
    assert "renewed that of alpha and bravo" in certificate_table.line(rows, HOSTS, 30)


@pytest.mark.parametrize(
    ("alpha", "bravo", "said"),
    [
        (None, WELL[1], ["alpha: it could not be asked"]),
        (answer("alpha", "bravo", days=29.5), WELL[1], ["alpha: the certificate of guard@alpha.example.net has 29 days left"]),
        (answer("alpha", "bravo", days=-1), WELL[1], ["alpha: the certificate of guard@alpha.example.net expired on 2025-12-31"]),
        (answer("alpha", "former"), WELL[1], ["bravo: guard@bravo.example.net shows its peers another certificate"]),
        (answer("alpha", "bravo", "former"), WELL[1], ["bravo: guard@bravo.example.net shows its peers another certificate"]),
        (answer("alpha"), WELL[1], ["bravo: no peer was shown"]),
        (answer("alpha", "bravo", facts={}), WELL[1], ["alpha: it has no certificate"]),
        (
            answer("alpha", "bravo", findings=[{"id": "trust-beyond-cluster", "cause": "", "remedy": ""}]),
            WELL[1],
            ["alpha: guard@alpha.example.net trusts others"],
        ),
        ({"edges": "none of that shape"}, WELL[1], ["alpha: it could not be asked"]),
    ],
)
def test_what_needs_a_person(alpha: dict[str, Any] | None, bravo: dict[str, Any], said: list[str]) -> None:
    sentences = certificate_table.needs(found(alpha, bravo), 30)
    assert len(sentences) == len(said)
    assert all(sentence.startswith(begin) for sentence, begin in zip(sentences, said)), sentences


def test_a_node_that_no_peer_is_there_to_try() -> None:
    """Alone in its cluster, or the only one that the run is limited to."""
    rows = certificate_table.rows({"nodes": {"alpha": TOPOLOGY["nodes"]["alpha"]}}, ["alpha"], {"alpha": answer("alpha", edges=[])}, NOW)
    assert certificate_table.needs(rows, 30) == [] and rows[0]["shown"] == certificate_table.NOT_TRIED


def test_what_is_due_is_named_and_in_check_mode_no_need() -> None:
    rows = found(answer("alpha", "bravo", days=10), WELL[1])
    assert "that of alpha is due" in certificate_table.line(rows, [], 30)
    assert "renewed that of bravo, that of alpha is due" in certificate_table.line(rows, ["bravo"], 30)
    assert len(certificate_table.needs(rows, 30)) == 1 and certificate_table.needs(rows, 0) == []


def test_what_a_host_says_of_itself_steers_no_terminal() -> None:
    lying = answer("alpha", "bravo")
    lying["facts"]["certificates"]["server"][0]["issuer"] = "\x1b[2J" + "x" * 500
    shown = "\n".join(certificate_table.table(found(lying, WELL[1])))
    assert "\x1b" not in shown and "x" * 100 not in shown


def test_a_host_does_not_say_what_its_peers_saw() -> None:
    """Alpha says that its certificate is bravo's idea of it; what counts is what bravo was shown."""
    assert certificate_table.not_shown(found(answer("alpha", "bravo"), answer("bravo", "something else"))) == ["alpha"]


def revoked(name: str, begins: int, ends: int) -> str:
    """An empty list of revoked certificates of a CA, with the days at which it begins and ends, from now on."""
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateRevocationListBuilder(issuer, NOW + datetime.timedelta(days=begins), NOW + datetime.timedelta(days=ends))
    return builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.parametrize(
    ("begins", "ends", "said"),
    [
        (-100, 1500, None),
        (-1200, 400, None),
        (-1201, 399, "runs out on 2027-02-04"),
        (-1610, -10, "ran out on 2025-12-22"),
    ],
)
def test_lists_of_revoked_certificates(begins: int, ends: int, said: str | None) -> None:
    lists = certificate_table.lists(revoked("former CA", -10, 1600) + revoked("CA of guard", begins, ends), NOW)
    assert [row["issuer"] for row in lists] == ["CN=CA of guard", "CN=former CA"]
    until = (NOW + datetime.timedelta(days=ends)).strftime("%Y-%m-%d")
    assert certificate_table.line(found(*WELL), [], 30, lists).endswith("80 days, lists of revoked ones hold until " + until)
    needs = certificate_table.list_needs(lists)
    assert (needs == []) if said is None else (len(needs) == 1 and "of the CA CN=CA of guard " + said in needs[0]), needs
