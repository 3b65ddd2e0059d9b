# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OTPs side by side on a host, one of them current.

``PREFIX/NAME`` is an OTP, ``PREFIX/current`` a link to one. An OTP is unpacked beside its place, fitted to it and tried there before it
gets its name; the link is replaced in one step. So what is current is whole at any moment, and the way back is another such step.

Source: OTP "Building and Installing Erlang/OTP" (``Install -cross -minimal ROOT``, which writes ROOT into the start scripts).
"""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
from collections.abc import Sequence
from typing import NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import otp, staging, writing
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.commands import Runner

PREFIX = layout.OTPS
"""Where OTPs lie side by side unless somebody says otherwise."""
CURRENT = "current"
_TRY = "lists:foreach(fun(A) -> {ok, _} = application:ensure_all_started(A) end, [crypto, ssl]), halt(0)."


class InstallError(staging.StagingError):
    """Why an OTP was not installed, in a sentence; what was current still is."""


class Asked(NamedTuple):
    """What is asked for: that ``name`` below ``prefix`` is current, from ``archive`` (a path, None where it should be there already) with
    the digest ``sha256``, and how many others are kept."""

    prefix: str
    name: str
    archive: str | None
    sha256: str | None
    keep: int


class InstalledOtp(NamedTuple):
    """What was changed: whether the OTP was ``installed``, the name that was current ``before``, and the names ``removed``."""

    installed: bool
    before: str | None
    removed: tuple[str, ...]


def current(prefix: str) -> str | None:
    """The name that is current."""
    try:
        return os.path.basename(os.readlink(os.path.join(prefix, CURRENT)))
    except OSError:
        return None


def is_there(asked: Asked) -> bool:
    """Whether the OTP asked for is installed. One that is half unpacked has another name."""
    return os.path.isdir(os.path.join(asked.prefix, asked.name))


def announce(asked: Asked) -> InstalledOtp:
    """What :func:`install` would change."""
    return InstalledOtp(not is_there(asked), current(asked.prefix), tuple(_outdated(asked)))


def install(asked: Asked, run: Runner) -> InstalledOtp:
    """Has the OTP installed and current. Raises :class:`InstallError`."""
    before = current(asked.prefix)
    there = is_there(asked)
    staging.remove_leftovers(asked.prefix)
    if not there:
        _unpack(asked, run)
    _switch(asked)
    removed = _outdated(asked)
    for name in removed:
        shutil.rmtree(os.path.join(asked.prefix, name))
    return InstalledOtp(not there, before, tuple(removed))


def _unpack(asked: Asked, run: Runner) -> None:
    if asked.archive is None:
        raise InstallError("%s is not installed below %s, and no archive of it was given" % (asked.name, asked.prefix))
    root = os.path.join(asked.prefix, asked.name)
    try:
        with staging.unpacked(asked.archive, asked.sha256, root) as staged:
            _fit(staged, root, run)
            _try(staged, run)
    except staging.StagingError as error:
        raise InstallError(str(error)) from error


def _fit(staged: str, root: str, run: Runner) -> None:
    script = os.path.join(staged, "Install")
    if not os.path.exists(script):
        raise InstallError("the archive holds no OTP as 'make release' leaves it (there is no script Install in it)")
    outcome = run(["env", "--chdir=" + staged, "sh", script, "-cross", "-minimal", root])
    if outcome.code != 0:
        raise InstallError("the OTP cannot be fitted to %s: %s" % (root, outcome.err.strip() or outcome.out.strip()))


def _try(staged: str, run: Runner) -> None:
    """Starts what every node starts, from where the OTP lies now; its own script knows only where it will lie."""
    found = otp.read(staged)
    if found is None:
        raise InstallError("the archive holds no complete OTP (no bin/erl, no kernel or no stdlib)")
    binaries = os.path.join(staged, "erts-" + found.erts, "bin")
    settings = {"ROOTDIR": staged, "BINDIR": binaries, "EMU": "beam", "PROGNAME": "erl"}
    start = [os.path.join(binaries, "erlexec"), "-noinput", "-boot", os.path.join(staged, "bin", "start_clean"), "-eval", _TRY]
    outcome = run(["env", *("%s=%s" % setting for setting in settings.items()), *start])
    if outcome.code != 0:
        said = " ".join((outcome.err.strip() or outcome.out.strip()).split())
        raise InstallError(
            "OTP %s does not start crypto and ssl on this host: %s" % (found.version, said[:500] or "it ended with %d" % outcome.code)
        )


def _switch(asked: Asked) -> None:
    link = os.path.join(asked.prefix, CURRENT)
    with writing.beside(link) as staged:
        os.symlink(asked.name, staged)
    os.utime(os.path.join(asked.prefix, asked.name))


def _outdated(asked: Asked) -> list[str]:
    """Names that are neither wanted nor among the ``keep`` that were current last, that no process runs from, and no generation of a node starts."""
    others = [name for name in otp.names(asked.prefix) if name != asked.name]
    others.sort(key=lambda name: os.stat(os.path.join(asked.prefix, name)).st_mtime, reverse=True)
    started = [os.path.realpath(link) for link in glob.glob(layout.ERLS)]
    roots = {name: os.path.realpath(os.path.join(asked.prefix, name)) + os.sep for name in others[asked.keep :]}
    return [name for name, root in roots.items() if not _in_use(root) and not any(path.startswith(root) for path in started)]


def _in_use(root: str) -> bool:
    for process in os.listdir("/proc"):
        if process.isdigit():
            with contextlib.suppress(OSError):
                if os.readlink("/proc/%s/exe" % process).startswith(root):
                    return True
    return False


def describe(result: InstalledOtp, asked: Asked) -> Sequence[dict[str, str]]:
    """The difference between before and after, as Ansible shows it."""
    if result.before == asked.name and not result.installed:
        return []
    link = os.path.join(asked.prefix, CURRENT)
    return [{"before_header": link, "after_header": link, "before": "%s\n" % (result.before or ""), "after": asked.name + "\n"}]
