# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CA is rotated under load: no message is lost and no node leaves, whatever interrupts it, and a host that is away keeps the next phase from beginning."""

from __future__ import annotations

import json
import re
import time

from lab import changes, lifecycle, rollout
from lab.changes import Wanted
from lab.commands import Completed, altered, on, run_command
from lab.fault_injection import AUTHORITY, CERTIFICATE, TRUST

FIRST = Wanted()
AWAY = rollout.EVERY[-1]
LATE = 6.0
"""Seconds after which the example counts a message as lost."""


def rotate(**more: object) -> Completed:
    """Runs the playbook."""
    return run_command(lifecycle.play("rotate_ca", FIRST.options(**more)), timeout=changes.LONGEST)


def issuers() -> set[str]:
    """Who issued the certificates that nodes have."""
    return {on(name, "openssl x509 -noout -issuer -nameopt RFC2253 -in " + CERTIFICATE).out.strip() for name in rollout.EVERY}


def trusted() -> set[int]:
    """How many CAs nodes trust."""
    return {int(on(name, "grep -c BEGIN " + TRUST).out) for name in rollout.EVERY}


def phase() -> str:
    """How far the rotation is."""
    return str(json.loads((AUTHORITY / "rotation.json").read_text())["phase"])


def test_a_rotation_that_is_stopped_killed_and_resumed_under_load() -> None:
    changes.converged(FIRST)
    before, running, (former,) = {name: rollout.counted(name) for name in rollout.EVERY}, changes.processes(), issuers()
    done = rotate(erlang_certs_rotate_until="trust")
    assert done.code == 0 and "rotation: every node trusts both CAs, and has a certificate of the former one; it stops here" in done.out, (
        done.out[-4000:]
    )
    assert (phase(), trusted(), issuers()) == ("trust", {2}, {former})
    site = changes.site(FIRST, "--skip-tags=verify")
    assert site.code == 0 and {site.changed[name] for name in rollout.EVERY} == {0}, site.out[-4000:]
    assert "The CA of this cluster is being rotated" in changes.words(site)
    run = rollout.Followed("rotate_ca", FIRST.options())
    title = re.compile("Put key and certificate into force")
    assert run.sees(lambda: title.search(run.out) is not None)
    run.kill()
    assert phase() == "leaves" and trusted() == {2}
    done = rotate()
    assert done.code == 0 and "rotation: the CA is rotated" in done.out, done.out[-4000:]
    (latter,) = issuers()
    assert latter != former and trusted() == {1} and changes.processes() == running
    assert not list(AUTHORITY.glob("*next*")) and not (AUTHORITY / "rotation.json").exists()
    time.sleep(LATE)
    counted = rollout.difference(before, {name: rollout.counted(name) for name in rollout.EVERY})
    rollout.write_figures(changes.FIGURES, {"rotation": counted})
    assert counted["messages"] and counted["messages_lost"] == counted["parted"] == counted["written_and_lost"] == 0, counted


def test_a_host_that_is_away_keeps_the_next_phase_from_beginning_and_it_is_turned_back() -> None:
    (former,) = issuers()
    with altered(AWAY, "systemctl stop erlang-guard", "systemctl start erlang-guard"):
        done = rotate()
        assert done.code != 0 and "%s: no peer was shown the certificate of guard@%s.example.net" % (AWAY, AWAY) in changes.words(done), (
            done.out[-4000:]
        )
        assert "goes no further" in changes.words(done) and phase() == "trust" and issuers() == {former}
    assert changes.settled()
    done = rotate(erlang_certs_rotate_back=True)
    assert done.code == 0 and "all nodes trust the former one alone, as before" in done.out, done.out[-4000:]
    assert trusted() == {1} and issuers() == {former} and not list(AUTHORITY.glob("*next*"))
