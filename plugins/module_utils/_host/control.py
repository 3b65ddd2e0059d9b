# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program behind a node's control command, for all that asks the node: ``control.pyz COMMAND UNIT NODE ACCOUNT HOME DIRECTORY ERL ACTION ...``.

It is two processes. The first is the caller's: it shows what the second says, a bounded lot of it and no escape sequence, and ends the
second after a bounded time. The second becomes the node's account, has no terminal, reads the node's files and asks the node
(_distribution/asking.py). Neither is an Erlang node. A remote shell has to be one, which does what the node tells it to: it
runs on a terminal of its own, and in the sandbox of the node's unit where root asks for it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from types import FrameType
from typing import NamedTuple, NoReturn

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import environment, layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import asking, certificate, certificate_rules, node_name
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.asking import Question, Refusal
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import commands, terminal
from ansible_collections.beam.tls_distribution.plugins.module_utils._system import sandbox, systemd
from ansible_collections.beam.tls_distribution.plugins.module_utils._system.harmless import Harmless

TIMEOUT = "ERLANG_CONTROL_TIMEOUT"
"""Variable of the caller's environment: seconds that a call of ``rpc`` or ``eval`` may take."""

CALL_SECONDS = 600.0
LONGEST_CALL = 604800.0

SHOWN = 8 * 1024 * 1024
"""Bytes that are shown of what is said on the way to the caller."""

GRACE = 60.0
"""Seconds more than the question may take, after which the process that asks is ended."""

NAMES = 50
"""Names of hidden nodes that the control command has on a host: a node that is asked never forgets a name that it has heard."""

ASK = "--ask"
_PIECE = 65536
_PASSED_ON = ("TERM", "COLUMNS", "LINES")
_SHELLS = frozenset(["remote", "remote_console", "remsh"])
_STATUS = ("ActiveState", "ExecMainStartTimestamp")


class Settings(NamedTuple):
    """What the command is called, and what it asks: the node, its unit and account, and where its things are."""

    command: str
    unit: str
    node: str
    account: str
    home: str
    directory: str
    erl: str


def main(arguments: Sequence[str]) -> int:
    """Entry point of the archive: the caller's process, or with ``--ask`` in front the one that asks."""
    if arguments[:1] == [ASK]:
        return _answer(Settings(*arguments[1:8]), arguments[8:])
    _open_standard_files()
    # A caller that has seen enough (status | head -1) ends us without a word.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    settings, (action, *rest) = Settings(*arguments[:7]), arguments[7:]
    try:
        return _of_the_caller(settings, action, rest)
    except Refusal as refusal:
        _say(2, "%s: %s\n" % (settings.command, refusal))
        return 1
    except KeyboardInterrupt:
        return 130


def _of_the_caller(settings: Settings, action: str, rest: Sequence[str]) -> int:
    if action == "status" and not _service_runs(settings):
        return 1
    _check_caller(settings, action)
    if action == "remsh":
        return _remote_shell(settings, rest)
    if action == "release":
        return _of_the_release(settings, rest)
    seconds = _call_seconds() if action in ("rpc", "eval") else asking.ANSWER_SECONDS
    argv = [*_as_account(settings), *_program(settings, action, "%g" % seconds, *rest)]
    return _relay(argv, _environment(settings), seconds + GRACE)


def _open_standard_files() -> None:
    """Open what the caller closed, so that no pipe of ours gets the number of a standard file."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _check_caller(settings: Settings, action: str) -> None:
    """Raise Refusal for a caller who may not ask the node."""
    try:
        account = pwd.getpwnam(settings.account)
    except KeyError:
        raise Refusal("there is no account %s on this host; run the playbook again for it" % settings.account) from None
    if os.geteuid() not in (0, account.pw_uid):
        raise Refusal("only root and %s may ask %s; try: sudo %s %s" % (settings.account, settings.node, settings.command, action))


def _call_seconds() -> float:
    """Return the seconds that a call may take; raise Refusal."""
    given = os.environ.get(TIMEOUT)
    if not given:
        return CALL_SECONDS
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= LONGEST_CALL:
        raise Refusal("%s is %r; write seconds, more than 0 and at most %d" % (TIMEOUT, given, LONGEST_CALL))
    return seconds


def _service_runs(settings: Settings) -> bool:
    """Show the line of the service; tell whether it is active."""
    service = settings.unit + ".service"
    outcome = commands.run(["systemctl", "show", "--property=" + ",".join(_STATUS), "--", service])
    said = systemd.properties(outcome.out)
    state, since = said.get("ActiveState", "unknown"), said.get("ExecMainStartTimestamp", "")
    running = state in ("active", "reloading", "deactivating") and since
    _say(1, _line("service", "%s, %s%s" % (service, state, ", since " + since if running else "")))
    return state == "active"


def _line(key: str, value: str) -> str:
    return "%-12s%s\n" % (key, value)


def _say(descriptor: int, text: str) -> None:
    _show(descriptor, Harmless()(text.encode("utf-8", "surrogateescape"), True))


def _show(descriptor: int, data: bytes) -> None:
    """Write to a standard file; raise Refusal where it takes nothing."""
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    except OSError as error:
        if descriptor == 2:
            raise SystemExit(1) from error
        raise Refusal("the answer cannot be written: %s" % error.strerror) from error


def _as_account(settings: Settings) -> list[str]:
    """Return the command in front of a program that is to run as the node's account and can never be more than it; it ends when we do.

    Who is that account already may not be let change what a process can do, as in the sandbox of a unit.
    """
    if os.geteuid() != 0:
        return []
    become = ["--reuid", settings.account, "--regid", settings.account, "--init-groups", "--inh-caps=-all"]
    return [commands.find("setpriv") or "setpriv", *become, "--no-new-privs", "--pdeathsig", "KILL", "--"]


def _program(settings: Settings, action: str, *rest: str) -> list[str]:
    return [sys.executable, "-I", os.path.abspath(sys.argv[0]), ASK, *settings, action, *rest]


def _environment(settings: Settings) -> dict[str, str]:
    """Nothing of the caller's but what is said of the terminal: flags of the emulator there do not concern the node."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**kept, "HOME": settings.home, "LANG": "C.UTF-8", "PATH": os.pathsep.join(commands.SEARCH), "ERL_CRASH_DUMP_SECONDS": "0"}


def _relay(argv: Sequence[str], environment: Mapping[str, str], seconds: float) -> int:
    """Run what asks without a terminal, and show what it says; return 0 or 1. Raises Refusal where it says or takes too much."""
    asker = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(environment),
        cwd="/",
        start_new_session=True,
    )
    try:
        _show_all(asker, time.monotonic() + seconds)
        return int(asker.wait() != 0)
    finally:
        asker.kill()
        asker.wait()


def _show_all(asker: subprocess.Popen[bytes], end: float) -> None:
    left = SHOWN
    with selectors.DefaultSelector() as selector:
        for number, stream in ((1, asker.stdout), (2, asker.stderr)):
            if stream is not None:
                selector.register(stream, selectors.EVENT_READ, (number, Harmless()))
        while selector.get_map():
            ready = selector.select(max(end - time.monotonic(), 0))
            if not ready:
                raise Refusal("there was no answer in time")
            for key, _events in ready:
                number, shown = key.data
                piece = os.read(key.fd, _PIECE)
                if not piece:
                    selector.unregister(key.fileobj)
                left -= len(piece)
                if left < 0:
                    raise Refusal("the answer is longer than %d bytes, and the rest of it is left out" % SHOWN)
                _show(number, shown(piece, not piece))


def _remote_shell(settings: Settings, flags: Sequence[str]) -> int:
    """Have a remote shell run on a terminal of its own; as root in the sandbox of the unit. Raises Refusal."""
    signal.signal(signal.SIGTERM, _end)
    if os.geteuid() != 0:
        argv = [*_as_account(settings), *_program(settings, "remsh", "0", *flags)]
        return terminal.run(argv, _environment(settings))
    return terminal.run([*_in_sandbox(settings), *_program(settings, "remsh", "0", *flags)], {**os.environ, "SYSTEMD_TINT_BACKGROUND": "0"})


def _of_the_release(settings: Settings, arguments: Sequence[str]) -> int:
    """Have the release's own program do something, which may start an Erlang node: as the account, and from root in the sandbox of the unit.

    What shows a shell has a terminal of its own. Raises Refusal.
    """
    if not os.path.exists(_places(settings)["release_program"]):
        raise Refusal("%s runs no release that has commands of its own; try: %s help" % (settings.node, settings.command))
    if not arguments:
        raise Refusal("a command of the release is missing; try: %s release version, or help" % settings.command)
    program = _program(settings, "release", "0", *arguments)
    if arguments[0] in _SHELLS:
        signal.signal(signal.SIGTERM, _end)
        if os.geteuid() != 0:
            return terminal.run(program, _environment(settings))
        return terminal.run([*_in_sandbox(settings), *program], {**os.environ, "SYSTEMD_TINT_BACKGROUND": "0"})
    argv = program if os.geteuid() != 0 else [*_in_sandbox(settings, "--pipe"), *program]
    return _relay(argv, _environment(settings), _call_seconds() + GRACE)


def _become_release(settings: Settings, arguments: Sequence[str]) -> NoReturn:
    """Go on as the program that runs the release's own, with the environment of the node. Raises Refusal."""
    places = _places(settings)
    text = _texts([places["environment"]]).get(places["environment"])
    if text is None:
        raise Refusal("%s cannot be read; run the playbook again for this host" % places["environment"])
    values = {**_environment(settings), "ERL_CRASH_DUMP": settings.home + "/erl_crash.dump", **environment.read_environment_file(text)}
    os.chdir(settings.home)
    try:
        os.execve(places["release_program"], [places["release_program"], *arguments], values)
    except OSError as error:
        raise Refusal("%s cannot be started: %s" % (places["release_program"], error.strerror)) from error


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    """End as one that a signal ended, but with the caller's terminal as it was."""
    raise SystemExit(128 + signal.SIGTERM)


def _in_sandbox(settings: Settings, files: str = "--pty") -> list[str]:
    """Return the command in front of a program that is to run in the sandbox of the node's unit.

    ``files`` says what its standard files are: a terminal of its own, or with ``--pipe`` ours.
    """
    service = settings.unit + ".service"
    shown = commands.run(["systemctl", "cat", "--no-pager", "--", service])
    starter = commands.find("systemd-run")
    if shown.code or starter is None:
        raise Refusal(
            "the sandbox of %s is not known (%s); run the playbook again for this host" % (service, shown.err.strip() or "no systemd-run")
        )
    properties = ["--property=" + assignment for assignment in sandbox.properties(shown.out)]
    variables = ["--setenv=%s=%s" % pair for pair in _environment(settings).items()]
    return [starter, "--quiet", "--collect", files, "--wait", "--service-type=exec", *properties, *variables, "--"]


def _answer(settings: Settings, arguments: Sequence[str]) -> int:
    """What the process that asks does: ask, and say the answer or why there is none."""
    action, seconds, *rest = arguments
    try:
        if action == "release":
            _become_release(settings, rest)
        name = _take_name(settings)
        if action == "remsh":
            _become_shell(settings, name, rest)
        sys.stdout.buffer.write(_asked(settings, name, action, float(seconds), rest).encode("utf-8", "backslashreplace"))
        sys.stdout.flush()
    except Refusal as refusal:
        sys.stderr.buffer.write(("%s: %s\n" % (settings.command, refusal)).encode("utf-8", "backslashreplace"))
        return 1
    return 0


def _asked(settings: Settings, name: str, action: str, seconds: float, rest: Sequence[str]) -> str:
    own = asking.own(settings.node, settings.directory, _texts, _cookie(settings))
    if action == "ping":
        asking.ping(own, rest[0] if rest else settings.node, name)
        return "pong\n"
    if action == "status":
        now = datetime.now(timezone.utc)
        said = asking.lines(own, name, Question("status", (name.encode("latin-1"),), seconds))
        return "".join(_line(key, value) for key, value in [*said, *asking.certificates(own, now), *_revoked(own, now)])
    if action == "rpc" and len(rest) == 2:
        rest = [*rest, "[]"]
    return asking.text(own, name, Question(action, tuple(map(os.fsencode, rest)), seconds))


def _revoked(own: asking.Own, now: datetime) -> list[tuple[str, str]]:
    """Return the lines of a status that say which certificates the node refuses as revoked; none where there are none."""
    count = len(own.prober.credentials.revoked_keys)
    keys = [("revoked", "%d key%s" % (count, "" if count == 1 else "s"))] if count else []
    return [*keys, *_lists(own.prober.credentials.revocations, now)]


def _lists(directory: str | None, now: datetime) -> list[tuple[str, str]]:
    if directory is None:
        return []
    try:
        paths = [os.path.join(directory, name) for name in sorted(os.listdir(directory))]
    except OSError as error:
        return [("revoked", "%s: %s; the node refuses everybody" % (directory, error.strerror))]
    found = [each for text in _texts(paths).values() for each in certificate.revocations_in(text)]
    return [("revoked", said) for said in certificate_rules.told_of_lists(found, now)]


def _cookie(settings: Settings) -> str:
    """Return the path of the node's cookie."""
    return _places(settings)["cookie"]


def _places(settings: Settings) -> dict[str, str]:
    account_home, name = os.path.split(settings.home)
    return layout.layout(name, account_home)


def _texts(paths: Sequence[str]) -> dict[str, str]:
    """Return the text of those of the files that can be read."""
    found = {}
    for path in paths:
        with contextlib.suppress(OSError), open(path, encoding="utf-8", errors="replace") as stream:
            found[path] = stream.read()
    return found


def _take_name(settings: Settings) -> str:
    """Return one of a few names for the hidden node, held by a lock until this process ends; raise Refusal."""
    _node, name, host = node_name.parsed(settings.node)
    for slot in range(1, NAMES + 1):
        path = os.path.join(settings.home, ".control.%d" % slot)
        try:
            lock = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise Refusal("%s cannot be written: %s; run the playbook again for this host" % (path, error.strerror)) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        # A remote shell takes the place of this process, and goes on holding it.
        os.set_inheritable(lock, True)
        return "%s-control-%d@%s" % (name, slot, host)
    raise Refusal("%d of these commands are running at once; wait for one of them to end" % NAMES)


def _become_shell(settings: Settings, name: str, flags: Sequence[str]) -> NoReturn:
    """Go on as the runtime; ``flags`` begin with the one that a node's name is given by. Raises Refusal."""
    kind, *others = flags
    os.chdir(settings.home)
    try:
        os.execv(settings.erl, [settings.erl, kind, name, *others, "-hidden", "-remsh", settings.node])
    except OSError as error:
        raise Refusal("%s cannot be started: %s" % (settings.erl, error.strerror)) from error
