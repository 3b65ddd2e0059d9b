# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An OTP built from source on one host, stage by stage, in a process of its own that outlives who started it.

All of a build lies in one directory of the builder: ``source`` and ``patches/`` as they were sent, the unpacked ``tree``, the installed
``root``, ``done/STAGE`` for each stage that is through, ``log``, and in the end ``otp.tar.gz`` with its ``manifest.json``. Its status is kept
in memory (/run), where it can be written when the disk is full. A build that was killed at any moment goes on with the first stage that is
not through, and make within its own.

Sources: OTP "Building and Installing Erlang/OTP" (``configure``, ``make release RELEASE_ROOT=...``, whose result the script ``Install``
in it fits to a place); flock(2), by which a build is known to run; setpriv(1), ``--pdeathsig``.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import shutil
import signal
import subprocess
import tarfile
import time
import traceback
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Callable, NoReturn

from ansible_collections.beam.tls_distribution.plugins.module_utils._building import (
    elf,
    progress,
    recipe,
    skipped,
    status,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import configure, release
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import commands, otp, unpacking, writing

TOOLS = ("cc", "c++", "make", "perl", "patch", "tar", "sed")
"""Commands without which no OTP can be built."""
SPACE = 2 * 1024 * 1024 * 1024
"""Bytes that a build takes, of a whole OTP."""
COMPRESSION = 1
"""Of gzip: the archive is sent to a few hosts once, and a higher level takes longer than that."""
VOLATILE = "/run/erlang-otp-build"
"""Where the status of builds is kept."""
NEEDED = (*release.START_SSL_CLEAN, *release.BOOT_TOOLS)
"""Applications that every OTP of ours has: what TLS distribution starts, and what makes boot scripts."""

_STATUS_SECONDS = 1.0
_MOST_DESCRIPTORS = 4096
_WITH_PARENT = ("setpriv", "--pdeathsig", "TERM")
"""Has the kernel end a step when the build is killed, so that nothing goes on in its tree unseen."""


class BuildError(Exception):
    """Why a build cannot go on: one sentence, and the last lines of the step that failed."""

    def __init__(self, problem: str, tail: Sequence[str] = ()) -> None:
        super().__init__(problem)
        self.problem = problem
        self.tail = list(tail)


def check_platform(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Raises :class:`BuildError` if what is built here would not be for the platform wanted."""
    said = [" ".join(str(place[name]) for name in recipe.PLATFORM) for place in (wanted, found)]
    if said[0] != said[1]:
        raise BuildError("an OTP for %s cannot be built on %s; set erlang_otp_build_host to a host of that kind" % (said[0], said[1]))


class Build:
    """A build in a directory: what there is of it, and how it is begun and gone on with."""

    def __init__(self, directory: str, volatile: str = VOLATILE) -> None:
        self.directory = directory
        self.status = os.path.join(volatile, os.path.basename(directory) + ".json")
        self.log = self.path("log")
        self.tree = self.path("tree")

    def path(self, *names: str) -> str:
        """The path of something of the build."""
        return os.path.join(self.directory, *names)

    def patch(self, number: int) -> str:
        """The path of the patch of that number."""
        return self.path("patches", "%02d" % number)

    def lacks(self, otp_: Mapping[str, Any]) -> list[str]:
        """Digests of what the recipe is made from and is not here yet: the source, patches."""
        wanted = {self.path("source"): otp_["archive"]["sha256"]}
        for number, patch in enumerate(otp_["patches"]):
            wanted[self.patch(number)] = patch["sha256"]
        return [digest for path, digest in wanted.items() if not os.path.exists(path)]

    def take_in(self, otp_: Mapping[str, Any], sent: Mapping[str, str]) -> None:
        """Moves into place what was ``sent``: digest -> path on this host. Raises :class:`BuildError` for other content."""
        os.makedirs(self.path("patches"), exist_ok=True)
        targets = [(self.path("source"), otp_["archive"]["sha256"])]
        targets += [(self.patch(number), patch["sha256"]) for number, patch in enumerate(otp_["patches"])]
        for target, digest in targets:
            if digest in sent and not os.path.exists(target):
                with writing.beside(target) as staged:
                    try:
                        shutil.copyfile(sent[digest], staged)
                    except OSError as error:
                        raise BuildError(_system(error, self.directory)) from error
                    if unpacking.sha256(staged) != digest:
                        raise BuildError("what arrived as %s is not what was sent (its SHA-256 differs); run again" % target)

    def begin(self, otp_: Mapping[str, Any], platform: Mapping[str, Any], jobs: int, needed: Sequence[str]) -> bool:
        """Starts a process that builds, or goes on building; False if one is at it already.

        It has the lock of this build when this returns, so that who sees the lock free sees the build at its end.
        """
        os.makedirs(self.directory, exist_ok=True)
        lock = os.open(self.path("lock"), os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self.say(status.waiting(time.time(), self.log))
        if os.fork() == 0:
            _leave(lock, partial(self._run, otp_, platform, jobs, needed))
        os.close(lock)
        return True

    def result(self) -> dict[str, Any]:
        """What a finished build made: the ``archive``'s path and ``sha256``, and the ``manifest`` as text."""
        with open(self.path(recipe.MANIFEST), encoding="utf-8") as stream:
            manifest = stream.read()
        archive = self.path("otp.tar.gz")
        return {"archive": archive, "sha256": unpacking.sha256(archive), "manifest": manifest}

    def clean(self) -> None:
        """Removes all of the build; its result is elsewhere by then."""
        shutil.rmtree(self.directory, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.status)

    def _run(self, otp_: Mapping[str, Any], platform: Mapping[str, Any], jobs: int, needed: Sequence[str]) -> None:
        """Runs the stages that are not through, one build at a time on a host."""
        with open(os.path.join(os.path.dirname(self.directory), ".lock"), "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            Run(self, otp_, platform, jobs, needed).run()

    def say(self, content: Mapping[str, Any]) -> None:
        """Writes the status down."""
        os.makedirs(os.path.dirname(self.status), exist_ok=True)
        writing.write(self.status, json.dumps(content))


class Run:
    """One run of the stages of a build."""

    def __init__(self, build: Build, otp_: Mapping[str, Any], platform: Mapping[str, Any], jobs: int, needed: Sequence[str]) -> None:
        self._build = build
        self._otp = otp_
        self._platform = platform
        self._jobs = jobs
        self._needed = sorted({*NEEDED, *needed, *configure.asked_for(otp_["options"])})
        self._status: status.Status = {}
        self._environment = {
            "PATH": os.pathsep.join(commands.SEARCH),
            "LC_ALL": "C.UTF-8",
            "HOME": build.directory,
            **{name: str(value) for name, value in otp_["environment"].items()},
        }

    def run(self) -> None:
        """All stages. What goes wrong is written into the status."""
        acts = dict(zip(status.STAGES, (self._unpack, self._patch, self._configure, self._compile, self._install, self._pack)))
        self._status = status.waiting(time.time(), self._build.log)
        self._status.update(state="running", seconds=self._through())
        try:
            self._end_leftovers()
            self._check_host()
            for stage in status.STAGES:
                if stage not in self._status["seconds"]:
                    self._stage(stage, acts[stage])
            self._status["state"] = "done"
        except BuildError as error:
            self._status.update(state="failed", problem=error.problem, tail=error.tail)
        except OSError as error:
            self._status.update(state="failed", problem=_system(error, self._build.directory))
        except Exception:  # whatever it was, the one who waits has to hear of it
            said = traceback.format_exc().splitlines()[-status.TAIL :]
            self._status.update(state="failed", problem="the build stopped over a fault of its own", tail=said)
        self._tell()

    def _stage(self, name: str, act: Callable[[], None]) -> None:
        began = time.time()
        self._status.update(stage=name, began=began, done=0, expected=0)
        self._tell()
        act()
        seconds = round(time.time() - began, 1)
        os.makedirs(self._build.path("done"), exist_ok=True)
        writing.write(self._build.path("done", name), "%s\n" % seconds)
        self._status["seconds"][name] = seconds

    def _through(self) -> dict[str, float]:
        """The stages that are through, up to the first that is not, with the seconds that they took."""
        found: dict[str, float] = {}
        for name in status.STAGES:
            try:
                with open(self._build.path("done", name), encoding="utf-8") as stream:
                    found[name] = float(stream.read())
            except (OSError, ValueError):
                break
        return found

    def _tell(self) -> None:
        self._status["now"] = time.time()
        self._build.say(self._status)

    def _check_host(self) -> None:
        lacking = [tool for tool in TOOLS if commands.find(tool) is None]
        if lacking:
            raise BuildError(
                "OTP cannot be built here without %s; install what provides them, or set erlang_otp_build_packages" % ", ".join(lacking)
            )
        if self._status["seconds"]:
            return
        free = shutil.disk_usage(self._build.directory).free
        if free < SPACE:
            raise BuildError(
                "a build takes %d MB, and %s has %d MB left; free some, or set erlang_otp_build_directory"
                % (SPACE >> 20, self._build.directory, free >> 20)
            )

    def _end_leftovers(self) -> None:
        """Ends what a build that was killed left running in its tree: two makes in one tree would ruin it."""
        for process in os.listdir("/proc"):
            if not process.isdigit() or int(process) == os.getpid():
                continue
            try:
                place = os.readlink("/proc/%s/cwd" % process)
                if place == self._build.tree or place.startswith(self._build.tree + os.sep):
                    os.kill(int(process), signal.SIGKILL)
            except OSError:
                continue

    def _unpack(self) -> None:
        shutil.rmtree(self._build.tree, ignore_errors=True)
        try:
            unpacking.unpack(self._build.path("source"), self._build.tree, strip=1)
        except unpacking.ArchiveError as error:
            raise BuildError("the archive of the source %s" % error) from error

    def _patch(self) -> None:
        """Applies the patches. Until all are, the tree counts as not unpacked, so that what a killed run was patching is unpacked again."""
        marker = self._build.path("done", "unpack")
        os.unlink(marker)
        for number, patch in enumerate(self._otp["patches"]):
            argv = ["patch", "-p1", "--forward", "--batch", "--fuzz=0", "--input=" + self._build.patch(number)]
            self._command(argv, "the patch %s does not fit this source" % patch["name"])
        writing.write(marker, "%s\n" % self._status["seconds"]["unpack"])

    def _configure(self) -> None:
        if not os.path.exists(os.path.join(self._build.tree, "configure")):
            self._command(["./otp_build", "autoconf"], "the source has no configure, and autoconf did not make one")
        try:
            self._command(["./configure", "--prefix=/usr/local", *self._otp["options"]], "configure failed")
        except BuildError as error:
            unmet = skipped.unmet(self._needed, self._has)
            raise BuildError("%s: %s" % (error.problem, unmet), error.tail) if unmet else error from None
        missing = skipped.missing(self._needed, self._text)
        if missing:
            raise BuildError(skipped.sentence(missing, self._has))

    def _text(self, name: str) -> str | None:
        try:
            with open(os.path.join(self._build.tree, name), encoding="utf-8", errors="replace") as stream:
                return stream.read()
        except OSError:
            return None

    def _has(self, need: skipped.Need) -> tuple[bool, bool]:
        """Whether the compiler finds the header, and the linker the library."""
        flags = ["-I%s/include" % option.split("=", 1)[1] for option in self._otp["options"] if option.startswith("--with-ssl=")]
        header = self._quietly(["cc", *flags, "-E", "-include", need.header, "-x", "c", "/dev/null"])
        library = self._quietly(["cc", "-shared", "-x", "c", "/dev/null", "-l" + need.library, "-o", "/dev/null"])
        return header, library

    def _quietly(self, argv: Sequence[str]) -> bool:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, env=self._environment, check=False)
        return done.returncode == 0

    def _compile(self) -> None:
        told = self._text("lib/SKIP-APPLICATIONS") or ""
        expected, made = (count(self._build.tree, os.walk(self._build.tree), told) for count in (progress.expected, progress.made))
        self._status.update(expected=expected, done=made)
        self._command(["make", "-j%d" % self._jobs], "make failed", count=True)

    def _install(self) -> None:
        root = self._build.path("root")
        shutil.rmtree(root, ignore_errors=True)
        self._command(["make", "release", "RELEASE_ROOT=" + root], "make release failed")
        self._check(root)

    def _check(self, root: str) -> None:
        """Fits the result to the place where it lies, and has it start what every node starts."""
        self._command(["./Install", "-minimal", root], "the result could not be installed", cwd=root)
        program = "lists:foreach(fun(A) -> {ok, _} = application:ensure_all_started(A) end, [crypto, ssl]), halt(0)."
        argv = [os.path.join(root, "bin", "erl"), "-noinput", "-boot", "start_clean", "-eval", program]
        self._command(argv, "the OTP that was built does not start crypto and ssl", cwd=root)

    def _pack(self) -> None:
        root = self._build.path("root")
        found = otp.read(root)
        if found is None:
            raise BuildError("the OTP that was built is not complete; remove %s, and run again" % self._build.directory)
        seen = {
            "version": found.version,
            "applications": found.applications,
            "crypto_library": found.crypto_library,
            "inet_ssl_port": found.inet_ssl_port,
            "hardening": _hardening(os.path.join(root, "erts-" + found.erts, "bin", "beam.smp")),
        }
        text = recipe.manifest(self._otp, self._platform, seen)
        writing.write(os.path.join(root, recipe.MANIFEST), text)
        archive = self._build.path("otp.tar.gz")
        with writing.beside(archive) as staged, tarfile.open(staged, "w:gz", compresslevel=COMPRESSION) as tar:
            for name in sorted(os.listdir(root)):
                tar.add(os.path.join(root, name), name)
        writing.write(self._build.path(recipe.MANIFEST), text)

    def _command(self, argv: Sequence[str], problem: str, count: bool = False, cwd: str | None = None) -> None:
        """Runs a step with its output in the log. Raises :class:`BuildError` with its last lines if it fails."""
        last: list[bytes] = []
        full = False
        with open(self._build.log, "ab") as log:
            log.write(b"\n$ %s\n" % " ".join(argv).encode())
            process = subprocess.Popen(
                [*_WITH_PARENT, *argv],
                cwd=cwd or self._build.tree,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            try:
                for said in process.stdout or ():
                    log.write(said)
                    last = [*last[1 - status.TAIL :], said]
                    full = full or b"No space left on device" in said
                    self._status["done"] += count and progress.makes(said)
                    if time.time() - self._status["now"] >= _STATUS_SECONDS:
                        log.flush()
                        self._tell()
            except OSError:
                process.terminate()
                raise
            finally:
                code = process.wait()
        if full:
            raise BuildError(_full(self._build.directory))
        if code != 0:
            tail = [said.decode("utf-8", "replace").rstrip() for said in last]
            raise BuildError("%s (%s)" % (problem, "signal %d" % -code if code < 0 else "exit code %d" % code), tail)


def _leave(lock: int, act: Callable[[], None]) -> NoReturn:
    """Goes on as a process of its own that ends with ``act``, and keeps nothing open that somebody waits for but the lock."""
    code = 1
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(null, descriptor)
        os.closerange(3, lock)
        os.closerange(lock + 1, _MOST_DESCRIPTORS)
        act()
        code = 0
    finally:
        os._exit(code)


def _system(error: OSError, directory: str) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _full(directory)
    return "the build cannot go on: %s (%s)" % (error.strerror or error, error.filename or directory)


def _full(directory: str) -> str:
    return "no space is left on the file system of %s; free some, or set erlang_otp_build_directory, and run again" % directory


def _hardening(program: str) -> dict[str, bool]:
    with open(program, "rb") as stream:
        return elf.hardening(stream.read())
