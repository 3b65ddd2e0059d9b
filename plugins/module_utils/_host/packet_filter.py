# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program ``packet-filter``: loads, checks, keeps and unloads the packet filter of one Erlang node.

``packet-filter load|check|keep|unload TABLE RULES_FILE STATE_DIRECTORY``. The lookup ``host_program`` makes one file of it, which needs
Python and nft, and nothing else of the collection.

Loading and unloading are one nftables transaction each: there is no moment without the filter, and no rule of anybody else
is touched. Checking ends with 0 if the kernel holds what was loaded last from these very rules; otherwise it says what is
wrong. Keeping is a service that runs as long as the filter stands. It holds a second table with the same rules, which
belongs to its own netlink socket, so that nobody's ``flush ruleset`` takes it away (nft(8), TABLES, ``owner``), and loads
the first again when somebody changed it. The first stays if the keeper dies, the second if the first is flushed.

Other input chains of this host may drop what ours accepts, since nftables lets a packet in only if every chain does. So
the cluster's peers are also accepted at the head of each of them, in rules with our table's name as their comment. What
iptables made is for iptables to show and to save: there, each address has a rule of its own.

The lines ``# accept ip ADDRESS PORT`` (or ``ip6``) of the rules say who is accepted there, the lines ``# account NAME``
which accounts may open connections; those that this host has are put into the set ``accounts``.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import json
import os
import pwd
import re
import select
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._host import writing

USAGE = "usage: packet-filter load|check|keep|unload TABLE RULES_FILE STATE_DIRECTORY"

LOOK_SECONDS = 30.0
"""Seconds after which the keeper looks even if nobody changed anything."""

FRESH_SECONDS = 4 * LOOK_SECONDS
"""Seconds for which what the keeper wrote down holds."""

SETTLE_SECONDS = 0.05
"""Seconds that the keeper waits for the rest of a change; each time twice as long, up to PAUSE_SECONDS, until nobody has
changed anything for QUIET_SECONDS.
"""

PAUSE_SECONDS = 2.0
QUIET_SECONDS = 5.0

CONFIRM_SECONDS = 10.0
"""Seconds within which a keeper loads what was loaded without it."""

_NETLINK_NETFILTER = 12
_GROUP_NFTABLES = 7
_TIMEOUT = 60
_SEARCH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"


class FilterError(Exception):
    """The packet filter cannot be loaded, kept or unloaded; the sentence says why."""


class Chain(NamedTuple):
    """A chain of somebody else."""

    family: str
    table: str
    name: str

    def __str__(self) -> str:
        return "%s %s %s" % self


class Rule(NamedTuple):
    """A rule of a chain as nft lists it: its text without its handle, and its handle."""

    text: str
    handle: int


def input_chains(listed: str) -> list[Chain]:
    """Everybody else's filter chains at the input hook, from the text of ``nft list chains``."""
    found = []
    family = table = name = ""
    for line in listed.splitlines():
        words = line.split()
        if words[:1] == ["table"]:
            family, table = words[1:3]
        elif words[:1] == ["chain"]:
            name = words[1]
        elif words[:2] == ["type", "filter"] and words[2:4] == ["hook", "input"] and not table.startswith("erlang_"):
            found.append(Chain(family, table, name))
    return [chain for chain in found if chain.family in ("inet", "ip", "ip6")]


def rules_of(listed: str) -> list[Rule]:
    """The rules of a chain, from the text of ``nft -a -s list chain``."""
    found = []
    for line in listed.splitlines():
        match = re.match(r"\s*(.*?)\s*# handle (\d+)$", line)
        if match and not re.match(r"(table|chain|set|map) ", match.group(1)):
            found.append(Rule(match.group(1), int(match.group(2))))
    return found


def saved_comments(saved: str, chain: str) -> list[str]:
    """The comments, or empty texts, of the rules of a chain in the text of ``iptables-save``."""
    found = []
    for line in saved.splitlines():
        if line.startswith("-A %s " % chain):
            match = re.search(r' --comment (?:"([^"]*)"|(\S+))', line)
            found.append((match.group(1) or match.group(2) or "") if match else "")
    return found


def ours(rules: Sequence[Rule], comments: Sequence[str], tags: Sequence[str]) -> list[Rule]:
    """Those of the rules that carry one of our tags as their comment.

    nft does not show the comment of a rule that iptables saved and restored; ``comments`` are those that iptables shows, of
    all rules in the same order, and are left aside if they are not as many.
    """
    known = comments if len(comments) == len(rules) else [""] * len(rules)
    return [
        rule for rule, comment in zip(rules, known) if comment in tags or any(rule.text.endswith(' comment "%s"' % tag) for tag in tags)
    ]


def accepted(rules: str) -> dict[str, dict[str, list[str]]]:
    """Who is to be accepted by other chains: addresses by protocol (``ip``, ``ip6``) and port."""
    found: dict[str, dict[str, list[str]]] = {"ip": {}, "ip6": {}}
    for protocol, address, port in re.findall(r"(?m)^# accept (ip6?) (\S+) (\d+)$", rules):
        found[protocol].setdefault(port, []).append(address)
    return found


def admissions(rules: str, chain: Chain, tag: str) -> list[str]:
    """The rules for the head of somebody else's chain: in one for both protocols with a set of all addresses, in others
    one for each address.
    """
    matches = []
    for protocol, ports in accepted(rules).items():
        for port, addresses in ports.items():
            if chain.family == "inet":
                matches.append("%s saddr { %s } tcp dport %s" % (protocol, ", ".join(addresses), port))
            elif chain.family == protocol:
                matches += ["%s saddr %s tcp dport %s" % (protocol, address, port) for address in addresses]
    return ['insert rule %s %s accept comment "%s"' % (chain, match, tag) for match in matches]


def rendered(rules: str, table: str) -> str:
    """The rules with the accounts of this host in them."""
    numbers = []
    for name in re.findall(r"(?m)^# account (\S+)$", rules):
        with contextlib.suppress(KeyError):
            numbers.append(pwd.getpwnam(name).pw_uid)
    added = ["add element inet %s accounts { %s }" % (table, ", ".join(map(str, sorted(set(numbers)))))] if numbers else []
    return "\n".join([rules.rstrip("\n"), *added]) + "\n"


def owned(text: str, table: str) -> str:
    """The same rules as a table that belongs to whoever loads it."""
    ours_named = r"(?m)^(table|delete table|add element) inet %s(?= |$)" % re.escape(table)
    named = re.sub(ours_named, r"\1 inet %s.kept" % table, text)
    named = re.sub(r"(?m)^(table inet \S+) \{$", "\\1 {\n    flags owner;", named)
    return re.sub(r"(?m)^(table inet \S+)$", r"\1 { flags owner; }", named)


def run(argv: Sequence[str], text: str | None = None) -> str:
    """What a command prints. Raises :class:`FilterError` if it fails."""
    path = shutil.which(argv[0], path=_SEARCH)
    if path is None:
        raise FilterError("there is no command %s" % argv[0])
    ended = subprocess.run(
        [path, *argv[1:]], input=text, capture_output=True, text=True, timeout=_TIMEOUT, check=False,
        env={"PATH": _SEARCH, "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    if ended.returncode:
        raise FilterError("%s: %s" % (argv[0], ended.stderr.strip() or "it ended with %d" % ended.returncode))
    return ended.stdout


class Filter:
    """The packet filter of one node: its table's name, the file with its rules, and where its state is kept."""

    def __init__(self, table: str, rules_file: str, state: str) -> None:
        self.table = table
        self.rules_file = rules_file
        self._state = state

    def load(self) -> None:
        """Loads the rules in one transaction, and has the keeper load them, too. Raises FilterError."""
        rules = _read(self.rules_file)
        with self.locked():
            self.put(rules)
        if self.is_kept():
            self._confirmed(rules)

    def put(self, rules: str) -> None:
        """Loads rules for whoever holds the lock. Raises FilterError."""
        former = self._former()
        complete = rendered(rules, self.table)
        chains = self._chains()
        commands = [complete.rstrip("\n"), *self._withdrawals(chains, [self.table, *former])]
        for chain in chains:
            commands += admissions(rules, chain, self.table)
        for name in former:
            commands += ["table inet %s" % name, "delete table inet %s" % name]
        run(["nft", "-f", "-"], "\n".join(commands) + "\n")
        self._write("table", self._listing(self._chains()))
        self._write("source", rules)
        self._write("loaded", complete)

    def unload(self) -> None:
        """Removes the table, and our rules from everybody else's chains. Raises FilterError."""
        with self.locked():
            for name in ("table", "loaded", "source", "checked"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self._path(name))
            commands = ["table inet %s" % self.table, "delete table inet %s" % self.table]
            run(["nft", "-f", "-"], "\n".join([*commands, *self._withdrawals(self._chains(), [self.table])]) + "\n")

    def wrong(self) -> str:
        """What is wrong with the filter in the kernel, empty if nothing is."""
        source = self._state_of("source")
        if source is None:
            return "it is not loaded"
        if source != _read(self.rules_file):
            return "%s was changed since it was loaded" % self.rules_file
        if not self.stands():
            return "what is in the kernel is not what was loaded from %s" % self.rules_file
        if not self.is_kept():
            return "the service that keeps it does not run"
        return ""

    def stands(self) -> bool:
        """Whether the kernel holds what was loaded last."""
        source = self._state_of("source")
        try:
            listing = self._listing(self._chains())
        except FilterError:
            return False
        loaded = source is not None and rendered(source, self.table) == self._state_of("loaded")
        return loaded and listing == self._state_of("table")

    def source(self) -> str | None:
        """The rules that were loaded last, None if none are."""
        return self._state_of("source")

    def is_kept(self) -> bool:
        """Whether a keeper runs; it holds a lock for as long as it does."""
        with open(self._path("keeper"), "a", encoding="ascii") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return True
        return False

    @contextlib.contextmanager
    def keeping(self) -> Iterator[None]:
        """Holds the keeper's lock. Raises FilterError if another keeper has it."""
        with open(self._path("keeper"), "a", encoding="ascii") as stream:
            end = time.monotonic() + 1
            while True:
                try:
                    fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError:
                    if time.monotonic() > end:
                        raise FilterError("another keeper runs") from None
                    time.sleep(0.05)
            yield

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the lock of whoever changes the filter."""
        with open(self._path("lock"), "a", encoding="ascii") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    def tell(self, wrong: str) -> None:
        """Writes down what the keeper found, and when, for who may not ask nft; ``wrong`` is empty if nothing is wrong."""
        said = {"wrong": wrong, "rules": _digest(self.source() or ""), "seconds": time.clock_gettime(time.CLOCK_BOOTTIME)}
        self._write("checked", json.dumps(said) + "\n")

    def _confirmed(self, rules: str) -> None:
        """Waits until the keeper has loaded the rules."""
        end = time.monotonic() + CONFIRM_SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(ValueError):
                said = json.loads(self._state_of("checked") or "{}")
                if said.get("rules") == _digest(rules) and not said["wrong"]:
                    return
            time.sleep(0.02)
        raise FilterError("the service that keeps the filter has not taken it in within %g seconds" % CONFIRM_SECONDS)

    def _former(self) -> list[str]:
        """The name of the table that an earlier version of this program loaded for this node, if it still is as it left it."""
        saved = self._state_of("table") or ""
        match = re.match(r"table inet (\S+) \{", saved)
        if not match or match.group(1) == self.table:
            return []
        with contextlib.suppress(FilterError):
            if saved.startswith(without_sources(run(["nft", "-s", "list", "table", "inet", match.group(1)]))):
                return [match.group(1)]
        return []

    @staticmethod
    def _chains() -> list[Chain]:
        return input_chains(run(["nft", "list", "chains"]))

    @staticmethod
    def _ours(chain: Chain, tags: Sequence[str]) -> list[Rule]:
        rules = rules_of(run(["nft", "-a", "-s", "list", "chain", *chain]))
        comments: list[str] = []
        command = {"ip": "iptables-nft-save", "ip6": "ip6tables-nft-save"}.get(chain.family)
        if command and chain.name == "INPUT" and shutil.which(command, path=_SEARCH):
            with contextlib.suppress(FilterError):
                comments = saved_comments(run([command, "-t", chain.table]), chain.name)
        return ours(rules, comments, tags)

    def _withdrawals(self, chains: Sequence[Chain], tags: Sequence[str]) -> list[str]:
        return ["delete rule %s handle %d" % (chain, rule.handle) for chain in chains for rule in self._ours(chain, tags)]

    def _listing(self, chains: Sequence[Chain]) -> str:
        """What of the kernel's rules is ours: the table, and who lets our peers in."""
        table = run(["nft", "-s", "list", "table", "inet", self.table])
        lines = [without_sources(table)]
        for chain in chains:
            lines.append("%s\n" % (chain,))
            lines += ["%s\n" % rule.text for rule in self._ours(chain, [self.table])]
        return "".join(lines)

    def _path(self, name: str) -> str:
        return os.path.join(self._state, name)

    def _state_of(self, name: str) -> str | None:
        try:
            return _read(self._path(name))
        except FilterError:
            return None

    def _write(self, name: str, text: str) -> None:
        writing.write(self._path(name), text)


def without_sources(listed: str) -> str:
    """A listed table without the addresses that the kernel itself put into its sets ``sources4`` and ``sources6``.

    Nor how many they are, which nft says behind the size of a set (``size 65535 # count 3``) (seen with 1.1.7).
    """
    uncounted = re.sub(r"(?m)^(\s*size \d+)\s+# count \d+$", r"\1", listed)
    return re.sub(r"(set sources[46] \{[^{}]*?)\s*elements = \{[^{}]*\}", r"\1", uncounted)


def told(path: str) -> str:
    """What the keeper wrote down to be wrong, for who may not ask nft; empty if nothing is."""
    try:
        said = json.loads(_read(path))
        wrong, seconds = str(said["wrong"]), float(said["seconds"])
    except FilterError:
        return "it is not loaded, or the service that keeps it does not run"
    except (ValueError, KeyError, TypeError):
        return "%s is not what the service that keeps it writes" % path
    if time.clock_gettime(time.CLOCK_BOOTTIME) - seconds > FRESH_SECONDS:
        return "the service that keeps it has not looked for more than %g seconds" % FRESH_SECONDS
    return wrong


class Nftables:
    """A netlink socket of our own, to which a table can belong (libnftables(3))."""

    def __init__(self) -> None:
        """Raises FilterError where there is no such library."""
        try:
            self._library = ctypes.CDLL("libnftables.so.1")
        except OSError as error:
            raise FilterError("there is no libnftables (%s)" % error) from error
        self._library.nft_ctx_new.restype = ctypes.c_void_p
        self._library.nft_ctx_new.argtypes = [ctypes.c_uint32]
        self._library.nft_ctx_get_error_buffer.restype = ctypes.c_char_p
        for name in ("nft_ctx_buffer_error", "nft_ctx_get_error_buffer"):
            getattr(self._library, name).argtypes = [ctypes.c_void_p]
        self._library.nft_run_cmd_from_buffer.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        self._context = self._library.nft_ctx_new(0)
        self._library.nft_ctx_buffer_error(self._context)

    def load(self, text: str) -> None:
        """Loads rules in one transaction. Raises FilterError."""
        code = self._library.nft_run_cmd_from_buffer(self._context, text.encode())
        said = (self._library.nft_ctx_get_error_buffer(self._context) or b"").decode("utf-8", "replace").strip()
        if code:
            raise FilterError(said.splitlines()[0] if said else "nftables refuses the rules")


class Keeper:
    """Holds the second table, and loads the first again when it is not what was loaded."""

    def __init__(self, filtered: Filter) -> None:
        self._filter = filtered
        self._own: Nftables | None = None
        self._held: str | None = None
        self._said = ""

    def run(self) -> None:
        """Keeps until the process is ended. Raises FilterError if another keeper runs."""
        pause, last = SETTLE_SECONDS, time.monotonic()
        with self._filter.keeping(), _changes() as changes:
            self.look()
            _notify("READY=1")
            while True:
                if select.select([changes], [], [], LOOK_SECONDS)[0]:
                    now = time.monotonic()
                    pause = min(2 * pause, PAUSE_SECONDS) if now - last < QUIET_SECONDS else SETTLE_SECONDS
                    last = now
                    time.sleep(pause)
                    _drain(changes)
                self.look()

    def look(self) -> None:
        """Looks at the filter once, puts right what is not, and writes down what came of it."""
        with self._filter.locked():
            source = self._filter.source()
            if source is None:
                return
            try:
                self._hold(source)
                if not self._filter.stands():
                    self._say("The packet filter was not what was loaded. It is loaded again.", always=True)
                    self._filter.put(source)
            except FilterError as error:
                self._say("The packet filter cannot be kept: %s" % error)
                self._filter.tell("it cannot be loaded again: %s" % error)
            else:
                self._filter.tell("")

    def _hold(self, source: str) -> None:
        text = owned(rendered(source, self._filter.table), self._filter.table)
        if text == self._held:
            return
        try:
            if self._own is None:
                self._own = Nftables()
            self._own.load(text)
        except FilterError as error:
            if self._held is not None:
                raise
            self._say("No second table is held, so that a flush of all rules leaves a moment without filter: %s" % error)
            return
        self._held = text

    def _say(self, sentence: str, always: bool = False) -> None:
        if always or sentence != self._said:
            sys.stderr.write(sentence + "\n")
            sys.stderr.flush()
        self._said = sentence


@contextlib.contextmanager
def _changes() -> Iterator[socket.socket]:
    """What tells that rules were changed (nft(8), MONITOR)."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER) as stream:
        stream.bind((0, 1 << (_GROUP_NFTABLES - 1)))
        stream.setblocking(False)
        yield stream


def _drain(stream: socket.socket) -> None:
    for _number in range(100000):
        try:
            stream.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            continue


def _notify(text: str) -> None:
    """Tells systemd, if it wants to be told (sd_notify(3))."""
    place = os.environ.get("NOTIFY_SOCKET", "")
    if place:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stream:
            stream.sendto(text.encode(), "\0" + place[1:] if place.startswith("@") else place)


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except OSError as error:
        raise FilterError("%s is not readable (%s)" % (path, error.strerror)) from error


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def main(arguments: Sequence[str]) -> int:
    """Entry point of the program; returns its exit code."""
    actions = ("load", "check", "keep", "unload")
    if len(arguments) != 4 or arguments[0] not in actions:
        sys.stderr.write(USAGE + "\n")
        return 64
    action, filtered = arguments[0], Filter(*arguments[1:])
    try:
        if action == "check":
            wrong = filtered.wrong()
            sys.stdout.write(wrong + "\n" if wrong else "")
            return int(bool(wrong))
        if action == "keep":
            Keeper(filtered).run()
        elif action == "load":
            filtered.load()
        else:
            filtered.unload()
    except FilterError as error:
        sys.stderr.write("packet-filter: %s\n" % error)
        return 1
    return 0
