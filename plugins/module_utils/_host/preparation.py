# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node's host made ready for what is wanted while the node runs: a generation is made where the current one is another, the files that a running node
reloads are put into place, and what the node has to do then is said.
"""

from __future__ import annotations

import os
import time
from typing import NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import change
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import file_arguments, files, generations
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.commands import Runner
from ansible_collections.beam.tls_distribution.plugins.module_utils._system import systemd

SETTLED = 60.0
"""Seconds for which a node has to be up, not started again by systemd meanwhile, to be taken for healthy by a run that did not see it start."""

RELOAD = "reload"
"""The action of the files that a running node reloads."""

_PROPERTIES = ("ActiveState", "NeedDaemonReload", "NRestarts", "ActiveEnterTimestampMonotonic")


class Service(NamedTuple):
    """What systemd says of the node's service: its state, whether its unit has to be read again, and for how many seconds it has been up by itself (0 if it is
    not, or was started again by systemd)."""

    state: str
    unread: bool
    settled: float


class Outcome(NamedTuple):
    """What was changed, what the node has to do, and whether systemd has to read its units again."""

    result: files.Result
    change: change.Change
    unread: bool


def service(unit: str, run: Runner) -> Service:
    """What systemd says of a unit."""
    found = systemd.properties(run(["systemctl", "show", "--property=" + ",".join(_PROPERTIES), unit]).out)
    state, entered = found.get("ActiveState", "unknown"), found.get("ActiveEnterTimestampMonotonic", "")
    up = time.monotonic() - int(entered) / 1e6 if entered.isdigit() and int(entered) else 0.0
    settled = up if state in change.UP and found.get("NRestarts") == "0" else 0.0
    return Service(state, found.get("NeedDaemonReload") == "yes", settled)


def prepare(places: generations.Places, unit: str, wanted: generations.Wanted, live: files.Wanted, run: Runner, check: bool) -> Outcome:
    """Makes ready what is wanted, of which ``live`` are the files that a running node reloads; with ``check`` only says what would change.

    The generation comes first: where it cannot be made, nothing has changed. Raises :class:`generations.GenerationError` or :class:`files.FileSetError`.
    """
    made_first = files.Wanted(directories=live.directories)
    results = [files.apply(made_first, run, check), generations.remove_leftovers(places, check)]
    found = generations.state(places, wanted)
    number = found.prepared or (found.current if found.right else None)
    differing = generations.differences(places, found.current, wanted)
    if number is not None:
        results.append(generations.repair(places, number, wanted, run, check))
    else:
        results.append(differing)
        if check:
            found = found._replace(prepared=(found.newest or 0) + 1)
        else:
            number = generations.make(places, wanted, run)
            found = generations.state(places, wanted)
    results.append(files.apply(live._replace(directories=()), run, check))
    seen = service(unit, run)
    reload = file_arguments.outdated_paths(live, RELOAD)
    settled = seen.settled >= SETTLED
    if settled and not check and found.right and found.runs and number is not None and not found.proven:
        generations.mark_proven(places, number)
    differs = [] if found.right else [difference.path[len(places.current) + 1 :] for difference in differing.differences]
    asked = change.change(
        {"active": seen.state}, {**found._asdict(), "differs": differs}, [os.path.basename(path) for path in reload], settled
    )
    every = files.Result(tuple(difference for result in results for difference in result.differences))
    return Outcome(every, asked, seen.unread)
