# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node's certificate, from a signer. Runs on the controller only."""

from __future__ import annotations

import datetime
import typing as t
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import node_name
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import certificates, issued, secrets
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers import contract, own_certificates, trust_files
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers.names import OWN
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers.registry import CHOICES, DEFAULT, SIGNERS
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers.requests import RequestError

_ARGUMENTS = {
    "request": {"type": "raw"},
    "signing": {"type": "dict", "default": {"signer": DEFAULT, "trust": []}},
    "own": {"type": "str", "no_log": True},
    "directory": {"type": "path", "required": True},
    "passphrase": {"type": "str", "no_log": True},
    "node": {"type": "str", "required": True},
    "days": {"type": "int", "required": True},
    "renew_before_days": {"type": "int", "required": True},
}


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    _requires_connection = False
    _supports_check_mode = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Signs a certificate for the key of a request, and adds it to the record of those that were issued. Never changed: no host is."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _validation, given = self.validate_argument_spec(_ARGUMENTS)
        if certificates.CRYPTOGRAPHY_MISSING is not None:
            raise AnsibleActionFail("The Python package cryptography is missing on the controller; install it there.")
        node = given["node"]
        host, signing = node_name.parsed(node).host, given["signing"]
        signer = signing["signer"]
        kind = SIGNERS.get(signer)
        if kind is None and signer != OWN:
            raise AnsibleActionFail("There is no signer '%s'; choose one of %s." % (signer, ", ".join(CHOICES)))
        wanted = certificates.Wanted(node, host, given["days"], given["renew_before_days"], bool(kind and kind.exact))
        now = datetime.datetime.now(datetime.timezone.utc)
        name = (task_vars or {}).get("inventory_hostname", host)
        try:
            if kind is None:
                signed = _own(given, node, host, now)
            else:
                passphrase = given["passphrase"] or secrets.given(self._templar, task_vars or {}, kind.passphrase)
                options = {**signing, "directory": given["directory"], "passphrase": passphrase or None}
                signed = contract.signed_for(_csr(given["request"]), wanted, kind.opened(options), now)
        except contract.SignerError as error:
            raise AnsibleActionFail("%s." % error) from None
        except contract.ChainError as error:
            raise AnsibleActionFail("%s %s; look at what signs (%s)." % (name, error, signer)) from None
        except RequestError as error:
            sentence = "%s %s, and nothing was signed; find out what changed its answers before you trust that host again."
            raise AnsibleActionFail(sentence % (name, error)) from None
        try:
            issued.write_down(Path(given["directory"]), name, node, signed, now)
        except OSError as error:
            sentence = "The certificate for %s cannot be written down in %s on the controller (%s), and is not handed out; correct the permissions there."
            raise AnsibleActionFail(sentence % (node, given["directory"], error.strerror)) from None
        result.update(changed=False, certificate=signed)
        return result


def _csr(answer: t.Any) -> t.Any:
    """The request in what a host answered; it may answer anything."""
    return answer.get("csr") or "" if isinstance(answer, t.Mapping) else answer


def _own(given: t.Mapping[str, t.Any], node: str, host: str, now: datetime.datetime) -> str:
    """The chain that the user gives, held to what a node takes. Raises SignerError."""
    try:
        trust = trust_files.read(given["signing"]["trust"])
        own = own_certificates.read(given["own"], trust)
    except InputError as error:
        raise contract.SignerError("%s %s; %s" % (own_certificates.VARIABLE, error.problem, error.fix)) from None
    wrong = own_certificates.problems(own, trust, node, host, now)
    if wrong:
        raise contract.SignerError("%s cannot be used for %s: %s" % (own_certificates.VARIABLE, node, ", and ".join(wrong)))
    return own.chain
