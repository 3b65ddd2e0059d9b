# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Root file systems in the cache: bare ones with a repository of Erlang packages, layers that have OTP, and the example's release.

Everything is built under another name and renamed when it is whole, so that what was interrupted is built again. What nobody
used for weeks is removed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from lab.settings import CACHE, CHECKOUT
from lab.shell import Failed, locked, run, step

INCLUDED = "ca-certificates dbus iproute2 nftables openssh-server procps python3 python3-apt systemd systemd-sysv"
OFFERED = (
    "erlang-base erlang-crypto erlang-asn1 erlang-public-key erlang-ssl erlang-mnesia erlang-inets erlang-tools erlang-runtime-tools"
    " erlang-syntax-tools erlang-os-mon erlang-parsetools erlang-xmerl erlang-eunit erlang-dev openssl"
    " autoconf gcc g++ libc6-dev make m4 perl patch xz-utils libssl-dev libncurses-dev unixodbc-dev"
    " prometheus-node-exporter iptables"
)
"""What hosts, which have no way out, can install: OTP, what OTP is built with, and what collects the metrics of the watch."""
PRESENT = "erlang-base erlang-crypto erlang-asn1 erlang-public-key erlang-ssl erlang-mnesia"
"""What a layer with OTP has: the packages that erlang_otp installs for the example."""
WORKSHOP = PRESENT + " erlang-eunit erlang-dev erlang-tools erlang-runtime-tools erlang-parsetools"
"""What a layer has on which Erlang code is tested."""
MASKED = (
    "systemd-resolved.service systemd-networkd.service systemd-timesyncd.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer"
    " e2scrub_all.timer fstrim.timer getty@.service console-getty.service systemd-firstboot.service systemd-logind.service"
)

KEPT_UNUSED = timedelta(days=14)
"""How long an entry of the cache stays that nobody uses."""

_BUILD = """
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
apt-get -q -y --no-install-recommends install python3-cryptography
mkdir -p /srv/erlang
apt-get -q -y --no-install-recommends --download-only -o Dir::Cache::archives=/srv/erlang install %(offered)s
rm -rf /srv/erlang/partial /srv/erlang/lock
cd /srv/erlang
for package in *.deb; do
    dpkg-deb --field "$package"
    printf 'Filename: ./%%s\\nSize: %%s\\nSHA256: %%s\\n\\n' "$package" "$(stat -c %%s "$package")" "$(sha256sum "$package" | cut -d' ' -f1)"
done > Packages
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /etc/apt/apt.conf.d/*proxy* /var/lib/apt/lists/*
echo 'deb [trusted=yes] file:/srv/erlang ./' > /etc/apt/sources.list
apt-get -q update
apt-get -q clean
for unit in %(masked)s; do ln -sf /dev/null /etc/systemd/system/$unit; done
rm -f /etc/ssh/ssh_host_* /etc/machine-id /etc/resolv.conf
: > /etc/machine-id
sed -i 's/^#*UseDNS.*/UseDNS no/; s/^#*MaxStartups.*/MaxStartups 100/' /etc/ssh/sshd_config
systemctl enable ssh.service
"""


def recipe(*parts: str) -> str:
    """The key of what is made from ``parts``."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def inside(root: Path, script: str) -> None:
    """Runs a shell script in a root file system, with a /proc that nobody else sees."""
    outer = 'mount -t proc proc "$0/proc" && exec chroot "$0" /bin/sh -c "$1"'
    run(["unshare", "--mount", "--fork", "--pid", "--kill-child", "sh", "-c", outer, root, script])


def bare(suite: str) -> Path:
    """The root file system of a bare host of ``suite``."""
    script = _BUILD % {"offered": OFFERED, "masked": MASKED}
    directory = CACHE / ("root-%s-%s" % (suite, recipe(suite, INCLUDED, script)))
    if not directory.exists():
        with locked(CACHE / (".%s.lock" % suite), "build of %s" % suite):
            if not directory.exists():
                with step("root file system of %s, once" % suite):
                    new = start_entry(directory)
                    # A suite that this debootstrap does not know is made like sid. An empty mirror is debootstrap's own.
                    known = suite if Path("/usr/share/debootstrap/scripts", suite).exists() else "sid"
                    run(["debootstrap", "--variant=minbase", "--include=" + ",".join(INCLUDED.split()), suite, new, "", known])
                    inside(new, script)
                    finish_entry(new, directory, "root-%s-*" % suite)
    return used(directory)


def with_otp(suite: str) -> Path:
    """The layer that has OTP, over :func:`bare`."""
    return _layer("otp", suite, PRESENT, "the same with OTP, once")


def workshop(suite: str) -> Path:
    """The layer that has OTP and EUnit, over :func:`bare`."""
    return _layer("workshop", suite, WORKSHOP, "the same with OTP and EUnit, once")


def _layer(kind: str, suite: str, packages: str, title: str) -> Path:
    below = bare(suite)
    directory = CACHE / ("%s-%s-%s" % (kind, suite, recipe(below.name, packages)))
    if not directory.exists():
        with locked(CACHE / (".%s.lock" % suite), "build of %s" % suite):
            if not directory.exists():
                with step(title):
                    new = start_entry(directory)
                    script = (
                        "export DEBIAN_FRONTEND=noninteractive; apt-get -q -y --no-install-recommends install %s && apt-get -q clean"
                        % packages
                    )
                    with_overlay(new, [below], script)
                    shutil.rmtree(new / "work")
                    shutil.rmtree(new / "root")
                    finish_entry(new, directory, "%s-%s-*" % (kind, suite))
    return used(directory) / "upper"


def with_overlay(directory: Path, below: list[Path], script: str) -> None:
    """Runs a script in an overlay of ``directory`` over some root file systems, mounted for nobody else."""
    for name in ("upper", "work", "root"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    outer = 'mount -t overlay overlay -o "$2" "$0" && mount -t proc proc "$0/proc" && exec chroot "$0" /bin/sh -c "$1"'
    options = overlay_options(directory, below)
    run(["unshare", "--mount", "--fork", "--pid", "--kill-child", "sh", "-c", outer, directory / "root", script, options])


def overlay_options(directory: Path, below: list[Path]) -> str:
    """Mount options of an overlay whose own changes are in ``directory``; the first of ``below`` is on top."""
    return "lowerdir=%s,upperdir=%s,workdir=%s" % (":".join(map(str, below)), directory / "upper", directory / "work")


def guard(suite: str, label: str = "", edits: Sequence[tuple[str, str, str]] = ()) -> Path:
    """The example's release archive, built with the OTP of ``suite``.

    ``edits`` make another release of it, which ``label`` names: file below ``src``, a text that is there once, and what takes its place.
    """
    source = CHECKOUT / "examples" / "guard"
    files = sorted(path for path in (source / "build", *source.glob("src/*")))
    changes = ["\0".join(edit) for edit in edits]
    key = recipe(with_otp(suite).parent.name, *(str(path.relative_to(source)) + path.read_text() for path in files), *changes)
    name = "guard-%s-%s" % (suite, label) if label else "guard-%s" % suite
    directory = CACHE / ("%s-%s" % (name, key))
    if not directory.exists():
        with locked(CACHE / ".guard.lock", "build of the example"):
            if not directory.exists():
                with step("release of the example%s with the OTP of %s" % (" (%s)" % label if label else "", suite)):
                    new = start_entry(directory)
                    shutil.copytree(source, new / "upper" / "src" / "guard")
                    for file, old, other in edits:
                        path = new / "upper" / "src" / "guard" / "src" / file
                        text = path.read_text()
                        if text.count(old) != 1:
                            raise Failed("lab: %s has not once what is to be another: %s" % (path, old))
                        path.write_text(text.replace(old, other))
                    with_overlay(new, [with_otp(suite), bare(suite)], "cd /src/guard && ./build /src/out")
                    for archive in (new / "upper" / "src" / "out").glob("*.tar.gz"):
                        shutil.move(str(archive), str(new))
                    for part in ("upper", "work", "root"):
                        shutil.rmtree(new / part)
                    finish_entry(new, directory, name + "-????????????????")
    return next(used(directory).glob("guard-*.tar.gz"))


def collections() -> Path:
    """A collections path on which this checkout is the collection."""
    directory = CACHE / ("collections-" + recipe(str(CHECKOUT)))
    link = directory / "ansible_collections" / "beam" / "tls_distribution"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(CHECKOUT)
    remove_unused(directory, "collections-*")
    return used(directory)


def start_entry(directory: Path) -> Path:
    """An empty directory in which that of the cache is made."""
    new = directory.with_name(directory.name + ".new")
    if new.exists():
        shutil.rmtree(new)
    new.mkdir(parents=True)
    return new


def finish_entry(new: Path, directory: Path, others: str) -> None:
    """Puts what was made into the cache, and removes what matches ``others`` and was not used for :data:`KEPT_UNUSED`.

    By age, as several checkouts may share the cache, and each has entries of its own.
    """
    new.rename(directory)
    used(directory)
    remove_unused(directory, others)


def remove_unused(directory: Path, others: str) -> None:
    """Removes what matches ``others`` in the cache, and was not used for :data:`KEPT_UNUSED`; ``directory`` stays, and what a host that runs is made of."""
    for other in directory.parent.glob(others):
        if other != directory and not other.name.endswith(".new") and not _mounted(other) and _unused(other) > KEPT_UNUSED:
            # Another checkout may be at it: who renames it first removes it.
            gone = other.with_name("%s.%d" % (other.name, os.getpid()))
            with contextlib.suppress(FileNotFoundError):
                other.rename(gone)
                shutil.rmtree(gone)
            _mark(other).unlink(missing_ok=True)


def used(directory: Path) -> Path:
    """An entry of the cache, marked as used now. The mark is beside it, as an entry itself may be below the root of a host that runs."""
    _mark(directory).parent.mkdir(exist_ok=True)
    _mark(directory).touch()
    return directory


def _mark(directory: Path) -> Path:
    return directory.parent / ".used" / directory.name


def _unused(directory: Path) -> timedelta:
    """For how long nobody used an entry; one without a mark is as old as it is itself."""
    mark = _mark(directory)
    return timedelta(seconds=time.time() - (mark if mark.exists() else directory).stat().st_mtime)


def _mounted(directory: Path) -> bool:
    return str(directory) in Path("/proc/self/mounts").read_text()
