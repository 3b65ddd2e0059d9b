# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts of the lab: systemd-nspawn machines with systemd, sshd and nftables, each over a root file system of the cache."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lab import roots
from lab.network import inside
from lab.settings import EVERY_HOST, FURTHER_NETWORKS, HOSTS_DIRECTORY, MANAGEMENT, RUN, Host, namespace
from lab.shell import Failed, run

PATIENCE = 60.0
"""Seconds that a host may take to be up, or to be gone."""
WATCHES = Path("/proc/sys/fs/inotify/max_user_instances")
"""How many inotify instances one user may have on this machine; all hosts are root's, and count together."""
ENOUGH_WATCHES = 2048
"""Enough for some hundred hosts: each systemd and what it starts takes about four. The kernel's own limit, 128, ends at thirty."""

_OWN_FILTER = """\
#!/usr/sbin/nft -f
# The software firewall that this host came with.
flush ruleset
table inet filter {
    chain input {
        type filter hook input priority filter; policy drop;
        iif "lo" accept
        ct state established,related accept
        ip saddr %s.0/24 tcp dport 22 accept
        meta l4proto { icmp, ipv6-icmp } accept
    }
}
"""


# Hosts whose systemds shared a tree of control groups would take each other's processes for theirs: units that end late, or lose their group
# as they start. The second hierarchy need not be mounted here, and nobody else sees this mount.
_GROUPS = "unshare --mount sh -c 'mount -t cgroup2 cgroup2 /mnt && cd /mnt && %s' \"$0\""
_JOIN = _GROUPS % 'mkdir -p "$0" && echo "$1" >"$0/cgroup.procs"' + ' $$ && exec "$@"'
_END = _GROUPS % (
    '{ [ -d "$0" ] || exit 0; } && echo 1 >"$0/cgroup.kill" && '
    'for i in $(seq 100); do find "$0" -depth -type d -exec rmdir {} ";" 2>/dev/null; [ -d "$0" ] || exit 0; sleep 0.02; done'
)
_LIST = _GROUPS % 'ls -d "$0"-*'


def directory(host: Host) -> Path:
    """Where a host keeps what is its own."""
    return HOSTS_DIRECTORY / host.name


def root(host: Host) -> Path:
    """The host's root directory as it sees it."""
    return directory(host) / "root"


def prepare(host: Host, every: Sequence[Host], suite: str, with_otp: bool) -> None:
    """Lays a new host, one of ``every``, over its root file system: names, keys, and its own packet filter if it has one."""
    home = directory(host)
    layers = ([roots.with_otp(suite)] if with_otp else []) + [roots.bare(suite)]
    for name in ("upper/etc/ssh", "upper/root/.ssh", "work", "root"):
        (home / name).mkdir(parents=True, exist_ok=True)
    etc = home / "upper" / "etc"
    (etc / "hostname").write_text(host.name + "\n")
    (etc / "hosts").write_text("127.0.0.1 localhost\n" + "".join("%s %s\n" % (_seen(host, other), other.fqdn) for other in every))
    key = etc / "ssh" / "ssh_host_ed25519_key"
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", host.name, "-f", key])
    (home / "upper" / "root").chmod(0o700)
    (home / "upper" / "root" / ".ssh").chmod(0o700)
    shutil.copy(RUN / "ssh" / "id_ed25519.pub", home / "upper" / "root" / ".ssh" / "authorized_keys")
    if host.walled:
        (etc / "nftables.conf").write_text(_OWN_FILTER % MANAGEMENT)
        wanted = etc / "systemd" / "system" / "sysinit.target.wants"
        wanted.mkdir(parents=True)
        (wanted / "nftables.service").symlink_to("/usr/lib/systemd/system/nftables.service")
    run(["mount", "-t", "overlay", "overlay", "-o", roots.overlay_options(home, layers), root(host)])


def _seen(host: Host, other: Host) -> str:
    """The address at which a host reaches another."""
    translated = {network.name: network.router for network in FURTHER_NETWORKS if network.kind == "translated"}
    return other.address if other == host else translated.get(other.network, other.address)


def allow_watches() -> None:
    """Raises the machine's limit of inotify instances where it is lower: a host whose systemd gets none ends as it boots, and says nothing."""
    if int(WATCHES.read_text()) < ENOUGH_WATCHES:
        WATCHES.write_text("%d\n" % ENOUGH_WATCHES)


def start(host: Host) -> None:
    """Boots a host in a control group of its own; :func:`wait` waits for it."""
    argv = ["sh", "-c", _JOIN, group(host), "systemd-nspawn", "--quiet", "--directory=%s" % root(host), "--machine=" + namespace(host.name)]
    argv += ["--capability=CAP_NET_ADMIN", "--register=no", "--keep-unit", "--boot", "--console=pipe"]
    argv += ["--network-namespace-path=/run/netns/" + namespace(host.name)]
    with (directory(host) / "console.log").open("wb") as console:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            start_new_session=True,
            env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
        )
    (directory(host) / "pid").write_text("%d\n" % process.pid)


def group(host: Host) -> str:
    """The name of a host's control group."""
    return "beam-tls-lab-" + namespace(host.name)


def groups() -> list[str]:
    """The control groups that are there of the lab's hosts."""
    names = run(["sh", "-c", _LIST, "beam-tls-lab"], check=False).stdout.split()
    return sorted({group(host) for host in EVERY_HOST} & set(names))


def wait(host: Host) -> None:
    """Waits until systemd of a host is through with starting. Raises :class:`Failed`, with what its console says last."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        said = run([*ssh(host), "-o", "ConnectTimeout=2", "systemctl", "is-system-running", "--wait"], check=False).stdout.split()
        if said[-1:] in (["running"], ["degraded"]):
            return
        time.sleep(0.2)
    console = (directory(host) / "console.log").read_text(errors="replace").splitlines()
    raise Failed("lab: %s does not come up; its console says:\n%s" % (host.name, "\n".join(console[-20:])))


def pid(host: Host) -> int | None:
    """The process that runs a host, if it does run."""
    with contextlib.suppress(OSError, ValueError):
        number = int((directory(host) / "pid").read_text())
        argv = Path("/proc/%d/cmdline" % number).read_bytes().split(b"\0")
        if argv[0] in (b"systemd-nspawn", b"sh") and b"--directory=%s" % str(root(host)).encode() in argv:
            return number
    return None


def stop(host: Host) -> None:
    """Ends a host and removes all that was its own. Nothing of it is asked: hosts are made to be thrown away."""
    cut_power(host)
    for mounted in reversed(mounts(root(host))):
        run(["umount", "--lazy", mounted])
    if directory(host).exists():
        shutil.rmtree(directory(host))


def cut_power(host: Host) -> None:
    """Ends a host in the middle of whatever it does. Its disc stays, so that :func:`start` boots it again."""
    number = pid(host)
    if number is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
        until = time.monotonic() + PATIENCE
        while pid(host) is not None and time.monotonic() < until:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(number, os.WNOHANG)
            time.sleep(0.02)
    # The processes of a machine may outlive the one that runs it; its group ends them.
    run(["sh", "-c", _END, group(host)])


def mounts(below: Path) -> list[str]:
    """What is mounted at a directory and below, in the order of mounting."""
    points = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    return [point for point in points if point == str(below) or point.startswith(str(below) + "/")]


def ssh(host: Host) -> list[str]:
    """The command that runs commands on a host, from the control namespace."""
    return [*inside("control"), "ssh", "-F", str(RUN / "ssh" / "config"), host.name]


def make_keys(every: Sequence[Host]) -> None:
    """The operator's key, and how ssh finds the hosts; known hosts come with :func:`write_known_hosts`."""
    home = RUN / "ssh"
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)
    if not (home / "id_ed25519").exists():
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", home / "id_ed25519"])
    lines = []
    for host in every:
        lines += ["Host %s %s" % (host.name, host.management), "    HostName %s" % host.management]
    lines += ["Host *", "    User root", "    IdentityFile %s" % (home / "id_ed25519"), "    IdentitiesOnly yes"]
    lines += ["    UserKnownHostsFile %s" % (home / "known_hosts"), "    StrictHostKeyChecking yes", "    LogLevel ERROR"]
    (home / "config").write_text("\n".join(lines) + "\n")


def write_known_hosts(every: Sequence[Host]) -> None:
    """The keys by which hosts are known, read where they were made."""
    lines = []
    for host in every:
        public = (directory(host) / "upper" / "etc" / "ssh" / "ssh_host_ed25519_key.pub").read_text().split()
        lines.append("%s,%s %s %s" % (host.name, host.management, public[0], public[1]))
    (RUN / "ssh" / "known_hosts").write_text("\n".join(lines) + "\n")


class Made(NamedTuple):
    """What the hosts that are up were made of: the suite of each, by name, and whether they came with OTP."""

    suites: dict[str, str]
    with_otp: bool

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The hosts, in order."""
        return tuple(host for host in EVERY_HOST if host.name in self.suites)


def remember(made_of: Made) -> None:
    """Writes down what the hosts were made of; written when all are up."""
    (RUN / "made").write_text(json.dumps(made_of._asdict()))


def made() -> Made | None:
    """What the hosts were made of, if all of them are up."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        found = Made(**json.loads((RUN / "made").read_text()))
        if all(pid(host) is not None for host in found.hosts):
            return found
    return None
