# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who was a member of a cluster, and who was taken out of it: what the cluster's directory remembers beyond the inventory.

``members.json`` has an entry for each node that was set up, by its name. One that is in the inventory no more, and was not taken off its host, may
still run there, and its certificate is good until it ends. ``decommissioned/HOST`` says that a host was taken out: as long as it is there, that node
is no member, whatever the inventory says. A person may remove it.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import typing as t
from pathlib import Path

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InventoryFault, listed
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import files

VARIABLE = "erlang_decommission"
"""The variable that names the hosts to be taken out."""

REVOKED = "erlang_certs_revoke"
"""The variable that names the hosts whose certificates are to be revoked, and which are taken out with that."""

PLAYBOOK = "beam.tls_distribution.decommission"

_TIME = "%Y-%m-%dT%H:%M:%SZ"

Node = t.Mapping[str, t.Any]
Nodes = t.Mapping[str, Node]


class Marker(t.NamedTuple):
    """That a host was taken out: the ``node`` that it had, since when, and what became of it there.

    ``outcome`` is ``begun``, ``removed``, for a host that could not be reached ``unreached``, or for one that was left alone ``revoked``.
    """

    node: str
    since: str
    outcome: str


class Former(t.NamedTuple):
    """A node that was a member and is none any more: where it was, and whether somebody said that it is gone for good."""

    node: str
    inventory: str
    host: str
    addresses: list[str]
    port: int
    gone: bool


def named(value: str | None) -> list[str]:
    """The hosts that ``erlang_decommission``, or ``erlang_certs_revoke``, names, in its order."""
    return list(dict.fromkeys(name.strip() for name in (value or "").split(",") if name.strip()))


class Members:
    """The memory of the cluster whose directory has this layout. What is damaged there counts as not being there."""

    def __init__(self, places: t.Mapping[str, str]) -> None:
        self._file, self._markers = Path(places["members"]), Path(places["decommissioned"])

    def marker(self, host: str) -> Marker | None:
        """What is written of a host that was taken out, None if nothing is. A marker that somebody else wrote counts too."""
        path = self.marker_path(host)
        try:
            text = path.read_text()
        except OSError:
            return None
        try:
            found = json.loads(text)
            return Marker(str(found["node"]), str(found["since"]), str(found["outcome"]))
        except (ValueError, KeyError, TypeError):
            return Marker("", "", "removed")

    def marker_path(self, host: str) -> Path:
        """The file that says that a host was taken out."""
        return self._markers / host

    def marked(self) -> list[str]:
        """The hosts that have a marker."""
        try:
            return sorted(path.name for path in self._markers.iterdir() if not path.name.startswith("."))
        except OSError:
            return []

    def mark(self, host: str, node: str, outcome: str, now: datetime.datetime) -> None:
        """Writes that a host was taken out. Raises OSError."""
        known = self.marker(host)
        since = known.since if known and known.node == node else now.strftime(_TIME)
        self._markers.mkdir(mode=0o700, exist_ok=True)
        _write(self.marker_path(host), Marker(node, since, outcome)._asdict())

    def unmark(self, host: str) -> None:
        """Has a host be a member again where the inventory has it."""
        with contextlib.suppress(FileNotFoundError):
            self.marker_path(host).unlink()

    def known(self) -> dict[str, dict[str, t.Any]]:
        """The entries of all nodes that were members, by their names."""
        try:
            found = json.loads(self._file.read_text())
        except (OSError, ValueError):
            return {}
        return {str(node): entry for node, entry in found.items() if _is_entry(entry)} if isinstance(found, dict) else {}

    def remember(self, nodes: Nodes, until: datetime.datetime) -> bool:
        """Writes nodes down as members whose certificates may be good ``until`` then; whether there is one more. Raises OSError.

        An entry is written anew when its time would be more than a day later, so that a run that changes nothing seldom writes.
        """
        known, later = self.known(), until - datetime.timedelta(days=1)
        wanted = dict(known)
        for node in nodes.values():
            entry = {key: node[key] for key in ("inventory", "host", "addresses", "port")}
            former = known.get(node["node"])
            if (
                former is None
                or {**former, "until": ""} != {**entry, "until": "", "gone": False}
                or former["until"] < later.strftime(_TIME)
            ):
                wanted[node["node"]] = {**entry, "until": until.strftime(_TIME), "gone": False}
        if wanted != known:
            _write(self._file, wanted)
        return bool(wanted.keys() - known.keys())

    def forget(self, node: str) -> None:
        """Has a node be no former member any more. Raises OSError."""
        known = self.known()
        if known.pop(node, None) is not None:
            _write(self._file, known)

    def gone(self, node: str) -> None:
        """Notes that somebody said of a node that it is gone for good, though nobody has seen that. Raises OSError."""
        known = self.known()
        if node in known:
            known[node] = {**known[node], "gone": True}
            _write(self._file, known)

    def former(self, nodes: t.Collection[str], now: datetime.datetime) -> list[Former]:
        """The members whose certificates may still be good, and that are none of ``nodes`` (names of nodes)."""
        return [
            Former(node, entry["inventory"], entry["host"], entry["addresses"], entry["port"], entry["gone"])
            for node, entry in sorted(self.known().items())
            if node not in nodes and entry["until"] > now.strftime(_TIME)
        ]


def strange(asked: t.Sequence[str], hosts: t.Collection[str], members: Members, variable: str = VARIABLE) -> list[InventoryFault]:
    """A fault for each host that was asked for and is neither in the cluster's group nor known as a former member."""
    known = {entry["inventory"] for entry in members.known().values()}
    return [
        InventoryFault(("inventory",), variable, name, "is no host of this cluster", "name hosts of it: %s" % listed(sorted(hosts)))
        for name in asked
        if name not in hosts and name not in known
    ]


def nothing_asked(variable: str = VARIABLE) -> InventoryFault:
    """The fault of a decommissioning, or a revocation, that names nobody."""
    return InventoryFault(("play",), variable, None, "has no value", "name the hosts that are to leave, as in -e %s=HOST[,HOST]" % variable)


def left_out(host: str, marker: Marker, path: Path) -> str:
    """The sentence on a host that is in the inventory and was taken out."""
    if marker.outcome == "begun":
        return (
            "%s is left out: taking it out of the cluster was begun, and is not through. Run %s with -e %s=%s again, or, to keep it, remove %s."
            % (host, PLAYBOOK, VARIABLE, host, path)
        )
    if marker.outcome == "revoked":
        return (
            "%s is left out: its certificates were revoked on %s. Its node was not touched: run %s with -e %s=%s to clear the host, and remove it from the "
            "inventory; or, to have it back with a new certificate, remove %s."
            % (host, marker.since.partition("T")[0] or "some day", PLAYBOOK, VARIABLE, host, path)
        )
    unreached = " without being reached" if marker.outcome == "unreached" else ""
    return "%s is left out: it was taken out of the cluster on %s%s. Remove it from the inventory; or, to have it back, remove %s." % (
        host, marker.since.partition("T")[0] or "some day", unreached, path,
    )  # fmt: skip


def not_decommissioned(former: Former) -> tuple[str, str]:
    """What is wrong with a host that left the inventory, and whose node nobody took away, and what to do about it."""
    return (
        "%s (%s) was of this cluster, is in the inventory no more, and was not decommissioned: its node may still run."
        % (former.inventory, former.node),
        "Put it back and run %s with -e %s=%s; or, if it is gone for good, run that without putting it back."
        % (PLAYBOOK, VARIABLE, former.inventory),
    )


def lingering(former: t.Iterable[Former], leaving: Nodes, asked: t.Collection[str] = ()) -> list[Former]:
    """Those of the former members that may still run and of which nobody has said anything: ``leaving`` are nodes that are taken out, ``asked`` hosts."""
    of_leaving = {node["node"] for node in leaving.values()}
    return [one for one in former if not one.gone and one.node not in of_leaving and one.inventory not in asked]


def _is_entry(entry: t.Any) -> bool:
    return (
        isinstance(entry, dict)
        and all(isinstance(entry.get(key), str) for key in ("inventory", "host", "until"))
        and isinstance(entry.get("addresses"), list)
        and all(isinstance(address, str) for address in entry["addresses"])
        and isinstance(entry.get("port"), int)
        and isinstance(entry.get("gone"), bool)
    )


def _write(path: Path, value: t.Any) -> None:
    files.write(path, json.dumps(value, indent=1, sort_keys=True) + "\n")
