# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mesh on OTPs that were built from source: one on the hosts of a suite, another on those of another suite.

One of them is compiled, on the older suite; the other is the same, built again on the other suite from what was compiled there, so that a cold
cache costs one compilation. With ``BEAM_LAB_COLD`` both are compiled, each the OTP of its suite.
"""

from __future__ import annotations

import json
import os
import shutil
import tarfile
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from lab import builds, lifecycle
from lab.commands import Completed, altered, everywhere, kill_tree, on, report, run_command, start_command, wait_until
from lab.settings import CACHE, CHECKOUT, HOSTS, RUN

SUITES = {"alpha": "trixie", "bravo": "bookworm", "carol": "trixie", "dave": "bookworm"}
OTP_ALONE = str(CHECKOUT / "molecule" / "build" / "otp.yml")
LONGEST = 1800.0
"""Seconds that a run may take in which an OTP is built."""
COLD = bool(os.environ.get("BEAM_LAB_COLD"))
"""Whether OTPs are built although they are in the cache, and the build is killed on its way."""
SOURCES = {"trixie": "trixie" if COLD else "bookworm", "bookworm": "bookworm"}
"""Whose OTP is built on the hosts of a suite."""
VERSIONS = {suite: {"trixie": "27.3.4.1", "bookworm": "25.2.3"}[source] for suite, source in SOURCES.items()}
BUILT = CACHE / ("otp-tests-cold" if COLD else "otp-tests")
"""The cache on the controller. What no recipe makes any more is removed from it."""
CURRENT = "readlink /opt/erlang/otp/current"
UNTOUCHED = CURRENT + "; ls -A /opt/erlang/otp; systemctl show --property=MainPID erlang-guard"
ALLOWED = {"erlang_otp_allow_below_floor": sorted(set(VERSIONS.values()))}
"""What is said of every host, as a variable of all hosts goes for those that a run leaves out as well."""
NOTHING = {host.name: 0 for host in HOSTS}


def settings(**changes: Any) -> list[str]:
    """The variables of the runs, as options of a playbook: those of each host's suite, and some changed."""
    by_suite = {
        suite: builds.variables(SOURCES[suite], compiled() if suite == "trixie" and not COLD else None) for suite in SUITES.values()
    }
    names = sorted(by_suite["trixie"])
    chosen = {}
    for name in names:
        values = {suite: found[name] for suite, found in by_suite.items()}
        chosen[name] = "{{ %s[%s[inventory_hostname]] }}" % (json.dumps(values), json.dumps(SUITES))
    path = RUN / "build.json"
    path.write_text(json.dumps({**chosen, "erlang_otp_cache": str(BUILT), **changes}))
    return ["-e", "@%s" % path]


def compiled() -> Path | None:
    """An archive that holds what was compiled on the older suite, to be built from on the newer one; none before anything was compiled."""
    for name, manifest in sorted(manifests().items()):
        if manifest["platform"]["version_id"] == "12" and manifest["version"] == VERSIONS["trixie"]:
            directory = BUILT / "compiled" / name
            for other in directory.parent.glob("*"):
                if other != directory:
                    shutil.rmtree(other)
            directory.mkdir(parents=True, exist_ok=True)
            return next(directory.glob("otp-*.tar.gz"), None) or builds.compiled_source(
                SOURCES["trixie"], BUILT / (name + ".tar.gz"), directory
            )
    return None


def run(playbook: str, *options: str, **changes: Any) -> Completed:
    """Runs a playbook with those variables."""
    return run_command(lifecycle.play(playbook, [*settings(**changes), *options]), timeout=LONGEST)


def current(host: str) -> str:
    """The name of the OTP that is current on a host."""
    return on(host, CURRENT).out.strip()


def manifests() -> dict[str, Any]:
    """The manifests in the cache, by name."""
    return {path.name[: -len(".tar.gz.json")]: json.loads(path.read_text())["manifest"] for path in BUILT.glob("*.tar.gz.json")}


def forget(but: Collection[str] = ()) -> None:
    """Removes what is in the cache, but for some names."""
    for path in BUILT.glob("*.tar.gz*"):
        if not path.name.startswith(tuple(but)):
            path.unlink()


def kill_in_the_middle() -> None:
    """Has the build of alpha begin, and kills the controller and the build while make is at work."""
    process = start_command(lifecycle.play(OTP_ALONE, [*settings(), "--limit", "alpha", "-e", "erlang_cluster_begin_anew=guard"]))
    assert wait_until(lambda: on("alpha", "[ $(grep -c 'CC' /var/cache/erlang-otp/*/log) -gt 50 ]").code == 0, LONGEST)
    kill_tree(process)
    holders = (
        "for f in /proc/[0-9]*/fd/*; do case $(readlink $f) in /var/cache/erlang-otp/*/lock) echo ${f#/proc/};; esac; done | cut -d/ -f1"
    )
    assert on("alpha", "kill -KILL $(%s)" % holders).code == 0
    assert wait_until(lambda: on("alpha", "pgrep -x make").code != 0)


@pytest.fixture(scope="module", autouse=True)
def site() -> Completed:
    """The mesh; what is built for it stays in the lab's cache."""
    before = manifests()
    if COLD:
        forget()
        kill_in_the_middle()
    elif compiled() is None:
        done = run(OTP_ALONE, "--limit", "bravo,dave", "-e", "erlang_cluster_begin_anew=guard")
        assert done.code == 0, done.out[-4000:]
        assert done.out.count("OTP %s, compile done" % VERSIONS["bookworm"]) == 1
    begun = time.monotonic()
    done = run("site")
    assert done.code == 0, done.out[-4000:]
    print("%.0f s, %d stages of builds" % (time.monotonic() - begun, done.out.count(" done in ")))
    if COLD:
        assert "OTP 27.3.4.1 goes on behind configure" in done.out
        assert {name: manifest for name, manifest in manifests().items() if name in before} == before
    forget(but={current(host) for host in SUITES})
    return done


def test_one_build_for_each_kind_of_host(site: Completed) -> None:
    assert current("alpha") == current("carol") and current("bravo") == current("dave")
    assert set(manifests()) == {current("alpha"), current("bravo")}
    kinds = list(VERSIONS.values())
    for version in kinds:
        assert site.out.count("OTP %s, compile done" % version) <= kinds.count(version)
    assert report()["ok"] is True and {edge["state"] for edge in report()["edges"]} == {"ok"}


def test_nothing_to_do_the_second_time() -> None:
    done = run("site")
    assert done.code == 0 and {name: done.changed[name] for name in NOTHING} == NOTHING
    assert "otp_install" not in done.out and "reading " not in done.out


def test_the_result_is_hardened_patched_and_linked_with_the_hosts_library() -> None:
    for host, suite in SUITES.items():
        manifest = json.loads(on(host, "cat /opt/erlang/otp/current/manifest.json").out)
        assert manifest == manifests()[current(host)]
        assert manifest["version"] == VERSIONS[suite] and manifest["inet_ssl_port"] is True
        assert manifest["hardening"] == {"pie": True, "relro": True, "bind_now": True, "stack_protector": True}
        assert manifest["crypto_library"] == "libcrypto.so.3"
        linked = on(host, "ldd /opt/erlang/otp/current/lib/crypto-*/priv/lib/crypto.so").out
        assert manifest["crypto_library"] in linked and "not found" not in linked


def listening(host: str) -> set[str]:
    """The ports on which the runtime of a host listens."""
    return {line.split()[3].rsplit(":", 1)[1] for line in on(host, "ss -Hltnp").out.splitlines() if "beam.smp" in line}


def test_the_port_comes_from_inet_ssl_port_alone() -> None:
    for host in SUITES:
        assert listening(host) == {"4370"}
        settings_ = on(host, "cat /etc/erlang/guard/sys.config /etc/erlang/guard/vm.args /etc/erlang/guard/peers.config").out
        assert "{inet_ssl_port, 4370}" in settings_ and "{listen_port, 0}" in settings_
        assert "inet_dist_listen_min" not in settings_ and "listen_port 4370" not in settings_ and "erl_epmd_port" not in settings_


RESTART = "; systemctl restart erlang-guard"


@pytest.mark.parametrize("host", ["alpha", "bravo"])
def test_without_it_the_port_is_any(host: str) -> None:
    away = "sed -i.kept 's/{inet_ssl_port, 4370}/{guard_of_nothing, 4370}/' /opt/erlang/nodes/guard/current/sys.config" + RESTART
    with altered(host, away, "mv /opt/erlang/nodes/guard/current/sys.config.kept /opt/erlang/nodes/guard/current/sys.config" + RESTART):
        assert listening(host) and listening(host) != {"4370"}
    assert listening(host) == {"4370"}


@pytest.mark.parametrize("host", ["alpha", "bravo"])
def test_a_range_whose_first_port_is_taken(host: str) -> None:
    taken = "systemctl stop erlang-guard; systemd-run --unit=taker python3 -c 'import socket, time; s = socket.create_server((\"\", 4370)); time.sleep(600)'"
    change = "; sed -i.kept 's/{inet_ssl_port, 4370}/{inet_ssl_port, {4370, 4379}}/' /opt/erlang/nodes/guard/current/sys.config"
    change += "; sleep 1; systemctl start erlang-guard"
    back = "systemctl stop taker; mv /opt/erlang/nodes/guard/current/sys.config.kept /opt/erlang/nodes/guard/current/sys.config" + RESTART
    with altered(host, taken + change, back):
        assert listening(host) == {"4371"}
    assert listening(host) == {"4370"}


def test_all_otps_are_told_of() -> None:
    asked = "otp_prefix=/opt/erlang/otp otp_roots=/opt/erlang/otp/current"
    argv = ["ansible", "alpha", "--inventory=%s" % lifecycle.inventory.FILE, "-m", "beam.tls_distribution.otp_info", "-a", asked]
    done = run_command(lifecycle.control(["env", "ANSIBLE_CALLBACK_RESULT_FORMAT=json", *argv]))
    found = json.loads(done.out[done.out.index("{") :])["otps"]
    assert [(otp["version"], otp["origin"], otp["inet_ssl_port"], otp["current"]) for otp in found] == [
        (VERSIONS["trixie"], "build", True, True)
    ]


def test_check_mode_tells_what_would_be_built() -> None:
    before = on("alpha", UNTOUCHED).out
    done = run(OTP_ALONE, "--check", "--limit", "alpha", erlang_otp_build_environment={"CFLAGS": "-O3"})
    assert done.code == 0 and "alpha would build OTP %s-" % VERSIONS["trixie"] in done.out and done.changed["alpha"] == 2, done.out
    assert on("alpha", UNTOUCHED).out == before


def test_a_host_without_a_compiler() -> None:
    before = on("dave", UNTOUCHED).out
    done = run(OTP_ALONE, "--limit", "dave", erlang_otp_build_environment={"CFLAGS": "-O3"}, erlang_otp_build_packages=[])
    assert done.code != 0 and "dave: OTP cannot be built here without cc" in " ".join(done.out.split()), done.out
    assert on("dave", UNTOUCHED).out == before


@pytest.mark.parametrize(
    ("builder", "sentence"),
    [
        ("carol", "carol: OTP cannot be built here without cc"),
        ("bravo", "bravo: an OTP for debian 13 x86_64 cannot be built on debian 12 x86_64"),
    ],
)
def test_a_build_host_of_its_own(builder: str, sentence: str) -> None:
    """It is asked in the place of the host that lacks the OTP, and has to be of its kind."""
    changes = {"erlang_otp_build_environment": {"CFLAGS": "-O3"}, "erlang_otp_build_packages": [], "erlang_otp_build_host": builder}
    done = run(OTP_ALONE, "--limit", "alpha", **changes)
    assert done.code != 0 and sentence in " ".join(done.out.split()), done.out


def test_a_builder_whose_disk_is_full() -> None:
    """Some space, and then not enough of it while the source is being unpacked."""
    before = on("dave", UNTOUCHED).out
    small = "mkdir -p /var/cache/erlang-otp && mount -t tmpfs -o size=150m tmpfs /var/cache/erlang-otp"
    with altered("dave", small, "umount /var/cache/erlang-otp"):
        done = run(OTP_ALONE, "--limit", "dave", erlang_otp_build_environment={"CFLAGS": "-O3"})
        assert done.code != 0 and "dave: a build takes 2048 MB, and /var/cache/erlang-otp/%s-" % VERSIONS["bookworm"] in " ".join(
            done.out.split()
        ), done.out
    assert on("dave", UNTOUCHED).out == before


def other(tmp_path: Path) -> Path:
    """The OTP of alpha in an archive that somebody else might have made: the same with one file more."""
    path = tmp_path / "other.tar.gz"
    with tarfile.open(BUILT / (current("alpha") + ".tar.gz")) as old, tarfile.open(path, "w:gz", compresslevel=1) as new:
        for member in old:
            new.addfile(member, old.extractfile(member) if member.isfile() else None)
        new.addfile(tarfile.TarInfo("OTHER"))
    return path


def test_a_host_whose_disk_is_full(tmp_path: Path) -> None:
    """An OTP that does not fit beside the one in use: a sentence, nothing half-unpacked, and the node goes on."""
    before = on("alpha", UNTOUCHED).out
    size = int(on("alpha", "du -sm /opt/erlang/otp | cut -f1").out) + 40
    small = (
        "mkdir /small && mount -t tmpfs -o size=%dm tmpfs /small && cp -a /opt/erlang/otp/. /small && mount --bind /small /opt/erlang/otp"
        % size
    )
    changes = {"erlang_otp_source": "archive", "erlang_otp_archive": str(other(tmp_path)), **ALLOWED}
    with altered("alpha", small, "umount /opt/erlang/otp /small && rmdir /small"):
        done = run(OTP_ALONE, "--limit", "alpha", **changes)
        assert done.code != 0 and "no space is left for %s-" % VERSIONS["trixie"] in " ".join(done.out.split()), done.out
        assert on("alpha", UNTOUCHED).out == before
    assert on("alpha", "erlang-guard ping").code == 0


def test_an_archive_that_was_built_elsewhere_and_the_way_back(tmp_path: Path) -> None:
    """Another OTP beside the first, current in one step; the node runs on it; and back, with nothing unpacked or built."""
    first = current("alpha")
    done = run("site", "--limit", "alpha", erlang_otp_source="archive", erlang_otp_archive=str(other(tmp_path)), **ALLOWED)
    second = current("alpha")
    assert done.code == 0 and second != first, done.out[-4000:]
    assert sorted(on("alpha", "ls -A /opt/erlang/otp").out.split()) == sorted([first, second, "current"])
    assert second in on("alpha", "readlink /proc/$(systemctl show --property=MainPID --value erlang-guard)/exe").out
    assert listening("alpha") == {"4370"}
    done = run("site", "--limit", "alpha")
    assert done.code == 0 and current("alpha") == first
    assert first in on("alpha", "readlink /proc/$(systemctl show --property=MainPID --value erlang-guard)/exe").out
    assert on("alpha", "ls -A /opt/erlang/otp | grep -c staged").out.strip() == "0"


def test_back_to_the_distributions_packages() -> None:
    """The port is then that of the table, as a stock OTP does not know the variable."""
    done = run_command(lifecycle.play("site", []), timeout=LONGEST)
    assert done.code == 0, done.out[-4000:]
    for host, found in everywhere("cat /etc/erlang/guard/sys.config /etc/erlang/guard/peers.config").items():
        assert "inet_ssl_port" not in found.out and "{listen_port, 4370}" in found.out
        assert listening(host) == {"4370"}
