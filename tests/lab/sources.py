# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sources of OTP in the cache: those that Debian's suites build their packages from, as a tree and as an archive."""

from __future__ import annotations

import lzma
import re
import shutil
import tarfile
from pathlib import Path

from lab.roots import finish_entry, recipe, start_entry, used
from lab.settings import CACHE
from lab.shell import Failed, locked, run, step

ABSENT = ("lib/common_test/priv/jquery-latest.js", "lib/common_test/priv/jquery.tablesorter.min.js")
"""What Debian leaves out of the sources and `make install` installs; empty files take its place."""
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
DEBOOTSTRAP = Path("/usr/sbin/debootstrap")
FORMAT = "1"
"""To be counted up when :func:`_make` makes something else."""


def tree(suite: str) -> Path:
    """The source tree, unpacked, for reading: whoever builds in it takes a copy."""
    return _cached(suite) / "tree"


def archive(suite: str) -> Path:
    """The same as an archive, ``otp-VERSION.tar.gz``, whose bytes are the same however often it is made."""
    return next(_cached(suite).glob("otp-*.tar.gz"))


def _cached(suite: str) -> Path:
    directory = CACHE / ("sources-%s-%s" % (suite, recipe(FORMAT, *ABSENT)))
    if not directory.exists():
        with locked(CACHE / (".sources-%s.lock" % suite), "download of OTP's sources"):
            if not directory.exists():
                with step("sources of the OTP of %s, once" % suite):
                    new = start_entry(directory)
                    _make(new, suite)
                    finish_entry(new, directory, "sources-%s-*" % suite)
    return used(directory)


def _make(new: Path, suite: str) -> None:
    """Downloads the upstream part of the source package and makes tree and archive of it."""
    download = new / "download"
    _download(download, suite)
    plain = new / "plain.tar"
    with lzma.open(next(download.glob("*.orig.tar.xz"))) as packed, plain.open("wb") as unpacked:
        shutil.copyfileobj(packed, unpacked)
    _complete(plain)
    (new / "tree").mkdir()
    run(["tar", "--extract", "--file", plain, "--strip-components=1", "--directory", new / "tree"])
    version = (new / "tree" / "OTP_VERSION").read_text().strip()
    run(["gzip", "--no-name", "--fast", plain])
    (new / "plain.tar.gz").rename(new / ("otp-%s.tar.gz" % version))
    shutil.rmtree(download)


def _download(directory: Path, suite: str) -> None:
    """Has apt, with lists of its own, download and check the upstream part of the source package."""
    for name in ("lists/partial", "archives/partial"):
        (directory / name).mkdir(parents=True)
    (directory / "sources.list").write_text("deb-src [signed-by=%s] %s %s main\n" % (KEYRING, mirror(), suite))
    settings = {
        "Dir::Etc::sourcelist": directory / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State": directory,
        "Dir::State::status": "/dev/null",
        "Dir::Cache": directory,
    }
    apt = ["apt-get", "--quiet", *("--option=%s=%s" % setting for setting in settings.items())]
    run([*apt, "--error-on=any", "update"])
    run([*apt, "--download-only", "--tar-only", "source", "erlang"], cwd=directory)


def mirror() -> str:
    """Where debootstrap looks if it is not told."""
    found = re.search(r'^DEF_MIRROR="(\S+)"$', DEBOOTSTRAP.read_text(), re.MULTILINE)
    if not found:
        raise Failed("lab: %s does not say what mirror it takes" % DEBOOTSTRAP)
    return found.group(1)


def _complete(plain: Path) -> None:
    """Adds empty files for what is absent."""
    with tarfile.open(plain) as old:
        top = old.getnames()[0].split("/")[0]
    with tarfile.open(plain, "a") as new:
        for name in ABSENT:
            new.addfile(tarfile.TarInfo("%s/%s" % (top, name)))
