# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory becomes one topology, or a list of every fault in it. Runs on the controller only."""

from __future__ import annotations

import concurrent.futures
import datetime
import ipaddress
import os
import socket
import typing as t
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import checks, groups, layout, otp
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.applications import OTP_APPLICATIONS, Release
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import (
    InputError,
    InventoryFault,
    TopologyError,
    fold,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.topology import Topology, build
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import floors
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.release import BOOT_TOOLS
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import (
    archives,
    authorities,
    beginning,
    certificates,
    directory,
    handover,
    inventory,
    lock,
    members,
    otp_store,
    revocations,
)
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers import choice, registry
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers.names import PRIVATE_CA
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.specifications import Specifications

display = Display()

_COLLECTION = Path(__file__).parents[2]
_OTP_FILES = _COLLECTION / "roles" / "erlang_otp" / "files"
_RESOLVERS = 16
_PASSPHRASE_SHORTEST = 8
_UNORDERED = ("free", "host_pinned")

_ARGUMENTS = {
    "group": {"type": "str"},
    "lock": {"type": "bool", "default": False},
    "decommission": {"type": "bool", "default": False},
    "revoke": {"type": "bool", "default": False},
}

Hosts = dict[str, dict[str, t.Any]]


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Builds the topology, and takes the lock of the cluster if asked to."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(_ARGUMENTS)
        variables = task_vars or {}
        self._bases: dict[str, list[str]] = {}
        self._raw: Hosts = {}
        self._specifications = Specifications(
            _COLLECTION, lambda path: self._loader.load_from_file(path, cache="none", trusted_as_template=True)
        )
        faults: list[InventoryFault] = []
        names = self._names(arguments["group"], variables, faults)
        if self._task.get_play().strategy.rpartition(".")[2] in _UNORDERED:
            faults.append(_unordered(self._task.get_play().strategy))
        if not names:
            return _failed(result, faults)
        everyone = self._read(names, variables["hostvars"], faults)
        memory = _memory(everyone)
        first = next(iter(everyone.values()))
        decommissioned, revoked = (members.named(first.get(variable)) for variable in (members.VARIABLE, members.REVOKED))
        asked = list(dict.fromkeys([*decommissioned, *revoked]))
        for wanted, named, variable in (
            (arguments["decommission"], decommissioned, members.VARIABLE),
            (arguments["revoke"], revoked, members.REVOKED),
        ):
            if wanted:
                faults += members.strange(named, names, memory, variable) if named else [members.nothing_asked(variable)]
        leaving, markers = _leaving(everyone, asked, memory, faults)
        hosts = {name: values for name, values in everyone.items() if name not in leaving}
        topology = self._build(hosts, faults) if hosts else _without_nodes(everyone, faults)
        for name in hosts:
            late = inventory.check_deferred(name, self._raw[name], self._specifications, self._loader, topology, faults)
            _check_place(name, "erlang_verify_report_directory", self._bases[name][0], late, hosts[name], faults)
        otps = self._otps(hosts, topology, variables, faults)
        _check_secrets(everyone, faults)
        now = datetime.datetime.now(datetime.timezone.utc)
        signing = choice.read(hosts or everyone, next(iter(self._bases.values()))[0], topology["nodes"] if topology else {}, now, faults)
        if topology is not None:
            faults += choice.revoked(signing, _revoked_keys(topology["cluster"]))
        if faults or topology is None:
            return _failed(result, faults)
        for name, wanted in otps.items():
            topology["nodes"][name]["otp"] = wanted
            topology["nodes"][name]["certificates"] = signing.certificates[name]
        topology["cluster"]["signing"] = signing.signing
        place, run = Path(topology["cluster"]["directory"]), lock.this_run()
        topology["cluster"].update(lock.names(place, run))
        former = memory.former([node["node"] for node in topology["nodes"].values()], now)
        topology.update(leaving=leaving, former=[one._asdict() for one in former])
        made = directory.ensure(place, [], self._task.check_mode)
        if arguments["lock"] and not self._task.check_mode:
            _take(place, run)
            try:
                outcomes = dict.fromkeys(decommissioned, "begun") if arguments["decommission"] else {}
                outcomes |= dict.fromkeys(revoked, "revoked") if arguments["revoke"] else {}
                made += _marked(names, outcomes, leaving, memory, now)
            except OSError as error:
                raise AnsibleActionFail("%s cannot be written on the controller (%s)." % (error.filename, error.strerror)) from None
        if arguments["lock"]:
            for sentence in _of_members(leaving, markers, asked, former, memory):
                display.warning(sentence)
        rotation = authorities.rotation(topology["cluster"]["layout"])
        if rotation is not None:
            display.warning(rotation.sentence)
        try:
            topology = handover.applied(topology, rotation)
        except InputError as error:
            raise AnsibleActionFail("The cluster in %s %s; %s." % (place, error.problem, error.fix)) from None
        result.update(changed=bool(made), changed_paths=made, ansible_facts={"erlang_cluster_topology": topology})
        return result

    def _names(self, given: str | None, variables: dict[str, t.Any], faults: list[InventoryFault]) -> list[str]:
        """The hosts of the cluster's group, none if it cannot be told.

        A host that is no node, such as the controller, does not have the variable where it is set for the nodes: it is looked for there.
        """
        variable = groups.CLUSTER
        default = self._specifications.literals()[variable]
        group = given or self._templar.template(variables.get(variable, default))
        known = variables["groups"]
        if group == default and variables["inventory_hostname"] not in known.get(group, []):
            try:
                group = groups.named(variable, default, known["all"], variables["hostvars"])
            except InputError as error:
                faults.append(InventoryFault(("inventory",), variable, None, error.problem, error.fix))
                return []
        if not known.get(group):
            faults.append(groups.without_hosts(group))
        return list(known.get(group, []))

    def _read(self, names: list[str], hostvars: t.Any, faults: list[InventoryFault]) -> Hosts:
        hosts: Hosts = {}
        for name in names:
            raw = self._raw[name] = self._variables(name, hostvars)
            values = inventory.read_host(name, raw, self._specifications, self._loader, faults)
            # Hosts given on the command line have "None" here instead of a directory.
            base = os.path.join(os.getcwd(), "" if raw.get("inventory_dir") in (None, "None") else raw["inventory_dir"])
            if values.get("erlang_cluster_directory"):
                place = os.path.join(base, os.path.expanduser(values["erlang_cluster_directory"]))
                values["erlang_cluster_directory"] = os.path.abspath(place)
            self._bases[name] = [base, self._loader.get_basedir(), os.getcwd()]
            if values.get("erlang_otp_cache"):
                values["erlang_otp_cache"] = os.path.join(base, os.path.expanduser(values["erlang_otp_cache"]))
            if values.get("erlang_app_release"):
                values["erlang_app_release"] = archives.locate(values["erlang_app_release"], self._bases[name])
            hosts[name] = values
        return hosts

    def _variables(self, name: str, hostvars: t.Any) -> dict[str, t.Any]:
        """The variables of a host as a task of this play would see them, not templated.

        The public ``hostvars`` leave out what the play and its roles set, so that the manager behind them is asked.
        """
        manager = hostvars._variable_manager
        host = hostvars._inventory.get_host(name)
        variables = manager.get_vars(play=self._task.get_play(), host=host, task=self._task)
        return t.cast("dict[str, t.Any]", variables)

    def _build(self, hosts: Hosts, faults: list[InventoryFault]) -> Topology | None:
        unresolved = {
            str(values.get("erlang_node_host") or name) for name, values in hosts.items() if not values.get("erlang_node_addresses")
        }
        with concurrent.futures.ThreadPoolExecutor(_RESOLVERS) as pool:
            known = dict(zip(sorted(unresolved), pool.map(resolve, sorted(unresolved)), strict=True))
        try:
            return build(hosts, lambda host: known.get(host, []), read_release, registry.FURTHER)
        except TopologyError as error:
            faults += error.faults
        return None

    def _otps(
        self, hosts: Hosts, topology: Topology | None, variables: dict[str, t.Any], faults: list[InventoryFault]
    ) -> dict[str, dict[str, t.Any]]:
        """The OTP of each host; sources are fetched and looked into here, before any host is touched."""
        known: dict[tuple[str, ...], t.Any] = {}
        data = self._loader.load_from_file(str(_OTP_FILES / "security_floors.yml"), cache="none")
        found: dict[str, dict[str, t.Any]] = {}
        for name, values in hosts.items():
            node = topology["nodes"][name] if topology else {}
            store = otp_store.Store(Path(values.get("erlang_otp_cache") or "."), self._bases[name], _OTP_FILES / "patches", display.display)
            readers = otp.Readers(
                source=_once(known, store, store.source),
                archive=_once(known, store, store.archive),
                file=_once(known, store, store.file),
                floor=lambda version: floors.below(version, data),
            )
            needed = [*OTP_APPLICATIONS, *BOOT_TOOLS, *node.get("otp_applications", [])]
            found[name] = otp.wanted(name, values, needed, variables["groups"]["all"], readers, faults)
        return found


def _memory(hosts: Hosts) -> members.Members:
    """What the cluster's directory remembers of its members; nothing where no directory is given."""
    place = next((values["erlang_cluster_directory"] for values in hosts.values() if values.get("erlang_cluster_directory")), os.devnull)
    return members.Members(layout.cluster(place))


def _leaving(
    hosts: Hosts, asked: list[str], memory: members.Members, faults: list[InventoryFault]
) -> tuple[dict[str, t.Any], dict[str, members.Marker]]:
    """The nodes of hosts that this run takes out or an earlier one took out, by inventory names; and what is written of the latter.

    A host whose node has another name than the one that was taken out is a new member.
    """
    leaving: dict[str, t.Any] = {}
    markers: dict[str, members.Marker] = {}
    for name, values in hosts.items():
        marker = memory.marker(name)
        if marker is None and name not in asked:
            continue
        alone: list[InventoryFault] = []
        node = _alone(name, values, alone)
        if node is None:
            faults += alone
        elif name in asked or (marker is not None and marker.node in ("", node["node"])):
            leaving[name] = node
            if marker is not None:
                markers[name] = marker
    return leaving, markers


def _alone(name: str, values: dict[str, t.Any], faults: list[InventoryFault]) -> dict[str, t.Any] | None:
    """The node of a host by itself. Nothing is asked of what may be gone with it: its name in the DNS, its addresses, its release."""
    loopback = "::1" if values.get("erlang_cluster_address_family") == "inet6" else "127.0.0.1"
    place = {"erlang_node_addresses": [loopback], "erlang_node_sources": None, "erlang_app_release": None}
    try:
        topology = build({name: {**values, **place}}, lambda host: [], read_release, registry.FURTHER)
    except TopologyError as error:
        faults += error.faults
        return None
    return t.cast("dict[str, t.Any]", topology["nodes"][name])


def _without_nodes(hosts: Hosts, faults: list[InventoryFault]) -> Topology | None:
    """The topology of a cluster whose last hosts leave."""
    name, values = next(iter(hosts.items()))
    place = {"erlang_node_addresses": ["::1" if values.get("erlang_cluster_address_family") == "inet6" else "127.0.0.1"]}
    try:
        topology = build({name: {**values, **place, "erlang_app_release": None}}, lambda host: [], read_release, registry.FURTHER)
    except TopologyError as error:
        faults += error.faults
        return None
    return {**topology, "nodes": {}, "edges": []}


def _marked(
    names: list[str], asked: dict[str, str], leaving: dict[str, t.Any], memory: members.Members, now: datetime.datetime
) -> list[str]:
    """Writes down who is being taken out, as ``asked`` says of each, and forgets what is written of hosts that are out of the inventory, or members again.

    Returns the markers that were made or removed. Raises OSError.
    """
    changed = []
    for name, outcome in asked.items():
        if name in leaving:
            if memory.marker(name) is None:
                changed.append(str(memory.marker_path(name)))
            memory.mark(name, leaving[name]["node"], outcome, now)
            continue
        for node, entry in memory.known().items():
            if entry["inventory"] == name:
                memory.gone(node)
                display.warning("%s (%s) is in the inventory no more, and is taken out without being reached." % (name, node))
    for name in memory.marked():
        if name not in names or name not in leaving:
            memory.unmark(name)
            changed.append(str(memory.marker_path(name)))
    return changed


def _of_members(
    leaving: dict[str, t.Any],
    markers: dict[str, members.Marker],
    asked: list[str],
    former: list[members.Former],
    memory: members.Members,
) -> t.Iterator[str]:
    """A sentence on each host that is left out of the cluster though the inventory has it, or that left the inventory and is not known to be gone."""
    for name, marker in markers.items():
        if name not in asked:
            yield members.left_out(name, marker, memory.marker_path(name))
    for one in members.lingering(former, leaving, asked):
        yield " ".join(members.not_decommissioned(one))


def _unordered(strategy: str) -> InventoryFault:
    problem = "lets a host go on before others are as far, and what is done once for all hosts is then done too early or too often"
    return InventoryFault(("play",), "strategy", strategy, problem, "use the strategy 'linear', which is Ansible's default")


def _once(known: dict[tuple[str, ...], t.Any], store: otp_store.Store, read: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
    """A reader that looks at the same thing once, whatever the number of hosts; what cannot be used is remembered as well."""

    def ask(*arguments: t.Any) -> t.Any:
        key = (read.__name__, str(store.cache), *map(str, arguments))
        if key not in known:
            try:
                known[key] = read(*arguments)
            except InputError as error:
                known[key] = error
        if isinstance(known[key], InputError):
            raise known[key]
        return known[key]

    return ask


def resolve(host: str) -> list[str]:
    """The addresses of a name as the controller resolves it, an empty list if it does not."""
    try:
        answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    found: list[str] = []
    for _family, _type, _protocol, _name, address in answers:
        text = str(ipaddress.ip_address(str(address[0]).partition("%")[0]))
        if text not in found:
            found.append(text)
    return found


def read_release(path: str) -> Release:
    """A release archive on the controller. Raises InputError if it cannot be used."""
    return archives.read(Path(path))


def _check_place(
    name: str, variable: str, base: str, values: dict[str, t.Any], others: dict[str, t.Any], faults: list[InventoryFault]
) -> None:
    """Checks that a directory on the controller can be written to; what lies in the cluster's own is seen with that."""
    given = values.get(variable)
    if not given or "\0" in given:
        return
    place = Path(base, os.path.expanduser(given))
    if others.get("erlang_cluster_directory") and Path(others["erlang_cluster_directory"]) in place.parents:
        return
    try:
        directory.check_directory(place)
    except InputError as error:
        faults.append(InventoryFault((name,), variable, given, error.problem, error.fix))


def _take(place: Path, run: lock.Run) -> None:
    """Takes the lock of a cluster. Raises AnsibleActionFail if another run has it."""
    try:
        lock.take(place, run)
    except lock.HeldError as error:
        raise AnsibleActionFail(str(error)) from None
    except OSError as error:
        sentence = "%s cannot be locked on the controller (%s), so that two runs could change this cluster at a time."
        raise AnsibleActionFail(sentence % (place / lock.NAME, error.strerror)) from None


def _revoked_keys(cluster: t.Mapping[str, t.Any]) -> list[str]:
    """Raises AnsibleActionFail."""
    try:
        return revocations.keys(cluster["layout"])
    except InputError as error:
        raise AnsibleActionFail("The cluster in %s %s; %s." % (cluster["directory"], error.problem, error.fix)) from None


def _check_secrets(hosts: Hosts, faults: list[InventoryFault]) -> None:
    """Checks the cluster's directory, its CA and its secrets, each by itself."""
    everywhere = tuple(hosts)
    values = next(iter(hosts.values()))
    name, anew = values.get("erlang_cluster_name"), values.get(beginning.VARIABLE)
    if anew and anew != name:
        problem = "is not the name of this cluster"
        faults.append(InventoryFault(everywhere, beginning.VARIABLE, anew, problem, "give '%s' if that is what you mean" % name))
    if not values.get("erlang_cluster_directory"):
        return
    place = Path(values["erlang_cluster_directory"])
    places = layout.cluster(values["erlang_cluster_directory"])
    looks: list[tuple[str, str | None, t.Callable[[], t.Any]]] = [
        ("erlang_certs_ca_passphrase", None, lambda: _check_ca(places, values.get("erlang_certs_ca_passphrase")))
    ]
    if not values.get("erlang_cluster_cookie"):
        looks.insert(0, ("erlang_cluster_cookie", None, lambda: _check_cookie(Path(places["cookie"]))))
    try:
        directory.check_directory(place)
        directory.check_own(place)
        rotation = authorities.rotation(places)
    except InputError as error:
        faults.append(InventoryFault(everywhere, "erlang_cluster_directory", str(place), error.problem, error.fix))
        return
    signer = values.get(choice.SIGNER)
    if signer not in (None, PRIVATE_CA):
        looks = [each for each in looks if each[0] != "erlang_certs_ca_passphrase"]
        if rotation is not None and not rotation.of_signers:
            fix = "finish that first, or turn it back, with %s" % PRIVATE_CA
            faults.append(InventoryFault(everywhere, choice.SIGNER, signer, "cannot be chosen while the CA is rotated", fix))
    for variable, shown, look in looks:
        try:
            look()
        except InputError as error:
            faults.append(InventoryFault(everywhere, variable, shown, error.problem, error.fix))


def _check_cookie(path: Path) -> None:
    """Holds the cookie that was made, or put there by somebody, to what a cookie may be."""
    for problem in checks.problems("erlang_cluster_cookie", directory.read_secret(path)):
        raise InputError(problem.problem, "put a right one into %s, or remove the file to have one made" % path)


def _check_ca(places: t.Mapping[str, str], given: str | None) -> None:
    if certificates.CRYPTOGRAPHY_MISSING is not None:
        raise InputError("cannot be checked: the controller lacks the Python package cryptography", "install it there")
    signing = authorities.signing(places)
    key, certificate = map(_content, signing)
    passphrase = given or directory.read_secret(Path(places["ca_passphrase"]))
    if key is None and given is not None and len(given) < _PASSPHRASE_SHORTEST:
        raise InputError(
            "is too short to protect a key",
            "use at least %d characters, or leave it unset to have one made" % _PASSPHRASE_SHORTEST,
        )
    try:
        certificates.check_ca(key, certificate, passphrase, datetime.datetime.now(datetime.timezone.utc))
    except InputError as error:
        # While the CA is rotated it may be the files of the next one.
        named = [
            text.replace("ca.key", signing.key.name).replace("ca.pem", signing.certificate.name) for text in (error.problem, error.fix)
        ]
        raise InputError("%s (in %s)" % (named[0], signing.key.parent), named[1]) from None


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        problem = "cannot be checked: %s is not readable (%s)" % (path, error.strerror)
        raise InputError(problem, "correct its permissions") from None


def _failed(result: dict[str, t.Any], faults: list[InventoryFault]) -> dict[str, t.Any]:
    sentences = [str(fault) for fault in fold(faults)]
    count = "a fault" if len(sentences) == 1 else "%d faults" % len(sentences)
    message = "The inventory has %s, and no host was touched.\n%s" % (count, "\n".join(sentences))
    result.update(failed=True, msg=message)
    return result
