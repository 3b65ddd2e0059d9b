# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which CA signs and which ones nodes trust, by what is in the cluster's directory."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from ansible.errors import AnsibleError
from ansible_collections.beam.tls_distribution.plugins.lookup.cluster_authorities import LookupModule
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import authorities

NOW = datetime.datetime(2026, 11, 28, 9, 0, tzinfo=datetime.timezone.utc)
OLD, NEW = "old\n", "new\n"


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "ca.pem").write_text("old\n\n")
    (tmp_path / "ca.key").write_text("key of old")
    return layout.cluster(str(tmp_path))


def with_next(places: dict[str, str]) -> None:
    Path(places["next_ca_certificate"]).write_text(NEW)
    Path(places["next_ca_key"]).write_text("key of new")


def test_one_ca_signs_and_is_trusted(places: dict[str, str], tmp_path: Path) -> None:
    with_next(places)  # Of a rotation that has not begun.
    assert authorities.rotation(places) is None
    assert authorities.trusted(places) == authorities.known(places) == authorities.signs(places) == [OLD]
    assert LookupModule().run([str(tmp_path)]) == [OLD]
    assert authorities.trusted(layout.cluster(str(tmp_path / "missing"))) == []


@pytest.mark.parametrize(
    ("phase", "trusted", "signs"),
    [("keep", [OLD], OLD), ("trust", [OLD, NEW], OLD), ("leaves", [OLD, NEW], NEW), ("drop", [NEW], NEW)],
)
def test_the_phases_of_a_rotation(places: dict[str, str], phase: str, trusted: list[str], signs: str) -> None:
    with_next(places)
    entered = authorities.enter(places, phase, False, NOW)
    assert authorities.rotation(places) == entered and "since 2026-11-28T09:00:00Z" in entered.sentence
    assert authorities.trusted(places) == trusted and authorities.signs(places) == [signs]
    assert authorities.known(places) == [OLD, NEW]
    assert authorities.signing(places).key.read_text() == "key of " + signs.strip()


def test_phases_that_are_next_to_each_other_go_together(places: dict[str, str]) -> None:
    """A node in one of them trusts what a node in the other one shows, both ways."""
    with_next(places)
    states = []
    for phase in authorities.PHASES:
        authorities.enter(places, phase, False, NOW)
        states.append((authorities.trusted(places), authorities.signs(places)[0]))
    for (trusted, shown), (others, others_shown) in zip(states, states[1:]):
        assert shown in others and others_shown in trusted


@pytest.mark.parametrize("interrupted", [False, True])
def test_the_end_of_a_rotation(places: dict[str, str], tmp_path: Path, interrupted: bool) -> None:
    with_next(places)
    entered = authorities.enter(places, "drop", False, NOW)
    if interrupted:  # Behind the first of the files.
        Path(places["next_ca_key"]).rename(places["ca_key"])
        assert authorities.signing(places).key.read_text() == "key of new" and authorities.signs(places) == [NEW]
    authorities.finish(places, entered)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ca.key", "ca.pem"]
    assert authorities.trusted(places) == [NEW] and authorities.signing(places).key.read_text() == "key of new"


def test_the_end_of_one_that_was_turned_back(places: dict[str, str], tmp_path: Path) -> None:
    with_next(places)
    authorities.finish(places, authorities.enter(places, "keep", True, NOW))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ca.key", "ca.pem"]
    assert authorities.trusted(places) == [OLD]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"phase": "trust", "since": "x", "back": 1}', '{"phase": "x", "since": "x", "back": false}']
)
def test_a_damaged_state_stops_the_run(places: dict[str, str], text: str) -> None:
    Path(places["rotation"]).write_text(text)
    with pytest.raises(InputError, match=r"rotation\.json is damaged"):
        authorities.trusted(places)


def test_what_cannot_be_read_is_an_error(places: dict[str, str], tmp_path: Path) -> None:
    Path(places["ca_certificate"]).write_bytes(b"\xff")
    with pytest.raises(AnsibleError, match=r"holds ca\.pem, which cannot be read"):
        LookupModule().run([str(tmp_path)])
