# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rotation of a cluster's CA goes on by a phase, or is held to the one that it is in. Runs on the controller only."""

from __future__ import annotations

import datetime
import typing as t
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import authorities, rotation
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.authorities import KEEP, PHASES
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report import rotation_proof
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers.names import PRIVATE_CA

display = Display()

_ARGUMENTS = {
    "topology": {"type": "dict", "required": True},
    "state": {"type": "str", "choices": ["begun", "entered", "proven"], "required": True},
    "answers": {"type": "dict", "default": {}},
    "proven": {"type": "bool", "default": False},
    "until": {"type": "str", "choices": list(PHASES)},
    "back": {"type": "bool"},
}
_FAILED = """The rotation of the CA goes no further, since not every node is proven to be as far as it has to be (phase '%s').
All nodes can make new connections as they are now.
%s
When that is mended, run the playbook rotate_ca again; or turn back, with -e erlang_certs_rotate_back=%s."""


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Does one step, and says where the rotation is."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _validation, given = self.validate_argument_spec(_ARGUMENTS)
        act = {"begun": self._begun, "entered": self._entered, "proven": self._proven}[given["state"]]
        try:
            return {**result, **act(given, given["topology"]["cluster"]["layout"], datetime.datetime.now(datetime.timezone.utc))}
        except InputError as error:
            raise AnsibleActionFail(authorities.OF_DIRECTORY % (error.problem, error.fix)) from None
        except OSError as error:
            raise AnsibleActionFail("%s cannot be written on the controller (%s)." % (error.filename, error.strerror)) from None

    def _begun(self, given: dict[str, t.Any], places: authorities.Places, _now: datetime.datetime) -> dict[str, t.Any]:
        """Whether a CA has to be made, and its name. What a run left that ended before it began is removed."""
        under_way = authorities.rotation(places)
        signer = given["topology"]["cluster"]["signing"]["signer"]
        if signer != PRIVATE_CA:
            message = "This cluster has no CA of its own (erlang_certs_signer is %s); trust another by erlang_certs_trust_files. Nothing was changed."
            raise AnsibleActionFail(message % signer)
        own = authorities.signs(places)
        if not own:
            raise AnsibleActionFail("This cluster has no CA that could be rotated; run the playbook site first.")
        if under_way is None and given["back"]:
            raise AnsibleActionFail("No rotation of the CA is under way, so that there is nothing to turn back. Nothing was changed.")
        makes = under_way is None
        if makes and not self._task.check_mode:
            for key in ("next_ca_certificate", "next_ca_key"):
                Path(places[key]).unlink(missing_ok=True)
        name = rotation.next_name(own[0], given["topology"]["cluster"]["name"])
        step = rotation.step(under_way, False, given["back"])
        if self._task.check_mode:
            display.display("rotation: %s" % ("%s would be made" % name if makes else "it would go on with the phase '%s'" % step.phase))
        return {"changed": makes and self._task.check_mode, "makes": makes, "name": name}

    def _entered(self, given: dict[str, t.Any], places: authorities.Places, now: datetime.datetime) -> dict[str, t.Any]:
        under_way = authorities.rotation(places)
        if under_way is not None and given["proven"]:
            is_last = rotation.step(under_way, True, None).phase is None
            if is_last or rotation.ends(under_way, given["until"]):
                return self._ended(places, under_way, not is_last)
        step = rotation.step(under_way, given["proven"], None if given["proven"] else given["back"])
        phase = step.phase or KEEP
        if under_way is None or not step.again:
            under_way = authorities.enter(places, phase, step.back, now)
        display.display("rotation: phase '%s'%s" % (phase, " again" if step.again else ""))
        return {"changed": not step.again, "ended": False, "phase": phase, "issues": rotation.issues(under_way)}

    def _ended(self, places: authorities.Places, under_way: authorities.Rotation, stops: bool) -> dict[str, t.Any]:
        """Ends this run, and the rotation with it unless it only stops here."""
        if not stops:
            authorities.finish(places, under_way)
        line = "rotation: " + rotation.LINES[under_way.phase] + ("; it stops here, and the playbook rotate_ca goes on" if stops else "")
        display.display("\n%s\n" % line)
        return {"changed": not stops, "ended": True, "phase": under_way.phase, "issues": False, "msg": line}

    def _proven(self, given: dict[str, t.Any], places: authorities.Places, now: datetime.datetime) -> dict[str, t.Any]:
        under_way = authorities.rotation(places)
        if under_way is None:
            raise AnsibleActionFail("No rotation of the CA is under way.")
        found = rotation_proof.unproven(given["topology"], given["answers"], under_way, places, now)
        if found:
            message = _FAILED % (under_way.phase, "\n".join(found), "false" if under_way.back else "true")
            return {"changed": False, "failed": True, "msg": message, "needs": found}
        return {"changed": False, "needs": []}
