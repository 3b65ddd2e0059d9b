# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which phase of a rotation comes when, and what shows that all nodes are in it."""

from __future__ import annotations

import datetime
import types
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.beam.tls_distribution.plugins.action import ca_rotation
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import certificate, pem
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import authorities, rotation
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.authorities import Rotation
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report import rotation_proof
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
SINCE = "2026-11-28T09:00:00Z"
PASSPHRASE = "correct horse"
SIGNING: dict[str, Any] = {"signer": "private_ca", "trust": []}
NODES = {name: {"node": "guard@%s.example.net" % name, "host": name + ".example.net"} for name in ("alpha", "bravo")}


def write_ca(name: str, key_path: str, certificate_path: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    times = (NOW - datetime.timedelta(days=1), NOW + datetime.timedelta(days=365))
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), *times)
    builder = builder.add_extension(x509.BasicConstraints(True, 0), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    encryption = serialization.BestAvailableEncryption(PASSPHRASE.encode())
    Path(key_path).write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption))
    Path(certificate_path).write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    found = layout.cluster(str(tmp_path))
    write_ca("CA of Erlang cluster guard", found["ca_key"], found["ca_certificate"])
    write_ca("CA 2 of Erlang cluster guard", found["next_ca_key"], found["next_ca_certificate"])
    return found


def ca(path: str) -> certificate.Certificate:
    return certificate.read(pem.contents(Path(path).read_text())[0])


@pytest.mark.parametrize(
    ("under_way", "proven", "back", "expected"),
    [
        (None, False, None, ("trust", False, False)),
        (("trust", False), False, None, ("trust", False, True)),
        (("trust", False), True, None, ("leaves", False, False)),
        (("leaves", False), True, None, ("drop", False, False)),
        (("drop", False), False, None, ("drop", False, True)),
        (("drop", False), True, None, (None, False, False)),
        # Turned back: to the phase that it came from, proven or not.
        (("trust", False), False, True, ("keep", True, False)),
        (("leaves", False), False, True, ("trust", True, False)),
        (("drop", False), False, True, ("leaves", True, False)),
        (("leaves", True), False, None, ("leaves", True, True)),
        (("leaves", True), True, True, ("trust", True, False)),
        (("trust", True), True, None, ("keep", True, False)),
        (("keep", True), True, None, (None, True, False)),
        # And forward again.
        (("keep", True), False, False, ("trust", False, False)),
        (("trust", True), False, False, ("leaves", False, False)),
    ],
)
def test_what_comes_next(under_way: Any, proven: bool, back: bool | None, expected: tuple[str | None, bool, bool]) -> None:
    found = rotation.step(under_way and Rotation(under_way[0], SINCE, under_way[1]), proven, back)
    assert found == expected


def test_where_it_stops() -> None:
    assert not rotation.ends(Rotation("trust", SINCE), None)
    assert rotation.ends(Rotation("trust", SINCE), "trust") and not rotation.ends(Rotation("trust", SINCE), "leaves")
    assert rotation.ends(Rotation("drop", SINCE), "leaves") and rotation.ends(Rotation("trust", SINCE, True), "leaves")
    assert not rotation.ends(Rotation("leaves", SINCE, True), "trust")


def test_each_ca_has_a_name_of_its_own(places: dict[str, str]) -> None:
    first, second = (Path(places[key]).read_text() for key in ("ca_certificate", "next_ca_certificate"))
    assert rotation.next_name(first, "guard") == "CA 2 of Erlang cluster guard"
    assert rotation.next_name(second, "guard") == "CA 3 of Erlang cluster guard"
    assert len(rotation.next_name(first, "g" * 80)) == 64


@pytest.mark.parametrize(("phase", "by"), [("trust", "next_ca_certificate"), ("leaves", "ca_certificate"), ("drop", "ca_certificate")])
def test_a_certificate_of_the_other_ca(places: dict[str, str], phase: str, by: str) -> None:
    assert rotation.trial_certificate(places, rotation.Passphrases(PASSPHRASE), "guard@alpha.example.net", "alpha.example.net", NOW) is None
    authorities.enter(places, phase, False, NOW)
    made = rotation.trial_certificate(places, rotation.Passphrases(PASSPHRASE), "guard@alpha.example.net", "alpha.example.net", NOW)
    assert made is not None and made[1].startswith(Path(places[by]).read_text()) and "PRIVATE KEY" in made[1]
    leaf = x509.load_pem_x509_certificate(made[0].encode())
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(Path(places[by]).read_bytes()))
    assert leaf.not_valid_after_utc - NOW == datetime.timedelta(days=1)


def identity(seen: certificate.Certificate) -> dict[str, Any]:
    return {
        "subject": seen.subject,
        "issuer": seen.issuer,
        "subject_key": seen.subject_key,
        "authority_key": seen.authority_key,
        "digest": seen.digest,
    }


def answers(trusted: list[certificate.Certificate], signs: certificate.Certificate, let_in: bool | None) -> dict[str, Any]:
    """What two hosts answer that are in a phase."""
    found = {}
    for name, other in (("alpha", "bravo"), ("bravo", "alpha")):
        own = {"subject": "CN=x", "issuer": signs.subject, "subject_key": "", "authority_key": signs.subject_key, "digest": name}
        peer = NODES[other]["node"]
        found[name] = {
            "edges": [{"to": peer, "ok": True, "stage": "cookie", "fault": None, "milliseconds": {}, "certificate_digest": other}],
            "walls": [{"to": peer, "wall": "foreign_ca", "held": None if let_in is None else not let_in, "detail": "seen", "stage": "tls"}],
            "findings": [],
            "facts": {
                "certificates": {side: [own] for side in ("server", "client")},
                "trust": {side: list(map(identity, trusted)) for side in ("server", "client")},
            },
        }
    return found


def held(places: dict[str, str], phase: str, given: dict[str, Any]) -> list[str]:
    entered = authorities.enter(places, phase, False, NOW)
    return rotation_proof.unproven({"nodes": NODES, "cluster": {"signing": SIGNING}}, given, entered, places, NOW)


def test_a_phase_is_proven_by_all_nodes(places: dict[str, str]) -> None:
    old, new = ca(places["ca_certificate"]), ca(places["next_ca_certificate"])
    wanted = {"keep": ([old], old, False), "trust": ([old, new], old, True), "leaves": ([old, new], new, True), "drop": ([new], new, False)}
    for phase, state in wanted.items():
        assert held(places, phase, answers(*state)) == []
        for other in {"keep", "trust", "leaves", "drop"} - {phase}:
            assert held(places, other, answers(*state)), (phase, other)


def test_what_the_user_trusts_besides_stays_trusted(places: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = ca(places["ca_certificate"]), ca(places["next_ca_certificate"])
    write_ca("root", str(tmp_path / "root.key"), str(tmp_path / "root.pem"))
    monkeypatch.setitem(SIGNING, "trust", [str(tmp_path / "root.pem")])
    assert held(places, "trust", answers([old, new, ca(str(tmp_path / "root.pem"))], old, True)) == []
    assert len(held(places, "trust", answers([old, new], old, True))) == 2


def test_what_keeps_a_phase_from_being_proven_is_named(places: dict[str, str]) -> None:
    old, new = ca(places["ca_certificate"]), ca(places["next_ca_certificate"])
    well = answers([old, new], old, True)
    assert held(places, "trust", {"alpha": well["alpha"]}) == [
        "bravo: it could not be asked, so that nothing is known of its certificate; see what this run says of it above."
    ]
    assert held(places, "trust", {**well, "bravo": answers([old], old, True)["bravo"]}) == [
        "bravo: guard@bravo.example.net does not trust CN=CA 2 of Erlang cluster guard yet."
    ]
    (said,) = held(places, "trust", {**well, "bravo": answers([old, new], old, False)["bravo"]})
    assert said == "bravo: guard@alpha.example.net refuses who shows a certificate of the other CA (seen)."
    (said,) = held(places, "leaves", {**answers([old, new], new, True), "bravo": well["bravo"]})
    assert said == (
        "bravo: the certificate of guard@bravo.example.net is of CN=CA of Erlang cluster guard, and not of CN=CA 2 of Erlang cluster guard."
    )
    (said,) = held(places, "drop", {**answers([new], new, False), "bravo": answers([new], new, None)["bravo"]})
    assert "is not known to refuse" in said
    broken = answers([old, new], old, True)
    broken["bravo"]["edges"][0].update(ok=False, fault={"id": "x", "cause": "Nobody is there.", "remedy": "See."})
    assert held(places, "trust", broken) == ["bravo: it cannot connect with guard@alpha.example.net: Nobody is there."]


def test_the_steps_of_a_whole_rotation(places: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the playbook takes them: there, then half of the way and back."""
    old, new = ca(places["ca_certificate"]), ca(places["next_ca_certificate"])
    monkeypatch.setattr(ActionBase, "run", lambda *_arguments: {})
    base = {
        "topology": {"cluster": {"name": "guard", "layout": places, "signing": SIGNING}, "nodes": NODES},
        "answers": {},
        "proven": False,
        "until": None,
        "back": None,
    }

    def act(state: str, **given: Any) -> dict[str, Any]:
        action = object.__new__(ca_rotation.ActionModule)
        monkeypatch.setattr(action, "validate_argument_spec", lambda _spec: (None, {**base, "state": state, **given}), raising=False)
        action._task = types.SimpleNamespace(check_mode=False)
        found: dict[str, Any] = action.run(None, {})
        return found

    with pytest.raises(AnsibleActionFail, match="nothing to turn back"):
        act("begun", back=True)
    kept = {key: Path(places[key]).read_bytes() for key in ("next_ca_key", "next_ca_certificate")}
    assert act("begun")["name"] == "CA 2 of Erlang cluster guard"
    # What was there was of a rotation that never began.
    assert not any(Path(places[key]).exists() for key in kept)
    for key, content in kept.items():
        Path(places[key]).write_bytes(content)
    assert [act("entered")["phase"], act("entered", proven=True)["phase"]] == ["trust", "leaves"]
    assert act("begun")["makes"] is False and act("entered")["changed"] is False
    failed = act("proven", answers=answers([old, new], old, True))
    assert failed["failed"] and "goes no further" in failed["msg"] and "erlang_certs_rotate_back=true" in failed["msg"]
    assert act("proven", answers=answers([old, new], new, True)).get("failed") is None
    assert act("entered", proven=True, until="leaves")["ended"] and authorities.rotation(places) is not None
    back = act("entered", back=True)
    assert (back["phase"], back["issues"]) == ("trust", True)
    assert act("entered", proven=True, back=True)["phase"] == "keep"
    assert "as before" in act("entered", proven=True, back=True)["msg"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ca.key", "ca.pem"] and ca(places["ca_certificate"]) == old
