# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Knocks at ports that do not answer, again and again, while interfaces are watched."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.probe import THREADS, Network

INTERVAL = 0.5
"""Seconds from one knock at a port to the next."""


def knock(network: Network, places: Sequence[tuple[str, int]], end: float) -> list[threading.Thread]:
    """Knock at the places (address, port) until a time of the monotonic clock, side by side, and return at once."""
    shares = [places[number::THREADS] for number in range(min(THREADS, len(places)))]
    threads = [threading.Thread(target=_knock, args=(network, share, end), daemon=True) for share in shares]
    for thread in threads:
        thread.start()
    return threads


def _knock(network: Network, places: Sequence[tuple[str, int]], end: float) -> None:
    while True:
        for address, port in places:
            if time.monotonic() + INTERVAL > end:
                return
            began = time.monotonic()
            with suppress(OSError):
                network.connect(address, port, INTERVAL).close()
            time.sleep(max(0.0, began + INTERVAL - time.monotonic()))
