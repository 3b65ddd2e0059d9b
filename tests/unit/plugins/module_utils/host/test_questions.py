# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import questions

KNOWN = ["account", "files", "sets"]


def test_what_several_roles_ask_is_asked_once() -> None:
    asked = [
        {"account": "merl", "files": ["/a"]},
        {},
        {"account": "merl", "files": ["/b", "/a"], "sets": {"x": 1}},
        {"sets": {"y": 2, "x": 1}, "account": None},
    ]
    assert questions.merged(KNOWN, asked) == {"account": "merl", "files": ["/a", "/b"], "sets": {"x": 1, "y": 2}}


def test_what_nobody_asks_is_none() -> None:
    assert questions.merged(KNOWN, []) == {"account": None, "files": None, "sets": None}


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ([{"flies": []}], "there is no question 'flies'; there are account, files, sets"),
        ([{"account": "merl"}, {"account": "erl"}], "the question 'account' is asked with 'merl' and with 'erl'"),
        ([{"sets": {"x": 1}}, {"sets": {"x": 2}}], "two roles mean different things by 'x' of the question 'sets'"),
    ],
)
def test_questions_that_cannot_be_asked_together(asked: list[dict[str, object]], sentence: str) -> None:
    with pytest.raises(questions.QuestionError, match=sentence):
        questions.merged(KNOWN, asked)
