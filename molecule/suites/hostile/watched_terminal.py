# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs on a host: ``watched_terminal.py INPUT COMMAND...`` runs a command of root on a terminal, types INPUT, and says as JSON what it wrote, how it
ended, and which processes of other accounts had that terminal, as their own or as an open file.
"""

import fcntl
import json
import os
import pty
import select
import struct
import sys
import time
from pathlib import Path

TIOCGPTN = 0x80045430
"""The request for the number of a terminal (ioctl_tty(2)), which Python has no name for before 3.13."""


def holders(terminal, device):
    """Yield the processes of other accounts than root's that have the terminal."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            owner = os.stat("/proc/" + pid).st_uid
            stat = Path("/proc", pid, "stat").read_text(encoding="utf-8", errors="replace")
            opened = [os.readlink("/proc/%s/fd/%s" % (pid, number)) for number in os.listdir("/proc/%s/fd" % pid)]
        except OSError:
            continue
        name, _sign, fields = stat.partition("(")[2].rpartition(")")
        if owner and (int(fields.split()[4]) == device or terminal in opened):
            yield name


def main(typed, argv):
    """Run, watch, and say."""
    pid, master = pty.fork()
    if pid == 0:
        os.execvp(argv[0], argv)
    terminal = "/dev/pts/%d" % struct.unpack("I", fcntl.ioctl(master, TIOCGPTN, b"0000"))
    device = os.stat(terminal).st_rdev
    said, found, end, sent = b"", set(), time.monotonic() + 60, False
    heard = time.monotonic()
    # A shell that does not heed what was typed is left when it has been quiet for a while.
    while time.monotonic() < end and not (sent and time.monotonic() - heard > 5):
        found.update(holders(terminal, device))
        ready, _writing, _other = select.select([master], [], [], 0.005)
        if ready:
            try:
                said += os.read(master, 65536)
                heard = time.monotonic()
            except OSError:
                break
        if typed and not sent and b"> " in said:
            os.write(master, typed)
            sent = True
        if sent and b"--> " in said:
            os.write(master, b"q\r")
    os.close(master)
    _pid, status = os.waitpid(pid, 0)
    print(json.dumps({"code": os.WEXITSTATUS(status), "out": said.decode("utf-8", "replace"), "holders": sorted(found)}))


main(sys.argv[1].encode().decode("unicode_escape").encode(), sys.argv[2:])
