# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the cluster's directory remembers of its members."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.members import (
    REVOKED,
    VARIABLE,
    Marker,
    Members,
    left_out,
    lingering,
    named,
    not_decommissioned,
    nothing_asked,
    strange,
)

NOW = datetime.datetime(2026, 11, 27, 12, 0, tzinfo=datetime.timezone.utc)
DAYS = datetime.timedelta(days=1)


def node(name: str) -> dict[str, object]:
    return {
        "inventory": name,
        "node": "guard@%s.example.net" % name,
        "host": name + ".example.net",
        "addresses": ["198.18.1.10"],
        "port": 4370,
    }


@pytest.fixture
def memory(tmp_path: Path) -> Members:
    return Members(layout.cluster(str(tmp_path)))


def test_hosts_of_the_variable() -> None:
    assert named(None) == named("") == named(" , ") == []
    assert named("dave, carol,dave") == ["dave", "carol"]


def test_members_are_remembered_until_their_certificates_end(memory: Members) -> None:
    assert memory.remember({"alpha": node("alpha"), "dave": node("dave")}, NOW + 90 * DAYS) is True
    assert memory.remember({"alpha": node("alpha")}, NOW + 90 * DAYS) is False
    (found,) = memory.former(["guard@alpha.example.net"], NOW)
    assert (found.node, found.inventory, found.addresses, found.port, found.gone) == (
        "guard@dave.example.net", "dave", ["198.18.1.10"], 4370, False,
    )  # fmt: skip
    assert lingering([found], {}) == [found]
    assert (
        lingering([found], {}, ["dave"]) == lingering([found], {"dave": node("dave")}) == lingering([found._replace(gone=True)], {}) == []
    )
    cause, remedy = not_decommissioned(found)
    assert cause.startswith("dave (guard@dave.example.net)") and "-e erlang_decommission=dave" in remedy
    assert memory.former(["guard@alpha.example.net"], NOW + 91 * DAYS) == []
    memory.gone("guard@dave.example.net")
    assert memory.former(["guard@alpha.example.net"], NOW)[0].gone is True
    memory.remember({"dave": node("dave")}, NOW + 95 * DAYS)
    assert memory.former(["guard@alpha.example.net"], NOW)[0].gone is False, "it is a member again"
    memory.forget("guard@dave.example.net")
    assert memory.former(["guard@alpha.example.net"], NOW) == []


def test_a_run_that_changes_nothing_seldom_writes(memory: Members, tmp_path: Path) -> None:
    memory.remember({"alpha": node("alpha")}, NOW)
    before = (tmp_path / "members.json").stat().st_ino
    memory.remember({"alpha": node("alpha")}, NOW + DAYS / 2)
    assert (tmp_path / "members.json").stat().st_ino == before
    memory.remember({"alpha": node("alpha")}, NOW + 2 * DAYS)
    assert (tmp_path / "members.json").stat().st_ino != before
    assert (tmp_path / "members.json").stat().st_mode & 0o777 == 0o600


def test_markers(memory: Members, tmp_path: Path) -> None:
    assert memory.marker("dave") is None and memory.marked() == []
    memory.mark("dave", "guard@dave", "begun", NOW)
    memory.mark("dave", "guard@dave", "removed", NOW + DAYS)
    assert memory.marker("dave") == Marker("guard@dave", "2026-11-27T12:00:00Z", "removed") and memory.marked() == ["dave"]
    (tmp_path / "decommissioned" / "carol").write_text("by hand\n")
    assert memory.marker("carol") == Marker("", "", "removed")
    memory.unmark("dave")
    memory.unmark("dave")
    assert memory.marked() == ["carol"]


def test_sentences(memory: Members) -> None:
    path = memory.marker_path("dave")
    for outcome, words in {
        "begun": "was begun, and is not through",
        "removed": "on 2026-11-27. Remove it",
        "unreached": "on 2026-11-27 without being reached",
        "revoked": "its certificates were revoked on 2026-11-27. Its node was not touched",
    }.items():
        sentence = left_out("dave", Marker("guard@dave", "2026-11-27T12:00:00Z", outcome), path)
        assert words in sentence and "remove %s." % path in sentence


def test_who_is_no_host_of_the_cluster(memory: Members) -> None:
    memory.remember({"old": node("old")}, NOW + DAYS)
    (fault,) = strange(["alpha", "old", "web"], ["alpha", "bravo"], memory)
    assert "web" in str(fault) and "alpha and bravo" in str(fault)
    (fault,) = strange(["web"], ["alpha"], memory, REVOKED)
    assert REVOKED in str(fault) and REVOKED + "=HOST" in str(nothing_asked(REVOKED)) and VARIABLE in str(nothing_asked())


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}', '{"a": {"inventory": "a", "host": 1}}'])
def test_a_damaged_memory_counts_as_none(memory: Members, tmp_path: Path, text: str) -> None:
    (tmp_path / "members.json").write_text(text)
    assert memory.known() == {}
