# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lab of another name than the usual one, on which the lab itself is tested, and what there is of it on this machine."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import subprocess
from pathlib import Path

LAB = str(Path(__file__).resolve().parents[2] / "lab")
NAME = "labtest"
ENVIRONMENT = {**os.environ, "BEAM_LAB": NAME}


def lab(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Runs a command of a lab of another name than the usual one."""
    done = subprocess.run(
        [LAB, *arguments], env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=600
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def state() -> tuple[set[str], set[str], set[str], set[str]]:
    """Namespaces, mounts, processes and directories that belong to the lab; among the latter control groups."""
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    namespaces = {line.split()[0] for line in listed.splitlines() if line.startswith(NAME + "-")}
    mounts = {line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines() if NAME in line}
    processes = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if command[0].endswith(b"systemd-nspawn") and any(word.startswith(b"--machine=%s-" % NAME.encode()) for word in command):
            processes.add(path.parent.name)
    places = (Path("/run/beam-tls-lab") / NAME, Path("/var/lib/beam-tls-lab") / NAME, Path("/run/lock/beam-tls-lab-%s.lock" % NAME))
    listing = ["unshare", "--mount", "sh", "-c", "mount -t cgroup2 cgroup2 /mnt && ls -d /mnt/*-%s-*" % NAME]
    groups = set(subprocess.run(listing, capture_output=True, text=True, check=False).stdout.split())
    return namespaces, mounts, processes, {str(place) for place in places if place.exists()} | groups


def memory() -> int:
    """Bytes of memory that the processes of its hosts take, what several share counted once (proc_pid_smaps(5), ``Pss``)."""
    listing = "mount -t cgroup2 cgroup2 /mnt && cd /mnt && cat $(find ./*-%s-* -name cgroup.procs)" % NAME
    listed = subprocess.run(["unshare", "--mount", "sh", "-c", listing], capture_output=True, text=True, check=True).stdout
    total = 0
    for process in listed.split():
        try:
            found = re.search(r"^Pss: +(\d+) kB$", Path("/proc/%s/smaps_rollup" % process).read_text(), re.MULTILINE)
        except OSError:
            # It has ended meanwhile.
            continue
        total += 1024 * int(found[1]) if found else 0
    return total


def drawn(text: str) -> dict[str, set[str]]:
    """The parts in a drawing of the lab, each with its addresses."""
    found = re.findall(r"\+-- (\S+) +(198\.\S+) +(2001:\S+)", text)
    return {name: {four, str(ipaddress.ip_address(six))} for name, four, six in found}


def made() -> dict[str, set[str]]:
    """The parts of the lab that are there, each with its addresses: of a router those on the internet, and none for management."""
    parts = {}
    for namespace in state()[0]:
        name = namespace[len(NAME) + 1 :]
        shown = subprocess.run(["ip", "-n", namespace, "-json", "address"], capture_output=True, text=True, check=True).stdout
        outer = "internet" if name.startswith("router-") else "eth0"
        addresses = [
            address["local"]
            for interface in json.loads(shown)
            if interface["ifname"] == outer
            for address in interface["addr_info"]
            if address["scope"] == "global"
        ]
        if addresses:
            parts[name] = set(addresses)
    return parts
