# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Releases in the cache that boot themselves: those of tests/releases, built by mix and rebar3 with the OTP of a suite, with an emulator and without.

Elixir and rebar3 are installed for it from where debootstrap takes packages. What is kept are the archives alone.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from lab import roots, sources
from lab.settings import CACHE, CHECKOUT
from lab.shell import locked, step

SOURCES = CHECKOUT / "tests" / "releases"
KINDS = ("mix", "mix_with_erts", "mix_without_ssl", "relx", "relx_with_erts")
TOOLS = "elixir rebar3 erlang-dev"

_INSTALL = """
set -eu
export DEBIAN_FRONTEND=noninteractive
mkdir -p /apt/lists/partial /apt/archives/partial
echo "deb [signed-by=%(keyring)s] %(mirror)s %(suite)s main" >/apt/sources.list
apt="apt-get -q -y --no-install-recommends --option=Dir::Etc::sourcelist=/apt/sources.list"
apt="$apt --option=Dir::State::lists=/apt/lists --option=Dir::Cache=/apt"
$apt update
$apt install %(tools)s
"""
_BUILD = """
export LC_ALL=C.UTF-8 HOME=/src MIX_ENV=prod
mkdir /src/out
cd /src/mix_report
made=_build/prod/mix_report-1.0.0.tar.gz
WITH_ERTS=true mix release --overwrite --quiet && mv $made /src/out/mix_with_erts.tar.gz
mix release --overwrite --quiet && mv $made /src/out/mix.tar.gz
WITH_SSL=false mix do clean + release --overwrite --quiet && mv $made /src/out/mix_without_ssl.tar.gz
cd ../relx_report
rebar3 tar && mv _build/default/rel/relx_report/relx_report-1.0.0.tar.gz /src/out/relx.tar.gz
rebar3 as with_erts tar && mv _build/with_erts/rel/relx_report/relx_report-1.0.0.tar.gz /src/out/relx_with_erts.tar.gz
"""


def archives(suite: str) -> dict[str, Path]:
    """Return the archives by their :data:`KINDS`."""
    files = sorted(path for path in SOURCES.rglob("*") if path.is_file())
    key = roots.recipe(
        roots.workshop(suite).parent.name, TOOLS, _INSTALL, _BUILD, *(str(path.relative_to(SOURCES)) + path.read_text() for path in files)
    )
    directory = CACHE / ("releases-%s-%s" % (suite, key))
    if not directory.exists():
        with locked(CACHE / (".releases-%s.lock" % suite), "build of releases"):
            if not directory.exists():
                with step("releases of mix and rebar3 with the OTP of %s, once" % suite):
                    _make(directory, suite)
    return {kind: directory / (kind + ".tar.gz") for kind in KINDS}


def _make(directory: Path, suite: str) -> None:
    new = roots.start_entry(directory)
    shutil.copytree(SOURCES, new / "upper" / "src")
    # Names are looked up as on this machine while packages are fetched.
    (new / "upper" / "etc").mkdir()
    shutil.copy("/etc/resolv.conf", new / "upper" / "etc" / "resolv.conf")
    install = _INSTALL % {"keyring": sources.KEYRING, "mirror": sources.mirror(), "suite": suite, "tools": TOOLS}
    roots.with_overlay(new, [roots.workshop(suite), roots.bare(suite)], install + _BUILD)
    for archive in (new / "upper" / "src" / "out").glob("*.tar.gz"):
        shutil.move(str(archive), str(new))
    for name in ("upper", "work", "root"):
        shutil.rmtree(new / name)
    roots.finish_entry(new, directory, "releases-%s-*" % suite)
