# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a build is, as it writes it down on the builder and as a person reads it.

A status is ``{"state", "stage", "began", "now", "done", "expected", "seconds", "problem", "tail", "log"}``: ``state`` is ``waiting`` (for
another build on that host), ``running``, ``done`` or ``failed``; ``began`` is when the stage began and ``now`` when this was written, in
seconds of the builder's clock; ``done`` and ``expected`` count what the stage makes (0 expected where nobody knows); ``seconds`` maps the
stages that are through to how long they took; ``problem`` is one sentence, ``tail`` the last lines of the step that failed and ``log``
the path of the whole log.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STAGES = ("unpack", "patch", "configure", "compile", "install", "pack")
"""The stages on the builder, in their order."""

TAIL = 15
"""Lines of the failing step that are shown."""

Status = dict[str, Any]


def waiting(now: float, log: str) -> Status:
    """The status of a build that waits for another one."""
    return {
        "state": "waiting",
        "stage": STAGES[0],
        "began": now,
        "now": now,
        "done": 0,
        "expected": 0,
        "seconds": {},
        "problem": "",
        "tail": [],
        "log": log,
    }


def line(status: Mapping[str, Any], now: float) -> str:
    """What is going on: the stage, how far it is, and the time gone at ``now`` (the builder's clock)."""
    if status["state"] == "waiting":
        return "waits for another build on that host, %s" % duration(now - status["began"])
    parts = [status["stage"]]
    if status["expected"]:
        done = min(status["done"], status["expected"])
        parts.append("%d of %d files (%d %%)" % (done, status["expected"], 100 * done // status["expected"]))
    return "%s, %s" % (" ".join(parts), duration(now - status["began"]))


def finished(status: Mapping[str, Any], known: Mapping[str, float]) -> list[str]:
    """A line for each stage that is through and was not when ``known`` was what its ``seconds`` said."""
    return ["%s done in %s" % (stage, duration(seconds)) for stage, seconds in status["seconds"].items() if stage not in known]


def duration(seconds: float) -> str:
    """Seconds as a person says them: ``4 s``, ``5 min 03 s``."""
    whole = max(0, int(seconds + 0.5))
    return "%d s" % whole if whole < 60 else "%d min %02d s" % divmod(whole, 60)


def failure(status: Mapping[str, Any], host: str) -> str:
    """What is to be said of a build that failed: the sentence, the last lines of the step, the whole log's path."""
    lines = ["%s: %s" % (host, status["problem"]), *("    " + said for said in status["tail"])]
    lines.append("The whole log is %s on %s. The next run goes on from the stage %s." % (status["log"], host, status["stage"]))
    return "\n".join(lines)
