# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is revoked of a cluster's certificates is brought up to date in its directory. Runs on the controller only."""

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
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers import contract, trust_files
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers.registry import DEFAULT, SIGNERS

display = Display()

_UNKNOWN = (
    "%s (%s) was taken out, and no certificate of it is in %s, so that none was revoked. If somebody may have its key, move ca.key and ca.pem away and "
    + certificates.ANEW
    + "."
)
_KEYLESS = (
    "The certificate %s of %s was issued by a version that did not write down its key, and no list is made of what %s signs, so that nodes cannot be "
    "told that it is revoked. Have it revoked where it was issued, and give this node's host another name if it is to come back."
)
_ARGUMENTS = {
    "topology": {"type": "dict", "required": True},
    "signer": {"type": "str", "default": DEFAULT},
    "passphrase": {"type": "str", "no_log": True},
    "days": {"type": "int", "required": True},
    "lists": {"type": "bool", "default": True},
}


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Writes down what is revoked, and makes new lists where there are to be some and those there are do not do."""
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
        trust = "".join(authorities.known(places))
        if given["lists"] and not trust.strip():
            # In check mode, before there is a CA.
            return {"changed": True, "revoked": [], "reasons": ["there is none"], "msg": "Lists of revoked certificates would be made."}
        known = issued.entries(Path(places["issued"]))
        if not check_mode:
            _take_over(topology, variables, trust, known)
        recorded = revocations.recorded(Path(topology["cluster"]["directory"]))
        _say_who_is_unknown(topology, [*known, *recorded])
        revoked = revocations.to_revoke(known, recorded, _who_left(topology), now)
        lists = (
            self._lists(given, trust, [*recorded, *({**entry, "revoked": issued.time(now)} for entry in revoked)])
            if given["lists"]
            else None
        )
        reasons = lists.reasons(revocations.days(given["days"]), now) if lists is not None else []
        if not check_mode:
            self._write(given, variables, revoked, lists if reasons else None, now)
        told = ["Lists of revoked certificates %s." % _told(reasons, check_mode)] if lists is not None else []
        named = sorted({"%s (%s)" % (entry["node"], entry["serial"]) for entry in revoked})
        told += ["Revoked: %s." % ", ".join(named)] if named else []
        serials = list(dict.fromkeys(entry["serial"] for entry in revoked))
        return {"changed": bool(reasons or revoked), "revoked": serials, "reasons": reasons, "msg": " ".join(told)}

    def _lists(self, given: t.Mapping[str, t.Any], trust: str, recorded: t.Sequence[t.Mapping[str, t.Any]]) -> revocations.Lists:
        issuers = revocations.authorities(trust)
        former = revocations.read(_text(Path(given["topology"]["cluster"]["layout"]["revocations"])), issuers)
        return revocations.Lists(former, len(issuers), recorded)

    def _write(
        self,
        given: t.Mapping[str, t.Any],
        variables: t.Mapping[str, t.Any],
        revoked: t.Sequence[t.Mapping[str, t.Any]],
        lists: revocations.Lists | None,
        now: datetime.datetime,
    ) -> None:
        """Writes down what is revoked, and the lists where they have to be made."""
        cluster = given["topology"]["cluster"]
        text = None
        if lists is not None:
            passphrase = given["passphrase"] or secrets.given(self._templar, variables, secrets.VARIABLES["ca_passphrase"])
            signer = SIGNERS[given["signer"]].opened({**given, "directory": cluster["directory"], "passphrase": passphrase})
            if not isinstance(signer, contract.Revoker):
                raise AnsibleActionFail("What signs (%s) makes no lists of revoked certificates." % given["signer"])
            text = signer.revocation_lists(lists.asked(revocations.days(given["days"]), now))
        for entry in revoked:
            if not given["lists"] and "key" not in entry:
                display.warning(_KEYLESS % (entry["serial"], entry["node"], given["signer"]))
        # In this order, so that a run that ends between the two leaves what the next one goes on with.
        revocations.record(Path(cluster["directory"]), revoked, now)
        if text is not None:
            files.write(Path(cluster["layout"]["revocations"]), text)


def _told(reasons: t.Sequence[str], check_mode: bool) -> str:
    return "%s made: %s" % ("would be" if check_mode else "were", ", ".join(reasons)) if reasons else "are up to date"


def _say_who_is_unknown(topology: t.Mapping[str, t.Any], entries: t.Iterable[t.Mapping[str, t.Any]]) -> None:
    of_them = {entry["node"] for entry in entries}
    for node in topology["leaving"].values():
        if node["node"] not in of_them:
            display.warning(_UNKNOWN % (node["inventory"], node["node"], topology["cluster"]["layout"]["issued"]))


def _take_over(
    topology: t.Mapping[str, t.Any],
    variables: t.Mapping[str, t.Any],
    trust: str,
    known: t.Iterable[t.Mapping[str, t.Any]],
) -> None:
    """Writes down the certificates of the cluster's CAs that hosts have and that are in no record, as they were issued before there was one, or before keys
    were written down. Raises InputError and OSError.
    """
    digests = {entry.get("digest") for entry in known if "key" in entry}
    trusted = "".join(trust_files.of_cluster(topology["cluster"]["signing"], [trust] if trust else []))
    for name, node in topology["nodes"].items():
        # As it stands: nothing that a host says is a template.
        survey = variables["hostvars"].raw_get(name).get("ansible_facts", {}).get("erlang_survey") if "hostvars" in variables else None
        found = survey.get("certificate") if isinstance(survey, t.Mapping) else None
        chain = str(found.get("pem") or "") if isinstance(found, t.Mapping) else ""
        seen = revocations.first(chain)
        if seen is not None and seen.digest not in digests and certificates.issuers_known(chain, trusted):
            # The time of its issue is not known; it is not a certificate of this run.
            issued.write_down(Path(topology["cluster"]["directory"]), name, node["node"], chain, seen.not_before)


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
