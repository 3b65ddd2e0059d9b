# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The secrets of a cluster are made where there are none, once every host has told what it has. Runs on the controller only."""

from __future__ import annotations

import datetime
import typing as t
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError, fold, listed
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import (
    authorities,
    beginning,
    certificates,
    directory,
    handover,
    members,
    secrets,
    specifications,
)
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers import trust_files
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers.names import PRIVATE_CA

_ARGUMENTS = {
    "topology": {"type": "dict", "required": True},
    "cookie_given": {"type": "bool"},
    "passphrase_given": {"type": "bool", "no_log": False},
    "begin_anew": {"type": "str"},
    "new_cookie": {"type": "bool", "default": False},
    "rotates": {"type": "bool", "default": False},
}

_SAID = {
    "cookie_given": secrets.VARIABLES["cookie"],
    "passphrase_given": secrets.VARIABLES["ca_passphrase"],
    "begin_anew": beginning.VARIABLE,
}
"""The variables that say what an option does not say."""


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Makes cookie and passphrase, unless hosts have those of a CA or a cookie that the directory lacks."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _validation, given = self.validate_argument_spec(_ARGUMENTS)
        topology, variables = given["topology"], task_vars or {}
        for option, variable in _SAID.items():
            if given[option] is None:
                given[option] = secrets.given(self._templar, variables, variable)
        cluster = topology["cluster"]
        place = Path(cluster["directory"])
        ca_pem = _known(cluster)
        own_ca = cluster["signing"]["signer"] == PRIVATE_CA
        cookie = bool(given["cookie_given"]) or Path(cluster["layout"]["cookie"]).exists()
        key = Path(cluster["layout"]["ca_key"]).exists()
        former = _former(cluster)
        if given["rotates"] and former is not None:
            # Before the first phase, and in it, hosts have certificates of the former signer.
            ca_pem += former.trust + "".join(authorities.known(cluster["layout"]))
        changed = former is not None and not former.same(handover.of(cluster["signing"]))
        there = beginning.Directory(str(place), cluster["name"], bool(ca_pem), key, cookie, own_ca, changed)
        asked = set(variables["ansible_play_hosts"])
        surveys = {name: _survey(variables["hostvars"], name) for name in topology["nodes"] if name in asked}
        if given["begin_anew"] != cluster["name"]:
            hosts = [_host(name, node, surveys.get(name), ca_pem) for name, node in topology["nodes"].items()]
            any_node = next(iter(topology["nodes"].values()))["layout"]
            places = beginning.Places(any_node["trust"], any_node["cookie"])
            found = beginning.faults(there, hosts, places)
            if found:
                sentences = "\n".join(str(fault) for fault in fold(found))
                message = "The cluster's directory does not go with its hosts, and no host was changed.\n%s"
                raise AnsibleActionFail(message % sentences)
        wanted = [] if given["cookie_given"] else [cluster["layout"]["cookie"]]
        wanted += [] if given["passphrase_given"] or not own_ca else [cluster["layout"]["ca_passphrase"]]
        made = directory.ensure(place, wanted, self._task.check_mode)
        if given["new_cookie"]:
            _refuse_new_cookie(topology, variables, bool(given["cookie_given"]))
            made = list(dict.fromkeys([*made, *directory.replace(Path(cluster["layout"]["cookie"]), self._task.check_mode)]))
        if not self._task.check_mode:
            self._remember({name: topology["nodes"][name] for name, survey in surveys.items() if survey is not None}, cluster, variables)
        result.update(changed=bool(made), changed_paths=made)
        return result

    def _remember(self, nodes: dict[str, t.Any], cluster: t.Mapping[str, t.Any], variables: dict[str, t.Any]) -> None:
        """Writes down whom this run sets up, so that a host that leaves the inventory is not forgotten."""
        days = int(self._templar.template(variables.get("erlang_certs_days", specifications.default_of("erlang_certs_days"))))
        now = datetime.datetime.now(datetime.timezone.utc)
        memory = members.Members(cluster["layout"])
        try:
            ends = [datetime.datetime.fromtimestamp(node["certificates"].get("until", 0), datetime.timezone.utc) for node in nodes.values()]
            memory.remember(nodes, max([now + datetime.timedelta(days=days), *ends]))
        except OSError as error:
            raise AnsibleActionFail("%s cannot be written on the controller (%s)." % (error.filename, error.strerror)) from None


def _refuse_new_cookie(topology: t.Mapping[str, t.Any], variables: t.Mapping[str, t.Any], given: bool) -> None:
    """Raises AnsibleActionFail where a new cookie would not come to all nodes."""
    if given:
        message = "The cookie of this cluster is given by erlang_cluster_cookie; change it there and run the playbook site, which needs no restart either."
        raise AnsibleActionFail(message)
    asked = set(variables["ansible_play_hosts"])
    silent = [name for name in topology["nodes"] if name not in asked or not isinstance(_survey(variables["hostvars"], name), t.Mapping)]
    if silent:
        message = "%s did not answer in this run and would keep the old cookie; make it answer, or take it out of the inventory. Nothing was changed."
        raise AnsibleActionFail(message % listed(silent))


def _survey(hostvars: t.Any, name: str) -> t.Any:
    """What a host answered to the survey of this run, as it stands: nothing that a host says is a template."""
    return hostvars.raw_get(name).get("ansible_facts", {}).get("erlang_survey")


def _host(name: str, node: t.Mapping[str, t.Any], survey: t.Any, ca_pem: str) -> beginning.HostFound:
    if not isinstance(survey, t.Mapping):
        return beginning.HostFound(name, answered=False, own=None, cookie=False)
    certificate, exists = survey.get("certificate"), survey.get("exists")
    pem = certificate.get("pem") if isinstance(certificate, t.Mapping) else None
    cookie = isinstance(exists, t.Mapping) and exists.get(node["layout"]["cookie"]) is True
    return beginning.HostFound(name, answered=True, own=certificates.issuers_known(pem, ca_pem), cookie=cookie)


def _former(cluster: t.Mapping[str, t.Any]) -> handover.Side | None:
    """What was put into force last; None where nothing is known of it, or a rotation is under way, which has its own word."""
    try:
        return None if authorities.rotation(cluster["layout"]) is not None else handover.recorded(cluster["layout"])
    except InputError as error:
        raise AnsibleActionFail(authorities.OF_DIRECTORY % (error.problem, error.fix)) from None


def _known(cluster: t.Mapping[str, t.Any]) -> str:
    """The CAs of the cluster in PEM, those of a rotation that is under way among them."""
    try:
        return "".join(trust_files.of_cluster(cluster["signing"], authorities.known(cluster["layout"])))
    except InputError as error:
        raise AnsibleActionFail(authorities.OF_DIRECTORY % (error.problem, error.fix)) from None
