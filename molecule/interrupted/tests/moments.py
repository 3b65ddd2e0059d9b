# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moments of a run, told by the task that it has begun and by what is seen on a host then, and not by time."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from lab import changes, hosts, rollout
from lab.commands import on
from lab.settings import host

FIRST, SECOND, LAST = rollout.EVERY[0], rollout.EVERY[1], rollout.EVERY[-1]
"""Hosts by their turns."""
HOOKED = "/var/tmp/hooked"
HOOK = MappingProxyType({"command": ["sh", "-c", "touch %s; exec sleep 60" % HOOKED]})
"""A hook that says that it has begun, and does not end by itself while a test looks."""
STATE = 'for i in $(seq 1500); do test "$(systemctl is-active erlang-guard)" = %s && exit; sleep 0.02; done; exit 1'
BOOTS = "for i in $(seq 1500); do pgrep -f '[g]enerations/%d/' >/dev/null && exit; sleep 0.01; done; exit 1"

Seen = Callable[[Mapping[str, int]], bool]
"""Whether something is seen on hosts, given the newest generation that each had before."""


class Moment(NamedTuple):
    """A moment of a run: it has begun the task of that title for the ``times``-th time, and ``seen`` holds.

    The run is asked for ``release``, with ``variables``.
    """

    title: str
    seen: Seen = lambda _before: True
    times: int = 1
    release: str = ""
    variables: Mapping[str, Any] = MappingProxyType({})

    def prepare(self) -> dict[str, int]:
        """What :meth:`comes` has to know of the hosts before the run begins."""
        for name in rollout.EVERY:
            _path(name, HOOKED).unlink(missing_ok=True)
        return {name: newest(name) for name in rollout.EVERY}

    def comes(self, run: rollout.Followed, before: Mapping[str, int]) -> bool:
        """Whether a run comes to it before it ends."""
        title = re.compile(r"TASK \[[^\]]*%s\]" % re.escape(self.title))
        return run.sees(lambda: len(title.findall(run.out)) >= self.times) and run.sees(lambda: self.seen(before))


def _path(name: str, path: str) -> Path:
    """A path of a host's disc, as this machine has it: it is looked at without asking the host."""
    return hosts.root(host(name)) / path.lstrip("/")


def _generations(name: str) -> set[str]:
    return {entry.name for entry in _path(name, changes.CODE + "/generations").iterdir()}


def newest(name: str) -> int:
    """The last generation that was made on a host."""
    return max(int(number) for number in _generations(name) if number.isdigit())


def left_over(name: str) -> set[str]:
    """What is in the place of generations and is none."""
    return {entry for entry in _generations(name) if not entry.isdigit()}


def next_start(name: str) -> int:
    """The generation that a start of the node starts, by its unit."""
    return int(re.findall(r"/generations/(\d+)/", _path(name, "/etc/systemd/system/erlang-guard.service").read_text())[0])


def _is_marked(name: str, mark: str) -> bool:
    return _path(name, "%s/generations/%d/%s" % (changes.CODE, newest(name), mark)).exists()


def half_written(name: str) -> Seen:
    """A generation is being written."""
    return lambda _before: bool(left_over(name))


def written(name: str) -> Seen:
    """A generation was written, and not tried yet."""
    return lambda before: newest(name) > before[name] and not _is_marked(name, "tried")


def tried(name: str) -> Seen:
    """The newest generation boots, to be tried."""
    return lambda _before: on(name, BOOTS % newest(name)).code == 0


def ready_to_switch(_before: Mapping[str, int]) -> bool:
    """Everywhere a new generation was tried, and no start would start it yet."""
    return all(_is_marked(name, "tried") and next_start(name) < newest(name) for name in rollout.EVERY)


def hooked(name: str) -> Seen:
    """The hook has begun."""
    return lambda _before: _path(name, HOOKED).exists()


def switched(name: str) -> Seen:
    """The new generation is what a start starts."""
    return lambda before: next_start(name) == newest(name) > before[name]


def switched_back(name: str) -> Seen:
    """The one before is it again."""
    return lambda before: next_start(name) <= before[name] < newest(name)


def state(name: str, wanted: str) -> Seen:
    """The service is in that state."""
    return lambda _before: on(name, STATE % wanted).code == 0


def ready(name: str) -> Seen:
    """The example does its part."""
    return lambda _before: rollout.ready(name)


def proven(name: str) -> Seen:
    """The newest generation was found healthy."""
    return lambda before: newest(name) > before[name] and _is_marked(name, "proven")
