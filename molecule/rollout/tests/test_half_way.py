# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A roll-out that ends half-way, by a hook that fails and by an answer, and what is done before and behind each node."""

from __future__ import annotations

from pathlib import Path

from lab import changes, lifecycle, rollout
from lab.changes import Wanted
from lab.commands import answered, everywhere

BASE, NEXT = Wanted(3), Wanted(4)
QUICK = {"erlang_rollout_settle": "3", "erlang_rollout_confirm": "false"}
"""As texts, which is how a command line gives them."""
BEFORE = {"command": ["sh", "-c", "systemctl show --property=MainPID --value erlang-guard > /run/before"]}
AFTER = {"command": ["sh", "-c", "cat /run/before; systemctl stop erlang-guard; exit 7"]}
"""It fails, and leaves the node stopped, so that the proof fails as well."""


def restarted(before: dict[str, str]) -> list[str]:
    """The hosts whose node is another process than before."""
    now = changes.processes()
    return [name for name in rollout.EVERY if now[name] != before[name]]


def test_a_hook_that_fails_behind_the_first_node_and_the_way_back() -> None:
    changes.converged(BASE)
    before = changes.processes()
    done = changes.site(NEXT, erlang_rollout_before=BEFORE, erlang_rollout_after=AFTER, **QUICK)
    said = changes.words(done)
    (name,) = restarted(before)
    assert done.code != 0 and "what is done after that failed" in said, done.out[-4000:]
    # The last thing is both: what the proof found, and behind it why the roll-out stopped.
    last = said[said.rindex("mesh guard: ") :]
    assert "1 of 4 nodes not up" in last and "what is done after that failed" in last and "were left untouched." in last, last
    before = changes.processes()
    back = changes.rollback(BASE, **QUICK)
    assert back.code == 0, back.out[-4000:]
    assert changes.settled() and changes.all_run(BASE) and restarted(before) == [name]
    assert changes.words(back).count("stays as it is: the last roll-out did not come to it") == len(rollout.EVERY) - 1


BEHIND = """
- name: Write down when the node that runs was started
  ansible.builtin.shell:
    cmd: systemctl show --property=MainPID --value erlang-guard > /run/behind
  changed_when: true
"""


def test_nothing_is_restarted_but_behind_a_yes(tmp_path: Path) -> None:
    """Before each node a function is called in it, behind it the tasks of a file are done."""
    changes.converged(BASE)
    before = changes.processes()
    asked = {**QUICK, "erlang_rollout_confirm": "true", "erlang_rollout_serial": len(rollout.EVERY)}
    done = changes.site(NEXT, **asked)
    assert done.code != 0 and "as the answer was not yes" in changes.words(done) and not restarted(before), done.out[-4000:]
    behind = tmp_path / "behind.yml"
    behind.write_text(BEHIND)
    # The call puts a file where the account may write, as long as the node runs.
    call = ["os", "cmd", ["date > /var/lib/merl/guard/ahead"]]
    hooks = {"erlang_rollout_before": {"call": call}, "erlang_rollout_after": {"tasks": str(behind)}}
    done = answered(lifecycle.play("site", NEXT.options(**asked, **hooks)), "Go on? (yes or no)", "yes", changes.LONGEST)
    assert done.code == 0, done.out[-4000:]
    assert changes.settled() and changes.all_run(NEXT) and restarted(before) == list(rollout.EVERY)
    now = changes.processes()
    for name, answer in everywhere(
        "cat /run/behind && test -s /var/lib/merl/guard/ahead && rm /run/behind /var/lib/merl/guard/ahead"
    ).items():
        assert answer.code == 0 and answer.out.split() == now[name].split()[:1], (name, answer.out)
