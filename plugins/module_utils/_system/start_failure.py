# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a node did not start, from what its start left in the journal: the lines that matter, the cause first. Text comes in, nothing is read.

Sources: systemd.journal-fields(7); what Erlang's emulator, boot and kernel say in OTP 25 to 29 (tests/unit has samples). The runtime
says what is wrong first, and then at length what that entails: reports of supervisors, and a slogan. Of reports only the fields that
say why are taken, not those that hold the state of processes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Callable, NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._system import systemd
from ansible_collections.beam.tls_distribution.plugins.module_utils._system.harmless import harmless

Hide = Callable[[str], str]
"""What returns a text without what is secret in it."""

LINES = 5
"""Lines that are shown."""

LENGTH = 400
"""Characters of a line that are shown."""

_REPORT = re.compile(r"=[A-Z ]+ REPORT====|\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\S*\s+[\w ]*$")
_FIELD = re.compile(r"\s+(?P<name>[\w ]{1,30}):(?: |$)")
_TELLING = ("application", "exited", "format", "reason", "Reason", "error_info", "exception error", "exception exit", "exception throw")
_CHARACTERS = re.compile(r"\[(\d{1,7}(?:,\s*\d{1,7}){3,})(?:\|(\w+))?\]")

_SENTENCE = re.compile(
    r"beam_tls_\w+: |unknown flag|Protocol '.*': |could not start kernel pid|cannot get bootfile|Error! |erts_\w+: |erlexec: |Cookie file |"
    r"Can't set (long|short) node name|Failed at step |Failed to set up |timed out|Assertion failed|Dependency failed|OOM killer|: not found|"
    r"No such file or directory|Permission denied|address already in use",
    re.IGNORECASE,
)
_SLOGAN = re.compile(r"(Runtime|init) terminating|Kernel pid terminated", re.IGNORECASE)
_ENDING = re.compile(r"process exited|Failed with result")
_NOISE = re.compile(
    r"^\s*$|^Crash dump is being written|^\{\"(init terminating|could not start|Kernel pid)|^(Starting|Started|Stopp(ed|ing)|Failed to start) |"
    r"\.service: (Consumed|Scheduled|Killing|Failed to read|Unit process) "
)
_NOT_BEGUN = re.compile(r"Assertion failed|Dependency failed|repeated too quickly")

_USAGE = "Usage: "
_SENTENCE_RANK, _REPORT_RANK, _SLOGAN_RANK, _OTHER_RANK, _ENDING_RANK = range(5)


class Entry(NamedTuple):
    """A line of the journal: which invocation of the unit it belongs to, and whether a process of the unit wrote it or systemd did."""

    invocation: str
    of_process: bool
    text: str


def entries(journal: str) -> list[Entry]:
    """Return what ``journalctl --output=json`` printed of a unit; what is no JSON is passed over."""
    found = []
    for line in journal.splitlines():
        try:
            fields = json.loads(line)
        except ValueError:
            continue
        if isinstance(fields, dict):
            own = str(fields.get("_SYSTEMD_INVOCATION_ID") or "")
            found += [
                Entry(str(fields.get("INVOCATION_ID") or own), "INVOCATION_ID" not in fields, text)
                for text in _texts(fields.get("MESSAGE"))
            ]
    return found


def _texts(message: Any) -> list[str]:
    """A message that is no printable text comes as a list of bytes."""
    if isinstance(message, list):
        message = bytes(byte for byte in message if isinstance(byte, int) and 0 <= byte < 256).decode("utf-8", "backslashreplace")
    return str(message).splitlines() if message is not None else []


def of_start(found: Sequence[Entry], invocation: str, restarts: int) -> list[Entry]:
    """Return the entries of one start: of the last one that came to its end, among those that systemd made of it by itself.

    ``invocation`` is the unit's last, ``restarts`` how often systemd has restarted it since it was told to start.
    """
    of_systemd = [entry for entry in found if not entry.of_process]
    if of_systemd and _NOT_BEGUN.search(of_systemd[-1].text):
        return of_systemd[-1:]
    order = list(dict.fromkeys(entry.invocation for entry in found if entry.invocation))
    if invocation in order:
        order = order[: order.index(invocation) + 1]
    series = order[-(restarts + 1) :]
    ended = [
        name for name in series if any(entry.invocation == name and not entry.of_process and _ENDING.search(entry.text) for entry in found)
    ]
    told = [name for name in series if any(entry.invocation == name and entry.of_process for entry in found)]
    chosen = (ended or told or series or [invocation])[-1]
    return [entry for entry in found if entry.invocation == chosen]


def reasons(found: Sequence[Entry], hide: Hide) -> list[str]:
    """Return the lines that say why, the cause first; at most LINES of at most LENGTH characters.

    What is known to say why comes first; of the rest the last is the nearest to it. How the process ended closes them.
    """
    said = [*_statements(_hidden(found, True, hide)), *((_rank(text), text) for text in _hidden(found, False, hide))]
    ranked = sorted((statement for statement in said if not _NOISE.search(statement[1])), key=lambda statement: statement[0])
    causes = _distinct(hide(text) for rank, text in ranked if rank < _OTHER_RANK)[:LINES]
    others = _distinct(hide(text) for rank, text in ranked if rank == _OTHER_RANK)
    ending = _distinct(text for rank, text in ranked if rank == _ENDING_RANK)[:1]
    room = max(LINES - len(causes) - len(ending), 0)
    return [*causes, *others[len(others) - min(room, len(others)) :], *ending][:LINES]


def of_text(said: str, hide: Hide = str) -> list[str]:
    """Return the lines that say why a process ended that was no service, from what it said, the cause first."""
    return reasons([Entry("", True, line) for line in said.splitlines()], hide)


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(map(_shortened, texts)))


def last(found: Sequence[Entry], hide: Hide) -> list[str]:
    """Return the last lines of the unit's processes, in their order, within the same bounds."""
    return [_shortened(text) for text in _hidden(found, True, hide) if not _NOISE.search(text)][-LINES:]


def _hidden(found: Sequence[Entry], of_process: bool, hide: Hide) -> list[str]:
    """A secret may stand in several lines, and is hidden before any is cut or joined."""
    return hide("\n".join(entry.text for entry in found if entry.of_process == of_process)).splitlines()


def explained(journal: str, shown: str, started: bool = True, hide: Hide = str) -> list[str]:
    """Return the lines that say why a start failed, or with ``started`` false a reload, from the unit's journal as JSON and from what ``systemctl show``
    prints of its InvocationID and NRestarts. ``hide`` returns a text without what is secret in it.
    """
    properties = systemd.properties(shown)
    restarts = properties.get("NRestarts", "0")
    found = entries(journal)
    invocation = properties.get("InvocationID", "")
    if not started:
        return last([entry for entry in found if entry.invocation == invocation], hide)
    return reasons(of_start(found, invocation, int(restarts) if restarts.isdigit() else 0), hide)


def _statements(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield what was said with its rank: a line, or the telling fields of a report as one."""
    position = 0
    while position < len(lines):
        line = lines[position]
        if line.startswith(_USAGE):
            # All that follows is how to use the emulator.
            return
        if _REPORT.match(line):
            end = _end_of_report(lines, position + 1)
            yield from _of_report(lines[position + 1 : end])
            position = end
            continue
        usage = position + 1 < len(lines) and lines[position + 1].startswith(_USAGE)
        yield _SENTENCE_RANK if usage else _rank(line), line
        position += 1


def _end_of_report(lines: Sequence[str], start: int) -> int:
    """Fields of a report are indented; it may begin with lines of text, and ends with an empty line or where something else begins."""
    position = start
    while position < len(lines) and lines[position].strip() and not lines[position].startswith(_USAGE):
        if _REPORT.match(lines[position]) or _SLOGAN.match(lines[position]):
            break
        position += 1
    return position


def _of_report(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    fields: list[tuple[str, list[str]]] = []
    depth = 0
    for line in lines:
        match, indented = _FIELD.match(line), len(line) - len(line.lstrip())
        if match and (not fields or indented <= depth):
            fields.append((match.group("name").strip(), [line]))
            depth = indented
        elif fields and indented:
            fields[-1][1].append(line)
        else:
            fields.append(("", [line]))
            depth = 80
    told = [" ".join(" ".join(part).split()) for name, part in fields if not name or name in _TELLING]
    text = _decoded("; ".join(told))
    if text:
        yield _SENTENCE_RANK if _SENTENCE.search(text) and "failed_to_start_child" not in text else _REPORT_RANK, text


def _rank(line: str) -> int:
    if _SENTENCE.search(line) and not line.startswith("{"):
        return _SENTENCE_RANK
    if _ENDING.search(line):
        return _ENDING_RANK
    return _SLOGAN_RANK if _SLOGAN.search(line) else _OTHER_RANK


def _decoded(text: str) -> str:
    """Have lists of character codes read as the text that they are."""

    def read(match: re.Match[str]) -> str:
        codes = [int(code) for code in match.group(1).split(",")]
        if not all(31 < code < 0xD800 for code in codes):
            return match.group(0)
        return '"%s%s"' % ("".join(map(chr, codes)), match.group(2) or "")

    return _CHARACTERS.sub(read, text)


def _shortened(text: str) -> str:
    shown = harmless(text.strip())
    return shown if len(shown) <= LENGTH else shown[: LENGTH - 3] + "..."
