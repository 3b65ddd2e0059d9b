# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attacks on nodes of the lab, from hosts of the lab."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager

from lab.commands import altered, on, wait_until

_HOLD = """
import select, socket, sys, time
host, port, count, first, report = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), bytes.fromhex(sys.argv[4]), sys.argv[5]
held = []
def fill():
    while len(held) < count:
        try:
            connection = socket.create_connection((host, port), 1)
            connection.sendall(first)
        except OSError:
            return
        held.append(connection)
while True:
    fill()
    with open(report, "w") as stream:
        stream.write(str(len(held)))
    time.sleep(0.2)
    for connection in list(held):
        if select.select([connection], [], [], 0)[0]:
            held.remove(connection)
            connection.close()
"""


@contextmanager
def held_connections(origin: str, address: str, count: int, first: str = "", account: str = "root") -> Iterator[int]:
    """A host on which an account keeps connections to port 4370 of an address open, each with some first bytes (in
    hexadecimal) and nothing more, and opens again what the node closes; yields how many it could open.
    """
    told = "/tmp/held-%s" % account
    start = "systemd-run --quiet --unit=holder --uid=%s python3 -c %s %s 4370 %d %s %s" % (
        account, shlex.quote(_HOLD), address, count, first or "''", told,
    )  # fmt: skip
    with altered(origin, start, "systemctl stop holder; rm -f %s" % told):
        if not wait_until(lambda: on(origin, "cat " + told).code == 0):
            raise AssertionError("the attack on %s did not begin" % address)
        yield int(on(origin, "cat " + told).out)
