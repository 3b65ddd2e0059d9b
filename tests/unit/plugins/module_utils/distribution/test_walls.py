# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names under which attempts are made that are to be refused; tests/oracle has them refused."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import diagnosis, wall_attempts, walls
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.fault_entry import Symptom
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.network import Peer
from ansible_collections.beam.tls_distribution.plugins.modules import mesh_report, node_verify

CHECKOUT = Path(__file__).parents[5]

ALPHA, BRAVO, CAROL = ("guard@%s.example.net" % name for name in ("alpha", "bravo", "carol"))


@pytest.mark.parametrize(
    ("others", "host"),
    [
        ([ALPHA, BRAVO, CAROL], "carol.example.net"),
        ([ALPHA, BRAVO], "bravo.example.net"),
        ([ALPHA], "nowhere.invalid"),
    ],
)
def test_no_name_of_a_peer_is_claimed(others: list[str], host: str):
    assert wall_attempts.claimable("alpha.example.net", Peer.of(BRAVO), others) == "verification-refused@" + host


@pytest.mark.parametrize(
    ("ended", "held", "detail"),
    [
        (0, False, "reached port 4370 of 198.18.2.10"),
        (errno.ECONNREFUSED, True, "rejected"),
        (errno.EHOSTUNREACH, True, "rejected"),
        (errno.ETIMEDOUT, True, "dropped"),
        (None, None, "nothing was tried"),
    ],
)
def test_an_account_of_the_host(ended: int | None, held: bool | None, detail: str):
    outcome = wall_attempts.local_account("port 4370 of 198.18.2.10", ended)
    assert outcome.held is held and detail in outcome.detail


def documented(text: str) -> dict[str, Any]:
    """Documentation or a specification, with the lines of its sentences joined."""
    return dict(yaml.safe_load(text))


def specification() -> dict[str, Any]:
    found = documented((CHECKOUT / "roles" / "erlang_verify" / "meta" / "argument_specs.yml").read_text())
    return dict(found["argument_specs"]["main"]["options"]["erlang_verify_walls"])


@pytest.mark.parametrize("wall", walls.WALLS, ids=lambda wall: wall.id)
def test_options_are_documented_by_the_list_of_walls(wall: walls.Wall):
    sentence = "V(%s), %s" % (wall.id, wall.meaning)
    option = documented(node_verify.DOCUMENTATION)["options"]["walls"]
    for each in (option, specification()):
        assert any(sentence in paragraph for paragraph in each["description"])
        assert each["choices"] == list(walls.NAMES)


def test_all_walls_are_proven_by_default():
    defaults = yaml.safe_load((CHECKOUT / "roles" / "erlang_verify" / "defaults" / "main.yml").read_text())
    assert specification()["default"] == defaults["erlang_verify_walls"] == list(walls.NAMES)
    report = documented(mesh_report.DOCUMENTATION)["options"]["walls"]
    assert report["choices"] == report["default"] == list(walls.NAMES)


def test_each_wall_is_proven_from_one_side_and_has_its_faults():
    assert sorted((*walls.INSIDE, *walls.LOCAL, *walls.OUTSIDE)) == sorted(walls.NAMES)
    for wall in walls.WALLS:
        assert walls.named(wall.id) == wall
        for end in ("fell", "unproven", "no-answer"):
            assert diagnosis.entry_of(Symptom("wall", end, wall.id)).id == "wall-%s-%s" % (wall.id.replace("_", "-"), end)
    assert walls.named("moat") is None
