# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bare hosts: what check mode says of them, runs that are killed, and the run after them."""

from __future__ import annotations

import random
import subprocess
import time

from lab import inventory, lifecycle
from lab.commands import everywhere, kill_tree, on, play, run_command, start_command, wait_until
from lab.settings import HOSTS, RUN

KILLS = 10
LONGEST = 24.0
"""Seconds; a first run takes longer."""
NAMES = r"\( -name '*.staged' -o -name '*.previous' -o -name '.boot-*' -o -name '*.next.*' \)"
HALF_WRITTEN = "find /etc /opt /var/lib/merl /usr/local /run -xdev %s 2>/dev/null" % NAMES


def killed_after(seconds: float, *options: str) -> bool:
    """Starts a run and kills it and all its processes after some time; whether it was still running then."""
    process = start_command(lifecycle.play("site", options))
    try:
        process.wait(seconds)
        return False
    except subprocess.TimeoutExpired:
        kill_tree(process)
        assert wait_until(lambda: run_command(["pgrep", "-f", "ansible-playbook.*%s" % inventory.FILE]).code == 1, 5), "the run is not gone"
        return True


def consultable() -> None:
    """Every file that a node would read if it started now is whole."""
    check = "for f in sys.config inet_tls.conf peers.config; do p=/etc/erlang/guard/$f; [ -e $p ] || continue; tail -c 3 $p | grep -q '\\.' || echo $p; done"
    key = "p=/etc/erlang/guard/node.pem; [ ! -e $p ] || openssl pkey -in $p -noout || echo $p; [ ! -e $p ] || openssl x509 -in $p -noout || echo $p"
    for name, done in everywhere(check + "; " + key).items():
        assert done.out == "", "%s: %s" % (name, done.out)


def test_check_mode_says_what_a_first_run_would_do() -> None:
    places = "ls -d /etc/erlang /opt/erlang /var/lib/merl /etc/systemd/system/e* /etc/systemd/system/*/erlang*"
    traces = "exec 2>/dev/null; %s; getent passwd merl; getent group merl; systemctl is-enabled epmd.socket" % places
    before = {name: done.out for name, done in everywhere(traces).items()}
    done = play("site", "--check")
    assert done.code == 0, done.out[-4000:]
    assert all(done.changed[host.name] > 0 for host in HOSTS)
    for host in HOSTS:
        assert (
            "%s would mask epmd.socket and epmd.service" % host.name in done.out
            and "%s: guard@%s would be started" % (host.name, host.fqdn) in done.out
        )
    assert "nothing to verify yet, no node is set up on alpha, bravo, carol and dave" in done.out
    assert {name: done.out for name, done in everywhere(traces).items()} == before


def test_ten_kills_of_a_first_run() -> None:
    """Each kill hits a later moment, somewhere within its tenth; after every one no file is half-written."""
    seed = random.randrange(1 << 30)
    print("seed %d" % seed)
    chance = random.Random(seed)
    hit = 0
    for number in range(KILLS):
        hit += killed_after(LONGEST * (number + chance.random()) / KILLS / (1 + number / 4))
        time.sleep(1.0)
        consultable()
    assert hit >= KILLS // 2
    done = play("site")
    assert done.code == 0, done.out[-4000:]
    again = play("site")
    assert again.code == 0 and {host.name: again.changed[host.name] for host in HOSTS} == {host.name: 0 for host in HOSTS}
    for name, left in everywhere(HALF_WRITTEN).items():
        assert left.out == "", "%s: %s" % (name, left.out)
    directory = RUN / "erlang" / "guard"
    assert sorted(path.name for path in directory.iterdir() if path.name.startswith(".")) == [".gitignore"]


def test_a_module_killed_on_the_host() -> None:
    """What a process that ended between two of its steps leaves behind is removed, and does not get in the way."""
    assert (
        on(
            "alpha",
            "cd /opt/erlang/nodes/guard && echo half > current/.sys.config.staged && cp current/sys.config current/.sys.config.previous && "
            "echo old > current/sys.config && mkdir -p generations/.9.staged/boot",
        ).code
        == 0
    )
    done = play("site")
    assert done.code == 0 and done.changed["alpha"] > 0, done.out[-4000:]
    assert on("alpha", HALF_WRITTEN).out == ""
    assert "guard" in on("alpha", "cat /etc/erlang/guard/sys.config").out
