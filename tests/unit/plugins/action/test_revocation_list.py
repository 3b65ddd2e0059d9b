# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action revocation_list: whose certificates are revoked, and when new lists are signed."""

from __future__ import annotations

import datetime
import json
import typing as t
from pathlib import Path
from unittest import mock

import pytest
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.beam.tls_distribution.plugins.action import revocation_list
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import certificates, issued, revocations
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.members import Members
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers import contract, private_ca
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
PEM = serialization.Encoding.PEM


class Cluster:
    """A cluster's directory with a CA, and a topology of alpha, and of dave, who may have left."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA of Erlang cluster guard")])
        builder = x509.CertificateBuilder(
            name, name, key.public_key(), 7, NOW - datetime.timedelta(days=1), NOW + datetime.timedelta(days=3650)
        )
        self.ca = private_ca.Authority(builder.sign(key, hashes.SHA256()), key)
        self.directory, self.monkeypatch, self.places = directory, monkeypatch, layout.cluster(str(directory))
        (directory / "ca.pem").write_text(self.ca.trust())
        self.warnings: list[str] = []
        self.left: set[str] = set()
        self.signing: dict[str, t.Any] = {"signer": "private_ca", "trust": []}
        self.signed = 0
        monkeypatch.setattr(revocation_list.display, "warning", self.warnings.append)

    def certificate(self, host: str) -> str:
        wanted = certificates.Wanted("guard@" + host, host, 90, 30)
        asked = private_ca.Asked("", ec.generate_private_key(ec.SECP256R1()).public_key(), wanted, NOW)
        return self.ca.sign(asked)

    def issue(self, host: str) -> str:
        """The serial number of a certificate that is written down."""
        made = self.certificate(host)
        issued.write_down(self.directory, host, "guard@" + host, made, NOW)
        return str(revocations.serial(made))

    def run(self, check_mode: bool = False, surveys: t.Mapping[str, t.Any] | None = None, lists: bool = True) -> dict[str, t.Any]:
        nodes = {name: {"inventory": name, "node": "guard@" + name} for name in ("alpha", "dave")}
        topology = {
            "cluster": {"directory": str(self.directory), "layout": self.places, "signing": self.signing},
            "nodes": {name: node for name, node in nodes.items() if name not in self.left},
            "leaving": {name: node for name, node in nodes.items() if name in self.left},
        }
        arguments = {"topology": topology, "signer": self.signing["signer"], "passphrase": None, "days": 90, "lists": lists}
        action: t.Any = object.__new__(revocation_list.ActionModule)
        action._templar = None
        action._task = type("Task", (), {"check_mode": check_mode})()
        self.monkeypatch.setattr(ActionBase, "run", lambda *_arguments: {})
        self.monkeypatch.setattr(action, "validate_argument_spec", lambda _spec: (None, arguments), raising=False)
        signer = contract.Kind("private_ca", "", self._opened)
        self.monkeypatch.setattr(revocation_list, "SIGNERS", {"private_ca": signer})
        found = surveys or {}
        hostvars = type("HostVars", (), {"raw_get": lambda _self, name: {"ansible_facts": {"erlang_survey": found.get(name)}}})()
        return t.cast("dict[str, t.Any]", action.run(None, {"hostvars": hostvars}))

    def _opened(self, _options: t.Any) -> private_ca.Authority:
        self.signed += 1
        return self.ca

    def entries(self, which: str) -> list[dict[str, t.Any]]:
        """A record of the directory."""
        path = Path(self.places[which])
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def listed(self) -> set[int]:
        return revocations.serials((self.directory / "crl.pem").read_text())


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    return Cluster(tmp_path, monkeypatch)


def test_an_empty_list_is_there_from_the_first_run(cluster: Cluster) -> None:
    assert cluster.run(check_mode=True)["changed"] is True and not (cluster.directory / "crl.pem").exists()
    result = cluster.run()
    assert result["changed"] is True and result["reasons"] == ["there is none"] and cluster.listed == set()
    assert (cluster.directory / "crl.pem").stat().st_mode & 0o777 == 0o600
    assert cluster.run()["changed"] is False and cluster.signed == 1, "the CA's key is opened only where there is something to sign"


def test_before_there_is_a_ca_a_run_in_check_mode_says_what_it_would_do(cluster: Cluster) -> None:
    (cluster.directory / "ca.pem").unlink()
    assert cluster.run(check_mode=True)["changed"] is True and not (cluster.directory / "crl.pem").exists()


def test_who_was_taken_out_is_revoked_and_stays_so(cluster: Cluster) -> None:
    cluster.issue("alpha")
    first, second = cluster.issue("dave"), cluster.issue("dave")
    cluster.run()
    cluster.left = {"dave"}
    assert cluster.run(check_mode=True)["revoked"] == [first, second] and cluster.listed == set()
    assert not (cluster.directory / "revoked.jsonl").exists()
    assert cluster.run()["revoked"] == [first, second] and cluster.listed == {int(first, 16), int(second, 16)}
    assert cluster.run()["changed"] is False
    cluster.left = set()
    third = cluster.issue("dave")
    assert cluster.run()["changed"] is False and int(third, 16) not in cluster.listed and int(first, 16) in cluster.listed


def test_who_left_the_inventory_and_is_gone_for_good_is_revoked(cluster: Cluster) -> None:
    serial = cluster.issue("erin")
    memory = Members(cluster.places)
    node = {"inventory": "erin", "node": "guard@erin", "host": "erin", "addresses": [], "port": 4370}
    memory.remember({"erin": node}, NOW + datetime.timedelta(days=90))
    assert cluster.run()["revoked"] == []
    memory.gone("guard@erin")
    assert cluster.run()["revoked"] == [serial]


def test_a_run_that_ended_between_record_and_list_is_gone_on_with(cluster: Cluster) -> None:
    serial = cluster.issue("dave")
    cluster.run()
    cluster.left = {"dave"}
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(revocation_list.files, "write", mock.Mock(side_effect=OSError(28, "No space left on device", "crl.pem")))
        with pytest.raises(AnsibleActionFail, match="No space left on device"):
            cluster.run()
    assert cluster.listed == set()
    result = cluster.run()
    assert result["changed"] is True and cluster.listed == {int(serial, 16)}
    assert len((cluster.directory / "revoked.jsonl").read_text().splitlines()) == 1


def test_certificates_from_before_there_was_a_record_are_taken_into_it(cluster: Cluster) -> None:
    made = cluster.certificate("dave")
    cluster.run(surveys={"dave": {"certificate": {"pem": made}}, "alpha": {"certificate": {"pem": "nonsense"}}})
    (line,) = (cluster.directory / "issued.jsonl").read_text().splitlines()
    assert (json.loads(line)["host"], json.loads(line)["serial"]) == ("dave", revocations.serial(made)) and not cluster.warnings
    cluster.run(surveys={"dave": {"certificate": {"pem": made}}})
    assert len((cluster.directory / "issued.jsonl").read_text().splitlines()) == 1


def test_keys_of_certificates_that_a_former_version_wrote_down_are_taken_into_the_record(cluster: Cluster) -> None:
    """With the time from which the certificate is valid: it was not issued in this run, which a rotation of the signers would take it for."""
    made = cluster.certificate("dave")
    issued.write_down(cluster.directory, "dave", "guard@dave", made, NOW)
    bare = {key: value for key, value in cluster.entries("issued")[0].items() if key != "key"}
    (cluster.directory / "issued.jsonl").write_text(json.dumps(bare) + "\n")
    cluster.run(surveys={"dave": {"certificate": {"pem": made}}}, lists=False)
    former, latter = cluster.entries("issued")
    assert former == bare and latter["digest"] == bare["digest"] and len(latter["key"]) == 64 and latter["issued"] < issued.time(NOW)
    cluster.left = {"dave"}
    assert cluster.run(lists=False)["revoked"] == [bare["serial"]] and revocations.keys(cluster.places) == [latter["key"]]


@pytest.mark.parametrize("signer", ["command", "intermediate", "own_certificates"])
def test_without_lists_keys_are_revoked_whoever_signs(cluster: Cluster, signer: str) -> None:
    (cluster.directory / "ca.pem").rename(cluster.directory / "root.pem")
    cluster.signing = {"signer": signer, "trust": [str(cluster.directory / "root.pem")]}
    serial = cluster.issue("dave")
    assert cluster.run(lists=False) == {"changed": False, "revoked": [], "reasons": [], "msg": ""}
    cluster.left = {"dave"}
    told = cluster.run(check_mode=True, lists=False)
    assert told["changed"] is True and told["revoked"] == [serial] and cluster.entries("revoked") == []
    assert cluster.run(lists=False)["msg"] == "Revoked: guard@dave (%s)." % serial
    assert revocations.keys(cluster.places) == [cluster.entries("issued")[0]["key"]] and not (cluster.directory / "crl.pem").exists()
    assert cluster.run(lists=False)["changed"] is False and cluster.signed == 0 and not cluster.warnings


def test_a_certificate_that_nodes_cannot_be_told_of_is_named(cluster: Cluster) -> None:
    cluster.issue("dave")
    (entry,) = cluster.entries("issued")
    del entry["key"]
    (cluster.directory / "issued.jsonl").write_text(json.dumps(entry) + "\n")
    cluster.left = {"dave"}
    cluster.run(lists=False)
    (sentence,) = cluster.warnings
    assert sentence.startswith("The certificate %s of guard@dave was issued by a version that did not write down its key" % entry["serial"])


def test_that_nothing_is_known_of_who_was_taken_out_is_said(cluster: Cluster) -> None:
    cluster.left = {"dave"}
    cluster.run()
    (sentence,) = cluster.warnings
    assert (
        sentence.startswith("dave (guard@dave) was taken out, and no certificate of it is in ") and "so that none was revoked" in sentence
    )
