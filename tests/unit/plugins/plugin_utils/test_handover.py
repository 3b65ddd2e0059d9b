# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From one signer to another: what is remembered of the former, and what each phase makes of the topology."""

from __future__ import annotations

import datetime
import json
import types
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.beam.tls_distribution.plugins.action import ca_rotation
from ansible_collections.beam.tls_distribution.plugins.filter.certificate import certificate_state
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import certificate, pem
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import authorities, certificates, handover, issued, rotation
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report import rotation_proof
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers import trust_files
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
PASSPHRASE = "correct horse"
NODES = {name: {"node": "guard@%s.example.net" % name, "host": name + ".example.net"} for name in ("alpha", "bravo")}
GIVEN = {"exact": True, "own": None}
PEM = serialization.Encoding.PEM


def later() -> datetime.datetime:
    """When something is issued behind the phase that the test has entered just now."""
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(seconds=5)


class Ca:
    """A CA, and what it issues."""

    def __init__(self, name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.pem = self._signed(self.name, self.key.public_key(), [(x509.BasicConstraints(True, None), True)])

    def _signed(self, subject: x509.Name, key: Any, extensions: list[Any]) -> str:
        times = (NOW - datetime.timedelta(hours=1), NOW + datetime.timedelta(days=700))
        builder = x509.CertificateBuilder(self.name, subject, key, x509.random_serial_number(), *times)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(PEM).decode()

    def leaf(self, host: str) -> str:
        key = ec.generate_private_key(ec.SECP256R1()).public_key()
        return self._signed(certificates.subject(NODES[host]["node"]), key, certificates.extensions(NODES[host]["host"]))

    @property
    def sealed(self) -> bytes:
        return self.key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(PASSPHRASE.encode()))


class Cluster:
    """The directory of a cluster, with its private CA, and files of the user's beside it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "guard"
        self.directory.mkdir()
        self.places = layout.cluster(str(self.directory))
        self.ca, self.root = Ca("CA of Erlang cluster guard"), Ca("root")
        Path(self.places["ca_certificate"]).write_text(self.ca.pem)
        Path(self.places["ca_key"]).write_bytes(self.ca.sealed)
        self.root_file = directory / "root.pem"
        self.root_file.write_text(self.root.pem)
        self.private = {"signer": "private_ca", "trust": []}
        self.command = {"signer": "command", "trust": [str(self.root_file)], "command": ["/srv/sign"], "timeout": 60}

    def topology(self, signing: dict[str, Any]) -> dict[str, Any]:
        """As the inventory gives it, and the phase in force makes it."""
        nodes = {name: {**node, "certificates": GIVEN} for name, node in NODES.items()}
        given = {"cluster": {"name": "guard", "layout": self.places, "signing": signing, "directory": str(self.directory)}, "nodes": nodes}
        return handover.applied(given, authorities.rotation(self.places))

    def trusted(self, topology: dict[str, Any]) -> set[str]:
        """The names of the CAs that nodes trust."""
        texts = trust_files.of_cluster(topology["cluster"]["signing"], authorities.trusted(self.places))
        return {certificate.read(each).common_name or "" for text in texts for each in pem.contents(text)}

    def issue(self, ca: Ca, host: str, when: datetime.datetime) -> str:
        chain = ca.leaf(host)
        issued.write_down(self.directory, host, NODES[host]["node"], chain, when)
        return chain


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path)


def test_what_is_in_force_is_remembered_by_what_it_means(cluster: Cluster) -> None:
    assert handover.recorded(cluster.places) is None and handover.begin(cluster.topology(cluster.private)) is None
    with pytest.raises(InputError, match="does not say what nodes trust"):
        handover.begin(cluster.topology(cluster.command))
    handover.write_down(cluster.places, handover.of(cluster.private))
    assert handover.begin(cluster.topology(cluster.private)) is None
    both = handover.begin(cluster.topology(cluster.command))
    assert both is not None and [side.signer for side in both] == ["private_ca", "command"]
    handover.write_down(cluster.places, handover.of(cluster.command))
    written = Path(cluster.places["signing"]).stat().st_ino
    moved = cluster.root_file.rename(cluster.root_file.with_name("moved.pem"))
    assert handover.begin(cluster.topology({**cluster.command, "trust": [str(moved)], "timeout": 5})) is None
    assert handover.begin(cluster.topology({**cluster.command, "trust": [str(moved)], "command": ["/srv/other"]})) is not None
    moved.write_text(Ca("another").pem)
    assert handover.begin(cluster.topology({**cluster.command, "trust": [str(moved)]})) is not None
    moved.write_text(cluster.root.pem)
    moved.rename(cluster.root_file)
    handover.write_down(cluster.places, handover.of(cluster.command))
    assert Path(cluster.places["signing"]).stat().st_ino == written
    for text in ("", "[]", '{"signing": {"signer": "nobody"}, "trust": "", "chain": ""}'):
        Path(cluster.places["signing"]).write_text(text)
        with pytest.raises(InputError, match="signing"):
            handover.recorded(cluster.places)


class Steps:
    """The action, as the playbook calls it."""

    def __init__(self, cluster: Cluster, signing: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
        self.cluster, self.signing, self.monkeypatch = cluster, signing, monkeypatch
        self.monkeypatch.setattr(ActionBase, "run", lambda *_arguments: {})

    def __call__(self, state: str, **given: Any) -> dict[str, Any]:
        base = {"topology": self.cluster.topology(self.signing), "answers": {}, "proven": False, "until": None, "back": None}
        action = object.__new__(ca_rotation.ActionModule)
        self.monkeypatch.setattr(action, "validate_argument_spec", lambda _spec: (None, {**base, "state": state, **given}), raising=False)
        action._task = types.SimpleNamespace(check_mode=False)
        found: dict[str, Any] = action.run(None, {})
        return found


@pytest.fixture
def steps(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Steps:
    handover.write_down(cluster.places, handover.of(cluster.private))
    return Steps(cluster, cluster.command, monkeypatch)


def state(topology: dict[str, Any], host: str, chain: str, trust: str, signed: str = "") -> dict[str, Any]:
    survey = {"certificate": {"pem": chain, "key_matches": True}, "leftovers": {}}
    return certificate_state(survey, host, trust, topology["nodes"][host], 800, 400, "", signed)


def test_the_phases_from_the_private_ca_to_a_command(steps: Steps) -> None:
    cluster = steps.cluster
    former = cluster.issue(cluster.ca, "alpha", NOW - datetime.timedelta(days=1))
    begun = steps("begun")
    assert begun["makes"] is False and begun["changed"] is False
    entered = steps("entered")
    told = entered["ansible_facts"]["erlang_cluster_topology"]
    assert (entered["phase"], entered["issues"], told["cluster"]["signing"]["signer"]) == ("trust", False, "private_ca")
    assert told == cluster.topology(cluster.command) and cluster.trusted(told) == {"CA of Erlang cluster guard", "root"}
    # Other runs go by the phase: nobody gets a certificate of the next signer, nor is it asked for one, and the files of the user's may be moved.
    assert not state(told, "alpha", former, cluster.ca.pem + cluster.root.pem)["to_issue"]
    entered = steps("entered", proven=True)
    told = entered["ansible_facts"]["erlang_cluster_topology"]
    assert (entered["phase"], entered["issues"], told["cluster"]["signing"]["signer"]) == ("leaves", True, "command")
    assert cluster.trusted(told) == {"CA of Erlang cluster guard", "root"}
    both = cluster.ca.pem + cluster.root.pem
    assert "takes the place of" in state(told, "alpha", former, both)["issued"]
    latter = cluster.issue(cluster.root, "alpha", later())
    assert not state(told, "alpha", former, both, latter)["to_issue"]
    # As a run sees it that goes on.
    assert not state(cluster.topology(cluster.command), "alpha", latter, both)["to_issue"]
    entered = steps("entered", proven=True)
    assert entered["phase"] == "drop" and cluster.trusted(cluster.topology(cluster.command)) == {"root"}
    ended = steps("entered", proven=True)
    assert ended["ended"] and ended["msg"].startswith("rotation: the signer is changed")
    assert sorted(path.name for path in cluster.directory.iterdir()) == ["ca.key", "ca.pem", "issued.jsonl", "signing.json"]
    assert json.loads(Path(cluster.places["signing"]).read_text())["signing"]["signer"] == "command"
    with pytest.raises(AnsibleActionFail, match="Write what is to take the place"):
        steps("begun")


def test_it_is_turned_back(steps: Steps) -> None:
    cluster = steps.cluster
    for proven in (False, True):
        steps("entered", proven=proven)
    assert steps("entered", proven=True, until="leaves")["ended"]
    assert authorities.rotation(cluster.places) is not None
    back = steps("entered", back=True)
    assert (back["phase"], back["issues"]) == ("trust", True)
    told = back["ansible_facts"]["erlang_cluster_topology"]
    assert told["cluster"]["signing"]["signer"] == "private_ca" and told["nodes"]["alpha"]["certificates"]["issued"] == []
    kept = steps("entered", proven=True)
    assert kept["phase"] == "keep" and cluster.trusted(cluster.topology(cluster.private)) == {"CA of Erlang cluster guard"}
    assert "the former settings again" in steps("entered", proven=True)["msg"]
    assert json.loads(Path(cluster.places["signing"]).read_text())["signing"]["signer"] == "private_ca"


def test_settings_that_are_needed_and_not_there(steps: Steps) -> None:
    cluster = steps.cluster
    handover.write_down(cluster.places, handover.of(cluster.command))
    steps.signing = cluster.private
    assert steps("entered")["phase"] == "trust" and steps("entered", proven=True)["phase"] == "leaves"
    with pytest.raises(AnsibleActionFail, match="on the way back nodes get certificates of the signer command"):
        steps("entered", back=True)
    steps.signing = cluster.command
    assert steps("entered", back=True)["phase"] == "trust"
    with pytest.raises(InputError, match="the inventory has others by now"):
        cluster.topology({**cluster.command, "command": ["/srv/third"]})


def test_the_private_ca_is_made_where_it_takes_over_and_there_is_none(steps: Steps) -> None:
    cluster = steps.cluster
    handover.write_down(cluster.places, handover.of(cluster.command))
    for key in ("ca_key", "ca_certificate"):
        Path(cluster.places[key]).unlink()
    steps.signing = cluster.private
    begun = steps("begun")
    assert begun["makes"] and begun["certificate"] == cluster.places["ca_certificate"] and begun["name"] == "CA of Erlang cluster guard"


def answers(trust: str, chains: dict[str, str], lists_needed: bool = False) -> dict[str, Any]:
    """What two hosts answer."""

    def identity(content: bytes) -> dict[str, Any]:
        seen = certificate.read(content)
        keys = {"subject_key": seen.subject_key, "authority_key": seen.authority_key, "serial": "%x" % seen.serial}
        return {"subject": seen.subject, "issuer": seen.issuer, "digest": seen.digest, **keys}

    found = {}
    leaf = {host: identity(pem.contents(chain)[0]) for host, chain in chains.items()}
    for host, other in (("alpha", "bravo"), ("bravo", "alpha")):
        edge = {"to": NODES[other]["node"], "ok": True, "stage": "cookie", "fault": None, "milliseconds": {}}
        trusted = [identity(each) for each in pem.contents(trust)]
        facts = {
            "certificates": {side: [leaf[host]] for side in ("server", "client")},
            "trust": dict.fromkeys(("server", "client"), trusted),
            "lists_needed": lists_needed,
        }
        found[host] = {"edges": [{**edge, "certificate_digest": leaf[other]["digest"]}], "walls": [], "findings": [], "facts": facts}
    return found


def test_what_proves_a_phase(steps: Steps) -> None:
    cluster = steps.cluster
    former = {host: cluster.issue(cluster.ca, host, NOW - datetime.timedelta(days=1)) for host in NODES}
    both = cluster.ca.pem + cluster.root.pem

    def unproven(given: dict[str, Any]) -> list[str]:
        under_way = authorities.rotation(cluster.places)
        assert under_way is not None
        return rotation_proof.unproven(cluster.topology(cluster.command), given, under_way, cluster.places, NOW)

    steps("entered")
    assert unproven(answers(both, former)) == [] and len(unproven(answers(cluster.ca.pem, former))) == 2
    assert [said.partition("; ")[0] for said in unproven(answers(both, former, lists_needed=True))] == [
        "%s: guard@%s.example.net needs a list of revoked certificates of each CA, and there is none of the other signer's" % (host, host)
        for host in NODES
    ]
    steps("entered", proven=True)
    latter = {host: cluster.issue(cluster.root, host, later()) for host in NODES}
    assert unproven(answers(both, latter)) == []
    assert unproven(answers(both, {**latter, "bravo": former["bravo"]})) == [
        "bravo: guard@bravo.example.net has no certificate that the signer command has issued since this phase began."
    ]
    steps("entered", proven=True)
    assert unproven(answers(cluster.root.pem, latter)) == [] and unproven(answers(both, latter))


def test_who_is_tried(steps: Steps) -> None:
    """A certificate of the private CA can be had on both sides, one of a command on neither."""
    cluster, node = steps.cluster, NODES["alpha"]
    steps("entered")
    opens = rotation.Passphrases(PASSPHRASE)
    assert rotation.trial_certificate(cluster.places, opens, node["node"], node["host"], NOW) is None
    steps("entered", proven=True)
    made = rotation.trial_certificate(cluster.places, opens, node["node"], node["host"], NOW)
    assert made is not None and made[1].startswith(cluster.ca.pem)
