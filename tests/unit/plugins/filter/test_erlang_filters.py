# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters to_erlang and from_erlang."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.beam.tls_distribution.plugins.filter.from_erlang import FilterModule as Reader
from ansible_collections.beam.tls_distribution.plugins.filter.to_erlang import FilterModule as Writer

to_erlang = Writer().filters()["to_erlang"]
from_erlang = Reader().filters()["from_erlang"]
SETTINGS = {
    "kernel": {"net_ticktime": 60, "logger_level": {"$atom": "notice"}},
    "guard": {"nodes": [{"$atom": "guard@alpha.example.net"}]},
}


def test_a_configuration_both_ways():
    text = to_erlang(SETTINGS, comment="By hand")
    assert (
        text == "%% By hand\n[{kernel, [{net_ticktime, 60}, {logger_level, notice}]},\n {guard, [{nodes, ['guard@alpha.example.net']}]}].\n"
    )
    assert from_erlang(text) == SETTINGS


def test_terms_and_expression():
    assert to_erlang([1, {"$tuple": []}], "terms") == "1.\n{}.\n"
    assert from_erlang("1.\n{}.\n", "terms") == [1, {"$tuple": []}]
    assert to_erlang("a", "expression") == '"a"'


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (({"$atom": 1},), "wants a string"),
        ((1, "terms"), "wants a list"),
        ((1, "other"), "no form"),
    ],
)
def test_written_in_vain(arguments, message):
    with pytest.raises(AnsibleFilterError, match=message):
        to_erlang(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("{a,\n",), "line 2, column 1"),
        (("a.", "other"), "no form"),
        ((5,), "should be text"),
    ],
)
def test_read_in_vain(arguments, message):
    with pytest.raises(AnsibleFilterError, match=message):
        from_erlang(*arguments)
