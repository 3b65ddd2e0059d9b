# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs that check what the collection makes: a browser for the page, Prometheus' own tool for metrics and alerts, OTP's dialyzer for our Erlang.

They are fetched, or made, on first use.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from lab import sources
from lab.roots import finish_entry, recipe, start_entry
from lab.settings import CACHE, CHECKOUT
from lab.shell import locked, run, step

BROWSER = ("chromium", "chromium-driver", "fonts-dejavu-core")
"""Debian's packages; a font, as a page without one is no page."""
DIALYZER = "1"
"""To be counted up when ``tests/ground/erlang.py make-dialyzer`` makes something else."""
LOCK = CACHE / ".external-tools.lock"


def install_browser() -> None:
    """Has the browser installed."""
    with locked(LOCK, "installation of the browser"):
        query = run(["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n", *BROWSER], check=False)
        missing = [package for package in BROWSER if "%s installed" % package not in query.stdout.splitlines()]
        if missing:
            with step("packages: " + ", ".join(missing)):
                run(["apt-get", "-q", "update"])
                run(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y", "--no-install-recommends", "install", *missing])


def promtool() -> Path:
    """The directory that holds ``promtool``, taken out of Debian's package: installed, that would start a server."""
    directory = CACHE / "promtool"
    with locked(LOCK, "fetching of promtool"):
        if not (directory / "promtool").exists():
            with step("promtool, once"):
                new = directory.with_name("promtool.new")
                shutil.rmtree(new, ignore_errors=True)
                new.mkdir(parents=True)
                run(["apt-get", "-q", "update"])
                run(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", "prometheus"], cwd=new)
                (package,) = new.glob("prometheus_*.deb")
                run(["sh", "-c", 'dpkg-deb --fsys-tarfile "$0" | tar -x --strip-components=3 ./usr/bin/promtool', package], cwd=new)
                package.unlink()
                new.rename(directory)
    return directory


def dialyzer(suite: str, root: str) -> Path:
    """A directory with OTP's dialyzer (``dialyzer``) and what it knows of the applications of ``suite`` (``plt``).

    ``root`` has the layers of a root file system with that OTP.
    """
    program = CHECKOUT / "tests" / "ground" / "erlang.py"
    tree = sources.tree(suite)
    directory = CACHE / ("dialyzer-%s-%s" % (suite, recipe(DIALYZER, root, tree.parent.name)))
    with locked(CACHE / (".dialyzer-%s.lock" % suite), "build of dialyzer"):
        if not directory.exists():
            with step("dialyzer for the OTP of %s, once" % suite):
                new = start_entry(directory)
                run([program.with_name("with-erl"), root, sys.executable, program, "make-dialyzer", tree, new])
                finish_entry(new, directory, "dialyzer-%s-*" % suite)
    return directory
