# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes that the nodes of a running cluster cannot have one by one, as a node that has one cannot connect with a node that has not.

What a running node started with is told by its generation (``about.json``), and is held against what it is to have. Two nodes are held against
each other only if both run: a node that does not run meets nobody.

Source for OTP: "System Principles", chapter "Support, Compatibility, Deprecations, and Removal": nodes can communicate across at least two
preceding and two subsequent releases.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Callable, NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.change import UP
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import listed
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.tls_options import KNOWN
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.tls_names import VERSIONS, Lists, unshared

TOGETHER = "erlang_rollout_together"
"""The variable that has such changes done, by a stop and start of all nodes concerned at once."""

RELEASES_APART = 2
"""How many releases of OTP two nodes may be apart."""

_DISCOVERIES = ("port", "map", "epmd")
_FAMILIES = ("inet", "inet6")
_HIGHEST_PORT = 65535
_LONGEST = 1 << 16
_OTP = re.compile(r"([1-9][0-9]{0,3})(?:[.-][0-9A-Za-z.+~-]{1,60})?\Z")

_ERTS_OF = 12
_FIRST_ERTS = 11
"""From ERTS 11 (OTP 23) on, a release of OTP has the major version of its ERTS and 12 more (OTP, ``otp_versions.table``)."""


class About(NamedTuple):
    """What of a node decides with whom it can connect, None each where it is not known; ``otp`` is the release, ``port`` where peers look for it."""

    node: str | None = None
    otp: int | None = None
    discovery: str | None = None
    port: int | None = None
    listen_port: int | None = None
    epmd_port: int | None = None
    address_family: str | None = None
    tls: Lists | None = None


class Mixture(NamedTuple):
    """A change that cannot be mixed, as a sentence says it: ``hosts: what; why. fix.``

    ``hosts`` are those that cannot have it one by one, ``others`` those of this run that they would meet. ``hindered`` is why the variable
    ``erlang_rollout_together`` does not help, empty if it does.
    """

    hosts: tuple[str, ...]
    others: tuple[str, ...]
    what: str
    why: str
    fix: str
    hindered: str = ""

    def __str__(self) -> str:
        ends = [self.fix]
        if self.hindered:
            ends.append(self.hindered)
        else:
            ends.append("Or set %s: true to have these nodes stopped and started together; the cluster is away for that time" % TOGETHER)
        return "%s: %s; %s. %s." % (listed(self.hosts), self.what, self.why, ". ".join(end for end in ends if end))


def about(
    cluster: Mapping[str, Any], node: Mapping[str, Any], otp: str, tls_versions: Sequence[str], tls_options: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Return what a node's generation says of itself: all that decides with whom the node can connect, and what it reads at its start alone.

    ``cluster`` and ``node`` are of the topology, ``otp`` is the version of the OTP that the node is to run by, empty if it is not known.
    """
    fields = {
        "node": str(node["node"]),
        "otp": _otp_of(node, otp),
        "discovery": str(cluster["discovery"]),
        "port": str(node["port"]),
        "listen_port": str(node["listen_port"]),
        "epmd_port": str(cluster["epmd_port"]),
        "address_family": str(cluster["address_family"]),
        "tls_versions": " ".join(tls_versions),
        **{"tls_" + key: " ".join(tls_options[key]) for key in KNOWN if key in tls_options},
    }
    return {key: value for key, value in fields.items() if value}


def _otp_of(node: Mapping[str, Any], otp: str) -> str:
    """The OTP by which a node runs: that of its release, where that brings an emulator of its own."""
    release = node.get("application")
    major = str((release or {}).get("erts") or "").partition(".")[0]
    return str(int(major) + _ERTS_OF) if major.isdecimal() and int(major) >= _FIRST_ERTS else otp


def read(text: str | None) -> About:
    """Return what the text of an ``about.json`` says. It comes from a host: what has not the form of a field counts as not known."""
    try:
        fields = json.loads(text) if text and len(text) <= _LONGEST else None
    except (ValueError, RecursionError):
        fields = None
    return _about(fields if isinstance(fields, dict) else {})


def _about(fields: Mapping[str, Any]) -> About:
    given = {key: value for key, value in fields.items() if isinstance(value, str)}
    otp = _OTP.match(given.get("otp", ""))
    return About(
        given.get("node") or None,
        int(otp[1]) if otp else None,
        _one_of(_DISCOVERIES, given.get("discovery")),
        _port(given.get("port")),
        _port(given.get("listen_port")),
        _port(given.get("epmd_port")),
        _one_of(_FAMILIES, given.get("address_family")),
        _lists(given),
    )


def _one_of(known: Sequence[str], value: str | None) -> str | None:
    return value if value in known else None


def _port(value: str | None) -> int | None:
    return int(value) if value and re.match(r"[1-9][0-9]{0,4}\Z", value) and int(value) <= _HIGHEST_PORT else None


def _lists(given: Mapping[str, str]) -> Lists | None:
    """What a node takes of TLS; None if its versions are not known, or it names what nobody here knows."""
    versions = given.get("tls_versions", "").split()
    lists = {key: given["tls_" + key].split() for key in KNOWN if "tls_" + key in given}
    if not versions or not set(versions) <= set(VERSIONS) or any(not set(names) <= set(KNOWN[key]) for key, names in lists.items()):
        return None
    return Lists(tuple(versions), *(tuple(lists[key]) if key in lists else None for key in ("ciphers", "groups", "signature_algs")))


def running(topology: Mapping[str, Any], surveys: Mapping[str, Mapping[str, Any]]) -> dict[str, About]:
    """Return what the nodes that run started with, by inventory name; ``surveys`` are those of the hosts that have one."""
    found = {}
    for host, node in topology["nodes"].items():
        for other in surveys.get(host, {}).get("nodes", ()):
            if other["node"] == node["node"] and other["active"] in UP:
                found[host] = _started(node, other)
    return found


def _started(node: Mapping[str, Any], found: Mapping[str, Any]) -> About:
    """What a node started with, as the survey tells of it; what it says of another name is handled by ``renames.py``."""
    started, listens = read(found.get("about")), found.get("listens")
    if started.node != node["node"]:
        return About()
    # The generation was made for one port, and the table of peers had another when the node started.
    moved = listens is not None and started.listen_port is not None and listens != started.listen_port
    return started._replace(port=listens, listen_port=listens) if moved else started


def wanted(topology: Mapping[str, Any], surveys: Mapping[str, Mapping[str, Any]]) -> dict[str, About]:
    """Return what the nodes of the surveyed hosts are to start with, by inventory name."""
    return {
        host: _about(about(topology["cluster"], node, _otp(node, surveys[host]), node["tls"]["versions"], node["tls"]["options"]))
        for host, node in topology["nodes"].items()
        if host in surveys
    }


def _otp(node: Mapping[str, Any], survey: Mapping[str, Any]) -> str:
    """The version of the OTP that a host is to have: that of a package is the one that is there."""
    return str(node["otp"].get("version") or (survey.get("otp") or {}).get("version") or "")


def listening_port(node: Mapping[str, Any], survey: Mapping[str, Any] | None) -> int:
    """Return the port on which a node listens that runs, else the one that it is to listen on; ``survey`` is that of its host, if there is one."""
    ports = [each.listen_port for each in running({"nodes": {"": node}}, {"": survey or {}}).values()]
    return next(iter(filter(None, ports)), int(node["listen_port"]))


def ports_before(topology: Mapping[str, Any], inventory: str, survey: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a running node needs beside its new ports as long as it may go back; ``survey`` is that of its host.

    ``ports`` are the one that it listens on and that of the port mapper by which it is found, where they change, ``any`` is whether they do.
    ``port_mapper`` is whether it is found by one, which it is to be no longer.
    """
    cluster, node = topology["cluster"], topology["nodes"][inventory]
    started = running({"nodes": {inventory: node}}, {inventory: survey}).get(inventory, About())
    mapper = started.epmd_port if started.discovery == "epmd" else None
    wanted = cluster["epmd_port"] if cluster["discovery"] == "epmd" else None
    changed = ((started.listen_port, node["listen_port"]), (mapper, wanted))
    ports = [before for before, after in changed if before is not None and before != after]
    return {"ports": ports, "any": bool(ports), "port_mapper": mapper is not None and wanted is None}


class _Kind(NamedTuple):
    """A kind of such changes: its value of a node, whether it keeps a node that has changed from one that has not, and how both are told.

    ``told`` takes the value as it was, the one that it becomes, and that of the other node, and returns what changes, why it keeps them apart, and
    what to do instead. ``stays`` is what has to change with the nodes and is in no generation, so that it does not go back with them; empty if nothing is.
    """

    value: Callable[[About], Any]
    apart: Callable[[About, About], Any]
    told: Callable[[About, About, About], tuple[str, str, str]]
    stays: str = ""


def _apart_by_port(new: About, old: About) -> bool:
    return new.discovery == "port" and None not in (new.port, old.port) and new.port != old.port


def _told_port(before: About, after: About, _other: About) -> tuple[str, str, str]:
    return (
        "their port of the distribution changes from %s to %s" % (before.port, after.port),
        "with discovery 'port' all nodes are looked for at one port, so that those with the former one are not found",
        "Keep the port (erlang_cluster_port)",
    )


def _apart_by_discovery(new: About, old: About) -> bool:
    return None not in (new.discovery, old.discovery) and (new.discovery == "epmd") != (old.discovery == "epmd")


def _told_discovery(before: About, after: About, _other: About) -> tuple[str, str, str]:
    return (
        "discovery changes from '%s' to '%s'" % (before.discovery, after.discovery),
        "a node is registered with the port mapper from its start on or not at all, and is not found by nodes that look for it in the other way",
        "Keep the discovery (erlang_cluster_discovery)",
    )


def _apart_by_epmd(new: About, old: About) -> bool:
    return new.discovery == old.discovery == "epmd" and None not in (new.epmd_port, old.epmd_port) and new.epmd_port != old.epmd_port


def _told_epmd(before: About, after: About, _other: About) -> tuple[str, str, str]:
    return (
        "the port of the port mapper changes from %s to %s" % (before.epmd_port, after.epmd_port),
        "a node registers with it when it starts, and asks for others at the port that it started with",
        "Keep the port (erlang_cluster_epmd_port)",
    )


def _apart_by_family(new: About, old: About) -> bool:
    return None not in (new.address_family, old.address_family) and new.address_family != old.address_family


def _told_family(before: About, after: About, _other: About) -> tuple[str, str, str]:
    return (
        "the address family changes from '%s' to '%s'" % (before.address_family, after.address_family),
        "a node listens and connects by the one that it started with",
        "Keep the address family (erlang_cluster_address_family)",
    )


def _apart_by_tls(new: About, old: About) -> str | None:
    return None if new.tls is None or old.tls is None else unshared(new.tls, old.tls)


def _told_tls(before: About, after: About, other: About) -> tuple[str, str, str]:
    lacks = _apart_by_tls(after, other) or "version"
    name, variable = ("TLS version", "erlang_node_tls_versions") if lacks == "version" else (lacks, "erlang_node_tls_options")
    was, becomes, theirs = (_taken(each.tls, lacks) for each in (before, after, other))
    return (
        "what they take of TLS changes (%s: from %s to %s)" % (name, was, becomes),
        "they would have no %s in common with nodes that run with %s" % (name, theirs),
        "Go by way of a run in which all nodes take both (%s), and take the former out in a run after it" % variable,
    )


def _taken(lists: Lists | None, lacks: str) -> str:
    names = {"version": "versions", "cipher": "ciphers", "group": "groups", "signature algorithm": "signature_algs"}
    found = getattr(lists, names[lacks], None)
    return listed(found) if found else "all that OTP takes"


def _apart_by_otp(new: About, old: About) -> bool:
    return new.otp is not None and old.otp is not None and abs(new.otp - old.otp) > RELEASES_APART


def _told_otp(before: About, after: About, other: About) -> tuple[str, str, str]:
    old, new = other.otp or 0, after.otp or 0
    step = RELEASES_APART if new > old else -RELEASES_APART
    steps = ["OTP %d" % major for major in range(old + step, new, step)]
    return (
        "OTP changes from %s to %s" % (before.otp, after.otp),
        "nodes of OTP connect with those of up to %d releases before and after their own, and nodes with OTP %d run"
        % (RELEASES_APART, old),
        "Have all nodes of the cluster on %s before, in a run of %s own" % (listed(steps, " then "), "its" if len(steps) == 1 else "their"),
    )


_KINDS = (
    _Kind(lambda node: node.discovery and node.discovery == "epmd", _apart_by_discovery, _told_discovery),
    _Kind(lambda node: node.port, _apart_by_port, _told_port),
    _Kind(lambda node: node.epmd_port, _apart_by_epmd, _told_epmd, "The port mapper"),
    _Kind(lambda node: node.address_family, _apart_by_family, _told_family, "The table of peers"),
    _Kind(lambda node: node.tls, _apart_by_tls, _told_tls),
    _Kind(lambda node: node.otp, _apart_by_otp, _told_otp),
)


class _Met(NamedTuple):
    """A node that has changed (``host``) and one that has not, which cannot connect."""

    host: str
    other: str
    told: tuple[str, str, str]
    lasting: bool
    stays: str


def mixtures(
    topology: Mapping[str, Any], before: Mapping[str, About], after: Mapping[str, About], part: Sequence[str], back: bool = False
) -> list[Mixture]:
    """Return the changes that cannot be mixed, each once for all hosts that have it.

    ``before`` is what the nodes that run started with, ``after`` what nodes are to start with, ``part`` the hosts of this run: other nodes go on with
    what they have, and count if it is known. With ``back`` they go back to former generations.
    """
    grouped: dict[tuple[str, str, str], list[_Met]] = {}
    for kind in _KINDS:
        for met in _meetings(kind, topology, before, after, part):
            grouped.setdefault(met.told, []).append(met)
    return [_mixture(told, found, part, back) for told, found in grouped.items()]


def _meetings(
    kind: _Kind, topology: Mapping[str, Any], before: Mapping[str, About], after: Mapping[str, About], part: Sequence[str]
) -> Iterator[_Met]:
    for edge in topology["edges"]:
        host, other = edge["from"], edge["to"]
        if host not in part or host not in after or host not in before or other not in before:
            continue
        was, becomes, theirs = before[host], after[host], before[other]
        # Nodes that are kept apart by what this run does not change are no concern of it.
        if kind.value(was) in (None, kind.value(becomes)) or not kind.apart(becomes, theirs):
            continue
        later = after[other] if other in part and other in after else theirs
        yield _Met(host, other, kind.told(was, becomes, theirs), bool(kind.apart(becomes, later)), kind.stays)


def _mixture(told: tuple[str, str, str], found: Sequence[_Met], part: Sequence[str], back: bool) -> Mixture:
    what, why, fix = told
    hosts = tuple(dict.fromkeys(met.host for met in found))
    others = tuple(dict.fromkeys(met.other for met in found if met.other in part))
    outside = list(dict.fromkeys(met.other for met in found if met.other not in part))
    lasting = list(dict.fromkeys(met.other for met in found if met.lasting and met.other in part))
    hindered = []
    if outside:
        hindered.append(
            "%s %s not part of this run, and %s: leave --limit out"
            % (listed(outside), _are(outside, "is", "are"), _are(outside, "runs", "run"))
        )
    if lasting:
        hindered.append("%s %s to stay as %s" % (listed(lasting), _are(lasting, "is", "are"), _are(lasting, "it is", "they are")))
    if back and found[0].stays:
        hindered.append(
            "%s does not go back with the nodes: write the former value into the inventory, and run the playbook site" % found[0].stays
        )
    return Mixture(hosts, others, what, why, fix, "; ".join(hindered))


def _are(hosts: Sequence[str], one: str, several: str) -> str:
    return one if len(hosts) == 1 else several


def found(topology: Mapping[str, Any], surveys: Mapping[str, Mapping[str, Any]], part: Sequence[str]) -> list[Mixture]:
    """Return the changes of a run that cannot be mixed; ``surveys`` are those of all hosts that are known, ``part`` the hosts of the run."""
    here = {host: survey for host, survey in surveys.items() if host in part}
    return mixtures(topology, running(topology, surveys), wanted(topology, here), part)


def found_back(topology: Mapping[str, Any], told: Mapping[str, tuple[str | None, str | None]], part: Sequence[str]) -> list[Mixture]:
    """Return the changes that cannot be mixed where nodes go back; ``told`` has of each host what its node started with and what it goes back to.

    Both are texts (``about.json``). What the node reads from the table of peers when it starts stays as it is: the table does not go back.
    """
    before = {host: read(started) for host, (started, _former) in told.items()}
    after = {
        host: read(former)._replace(port=before[host].port, listen_port=before[host].listen_port, discovery=before[host].discovery)
        for host, (_started, former) in told.items()
    }
    return mixtures(topology, before, after, part, back=True)


def refused(mixed: Iterable[Mixture], together: bool) -> list[str]:
    """Return a sentence for each change that is not done; ``together`` is the user's consent to a stop and start of all at once."""
    return [str(mixture) for mixture in mixed if mixture.hindered or not together]


def together(mixed: Iterable[Mixture]) -> list[str]:
    """Return the hosts whose nodes have to be stopped and started together, by inventory name."""
    return list(dict.fromkeys(host for mixture in mixed for host in mixture.hosts + mixture.others))
