# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lists of a cluster's revoked certificates are brought up to date in its directory. Runs on the controller only."""

from __future__ import annotations

import datetime
import typing as t
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import (
    authorities,
    certificates,
    files,
    issued,
    members,
    revocations,
    secrets,
)
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers import contract
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers.registry import DEFAULT, SIGNERS

display = Display()

_UNKNOWN = (
    "%s (%s) was taken out, and no certificate of it is in %s, so that none was revoked. If somebody may have its key, move ca.key and ca.pem away and "
    + certificates.ANEW
    + "."
)
_ARGUMENTS = {
    "topology": {"type": "dict", "required": True},
    "signer": {"type": "str", "choices": [DEFAULT], "default": DEFAULT},
    "passphrase": {"type": "str", "no_log": True},
    "days": {"type": "int", "required": True},
}


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Writes down what is revoked, and makes new lists where those there are do not do."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _validation, given = self.validate_argument_spec(_ARGUMENTS)
        if certificates.CRYPTOGRAPHY_MISSING is not None:
            raise AnsibleActionFail("The Python package cryptography is missing on the controller; install it there.")
        try:
            result.update(self._brought_up_to_date(given, task_vars or {}))
        except InputError as error:
            raise AnsibleActionFail(authorities.OF_DIRECTORY % (error.problem, error.fix)) from None
        except contract.SignerError as error:
            raise AnsibleActionFail("%s." % error) from None
        except OSError as error:
            raise AnsibleActionFail("%s cannot be read or written on the controller (%s)." % (error.filename, error.strerror)) from None
        return result

    def _brought_up_to_date(self, given: t.Mapping[str, t.Any], variables: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        topology, now = given["topology"], datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        places, check_mode = topology["cluster"]["layout"], self._task.check_mode
        directory = Path(topology["cluster"]["directory"])
        trust = "".join(authorities.known(places))
        if not trust.strip():
            # In check mode, before there is a CA.
            return {"changed": True, "revoked": [], "reasons": ["there is none"], "msg": "Lists of revoked certificates would be made."}
        issuers = revocations.authorities(trust)
        known = issued.entries(Path(places["issued"]))
        if not check_mode:
            _take_over(topology, variables, trust, known, now)
        recorded = revocations.recorded(directory)
        of_them = {entry["node"] for entry in (*known, *recorded)}
        for node in topology["leaving"].values():
            if node["node"] not in of_them:
                display.warning(_UNKNOWN % (node["inventory"], node["node"], places["issued"]))
        revoked = revocations.to_revoke(known, recorded, _who_left(topology), now)
        lists = revocations.Lists(
            revocations.read(_text(Path(places["revocations"])), issuers),
            len(issuers),
            [*recorded, *({**entry, "revoked": issued.time(now)} for entry in revoked)],
        )
        lifetime = revocations.days(given["days"])
        reasons = lists.reasons(lifetime, now)
        if reasons and not check_mode:
            passphrase = given["passphrase"] or secrets.given(self._templar, variables, secrets.VARIABLES["ca_passphrase"])
            signer = SIGNERS[given["signer"]].opened({**given, "directory": str(directory), "passphrase": passphrase})
            if not isinstance(signer, contract.Revoker):
                raise AnsibleActionFail("What signs (%s) makes no lists of revoked certificates." % given["signer"])
            text = signer.revocation_lists(lists.asked(lifetime, now))
            # In this order, so that a run that ends between the two leaves what the next one goes on with.
            revocations.record(directory, revoked, now)
            files.write(Path(places["revocations"]), text)
        named = sorted({"%s (%s)" % (entry["node"], entry["serial"]) for entry in revoked})
        told = "%s %s" % ("would be" if check_mode else "were", "made: " + ", ".join(reasons)) if reasons else "are up to date"
        said = "Lists of revoked certificates %s.%s" % (told, " Revoked: %s." % ", ".join(named) if named else "")
        return {"changed": bool(reasons), "revoked": [entry["serial"] for entry in revoked], "reasons": reasons, "msg": said}


def _take_over(
    topology: t.Mapping[str, t.Any],
    variables: t.Mapping[str, t.Any],
    trust: str,
    known: t.Iterable[t.Mapping[str, t.Any]],
    now: datetime.datetime,
) -> None:
    """Writes down the certificates of this CA that hosts have and that are in no record, as they were issued before there was one. Raises OSError."""
    serials = {entry["serial"] for entry in known}
    for name, node in topology["nodes"].items():
        # As it stands: nothing that a host says is a template.
        survey = variables["hostvars"].raw_get(name).get("ansible_facts", {}).get("erlang_survey") if "hostvars" in variables else None
        found = survey.get("certificate") if isinstance(survey, t.Mapping) else None
        pem = str(found.get("pem") or "") if isinstance(found, t.Mapping) else ""
        serial = revocations.serial(pem)
        if serial is not None and serial not in serials and certificates.issuers_known(pem, trust):
            issued.write_down(Path(topology["cluster"]["directory"]), name, node["node"], pem, now)


def _who_left(topology: t.Mapping[str, t.Any]) -> set[str]:
    """The nodes that were taken out, and those that left the inventory and of which somebody said that they are gone for good."""
    memory = members.Members(topology["cluster"]["layout"])
    gone = {node for node, entry in memory.known().items() if entry["gone"]}
    return ({node["node"] for node in topology["leaving"].values()} | gone) - {node["node"] for node in topology["nodes"].values()}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        return ""
    except ValueError:
        raise AnsibleActionFail("%s on the controller is not text in PEM." % path) from None
