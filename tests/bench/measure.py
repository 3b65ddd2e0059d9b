# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the benchmarks share: two sides measured in turn in one run, and one line of JSON.

Absolute times depend on the machine and on the hour; the ratio of two sides that take turns does not.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable

CHECKOUT = Path(__file__).resolve().parents[2]
ROUNDS = 5


def lab(*arguments: str) -> float:
    """Runs a command of the lab, silently, and returns how many seconds it took. Raises ``SystemExit`` with its output if it failed."""
    return lab_said(*arguments)[0]


def lab_said(*arguments: str) -> tuple[float, str]:
    """The same, with what the command said."""
    begin = time.monotonic()
    ended = subprocess.run([str(CHECKOUT / "lab"), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    seconds = time.monotonic() - begin
    if ended.returncode:
        sys.stdout.write(ended.stdout.decode("utf-8", "replace"))
        raise SystemExit("lab %s ended with %d" % (" ".join(arguments), ended.returncode))
    return seconds, ended.stdout.decode("utf-8", "replace")


def compare(
    name: str,
    goal: float,
    ours: Callable[[], float],
    theirs: Callable[[], float],
    rounds: int = ROUNDS,
    further: Callable[[], dict[str, object]] = dict,
) -> None:
    """Measures both sides some times in turn and prints the result: the ratio of the medians of seconds, ours over theirs.

    ``spread`` is the lowest and the highest ratio of one round. ``further`` gives figures to print beside them, at the end.
    """
    rounds = int(os.environ.get("BEAM_BENCH_ROUNDS", str(rounds)))
    figures: dict[str, list[float]] = {"ours": [], "theirs": []}
    for number in range(1, rounds + 1):
        for side, measure in (("theirs", theirs), ("ours", ours)):
            figures[side].append(round(measure(), 2))
            print("round %d of %d: %s %.2f s" % (number, rounds, side, figures[side][-1]), file=sys.stderr, flush=True)
    ratio = statistics.median(figures["ours"]) / statistics.median(figures["theirs"])
    ratios = [ours / theirs for ours, theirs in zip(figures["ours"], figures["theirs"])]
    result = {
        "name": name,
        "ratio": round(ratio, 2),
        "spread": [round(min(ratios), 2), round(max(ratios), 2)],
        "goal": goal,
        "met": ratio <= goal,
        "seconds": figures,
        **further(),
    }
    print(json.dumps(result))
