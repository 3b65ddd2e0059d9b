# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node's certificate, signed by the private CA. Runs on the controller only."""

from __future__ import annotations

import datetime
import typing as t
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import certificates, directory, signing

_ARGUMENTS = {
    "request": {"type": "raw", "required": True},
    "directory": {"type": "path", "required": True},
    "passphrase": {"type": "str", "no_log": True},
    "node": {"type": "str", "required": True},
    "days": {"type": "int", "default": 90},
    "renew_before_days": {"type": "int", "default": 30},
}


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Signs a certificate for the key of a request. Nothing is written, so that nothing is changed."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _validation, given = self.validate_argument_spec(_ARGUMENTS)
        if certificates.CRYPTOGRAPHY_MISSING is not None:
            raise AnsibleActionFail("The Python package cryptography is missing on the controller; install it there.")
        node = given["node"]
        wanted = certificates.Wanted(node, node.partition("@")[2], given["days"], given["renew_before_days"])
        now = datetime.datetime.now(datetime.timezone.utc)
        try:
            signed = signing.signed_for(given["request"], wanted, _authority(given), now)
        except signing.RequestError as error:
            name = (task_vars or {}).get("inventory_hostname", wanted.host)
            sentence = "%s %s, and nothing was signed; find out what changed its answers before you trust that host again."
            raise AnsibleActionFail(sentence % (name, error)) from None
        result.update(changed=False, certificate=signed)
        return result


def _authority(given: dict[str, t.Any]) -> signing.Authority:
    """The CA in the cluster's directory. Raises AnsibleActionFail if it cannot be used."""
    place, places = Path(given["directory"]), layout.cluster(given["directory"])
    try:
        passphrase = given["passphrase"] or directory.read_secret(Path(places["ca_passphrase"])) or ""
        return signing.Authority.load(Path(places["ca_key"]).read_bytes(), Path(places["ca_certificate"]).read_bytes(), passphrase)
    except InputError as error:
        raise AnsibleActionFail("erlang_certs_ca_passphrase %s (in %s); %s." % (error.problem, place, error.fix)) from None
    except OSError as error:
        raise AnsibleActionFail("The CA in %s cannot be read (%s)." % (place, error.strerror)) from None
