# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the action node_certificate hands out is written down before."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.beam.tls_distribution.plugins.action import node_certificate
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import foreign, issued
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers import contract

NODE = "guard@alpha.example.net"


def signing(directory: Path, monkeypatch: pytest.MonkeyPatch) -> t.Any:
    """The action, as it signs a certificate for a host into a cluster's directory."""
    made = foreign.certificate("alpha.example.net")
    given = {"signer": "private_ca", "trust": []}
    arguments = {
        "request": "",
        "signing": given,
        "passphrase": None,
        "directory": str(directory),
        "node": NODE,
        "days": 90,
        "renew_before_days": 30,
    }
    action: t.Any = object.__new__(node_certificate.ActionModule)
    monkeypatch.setattr(ActionBase, "run", lambda *_arguments: {})
    monkeypatch.setattr(action, "validate_argument_spec", lambda _spec: (None, arguments), raising=False)
    action._templar = None
    monkeypatch.setattr(
        node_certificate, "SIGNERS", {"private_ca": contract.Kind("private_ca", "", lambda _given: t.cast("contract.Signer", None))}
    )
    monkeypatch.setattr(contract, "signed_for", lambda *_arguments: made[made.index("-----BEGIN CERTIFICATE") :])
    return action


def test_what_is_handed_out_is_in_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = signing(tmp_path, monkeypatch).run(None, {"inventory_hostname": "alpha"})
    (line,) = (tmp_path / issued.NAME).read_text().splitlines()
    assert result["changed"] is False and "BEGIN CERTIFICATE" in result["certificate"]
    assert (json.loads(line)["host"], json.loads(line)["node"]) == ("alpha", NODE)


def test_what_cannot_be_written_down_is_not_handed_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AnsibleActionFail, match=r"cannot be written down in .*, and is not handed out"):
        signing(tmp_path / "gone", monkeypatch).run(None, {"inventory_hostname": "alpha"})
