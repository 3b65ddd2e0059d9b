# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import boot, commands, files, generations, preparation
from test_generations import Host, compiled

__all__ = ["compiled"]

PEERS = "reload %s %s\n"


class Prepared(Host):
    """A host, of which systemd says that the node's service is ``active`` for ``seconds``."""

    active, seconds, restarts = "inactive", 0.0, 0

    def run(self, argv):
        self.commands.append(list(argv))
        entered = int((time.monotonic() - self.seconds) * 1e6) if self.seconds else 0
        shown = "ActiveState=%s\nNeedDaemonReload=no\nNRestarts=%d\nActiveEnterTimestampMonotonic=%d\n"
        return commands.Outcome(0, shown % (self.active, self.restarts, entered) if argv[1] == "show" else "", "")

    def prepare(self, wanted, peers="[].\n", check=False):
        access = files.Access(None, None, None)
        path = os.path.join(self.layout["config"], "peers.config")
        live = files.Wanted(files=(files.File(path, access, peers.encode()),))
        return preparation.prepare(self.places, "erlang-guard.service", wanted, live, self.run, check)


@pytest.fixture
def host(tmp_path: Path, compiled: list[str]) -> Prepared:
    return Prepared(tmp_path)


def test_from_nothing_to_a_node_that_is_left_alone(host: Prepared) -> None:
    wanted = host.wanted()
    announced = host.prepare(wanted, check=True)
    assert (announced.change.kind, announced.change.generation) == ("start", 1) and announced.result.differences
    assert os.listdir(host.layout["config"]) == [] and not os.path.exists(host.places.generations)
    made = host.prepare(wanted)
    assert made.result.changed_paths == announced.result.changed_paths and (made.change.kind, made.change.generation) == ("start", 1)
    assert not host.prepare(wanted).result.differences
    host.switch(1)
    host.starts()
    host.active, host.seconds = "active", 5.0
    seen = host.prepare(wanted)
    assert seen.change.kind == "none" and not seen.result.differences and not host.state(None).proven


def test_another_is_made_once_and_the_running_one_is_left_alone(host: Prepared) -> None:
    host.prepare(host.wanted())
    host.switch(1)
    host.starts()
    host.active, host.seconds = "active", 90.0
    assert host.prepare(host.wanted("[two].\n"), check=True).change.generation == 2
    outcome = host.prepare(host.wanted("[two].\n"))
    assert outcome.change == ("restart", ("its settings (sys.config)",), 2, 1, ()) and outcome.result.changed_paths == [
        host.places.current + "/sys.config"
    ]
    again = host.prepare(host.wanted("[two].\n"))
    assert again.change == outcome.change and not again.result.differences
    # The way back before it was switched to costs nothing.
    assert host.prepare(host.wanted()).change.kind == "none" and generations.current_number(host.places) == 1


def test_one_that_has_been_up_for_long_enough_is_proven(host: Prepared) -> None:
    host.prepare(host.wanted())
    host.switch(1)
    host.starts()
    for host.active, host.seconds, host.restarts, proven in (
        ("active", 59.0, 0, False),
        ("active", 600.0, 1, False),
        ("inactive", 600.0, 0, False),
        ("active", 61.0, 0, True),
    ):
        host.prepare(host.wanted())
        assert host.state(None).proven is proven


def test_nothing_is_put_into_place_where_a_generation_cannot_be_made(host: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_arguments: object) -> None:
        raise boot.BootError("no boot script")

    monkeypatch.setattr(boot, "make", failing)
    with pytest.raises(generations.GenerationError, match="no boot script"):
        host.prepare(host.wanted())
    assert os.listdir(host.layout["config"]) == []
