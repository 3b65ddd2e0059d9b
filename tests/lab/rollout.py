# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of nodes that run: releases of the example that are good and that are not, runs that are followed by their output, and what the example counted."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lab import hosts, lifecycle, roots
from lab.commands import COLOUR, Completed, kill_tree, on
from lab.settings import HOSTS, Host

Edit = tuple[str, str, str]
"""A change of the example's sources: file below ``src``, a text that is there once, and what takes its place."""

NEXT: Edit = ("guard.app", '{vsn, "1.0.0"}', '{vsn, "1.1.0"}')
_START = ("guard_app.erl", "    guard_sup:start_link().")
_READY = ("guard.erl", "andalso guard_store:ready()\n", "andalso guard_store:ready() andalso node() =:= nobody\n")
_DIES = """
    _ = spawn(fun() -> (fun Again() -> guard:ready() orelse begin timer:sleep(100), Again() end end)(), timer:sleep(1000), erlang:halt(7) end),
    guard_sup:start_link()."""


def _version(number: str) -> Edit:
    return NEXT[0], NEXT[1], '{vsn, "%s"}' % number


RELEASES: dict[str, tuple[Edit, ...]] = {
    "": (),
    "next": (NEXT,),
    "crashes": (_version("1.2.1"), (*_START, "    error(this_release_is_broken).")),
    "hangs": (_version("1.2.2"), (*_START, "    timer:sleep(infinity), guard_sup:start_link().")),
    "dies": (_version("1.2.3"), (*_START, _DIES)),
    "unfit": (_version("1.2.4"), _READY),
}
"""Releases of the example, by label: the example itself, the one that comes after it, and those that crash when they start, never come to the
end of their start, end a second after they did their part, and never do it."""


def release(label: str, suite: str) -> str:
    """The path of a release of the example."""
    return str(roots.guard(suite, label, RELEASES[label]))


def vsn(label: str) -> str:
    """The version that a release of the example says that it is."""
    return next((other for name, _old, other in RELEASES[label] if name == NEXT[0]), NEXT[1]).split('"')[1]


_TITLES_FIRST = {"ANSIBLE_DISPLAY_SKIPPED_HOSTS": "true"}
"""Without this Ansible shows the title of a task only with its first result, when it is over."""


class Followed:
    """A run of a playbook whose output is read as it comes. It says the title of a task when that begins, of one that is skipped as well."""

    def __init__(self, name: str, options: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            lifecycle.play(name, options),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **_TITLES_FIRST},
        )
        self._lines: list[str] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._lines.append(COLOUR.sub("", line.decode(errors="replace")))

    @property
    def out(self) -> str:
        """What the run has said until now."""
        return "".join(self._lines)

    def sees(self, condition: Callable[[], bool], seconds: float = 300) -> bool:
        """Whether a condition comes true before the run ends."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            ended = self._process.poll() is not None
            if condition():
                return True
            if ended:
                return False
            time.sleep(0.01)
        return False

    def kill(self) -> None:
        """Kills the run and all that it started on the controller."""
        kill_tree(self._process)
        self._thread.join(10)

    def end(self, seconds: float = 600) -> Completed:
        """The run, when it has ended by itself."""
        code = self._process.wait(seconds)
        self._thread.join(10)
        return Completed(code, self.out)


class Counted(NamedTuple):
    """What the example counted on one node, since its log began. ``lost_writes`` are the keys of writes that were acknowledged and that the table does not
    have; ``short`` are seconds, of each time in which the node missed more than one other. ``parted`` is how often it saw others leave (``nodedown``)."""

    starts: int
    written: int
    lost_writes: frozenset[str]
    sent: int
    lost: int
    short: list[float]
    parted: int


_FIGURES = """
#{starts := Starts, written := Written, written_and_lost := Gone, edges := Edges, short := Short, connected := Connected} = guard_load:figures(),
lists:flatten(io_lib:format("~w", [[Starts, Written, [tuple_to_list(element(2, inet:parse_address(Address))) || {Address, _, _} <- Gone],
lists:sum([Sent || #{sent := Sent} <- maps:values(Edges)]), lists:sum([Lost || #{lost := Lost} <- maps:values(Edges)]),
[[From, To] || {From, To, _} <- Short],
length([1 || {{_, Some}, {_, Fewer}} <- lists:zip(lists:droplast(Connected), tl(Connected)), length(Fewer) < length(Some)])]])).
"""


def counted(name: str) -> Counted:
    """What the node of a host counted. Raises ``AssertionError`` where it does not say."""
    done = on(name, "erlang-guard eval '%s'" % " ".join(_FIGURES.split()))
    said = "".join(re.findall(r'"([^"]*)"', done.out))
    if done.code or not said:
        raise AssertionError("%s does not say what it counted: %s" % (name, done.out))
    starts, written, lost_writes, sent, lost, short, parted = json.loads(said)
    gone = frozenset(":".join("%x" % part for part in address) for address in lost_writes)
    return Counted(starts, written, gone, sent, lost, [(until - since) / 1000 for since, until in short], parted)


def difference(before: Mapping[str, Counted], after: Mapping[str, Counted]) -> dict[str, Any]:
    """What was counted between two moments, over all nodes. A write that was lost between them counts whenever it was written; one that was lost
    before does not, as Mnesia may lose writes where all nodes end at once."""
    return {
        "written": sum(after[name].written - before[name].written for name in after),
        "written_and_lost": sum(len(after[name].lost_writes - before[name].lost_writes) for name in after),
        "messages": sum(after[name].sent - before[name].sent for name in after),
        "messages_lost": sum(after[name].lost - before[name].lost for name in after),
        "parted": sum(after[name].parted - before[name].parted for name in after),
        "short_by_nodes": max((seconds for name in after for seconds in after[name].short[len(before[name].short) :]), default=0.0),
    }


def ready(name: str) -> bool:
    """Whether the example does its part on a host."""
    done = on(name, "erlang-guard eval 'guard:ready().'")
    return done.code == 0 and done.out.strip() == "true"


def boot(host: Host) -> None:
    """Boots a host whose power was cut, and waits until it is up."""
    hosts.start(host)
    hosts.wait(host)


def write_figures(path: Path, figures: Mapping[str, Any]) -> None:
    """Adds figures to a file of JSON, and prints them."""
    found = json.loads(path.read_text()) if path.exists() else {}
    found.update(figures)
    path.write_text(json.dumps(found, indent=2) + "\n")
    for title, values in figures.items():
        print("%s: %s" % (title, json.dumps(values)))


EVERY = tuple(host.name for host in HOSTS)
