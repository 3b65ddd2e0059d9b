# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections to ports that do not answer, tried again and again while what crosses interfaces is counted."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.network import Network
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.side_by_side import THREADS

INTERVAL = 0.5
"""Seconds from one attempt at a port to the next."""


def connect(network: Network, places: Sequence[tuple[str, int]], end: float) -> list[threading.Thread]:
    """Connect to the places (address, port) until a time of the monotonic clock, side by side, and return at once."""
    shares = [places[number::THREADS] for number in range(min(THREADS, len(places)))]
    threads = [threading.Thread(target=_connect, args=(network, share, end), daemon=True) for share in shares]
    for thread in threads:
        thread.start()
    return threads


def _connect(network: Network, places: Sequence[tuple[str, int]], end: float) -> None:
    while True:
        for address, port in places:
            if time.monotonic() + INTERVAL > end:
                return
            began = time.monotonic()
            with suppress(OSError):
                network.connect(address, port, INTERVAL).close()
            time.sleep(max(0.0, began + INTERVAL - time.monotonic()))
