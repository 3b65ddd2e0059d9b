# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Takes a node off its host, and leaves what another node there uses, what this collection did not make, and the node's data unless asked.

What is to be done is worked out anew from what the host has, step by step, in an order in which no step needs what an earlier one took away: a
removal that was interrupted anywhere is gone on with by the next.
"""

from __future__ import annotations

import contextlib
import functools
import glob
import grp
import os
import pwd
import re
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import commands, neighbours, packet_filter, writing
from ansible_collections.beam.tls_distribution.plugins.module_utils._system import systemd

ACCOUNT_COMMENT = "Erlang nodes"
"""What the role ``erlang_account`` writes into the accounts that it makes, and by which they are told from others."""

KEPT = "decommissioned"
"""The data of a node NAME is kept as ``NAME.decommissioned-TIME``, beside where it was."""

_STOPPING = 300.0
"""Seconds that a unit may take to stop; its own limit is shorter."""

_COLLECTED = re.compile(r'"collected": "([^"]+)"')
_USER = re.compile(r"(?m)^User=(\S+)$")
_APPLICATION = re.compile(re.escape(layout.APPLICATIONS) + r"/([^/\s\"',:]+/[^/\s\"',:]+)")
_LARGEST = 8 << 20
"""Bytes of a node's file that may name a release; what is larger is none of ours."""


class RemovalError(Exception):
    """A step could not be done; the sentence says which, and why."""


class NodeToRemove(NamedTuple):
    """What is to go: a node by its ``name`` (the part before the @), its ``account`` and that account's ``home``.

    ``data``: whether the node's data go as well.
    """

    name: str
    account: str
    home: str
    data: bool = False


class Roots(NamedTuple):
    """Where a host keeps what nodes of it share. Others than the real ones are for tests."""

    configurations: str = layout.CONFIGURATIONS
    nodes: str = layout.NODES
    applications: str = layout.APPLICATIONS
    systemd: str = layout.SYSTEMD


class Step(NamedTuple):
    """Something to be done: what goes, in words, and the function that sees to it."""

    what: str
    do: Callable[[], None]


class Removed(NamedTuple):
    """What went (or would go), and what stays: sentences' ends, such as ``/var/lib/merl/guard.decommissioned-..., the data of the node``."""

    gone: list[str]
    kept: list[str]


def remove(node: NodeToRemove, check: bool, run: commands.Runner = commands.run, roots: Roots | None = None) -> Removed:
    """Takes a node off this host, or says what would go if ``check``. Raises :class:`RemovalError` for a step that fails."""
    removal = _Removal(node, run, roots or Roots())
    gone = []
    for find in removal.stages():
        for step in find():
            gone.append(step.what)
            if not check:
                _done(step)
    return Removed(gone, removal.kept(check))


def is_active(node: NodeToRemove, run: commands.Runner = commands.run) -> bool:
    """Whether the service of the node runs."""
    return _state(run, layout.units(node.name)[0]).get("ActiveState") == "active"


def _done(step: Step) -> None:
    try:
        step.do()
    except (OSError, packet_filter.FilterError) as error:
        raise RemovalError("%s: %s" % (step.what, error)) from error


def _state(run: commands.Runner, unit: str) -> dict[str, str]:
    return systemd.properties(run(["systemctl", "show", "--property=LoadState,ActiveState", unit]).out)


class _Removal:
    """The stages of one removal. Each yields the steps that are left to do, and is asked when those before it are done."""

    def __init__(self, node: NodeToRemove, run: commands.Runner, roots: Roots) -> None:
        self.node, self.run, self.roots = node, run, roots
        self.places = layout.layout(node.name, node.home)
        self.config = os.path.join(roots.configurations, node.name)
        self.code = os.path.join(roots.nodes, node.name)
        self._stays: list[str] = []

    def stages(self) -> tuple[Callable[[], Iterator[Step]], ...]:
        """What finds the steps of each stage, in their order."""
        return (
            self._service, self._filter, self._releases, self._data, self._watch, self._files, self._units, self._account, self._empty,
        )  # fmt: skip

    def kept(self, check: bool) -> list[str]:
        """What stays on the host of what has to do with the node."""
        base = os.path.basename(self.places["home"])
        kept = [
            "%s, the data of the node" % path
            for path in sorted(glob.glob(glob.escape(self.places["account_home"]) + "/%s.%s-*" % (glob.escape(base), KEPT)))
        ]
        if check and self._keeps_data():
            kept.append("%s.%s-TIME, the data of the node" % (self.places["home"], KEPT))
        return kept + self._stays

    def others(self) -> list[str]:
        """The other nodes of this host."""
        found: set[str] = set()
        for root in (self.roots.configurations, self.roots.nodes):
            with contextlib.suppress(OSError):
                found.update(name for name in os.listdir(root) if os.path.isdir(os.path.join(root, name)) and not name.startswith("."))
        return sorted(found - {self.node.name})

    # What runs.

    def _service(self) -> Iterator[Step]:
        for unit in layout.units(self.node.name):
            if unit.partition(".")[0] in (self.places["firewall_unit"], self.places["firewall_keeper_unit"]):
                continue
            if _state(self.run, unit).get("ActiveState") not in (None, "inactive", "failed"):
                yield Step("%s, which is stopped" % unit, functools.partial(self._stop, unit))

    def _stop(self, unit: str) -> None:
        ended = commands.run(["systemctl", "stop", unit], _STOPPING) if self.run is commands.run else self.run(["systemctl", "stop", unit])
        if ended.code:
            raise RemovalError("%s does not stop: %s" % (unit, ended.err.strip()))

    def _filter(self) -> Iterator[Step]:
        """The keeper goes first, since it would load again what goes behind it."""
        for unit in (self.places["firewall_keeper_unit"] + ".service", self.places["firewall_unit"] + ".service"):
            if _state(self.run, unit).get("ActiveState") not in (None, "inactive", "failed"):
                yield Step("%s, which is stopped" % unit, functools.partial(self._stop, unit))
        if commands.find("nft") is None and self.run is commands.run:
            return
        for table in (self.places["table"], self.places["table"] + ".kept"):
            if self.run(["nft", "list", "table", "inet", table]).code == 0:
                yield Step(
                    "the table %s of the packet filter, with its rules in other chains" % table, functools.partial(self._unload, table)
                )
        if self._rules():
            yield Step("rules of the packet filter in other tables' chains", lambda: self._unload(self.places["table"]))
        port = (neighbours.read(self.roots.configurations, self.node.name, {}, self.roots.systemd) or {}).get("port")
        entries = ["--proto", "tcp", "--dport", str(port)]
        if port is not None and self.run(["conntrack", "-L", *entries]).out.strip():
            yield Step("what the kernel remembers of connections to port %d" % port, lambda: self._forget_connections(entries))

    def _forget_connections(self, entries: list[str]) -> None:
        self.run(["conntrack", "-D", *entries])

    def _rules(self) -> bool:
        """Whether other tables have rules of the node's, which the unit takes along when it stops as it should."""
        return ' comment "%s"' % self.places["table"] in self.run(["nft", "list", "ruleset"]).out

    def _unload(self, table: str) -> None:
        os.makedirs(self.places["firewall_runtime"], exist_ok=True)
        packet_filter.Filter(table, self.places["firewall_rules"], self.places["firewall_runtime"]).unload()

    # What lies on disks.

    def _releases(self) -> Iterator[Step]:
        """The releases that this node alone names, and, where no other node has the application, all of it."""
        mine = _named(self.code)
        theirs = {name for other in self.others() for name in _named(os.path.join(self.roots.nodes, other))}
        for application in sorted({name.split("/")[0] for name in mine}):
            used_elsewhere = any(name.startswith(application + "/") for name in theirs)
            beside = {"%s/%s" % (application, entry) for entry in _listed(os.path.join(self.roots.applications, application))}
            for name in sorted((mine if used_elsewhere else mine | beside) - theirs):
                path = os.path.join(self.roots.applications, name)
                if name.startswith(application + "/") and _is_there(path):
                    yield _removal(path)

    def _data(self) -> Iterator[Step]:
        home = self.places["home"]
        if os.path.islink(home) or not _is_there(home):
            return
        if not self._keeps_data():
            yield _removal(home)
        else:
            yield Step("%s, of which the data are kept" % home, lambda: self._keep(home))

    def _keeps_data(self) -> bool:
        return not self.node.data and _has_data(self.places["home"])

    def _keep(self, home: str) -> None:
        """Gives the data to root alone, without the cluster's cookie, under a name that no node has."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(home, os.path.basename(self.places["cookie"])))
        kept = "%s.%s-%s" % (home, KEPT, time.strftime("%Y%m%dT%H%M%S", time.gmtime()))
        os.chmod(home, stat.S_IRWXU)
        for directory, names, files in os.walk(home):
            for name in (*names, *files):
                os.lchown(os.path.join(directory, name), 0, 0)
        os.lchown(home, 0, 0)
        os.rename(home, kept)

    def _watch(self) -> Iterator[Step]:
        """The link by which a collector finds the metrics, as the settings of the watch name it."""
        collected = _COLLECTED.findall(_text(os.path.join(self.config, os.path.basename(self.places["watch_settings"]))))
        for path in collected:
            if os.path.islink(path) and os.readlink(path).startswith(self.places["watch_state"] + "/"):
                yield _removal(path)

    def _files(self) -> Iterator[Step]:
        keys = glob.glob(glob.escape(self.places["next_key"]) + ".*")
        runtime = [self.places["runtime"], self.places["firewall_runtime"]]
        for path in (self.places["control"], self.code, self.config, self.places["watch_state"], *runtime, *sorted(keys)):
            if _is_there(path):
                yield _removal(path)

    def _units(self) -> Iterator[Step]:
        """Units and the links that have them start with the host; what an administrator put beside them stays."""
        units = layout.units(self.node.name)
        wanted = [path for unit in units for path in sorted(glob.glob(glob.escape(self.roots.systemd) + "/*.wants/" + glob.escape(unit)))]
        files = [path for path in (os.path.join(self.roots.systemd, unit) for unit in units) if os.path.lexists(path)]
        for path in (*wanted, *files):
            yield _removal(path)
        if wanted or files or any(_state(self.run, unit).get("LoadState") not in (None, "not-found") for unit in units):
            yield Step("the units, which systemd forgets", self._forget)
        for unit in units:
            if os.path.isdir(os.path.join(self.roots.systemd, unit + ".d")):
                self._stays.append("%s.d, which is not of this collection" % os.path.join(self.roots.systemd, unit))

    def _forget(self) -> None:
        self.run(["systemctl", "daemon-reload"])
        # A unit that failed is remembered beyond its file. A pattern matches none without being an error.
        self.run(["systemctl", "reset-failed", *("%s[%s]" % (unit[:-1], unit[-1]) for unit in layout.units(self.node.name))])

    # What nodes share.

    def _account(self) -> Iterator[Step]:
        try:
            account = pwd.getpwnam(self.node.account)
        except KeyError:
            yield from self._home()
            return
        name = "the account %s" % account.pw_name
        users = self._users()
        if users:
            self._stays.append("%s, which %s has" % (name, " and ".join(users)))
        elif account.pw_gecos.partition(",")[0] != ACCOUNT_COMMENT or account.pw_dir != self.places["account_home"]:
            self._stays.append("%s, which this collection did not make" % name)
        else:
            yield Step(name, lambda: self._forget_account(account.pw_name))
            yield from self._home()

    def _users(self) -> list[str]:
        """The other nodes that run as the account, and whatever other unit of this host names it."""
        found = set()
        for path in glob.glob(glob.escape(self.roots.systemd) + "/*.service"):
            unit = os.path.basename(path)
            if self.node.account in _USER.findall(_text(path)) and unit not in layout.units(self.node.name):
                found.add(unit)
        return sorted(found)

    def _forget_account(self, name: str) -> None:
        ended = self.run(["userdel", name])
        if ended.code:
            raise RemovalError("the account %s cannot be removed: %s" % (name, ended.err.strip()))
        with contextlib.suppress(KeyError):
            if not grp.getgrnam(name).gr_mem:
                self.run(["groupdel", name])

    def _home(self) -> Iterator[Step]:
        """The home of the account, where nothing but what every new home has is left in it."""
        home = self.places["account_home"]
        if os.path.islink(home) or not os.path.isdir(home):
            return
        usual = set(_listed("/etc/skel")) | _without_content(home)
        left = [
            name for name in _listed(home) if name not in usual and (os.path.join(home, name) != self.places["home"] or self._keeps_data())
        ]
        if not left:
            yield _removal(home)
            return
        for name in sorted(usual.intersection(_listed(home))):
            yield _removal(os.path.join(home, name))
        if not _is_of_root(home):
            yield Step("%s, which is given to root" % home, lambda: self._close(home))
        strange = [name for name in left if ".%s-" % KEPT not in name and os.path.join(home, name) != self.places["home"]]
        if strange:
            self._stays.append("%s, which holds %s" % (home, ", ".join(sorted(strange))))

    @staticmethod
    def _close(home: str) -> None:
        """What is kept in the home belongs to root, and a later account passes through."""
        os.lchown(home, 0, 0)
        os.chmod(home, 0o755)

    def _empty(self) -> Iterator[Step]:
        """Directories that only nodes use, where none is left."""
        apps = glob.glob(glob.escape(self.roots.applications) + "/*")
        for path in (
            *sorted(apps),
            self.roots.applications,
            self.roots.nodes,
            os.path.dirname(self.roots.nodes),
            self.roots.configurations,
        ):
            if os.path.isdir(path) and not os.listdir(path):
                yield Step(path, functools.partial(os.rmdir, path))
        opt = os.path.dirname(self.roots.nodes)
        if not self.others() and os.path.isdir(os.path.join(opt, "otp")):
            self._stays.append("%s/otp, the OTPs of this host" % opt)


def _removal(path: str) -> Step:
    return Step(path, lambda: _remove(path))


def _remove(path: str) -> None:
    """Removes what is at a path. A directory loses its name first, so that none is there by half."""
    away = writing.staged(path)
    if os.path.isdir(away):
        shutil.rmtree(away)
    if os.path.isdir(path) and not os.path.islink(path):
        os.rename(path, away)
        shutil.rmtree(away)
    elif os.path.lexists(path):
        os.unlink(path)


def _is_of_root(path: str) -> bool:
    return os.stat(path).st_uid == 0


def _is_there(path: str) -> bool:
    """Whether something is at a path, or is left of a removal of it that was interrupted."""
    return os.path.lexists(path) or os.path.lexists(writing.staged(path))


def _listed(directory: str) -> list[str]:
    try:
        return [name for name in os.listdir(directory) if not writing.is_staged(name)]
    except OSError:
        return []


def _without_content(home: str) -> set[str]:
    return {name for name in _listed(home) if os.path.isdir(os.path.join(home, name)) and not os.listdir(os.path.join(home, name))}


def _has_data(home: str) -> bool:
    """Whether a node's home holds more than its cookie."""
    return any(name != ".erlang.cookie" for _directory, _names, files in os.walk(home) for name in files)


def _named(code: str) -> set[str]:
    """The releases that a node's files and links name, as APPLICATION/VERSION-DIGEST."""
    found: set[str] = set()
    for directory, names, files in os.walk(code):
        for name in (*names, *files):
            path = os.path.join(directory, name)
            if os.path.islink(path):
                found.update(_APPLICATION.findall(os.path.join(directory, os.readlink(path)) + "/"))
            elif name in files:
                found.update(_APPLICATION.findall(_text(path)))
    return found


def _text(path: str) -> str:
    try:
        if os.stat(path).st_size > _LARGEST:
            return ""
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""
