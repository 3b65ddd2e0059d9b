# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who signs, as the inventory says: all of it is read and held against each other before a host is touched."""

from __future__ import annotations

import datetime
import os
import shutil
import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError, InventoryFault
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import certificate, pem
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import certificates
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers import (
    intermediate,
    names,
    own_certificates,
    registry,
    trust_files,
)

SIGNER, TRUST, COMMAND, TIMEOUT = ("erlang_certs_" + part for part in ("signer", "trust_files", "command", "command_timeout"))

Hosts = t.Mapping[str, t.Mapping[str, t.Any]]


class Choice(t.NamedTuple):
    """What the topology says of it: ``signing`` for the cluster, and ``certificates`` for each node by its inventory name. Nothing of it is secret."""

    signing: dict[str, t.Any]
    certificates: dict[str, dict[str, t.Any]]


class _Faults:
    """Collects what is wrong with variables that are the same on all hosts."""

    def __init__(self, faults: list[InventoryFault], hosts: Hosts) -> None:
        self._faults, self._everywhere = faults, tuple(hosts)

    def add(self, variable: str, shown: t.Any, problem: str, fix: str) -> None:
        self._faults.append(InventoryFault(self._everywhere, variable, shown, problem, fix))

    def tried(self, variable: str, shown: t.Any, look: t.Callable[..., t.Any], *arguments: t.Any) -> t.Any:
        """What a look returns; None, and a fault, if it raises InputError."""
        try:
            return look(*arguments)
        except InputError as error:
            self.add(variable, shown, error.problem, error.fix)
            return None


def read(
    hosts: Hosts, base: str, nodes: t.Mapping[str, t.Mapping[str, t.Any]], now: datetime.datetime, faults: list[InventoryFault]
) -> Choice:
    """Who signs for the hosts, by their variables; relative paths are taken from ``base``. Adds what is wrong with any of it to ``faults``.

    ``nodes`` are those of the topology, none where the inventory has faults that leave it without one.
    """
    values = next(iter(hosts.values()))
    signer = values.get(SIGNER) or registry.DEFAULT
    said = _Faults(faults, hosts)
    paths = [_path(base, each) for each in values.get(TRUST) or ()]
    signing: dict[str, t.Any] = {"signer": signer, "trust": paths}
    found = Choice(signing, {name: {"exact": signer in registry.EXACT, "own": None} for name in hosts})
    if (paths or signer != registry.DEFAULT) and certificates.CRYPTOGRAPHY_MISSING is not None:
        said.add(SIGNER, signer, "cannot be used: the controller lacks the Python package cryptography", "install it there")
        return found
    if not paths and signer != registry.DEFAULT:
        said.add(
            TRUST, None, "names no file, and nodes have to trust the root of what is signed", "give the path of the root's certificate"
        )
    texts = [said.tried(TRUST, path, trust_files.checked, path, now) for path in paths]
    trusted = "".join(text or "" for text in texts) if all(texts) else ""
    if signer == "intermediate":
        signing.update(_intermediate(values, base, trusted, nodes, now, said))
    elif signer == "command":
        signing.update(_command(values, base, said))
    elif signer == names.OWN and trusted:
        for name in hosts:
            _own(name, hosts[name], trusted, nodes.get(name), now, found.certificates[name], faults)
    return found


def _path(base: str, given: str) -> str:
    return os.path.abspath(os.path.join(base, os.path.expanduser(given)))


def _intermediate(
    values: t.Mapping[str, t.Any],
    base: str,
    trusted: str,
    nodes: t.Mapping[str, t.Mapping[str, t.Any]],
    now: datetime.datetime,
    said: _Faults,
) -> dict[str, t.Any]:
    given = {variable: values.get(variable) for variable in (intermediate.CERTIFICATE, intermediate.KEY)}
    for variable, value in given.items():
        if not value:
            said.add(variable, None, "has no value", "give the path of the file")
    paths = {variable: _path(base, value) for variable, value in given.items() if value}
    chain = key = None
    if intermediate.CERTIFICATE in paths:
        path = paths[intermediate.CERTIFICATE]
        chain = said.tried(intermediate.CERTIFICATE, path, trust_files.chain, path)
    if intermediate.KEY in paths:
        path = paths[intermediate.KEY]
        content = said.tried(intermediate.KEY, path, trust_files.content, path)
        if content is not None:
            key = said.tried(intermediate.KEY, path, intermediate.opened_key, content, values.get(intermediate.PASSPHRASE))
    domains = [node["host"] for node in nodes.values()]
    there = intermediate.Found(chain, key, trusted)
    for variable, problem, fix in intermediate.problems(there, domains, values["erlang_certs_renew_before_days"], now):
        said.add(variable, paths.get(variable), problem, fix)
    return {"intermediate_certificate": paths.get(intermediate.CERTIFICATE), "intermediate_key": paths.get(intermediate.KEY)}


def _command(values: t.Mapping[str, t.Any], base: str, said: _Faults) -> dict[str, t.Any]:
    arguments = [str(each) for each in values.get(COMMAND) or ()]
    found: dict[str, t.Any] = {"command": arguments, "timeout": values[TIMEOUT]}
    if not arguments:
        said.add(COMMAND, None, "has no value", "give the command that signs, and its arguments, an item each")
        return found
    program = _path(base, arguments[0]) if "/" in arguments[0] else shutil.which(arguments[0])
    if program is None or not os.path.isfile(program) or not os.access(program, os.X_OK):
        said.add(
            COMMAND,
            arguments[0],
            "is no program on the controller that can be run",
            "install it there, or correct its path or its permissions",
        )
        return found
    return {**found, "command": [program, *arguments[1:]]}


def _own(
    name: str,
    values: t.Mapping[str, t.Any],
    trusted: str,
    node: t.Mapping[str, t.Any] | None,
    now: datetime.datetime,
    about: dict[str, t.Any],
    faults: list[InventoryFault],
) -> None:
    given = values.get(own_certificates.VARIABLE)
    if given and "-----BEGIN " not in given:
        return  # That it is no PEM is told with what is wrong with variables by themselves.
    try:
        own = own_certificates.read(given, trusted)
    except InputError as error:
        faults.append(InventoryFault((name,), own_certificates.VARIABLE, None, error.problem, error.fix))
        return
    about.update(own=own.chain, until=int(certificate.read(pem.contents(own.chain)[0]).not_after.timestamp()))
    wrong = own_certificates.problems(own, trusted, node["node"], node["host"], now) if node else []
    if wrong:
        problem = "cannot be used for %s: %s" % (node["node"] if node else name, ", and ".join(wrong))
        faults.append(InventoryFault((name,), own_certificates.VARIABLE, None, problem, "give another one"))
