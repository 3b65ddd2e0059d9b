# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who signs, as the inventory says: all of it is read and held against each other before a host is touched."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError, InventoryFault
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import certificate, pem
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import certificates
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers import (
    contract,
    names,
    own_certificates,
    registry,
    trust_files,
)

SIGNER, TRUST = "erlang_certs_signer", "erlang_certs_trust_files"
TASKS, OWN_TASKS = "issue.yml", "own_certificates.yml"
"""Tasks of the role erlang_certs that bring a node its certificate: from a signer, and what the user gives."""

Hosts = t.Mapping[str, t.Mapping[str, t.Any]]


class Choice(t.NamedTuple):
    """What the topology says of it: ``signing`` for the cluster, and ``certificates`` for each node by its inventory name. Nothing of it is secret."""

    signing: dict[str, t.Any]
    certificates: dict[str, dict[str, t.Any]]


def read(
    hosts: Hosts, base: str, nodes: t.Mapping[str, t.Mapping[str, t.Any]], now: datetime.datetime, faults: list[InventoryFault]
) -> Choice:
    """Who signs for the hosts, by their variables; relative paths are taken from ``base``. Adds what is wrong with any of it to ``faults``.

    ``nodes`` are those of the topology, none where the inventory has faults that leave it without one.
    """
    values = next(iter(hosts.values()))
    signer = values.get(SIGNER) or registry.DEFAULT
    kind = registry.SIGNERS.get(signer)
    said = contract.Inventory(values, base, hosts, now, faults)
    said.hosts = [node["host"] for node in nodes.values()]
    paths = [said.path(each) for each in values.get(TRUST) or ()]
    signing: dict[str, t.Any] = {"signer": signer, "trust": paths, "tasks": TASKS if kind else OWN_TASKS}
    found = Choice(signing, {name: {"exact": bool(kind and kind.exact), "own": None} for name in hosts})
    if (paths or signer != registry.DEFAULT) and certificates.CRYPTOGRAPHY_MISSING is not None:
        said.add(SIGNER, signer, "cannot be used: the controller lacks the Python package cryptography", "install it there")
        return found
    if not paths and signer != registry.DEFAULT:
        said.add(
            TRUST, None, "names no file, and nodes have to trust the root of what is signed", "give the path of the root's certificate"
        )
    texts = [said.tried(TRUST, path, trust_files.checked, path, now) for path in paths]
    said.trusted = "".join(text or "" for text in texts) if all(texts) else ""
    if kind:
        signing.update(kind.read(said))
    elif signer == names.OWN and said.trusted:
        for name in hosts:
            _own(name, hosts[name], said.trusted, nodes.get(name), now, found.certificates[name], faults)
    return found


def revoked(found: Choice, keys: t.Collection[str]) -> list[InventoryFault]:
    """What is wrong with certificates that the user gives: those for a revoked key, by the digests of these."""
    given = {name: certificate.read(pem.contents(about["own"])[0]) for name, about in found.certificates.items() if about["own"]}
    problem, fix = "is for a key that was revoked", "give a certificate for a new key"
    return [
        InventoryFault((name,), own_certificates.VARIABLE, None, problem, fix) for name, seen in given.items() if seen.key_digest in keys
    ]


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
