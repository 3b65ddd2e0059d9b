# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs that wait for others, done side by side within a bounded time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from typing import Callable, TypeVar, cast

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.channel import Deadline

T = TypeVar("T")

THREADS = 64
"""Most attempts that are under way at a time."""


def start(job: Callable[[], T]) -> Callable[[], T]:
    """Begin a job in a thread; return what waits for its end and returns its result, or raises what it raised."""
    done: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def work() -> None:
        try:
            done.put((job(), None))
        except BaseException as error:
            done.put((None, error))

    def ended() -> T:
        result, error = done.get()
        if error is not None:
            raise error
        return cast(T, result)

    threading.Thread(target=work, daemon=True).start()
    return ended


def run(jobs: Sequence[Callable[[], T]], seconds: float) -> list[T | None]:
    """Run the jobs in threads, at most THREADS at a time; return their results in order, None for those not done after
    seconds.

    What a job raises is raised here. Threads that hang in the resolver do not keep the process from ending.
    """
    results: list[T | None] = [None] * len(jobs)
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, T | None, BaseException | None]] = queue.SimpleQueue()

    def work() -> None:
        while True:
            try:
                index = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                done.put((index, jobs[index](), None))
            except BaseException as error:
                done.put((index, None, error))

    for position in range(len(jobs)):
        waiting.put(position)
    for _thread in range(min(THREADS, len(jobs))):
        threading.Thread(target=work, daemon=True).start()
    deadline = Deadline(seconds)
    for _job_done in jobs:
        try:
            index, result, error = done.get(timeout=max(deadline.left(), 0.001))
        except queue.Empty:
            break
        if error is not None:
            raise error
        results[index] = result
    return results
