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
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import authorities, handover, rotation
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.authorities import DROP, KEEP, PHASES
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
        if under_way is None and given["back"]:
            raise AnsibleActionFail("No rotation of the CA is under way, so that there is nothing to turn back. Nothing was changed.")
        both = handover.begin(given["topology"]) if under_way is None else None
        if both is not None or (under_way is not None and under_way.of_signers):
            return self._begun_of_signers(given, places, under_way, both)
        signer = given["topology"]["cluster"]["signing"]["signer"]
        if signer != PRIVATE_CA:
            message = (
                "All nodes trust and have been given what the inventory says of who signs (erlang_certs_signer is %s), and this cluster has no CA of its own. "
                "Write what is to take the place of that into the inventory, and run this again. Nothing was changed."
            )
            raise AnsibleActionFail(message % signer)
        own = authorities.signs(places)
        if not own:
            raise AnsibleActionFail("This cluster has no CA that could be rotated; run the playbook site first.")
        makes = under_way is None
        if makes and not self._task.check_mode:
            for key in ("next_ca_certificate", "next_ca_key"):
                Path(places[key]).unlink(missing_ok=True)
        name = rotation.next_name(own[0], given["topology"]["cluster"]["name"])
        step = rotation.step(under_way, False, given["back"])
        if self._task.check_mode:
            display.display("rotation: %s" % ("%s would be made" % name if makes else "it would go on with the phase '%s'" % step.phase))
        made = {"certificate": places["next_ca_certificate"], "key": places["next_ca_key"]}
        return {"changed": makes and self._task.check_mode, "makes": makes, "name": name, **made}

    def _begun_of_signers(
        self,
        given: dict[str, t.Any],
        places: authorities.Places,
        under_way: authorities.Rotation | None,
        both: tuple[handover.Side, handover.Side] | None,
    ) -> dict[str, t.Any]:
        """The same for a rotation from one signer to another: it is the private CA that may have to be made, where that is to sign and there is none."""
        former, following = both or handover.sides(t.cast(authorities.Rotation, under_way))
        step = rotation.step(under_way, False, given["back"])
        makes = handover.lacks_ca(places, following)
        told = "from the signer %s to %s" % (former.signer, following.signer)
        if self._task.check_mode:
            display.display("rotation: %s, it would %s with the phase '%s'" % (told, "begin" if under_way is None else "go on", step.phase))
        else:
            display.display("rotation: %s" % told)
        changed = self._task.check_mode and under_way is None
        made = {"certificate": places["ca_certificate"], "key": places["ca_key"]}
        name = ("CA of Erlang cluster " + given["topology"]["cluster"]["name"])[:64]
        return {"changed": changed, "makes": makes, "name": name, **made}

    def _entered(self, given: dict[str, t.Any], places: authorities.Places, now: datetime.datetime) -> dict[str, t.Any]:
        under_way = authorities.rotation(places)
        if under_way is not None and given["proven"]:
            is_last = rotation.step(under_way, True, None).phase is None
            if is_last or rotation.ends(under_way, given["until"]):
                return self._ended(places, under_way, not is_last)
        step = rotation.step(under_way, given["proven"], None if given["proven"] else given["back"])
        phase = step.phase or KEEP
        wanted = self._sides(given["topology"], under_way, phase, step.back)
        if under_way is None or not step.again:
            if under_way is None and wanted is not None:
                handover.lay_out(places, *wanted)
            written = [side._asdict() for side in wanted] if wanted is not None else []
            under_way = authorities.enter(places, phase, step.back, now, *written)
        display.display("rotation: phase '%s'%s" % (phase, " again" if step.again else ""))
        found: dict[str, t.Any] = {"changed": not step.again, "ended": False, "phase": phase, "issues": rotation.issues(under_way)}
        if under_way.of_signers:
            found["ansible_facts"] = {"erlang_cluster_topology": handover.applied(given["topology"], under_way)}
        return found

    def _sides(
        self, topology: dict[str, t.Any], under_way: authorities.Rotation | None, phase: str, back: bool
    ) -> tuple[handover.Side, handover.Side] | None:
        """Both sides of a rotation from one signer to another. Fails where nodes are to get certificates by settings that the inventory does not have."""
        if under_way is not None and not under_way.of_signers:
            return None
        both = handover.begin(topology) if under_way is None else handover.sides(under_way)
        if both is None:
            return None
        signs = handover.signing_side(authorities.Rotation(phase, "", back, *(side._asdict() for side in both)))
        cluster = topology["cluster"]
        lacks = signs.signer != PRIVATE_CA and not handover.of(cluster.get("signing_given", cluster["signing"])).same(signs)
        if lacks and rotation.issues(authorities.Rotation(phase, "", back)):
            message = "In the phase '%s'%s nodes get certificates of the signer %s, whose settings the inventory does not have. Write them into it%s."
            way, other = (" on the way back", "") if back else ("", ", or turn back with -e erlang_certs_rotate_back=true")
            raise AnsibleActionFail(message % (phase, way, signs.signer, other))
        return both

    def _ended(self, places: authorities.Places, under_way: authorities.Rotation, stops: bool) -> dict[str, t.Any]:
        """Ends this run, and the rotation with it unless it only stops here."""
        ending = "; it stops here, and the playbook rotate_ca goes on" if stops else ""
        if under_way.of_signers and not stops:
            former, following = handover.sides(under_way)
            stays = following if under_way.phase == DROP else former
            handover.write_down(places, stays)
        if not stops:
            authorities.finish(places, under_way)
        lines = rotation.LINES_OF_SIGNERS if under_way.of_signers else rotation.LINES
        line = "rotation: " + lines[under_way.phase] + ending
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
