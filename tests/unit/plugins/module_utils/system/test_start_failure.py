# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which lines of a failed start are shown, from what real runtimes said (``failed_starts``, made with OTP 25, 27 and 29)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._system import start_failure
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import secrets

SAID = Path(__file__).parent / "failed_starts"
CAUSES = {
    "bad-flag": "unknown flag -Z",
    "bad-flag-value": "bad number of processes many",
    "bad-name": "Can't set long node name!",
    "bad-sys-config": "syntax error before",
    "bad-table": "beam_tls_epmd: /etc/erlang/guard/none.config: this table of peers cannot be read",
    "cookie-rights": "Cookie file /etc/erlang/guard/.erlang.cookie must be accessible by owner only",
    "cookie-unreadable": "Cookie file /etc/erlang/guard/.erlang.cookie is of type directory",
    "crash-in-application": '{no_database,"db.example.net"}',
    "crash-in-s": "undefined_setting",
    "missing-boot": "/etc/erlang/guard/none.boot",
    "missing-config": "configuration file not found",
    "missing-s": "absent",
    "no-optfile": "bad_ssl_dist_optfile",
    "out-of-memory": "Failed to create super carrier",
    "port-taken": "register/listen error: eaddrinuse",
}
ENDED = [
    "erlang-guard.service: Main process exited, code=exited, status=1/FAILURE",
    "erlang-guard.service: Failed with result 'exit-code'.",
]
STARTING = "Starting erlang-guard.service - Erlang node guard@a.example.net..."


def said(release: str, case: str) -> list[str]:
    """What a runtime said in a case."""
    parts = (SAID / ("otp-%s.txt" % release)).read_text(encoding="utf-8").split("### ")
    (found,) = [part for part in parts if part.startswith(case + "\n")]
    return found.splitlines()[1:]


def journal(*starts: tuple[str, list[str], list[str]]) -> str:
    """The journal as JSON of starts: invocation, lines of processes, last lines of systemd."""
    lines = []
    for invocation, of_process, of_systemd in starts:
        lines.append({"MESSAGE": STARTING, "INVOCATION_ID": invocation})
        lines += [{"MESSAGE": text, "_SYSTEMD_INVOCATION_ID": invocation} for text in of_process]
        lines += [{"MESSAGE": text, "INVOCATION_ID": invocation} for text in of_systemd]
    return "\n".join(map(json.dumps, lines))


def shown(invocation: str, restarts: int = 0) -> str:
    return "InvocationID=%s\nNRestarts=%d\n" % (invocation, restarts)


@pytest.mark.parametrize("release", ["25", "27", "29"])
@pytest.mark.parametrize("case", CAUSES)
def test_the_cause_comes_first(release: str, case: str) -> None:
    found = start_failure.explained(journal(("one", said(release, case), ENDED)), shown("one"))
    assert CAUSES[case] in found[0]
    assert len(found) <= start_failure.LINES and all(len(line) <= start_failure.LENGTH for line in found)
    assert not [
        line for line in found if "The flags are" in line or "set number of threads" in line or "Crash dump" in line or "heap_size" in line
    ]


def test_it_is_this_start_alone() -> None:
    """What an earlier start said, or an earlier process of the same unit, is of no interest."""
    text = journal(("old", ["Kernel pid terminated (of_old)"], ENDED), ("new", said("27", "port-taken"), ENDED))
    assert "eaddrinuse" in start_failure.explained(text, shown("new"))[0] and "of_old" not in str(
        start_failure.explained(text, shown("new"))
    )


def test_a_start_under_way_gives_way_to_the_one_that_failed() -> None:
    """Systemd starts a node that failed again by itself, and may have begun to when the journal is read."""
    text = journal(
        ("old", ["Kernel pid terminated (of_old)"], ENDED), ("first", said("27", "port-taken"), ENDED), ("second", ["hello"], [])
    )
    assert "eaddrinuse" in start_failure.explained(text, shown("second", restarts=1))[0]
    assert start_failure.explained(text, shown("second", restarts=0)) == ["hello"]


def test_what_systemd_did_not_begin_has_no_lines_of_a_process() -> None:
    text = journal(("old", ["Kernel pid terminated (of_old)"], ["Assertion failed for erlang-guard.service - Erlang node."]))
    assert start_failure.explained(text, shown("old")) == ["Assertion failed for erlang-guard.service - Erlang node."]


def test_systemd_that_cannot_begin_the_program_says_so_first() -> None:
    line = "erlang-guard.service: Failed at step EXEC spawning /usr/bin/erl: No such file or directory"
    assert start_failure.explained(journal(("one", [], [line, *ENDED])), shown("one"))[0] == line


def test_a_program_that_says_nothing_known() -> None:
    lines = ["line %d" % number for number in range(100)]
    found = start_failure.explained(journal(("one", lines, ENDED)), shown("one"))
    assert found == [*lines[-4:], ENDED[0]]


def test_nothing_of_it_reaches_a_terminal() -> None:
    entry = json.dumps({"MESSAGE": list(b"Error! \x1b[2Jgone \xff"), "_SYSTEMD_INVOCATION_ID": "one"})
    assert start_failure.explained(entry, shown("one")) == ["Error! \\x{1B}[2Jgone \\xff"]


def test_the_last_words_of_one_that_runs() -> None:
    """What a node said long ago is not why it does not reload its files."""
    text = journal(("old", ["of old"], ENDED), ("new", ["Error! long ago", *("line %d" % number for number in range(9)), "it cannot"], []))
    found = start_failure.explained(text, shown("new"), started=False)
    assert found[-1] == "it cannot" and len(found) == start_failure.LINES and "of old" not in found


def test_secrets_are_hidden_also_where_lines_are_joined_or_cut() -> None:
    """What Erlang broke into two lines, and what would be cut in its middle."""
    secret = "correct-horse-battery-staple"
    report = ["=CRASH REPORT==== 27-Nov-2026::17:31:07.524114 ===", '  exited: {bad,"correct-horse-"', '            "battery-staple"}']
    lines = [*report, "", "Error! " + "x" * 385 + secret]
    text = journal(("one", lines, ENDED))
    assert "correct" in str(start_failure.explained(text, shown("one")))
    found = start_failure.explained(text, shown("one"), hide=lambda said: secrets.without(said, [{"password": secret}]))
    assert "correct" not in str(found) and "battery" not in str(found) and "Error! " in found[0]


@pytest.mark.parametrize("text", ["", "no json", "[]", "{}", '{"MESSAGE": null}', '{"MESSAGE": [1, "x", 999]}', '{"MESSAGE": {"a": 1}}'])
def test_a_journal_that_says_nothing(text: str) -> None:
    assert isinstance(start_failure.explained(text, ""), list)
