# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file of a node's environment. That systemd reads it back the same is held against systemd itself in molecule/suites."""

from __future__ import annotations

import re

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import environment
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from hypothesis import given
from hypothesis import strategies as st

ODD = 'A"\nExecStartPre=+/bin/touch /root/made-by-a-name\n#'


def read(text: str) -> dict[str, str]:
    """What systemd reads of a file in which every value is in double quotes (src/basic/env-file.c, described in systemd.exec(5))."""
    found = {}
    while text:
        name, rest = text.split("=", 1)
        value, position = "", 1
        while rest[position] != '"':
            position += rest[position] == "\\" and rest[position + 1] in '"\\`$'
            value, position = value + rest[position], position + 1
        assert rest[0] == '"' and rest[position + 1] == "\n"
        found[name], text = value, rest[position + 2 :]
    return found


@given(
    st.dictionaries(
        st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True).map(lambda name: "X" + name), st.text() | st.text("\"\\`$%#\n\r'= ")
    )
)
def test_every_text_is_read_back_or_refused(variables):
    faults = list(environment.problems(variables))
    if faults:
        assert all("zero byte" in fault.problem or "no characters" in fault.problem for fault in faults)
    else:
        assert read(environment.environment_file(variables)) == variables


def test_the_comment_is_on_top_and_integers_are_texts():
    assert environment.environment_file({"PORT": 5432, "EMPTY": ""}, "Made\nby hand") == '# Made\n# by hand\nPORT="5432"\nEMPTY=""\n'


@pytest.mark.parametrize(
    ("variables", "shown", "words"),
    [
        ({ODD: "x"}, ODD, "is not the name of an environment variable"),
        ({"": "x"}, "", "is not the name"),
        ({"9A": "x"}, "9A", "is not the name"),
        ({"\u0391": "x"}, "\u0391", "is not the name"),
        ({5: "x"}, "5", "is not the name"),
        ({"A": "secret\0"}, "A", "zero byte"),
        ({"A": "secret\ufffe"}, "A", "no characters"),
        ({"A": "secret\ud800"}, "A", "no characters"),
        ({"A": True}, "A", "true or false"),
        ({"A": None}, "A", "nothing"),
        ({"A": 1.10}, "A", "no text"),
        ({"A": ["secret"]}, "A", "no text"),
        ({"A": "s" * environment.LONGEST}, "A", "longer than"),
        ({"PATH": "/opt/tool"}, "PATH", "lacks /usr/bin"),
        ({"PATH": "/usr/bin:."}, "PATH", "not absolute"),
        ("x", None, "is no mapping"),
        (None, None, "is no mapping"),
        ({"A%d" % number: "s" * 100_000 for number in range(11)}, None, "larger than"),
    ],
)
def test_what_no_environment_can_hold(variables, shown, words):
    (fault,) = environment.problems(variables)
    assert fault.shown == shown and words in fault.problem and "secret" not in str(fault)
    with pytest.raises(InputError, match=re.escape(fault.problem)):
        environment.environment_file(variables)


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("HOME", "erlang_account_home"),
        ("ERL_FLAGS", "erlang_node_vm_args"),
        ("ERL_OTP27_FLAGS", "erlang_node_vm_args"),
        ("ERL_LIBS", "erlang_app_code_paths"),
        ("LD_PRELOAD", "remove it"),
        ("NOTIFY_SOCKET", "remove it"),
    ],
)
def test_what_is_not_the_users_to_set(name, instead):
    (fault,) = environment.problems({name: "x"})
    assert fault.shown == name and instead in fault.fix


def test_what_may_be_set():
    fine = {
        "LANG": "C",
        "PATH": "/opt/tool/bin:/usr/bin",
        "ERL_CRASH_DUMP_SECONDS": 0,
        "DATABASE_URL": "ecto://a:b@c/d",
        "TZ": "",
        "_x1": "ü",
    }
    assert list(environment.problems(fine)) == []


@given(
    st.dictionaries(
        st.from_regex(r"M[A-Z0-9_]*", fullmatch=True).filter(lambda name: not list(environment.problems({name: "x"}))),
        st.text().filter(lambda text: not list(environment.problems({"X": text}))),
    )
)
def test_the_file_is_read_back(values: dict[str, str]) -> None:
    assert environment.read_environment_file(environment.environment_file(values, 'A comment\nA="b"')) == values
