# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variable ``erlang_node_tls_options``: what it may hold, and what becomes of it in a node's TLS options.

Sources: ssl(3erl), options ``ciphers``, ``supported_groups`` (TLS 1.3), ``eccs`` (TLS 1.2) and ``signature_algs``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InventoryFault, Problem, listed
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.tls_names import (
    CIPHERS,
    GROUPS,
    OF_OUR_CERTIFICATES,
    SIGNATURE_ALGS,
    TLS_1_2,
    TLS_1_3,
    VERSIONS,
    Lists,
    unshared,
)

VARIABLE = "erlang_node_tls_options"
VERSIONS_VARIABLE = "erlang_node_tls_versions"
VARIABLES = (VARIABLE, VERSIONS_VARIABLE)

KNOWN: Mapping[str, Sequence[str]] = {
    "ciphers": [name for version in CIPHERS.values() for name in version],
    "groups": list(GROUPS),
    "signature_algs": list(SIGNATURE_ALGS),
}
"""What each list of the variable may name."""


def problems(value: Any) -> Iterator[Problem]:
    """What is wrong with a value of the variable by itself."""
    for key, names in value.items():
        if key not in KNOWN:
            yield Problem(key, "is none of its lists", "give %s" % listed(KNOWN))
        elif not isinstance(names, list) or not names:
            yield Problem(names, "is no list of %s" % key, "name some, or remove %s to have what OTP takes" % key)
        else:
            yield from _unknown(key, names)
    algorithms = value.get("signature_algs")
    if isinstance(algorithms, list) and algorithms and OF_OUR_CERTIFICATES not in algorithms:
        yield Problem(
            algorithms,
            "lacks that of the nodes' certificates, which are ECDSA with P-256",
            "add %s to signature_algs" % OF_OUR_CERTIFICATES,
        )


def _unknown(key: str, names: Sequence[Any]) -> Iterator[Problem]:
    for place, name in enumerate(names):
        if name not in KNOWN[key]:
            yield Problem(
                name,
                "is not known to each OTP from 25 to 29 and to the verification as one of %s" % key,
                "choose from %s" % listed(KNOWN[key]),
            )
        elif name in names[:place]:
            yield Problem(name, "is there twice", "remove one")


def lists(variables: Mapping[str, Any]) -> Lists:
    """Return what a node takes by the variables of its host."""
    value = variables[VARIABLE]
    return Lists(variables[VERSIONS_VARIABLE], value.get("ciphers"), value.get("groups"), value.get("signature_algs"))


def faults(taken: Mapping[str, Lists]) -> list[InventoryFault]:
    """Return what is wrong with what nodes take, by inventory name: versions for which nothing remains, and nodes that share nothing."""
    found = []
    for inventory, mine in taken.items():
        bare = [version for version in mine.versions if mine.ciphers_of(version) == []]
        for version in bare:
            fix = "add one of %s, or take %s out of erlang_node_tls_versions" % (listed(CIPHERS[version]), version)
            found.append(InventoryFault((inventory,), VARIABLE, None, "has no cipher suite for %s" % version, fix))
    return found or list(_apart(taken))


def _apart(taken: Mapping[str, Lists]) -> Iterator[InventoryFault]:
    """Nodes that could not connect: of two that share nothing the one that shares nothing with most others is named."""
    names = list(taken)
    pairs = {
        (one, other): lacks
        for place, one in enumerate(names)
        for other in names[place + 1 :]
        if (lacks := unshared(taken[one], taken[other])) is not None
    }
    while pairs:
        odd = max(names, key=lambda name: (sum(name in pair for pair in pairs), names.index(name)))
        mine = {pair: lacks for pair, lacks in pairs.items() if odd in pair}
        lacks, *_others = mine.values()
        others = [name for pair in mine for name in pair if name != odd]
        variable = VERSIONS_VARIABLE if lacks == "version" else VARIABLE
        what = "TLS version" if lacks == "version" else lacks
        yield InventoryFault((odd,), variable, None, "has no %s in common with %s" % (what, listed(others)), "give all nodes one in common")
        pairs = {pair: lacks for pair, lacks in pairs.items() if pair not in mine}


def terms(versions: Sequence[str], value: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the options of ssl for either side, as tagged terms, from the variables of a node."""
    found: dict[str, Any] = {}
    if "ciphers" in value:
        allowed = [name for version in versions for name in CIPHERS[version]]
        found["ciphers"] = [name for name in value["ciphers"] if name in allowed]
    # OTP refuses supported_groups without TLS 1.3, and takes the curves of TLS 1.2 from eccs alone.
    for version, option in ((TLS_1_3, "supported_groups"), (TLS_1_2, "eccs")):
        if "groups" in value and version in versions:
            found[option] = [{"$atom": name} for name in value["groups"]]
    if "signature_algs" in value:
        found["signature_algs"] = [
            term for version in VERSIONS if version in versions for term in _signatures(version, value["signature_algs"])
        ]
    return found


def _signatures(version: str, names: Sequence[str]) -> Iterator[Any]:
    """Yield signature algorithms as OTP knows them in a version: the names are those of TLS 1.3."""
    for name in names:
        pair = SIGNATURE_ALGS[name]
        if version == TLS_1_3:
            yield {"$atom": name}
        elif pair is not None:
            yield {"$tuple": [{"$atom": part} for part in pair]}
