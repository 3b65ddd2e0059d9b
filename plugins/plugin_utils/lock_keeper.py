# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Holds the lock of a cluster until a process ends. A program of its own, started by ``lock.py``.

Usage: lock_keeper.py PID DESCRIPTOR [DESCRIPTOR OF THE PROCESS]
"""

from __future__ import annotations

import os
import select
import sys
import time

_PAUSE = 0.5


def wait_for_end(pid: int, process: int | None) -> None:
    """Returns when the process ``pid`` has ended; ``process`` is a descriptor that stands for it, where there are such."""
    if process is not None:
        select.select([process], [], [])
        return
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        except PermissionError:
            pass
        time.sleep(_PAUSE)


def main() -> None:
    """Empties the file when the run has ended; the lock ends with this process."""
    pid, descriptor, *rest = (int(argument) for argument in sys.argv[1:])
    wait_for_end(pid, rest[0] if rest else None)
    os.ftruncate(descriptor, 0)


if __name__ == "__main__":
    main()
