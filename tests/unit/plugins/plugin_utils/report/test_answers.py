# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host sends that is no answer counts as none, and breaks nothing."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report import page, table
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report.answers import is_answer
from ansible_collections.beam.tls_distribution.tests.unit.plugins.plugin_utils.report.traced import Traced

ODD: list[t.Any] = [None, True, -1, 1e400, float("nan"), "text", "x" * 100, [], [[]], {}, {"a": []}, [{}], 10**40]


def leaves(value: t.Any, path: tuple[t.Any, ...] = ()) -> t.Iterator[tuple[t.Any, ...]]:
    """Every place in an answer."""
    if path:
        yield path
    places = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, below in places:
        yield from leaves(below, (*path, key))


def put(value: t.Any, path: tuple[t.Any, ...], odd: t.Any) -> None:
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = odd


PLACES = list(leaves(Traced().answers["alpha"]))


def test_what_the_module_answers_is_an_answer():
    for answer in Traced().answers.values():
        assert is_answer(answer)
    for none in ({}, {"msg": "no python", "failed": True}, {"skipped": True}):
        assert is_answer(none)


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)))
def test_whatever_a_host_sends_there_is_a_report(path: tuple[t.Any, ...]):
    for odd in ODD:
        mesh = Traced()
        put(mesh.answers["alpha"], path, odd)
        report = mesh.build()
        table.render(report, 120)
        page.page(report)
        if not is_answer(mesh.answers["alpha"]):
            assert "alpha gave no answer: what it sent is no answer of node_verify." in {fault["cause"] for fault in report["faults"]}
