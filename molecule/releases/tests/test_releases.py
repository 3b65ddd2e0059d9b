# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Releases that boot themselves: each host runs one of another kind, and all are one mesh. What the application sees is what it sees by its own script."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import releases
from lab.commands import Completed, on, play, report, run_command, wait_until
from lab.inventory import FILE
from lab.lifecycle import control, playbook
from lab.settings import DEFAULT_SUITE

KINDS = {"alpha": "mix_with_erts", "bravo": "mix", "carol": "relx", "dave": "relx_with_erts"}
MIX = [name for name, kind in KINDS.items() if kind.startswith("mix")]
RELX = [name for name in KINDS if name not in MIX]
APPLICATION = {name: "mix_report" if name in MIX else "relx_report" for name in KINDS}
REPORT = "/var/lib/merl/guard/report"
ENVIRONMENT = {"PORT": "8080", "TOKEN": "a t0ken-of-a-release, $HOME", "REPORT_TO": REPORT}
COOKIE = "/var/lib/merl/guard/.erlang.cookie"
ACCOUNT = "setpriv --reuid merl --regid merl --init-groups"


def options(**changes: object) -> tuple[str, ...]:
    archives = {kind: str(path) for kind, path in releases.archives(DEFAULT_SUITE).items()}
    variables = {
        "erlang_app_release": "{{ %s[inventory_hostname] }}" % json.dumps({name: archives[kind] for name, kind in KINDS.items()}),
        "erlang_node_sys_config": {name: {"set_by_inventory": "inventory"} for name in ("mix_report", "relx_report")},
        "erlang_node_environment": ENVIRONMENT,
        **changes,
    }
    return ("-e", json.dumps(variables))


@pytest.fixture(scope="module", autouse=True)
def site() -> Iterator[Completed]:
    done = play("site", *options())
    assert done.code == 0, done.out[-4000:]
    yield done


def asked(name: str, command: str, before: str = "") -> Completed:
    return on(name, "%s erlang-guard release %s" % (before, command))


def typed(name: str, line: str, before: str) -> Completed:
    """A remote shell in which a line is typed again and again, as it takes its time to begin."""
    return on(name, "for i in $(seq 15); do echo '%s'; sleep 1; done | %s erlang-guard release remote" % (line, before))


def seen(text: str) -> dict[str, str]:
    """The lines of a report, but for what the mesh decides and for what the inventory sets."""
    found = dict(line.split(" ", 1) for line in text.splitlines())
    for what in ("node", "writable"):
        found.pop(what, None)
    return {
        name: re.sub(r'[{"]+RELEASE_(NODE|DISTRIBUTION)", [^}]*}|set_by_inventory[:,][^,}\]]*', "", value) for name, value in found.items()
    }


def test_one_mesh_of_all_kinds() -> None:
    found = report()
    assert {edge["state"] for edge in found["edges"]} == {"ok"} and len(found["edges"]) == 12
    assert {wall["state"] for wall in found["walls"]} == {"held"}


def test_nothing_to_do_the_second_time() -> None:
    done = play("site", *options())
    assert done.code == 0 and {name: done.changed[name] for name in KINDS} == dict.fromkeys(KINDS, 0)


@pytest.mark.parametrize("name", KINDS)
def test_the_application_sees_what_it_sees_by_its_own_script(name: str) -> None:
    values = " ".join("%s='%s'" % item for item in {**ENVIRONMENT, "REPORT_TO": "/alone/report"}.items())
    # By itself it is not distributed, or listens where nobody asks it.
    alone = {"mix": "RELEASE_DISTRIBUTION=none RELEASE_NODE=guard@alone", "relx": "ERL_DIST_PORT=5999"}["mix" if name in MIX else "relx"]
    start = "start" if name in MIX else "foreground"
    made = on(
        name,
        "rm -rf /alone; cp -r /opt/erlang/apps/%(app)s/1.0.0-* /alone; HOME=/alone %(values)s %(alone)s timeout 60 /alone/bin/%(app)s %(start)s"
        " </dev/null >/alone/said 2>&1 & for i in $(seq 300); do [ -s /alone/report ] && break; sleep 0.1; done; sleep 1;"
        " cat /alone/report || cat /alone/said; kill %%1; pkill -f '^/?alone/' ; pkill -f 'root /alone' ; true"
        % {"app": APPLICATION[name], "values": values, "alone": alone, "start": start},
    )
    ours = on(name, "cat %s" % REPORT)
    assert "application" in made.out, made.out
    assert seen(ours.out) == seen(made.out)
    assert "set_by_inventory" in ours.out and '"inventory"' in ours.out and '"inventory"' not in made.out
    assert "embedded" in ours.out and "5242" in ours.out
    if name in MIX:
        assert "consolidated true" in ours.out and 'both: "runtime.exs"' in ours.out and "env.sh of mix_report 1.0.0" in ours.out
        assert "writable true" in ours.out


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("who", ["root", "account"])
def test_its_own_commands(name: str, who: str) -> None:
    before = "" if who == "root" else ACCOUNT
    node = "guard@%s.example.net" % name
    process = on(name, "systemctl show -p MainPID --value erlang-guard").out.strip()
    assert asked(name, "pid", before).out.strip() == process
    if name in MIX:
        assert asked(name, "rpc 'IO.puts(node())'", before).out.strip() == node
        # A system of its own, configured as the node is.
        evaluated = asked(
            name,
            "eval 'IO.inspect({node(), Application.get_env(:mix_report, :set_by_inventory), Application.get_env(:mix_report, :both)})'",
            before,
        )
        assert evaluated.out.strip() == """{:nonode@nohost, ~c"inventory", "runtime.exs"}""", evaluated.out
        assert asked(name, "version", before).out.strip() == "mix_report 1.0.0"
        shell = typed(name, "IO.puts(node())", before)
    else:
        assert asked(name, "ping", before).out.strip() == "pong"
        assert asked(name, "rpc erlang node", before).out.strip().strip("'") == node
        assert asked(name, "eval 'node().'", before).out.strip().strip("'") == node
        shell = typed(name, "node().", before)
    assert node in shell.out, shell.out


@pytest.mark.parametrize("name", KINDS)
def test_no_command_line_shows_the_cookie_and_there_is_no_port_mapper(name: str) -> None:
    ask = "rpc 'Process.sleep(1500)'" if name in MIX else "rpc timer sleep '[1500]'"
    look = "grep -salF -f %s /proc/[0-9]*/cmdline" % COOKIE
    shown = on(name, '(exec -a "$(cat %s)" sleep 5 & sleep 0.5; %s; kill $!)' % (COOKIE, look))
    assert shown.out.startswith("/proc/"), "this look finds what it looks for: %s" % shown.out
    many = "for i in $(seq 60); do %s; sleep 0.05; done" % look
    done = on(
        name, "(erlang-guard release %s >/dev/null 2>&1 &) ; (sleep 5 | erlang-guard release remote >/dev/null 2>&1 &) ; %s" % (ask, many)
    )
    assert done.out == "", done.out
    assert on(name, "pgrep -x epmd; ss -Hltn '( sport = :4369 )'").out == ""
    assert on(name, "find / -xdev -type f -perm /o=r -newer /etc/erlang/guard -exec grep -lF -f %s {} + 2>/dev/null" % COOKIE).out == ""


@pytest.mark.parametrize("name", ["alpha", "carol"])
def test_stop_and_start(name: str) -> None:
    assert asked(name, "stop").code == 0
    assert wait_until(lambda: on(name, "systemctl is-active erlang-guard").out.strip() == "inactive")
    other = asked(name, "start" if name in RELX else "daemon")
    assert other.code != 0 and "systemctl start erlang-guard.service" in other.out
    assert on(name, "systemctl start erlang-guard && erlang-guard ping").out.strip() == "pong"


def refused(**changes: object) -> str:
    done = run_command(control(["ansible-playbook", "--inventory=%s" % FILE, playbook("site"), *options(**changes)]))
    assert done.code != 0
    return " ".join(done.out.split())


def test_what_cannot_be_honoured_is_refused_before_a_host_is_touched() -> None:
    archives = releases.archives(DEFAULT_SUITE)
    environment = {"TOKEN": "x", "RELEASE_NODE": "other@host"}
    out = refused(erlang_app_release=str(archives["mix_without_ssl"]))
    assert "no host was touched" in out and "without ssl" in out
    assert "add extra_applications: [:ssl] to application/0 in mix.exs" in out
    out = refused(erlang_app_release=str(archives["relx"]), erlang_node_environment=environment)
    assert "no host was touched" in out and "PORT" in out and "without a default" in out
    assert "RELEASE_NODE" in out and "use erlang_node_name and erlang_node_host" in out


@pytest.mark.parametrize("name", KINDS)
def test_nothing_of_the_release_is_changed(name: str) -> None:
    assert on(name, "find /opt/erlang/apps -newer /etc/systemd/system/erlang-guard.service -type f").out == ""


def systools(path: Path, with_erts: bool) -> str:
    """An archive as systools makes it, of a release that brings OTP's applications: what rebar3 adds is left out."""
    named = path / ("with_erts.tar.gz" if with_erts else "without.tar.gz")
    configuration = b'[{relx_report, [{port, 1}, {set_by_inventory, "sys.config"}]}].\n'
    with tarfile.open(releases.archives(DEFAULT_SUITE)["relx_with_erts"]) as old, tarfile.open(named, "w:gz") as new:
        for member in old:
            name = member.name.removeprefix("./")
            if not (name.startswith(("bin/", "erts-") if not with_erts else "bin/") or name.endswith(".src")):
                new.addfile(member, old.extractfile(member) if member.isreg() else None)
        added = tarfile.TarInfo("releases/1.0.0/sys.config")
        added.size = len(configuration)
        new.addfile(added, io.BytesIO(configuration))
    return str(named)


def test_archives_of_systools_that_bring_otp(tmp_path: Path) -> None:
    archives = {name: systools(tmp_path, name in MIX) for name in KINDS}
    done = play("site", *options(erlang_app_release="{{ %s[inventory_hostname] }}" % json.dumps(archives)))
    assert done.code == 0, done.out[-4000:]
    for name in ("alpha", "carol"):
        found = on(name, "erlang-guard eval '{code:root_dir(), application:get_all_env(relx_report)}.'")
        assert (
            '"/opt/erlang/nodes/guard/generations/' in found.out
            and "{port,1}" in found.out
            and '{set_by_inventory,"inventory"}' in found.out
        )
        other = asked(name, "stop")
        assert other.code != 0 and "no command that this release has" in other.out
        runtime = on(name, "readlink /proc/$(systemctl show -p MainPID --value erlang-guard)/exe").out
        assert runtime.startswith("/opt/erlang/apps/" if name in MIX else "/usr/lib/erlang/"), runtime
