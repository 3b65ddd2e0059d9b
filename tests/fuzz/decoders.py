# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Throws damaged input at every decoder of bytes and text that come from elsewhere: tests/fuzz/decoders.py --help

Each input must end in a result or in one of the decoder's own errors, within its time and within the memory that the
process is given. Anything else is printed with the command that repeats it, and the exit code is 1. Input number N of a
target depends on the seed, the target and N alone.
"""

from __future__ import annotations

import argparse
import random
import resource
import signal
import sys
import time
import traceback
import tracemalloc
from collections.abc import Callable
from types import FrameType
from typing import NamedTuple

from targets import TARGETS, Target

SECONDS_PER_INPUT = 2.0
"""Of computing time. The longest input has 64 KiB."""

MEMORY = 192 * 1024 * 1024
"""Bytes of address space beyond what the process has when it begins; every decoder is refused more by the kernel."""

SAMPLED = 997
"""One in so many inputs has its memory measured."""


class TooLong(BaseException):
    """An input took more than its time; no decoder can mistake it for an error of its own."""


class Tally:
    """What was done to a target: ``read`` inputs led to a result, ``refused`` ones to an error of the decoder's own;
    ``peak`` is the most memory, in bytes, that a measured one took.
    """

    def __init__(self) -> None:
        self.read = 0
        self.refused = 0
        self.peak = 0


class Finding(NamedTuple):
    """An input that ended otherwise."""

    target: str
    number: int
    data: bytes
    what: str


def made(seed: int, name: str, number: int) -> bytes:
    """Return an input."""
    target = TARGETS[name]
    dice = random.Random("%d %s %d" % (seed, name, number))
    return target.damages[number % len(target.damages)](dice, target.samples)


def tried(target: Target, data: bytes, tally: Tally, measured: bool) -> str:
    """Return how an input ended otherwise than it may, nothing if it did not."""
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS_PER_INPUT)
    if measured:
        tracemalloc.start()
    try:
        target.read(data)
    except target.errors as error:
        tally.refused += 1
        return "" if str(error) else "%s without a word" % type(error).__name__
    except TooLong:
        return "it took more than %g s" % SECONDS_PER_INPUT
    except Exception:  # whatever else it is, it is what is looked for
        return traceback.format_exc(limit=-3)
    else:
        tally.read += 1
        return ""
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        if measured:
            tally.peak = max(tally.peak, tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()


def fuzz(names: list[str], seed: int, begin: int, goes_on: Callable[[int], bool]) -> tuple[dict[str, Tally], list[Finding]]:
    """Try inputs of the targets in turn while ``goes_on``, which is asked with the number of those tried. A target of which
    something is found is left alone from then on.
    """
    tallies = {name: Tally() for name in names}
    found: dict[str, Finding] = {}
    number, done = begin, 0
    while goes_on(done) and len(found) < len(names):
        for name in names:
            if name not in found:
                data = made(seed, name, number)
                wrong = tried(TARGETS[name], data, tallies[name], measured=number % SAMPLED == 0)
                if wrong:
                    found[name] = Finding(name, number, data, wrong)
            done += 1
        number += 1
    return tallies, list(found.values())


def until(inputs: int | None, seconds: float) -> Callable[[int], bool]:
    """Return whether to go on: until so many inputs, or if none are given for so many seconds."""
    end = time.monotonic() + seconds
    return lambda done: done < inputs if inputs is not None else time.monotonic() < end


def stop(_number: int, _frame: FrameType | None) -> None:
    """Be called when an input has used its time up."""
    raise TooLong


def confine() -> None:
    """Have the kernel refuse memory beyond MEMORY."""
    with open("/proc/self/statm", encoding="ascii") as stream:
        size = int(stream.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("--seconds", type=float, default=20.0, help="how long to go on (20)")
    top.add_argument("--inputs", type=int, help="how many inputs to try, instead of for how long")
    top.add_argument("--seed", type=int, help="a number; by default another one each time, which is printed")
    top.add_argument("--target", action="append", choices=sorted(TARGETS), help="a decoder; all of them by default")
    top.add_argument("--number", type=int, help="try this input of the targets alone")
    return top


def main() -> int:
    """Entry point."""
    asked = parser().parse_args()
    seed = asked.seed if asked.seed is not None else random.SystemRandom().getrandbits(32)
    names = asked.target or list(TARGETS)
    signal.signal(signal.SIGVTALRM, stop)
    confine()
    print("seed %d" % seed, flush=True)
    began = time.monotonic()
    goes_on = until(asked.inputs, asked.seconds) if asked.number is None else lambda done: done == 0
    tallies, found = fuzz(names, seed, asked.number or 0, goes_on)
    for finding in found:
        print("%s: %s\ninput, %d bytes: %.800r" % (finding.target, finding.what, len(finding.data), finding.data))
        print("again: tests/fuzz/decoders.py --seed %d --target %s --number %d\n" % (seed, finding.target, finding.number))
    if found:
        return 1
    print("%-16s %10s %10s %12s" % ("target", "read", "refused", "peak, bytes"))
    for name, tally in tallies.items():
        print("%-16s %10d %10d %12d" % (name, tally.read, tally.refused, tally.peak))
    total = sum(tally.read + tally.refused for tally in tallies.values())
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        "%d inputs in %.0f s, at most %d KiB resident: every one ended in a result or in an error of the decoder's own"
        % (total, time.monotonic() - began, largest)
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
