# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OTPs of tests and benchmarks: built with the applications of the example and no others, so that it takes minutes, or packed from packages."""

from __future__ import annotations

import copy
import gzip
import io
import tarfile
from pathlib import Path
from typing import Any

from lab import roots, sources
from lab.settings import CACHE
from lab.shell import locked, step

NEEDED = frozenset(
    [
        "asn1",
        "compiler",
        "crypto",
        "erl_interface",
        "kernel",
        "mnesia",
        "parsetools",
        "public_key",
        "runtime_tools",
        "sasl",
        "ssl",
        "stdlib",
    ]
)
"""The applications that stay: what the example needs, and what an OTP cannot be built without."""
QUICK = {"CFLAGS": "-O1 -fstack-protector-strong -D_FORTIFY_SOURCE=2", "LDFLAGS": "-Wl,-z,relro -Wl,-z,now"}
"""Hardened as by default, and compiled in less time."""


def options(suite: str) -> list[str]:
    """Arguments of configure that leave out every application that is not needed."""
    applications = sorted(path.parent.name for path in (sources.tree(suite) / "lib").glob("*/vsn.mk"))
    left_out = [name for name in [*applications, "javac"] if name not in NEEDED]
    return ["--with-ssl", "--enable-pie", *("--without-" + name for name in left_out)]


def variables(suite: str, archive: Path | None = None) -> dict[str, Any]:
    """The variables by which the OTP of a suite is built, from ``archive`` where it is given (see :func:`compiled_source`)."""
    archive = archive or sources.archive(suite)
    return {
        "erlang_otp_source": "build",
        "erlang_otp_build_source": str(archive),
        "erlang_otp_build_options": options(suite),
        "erlang_otp_build_environment": QUICK,
        "erlang_otp_allow_below_floor": [archive.name[len("otp-") : -len(".tar.gz")]],
    }


_MAKEFILE = """\
all:
\tcd made && ./Install -minimal $(CURDIR)/made
\tfor module in $$(ls lib/ssl/src | grep inet_tls_dist); do made/bin/erlc +debug_info -I lib/ssl/src -o made/lib/ssl-*/ebin lib/ssl/src/$$module; done

release:
\tmkdir -p $(RELEASE_ROOT) && cp -a made/. $(RELEASE_ROOT)
"""


def compiled_source(suite: str, built: Path, directory: Path) -> Path:
    """An archive that builds as the source of a suite's OTP does, in seconds: all of it is compiled already but for what the patch changes.

    ``built`` is the archive of that OTP as a build left it, on a system that is no newer than the one where this is built: a program runs
    with a C library that is newer than its own, not with one that is older. Configuring, patching, compiling the patched module with the OTP
    itself, installing and packing are done for real. The same ``built`` gives the same bytes.
    """
    tree = sources.tree(suite)
    version = (tree / "OTP_VERSION").read_text().strip()
    path = directory / ("otp-%s.tar.gz" % version)
    new = path.with_name(path.name + ".new")
    with new.open("wb") as stream, gzip.GzipFile("", "wb", 1, stream, mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as tar:

        def add(name: str, content: bytes, mode: int = 0o644) -> None:
            member = tarfile.TarInfo("otp/" + name)
            member.size, member.mode = len(content), mode
            tar.addfile(member, io.BytesIO(content))

        add("OTP_VERSION", (version + "\n").encode())
        add("configure", b"#!/bin/sh\nset -eu\nprintf '%s\\n' \"$@\" > configured\ncc --version\n", 0o755)
        add("Makefile", _MAKEFILE.encode())
        for source in sorted((tree / "lib" / "ssl" / "src").glob("*.[eh]rl")):
            add("lib/ssl/src/" + source.name, source.read_bytes())
        with tarfile.open(built) as old:
            for member in old:
                if member.name != "manifest.json" and not member.name.endswith("/inet_tls_dist.beam"):
                    content = old.extractfile(member) if member.isfile() else None
                    tar.addfile(_moved(member), content)
    new.rename(path)
    return path


def _moved(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """The same file or directory in the directory of what is made already."""
    moved = copy.copy(member)
    moved.name, moved.mtime = "otp/made/" + member.name, 0
    if member.islnk():
        moved.linkname = "otp/made/" + member.linkname
    return moved


_INSTALL = """\
#!/bin/sh
# Install -cross -minimal ROOT: writes where the OTP lies into its start scripts.
grep -rlI '=/usr/lib/erlang$' bin erts-*/bin | xargs sed -i "s|=/usr/lib/erlang$|=$3|"
"""


def packed(suite: str) -> Path:
    """The OTP of a suite's packages as an archive that ``erlang_otp_archive`` takes, so that OTPs lie side by side on a host without being compiled."""
    layer = roots.with_otp(suite)
    directory = CACHE / ("packed-%s-%s" % (suite, roots.recipe(layer.parent.name, _INSTALL)))
    if not directory.exists():
        with locked(CACHE / (".packed-%s.lock" % suite), "packing of the OTP of %s" % suite):
            if not directory.exists():
                with step("OTP of %s as an archive, once" % suite):
                    new = roots.start_entry(directory)
                    _pack(layer / "usr" / "lib" / "erlang", new)
                    roots.finish_entry(new, directory, "packed-%s-*" % suite)
    return next(roots.used(directory).glob("*.tar.gz"))


def _pack(otp: Path, directory: Path) -> None:
    version = next(otp.glob("releases/*/OTP_VERSION")).read_text().strip()
    with tarfile.open(directory / ("%s-packed.tar.gz" % version), "w:gz", compresslevel=1) as tar:
        script = tarfile.TarInfo("Install")
        script.size, script.mode = len(_INSTALL), 0o755
        tar.addfile(script, io.BytesIO(_INSTALL.encode()))
        for path in sorted(otp.iterdir()):
            tar.add(path, path.name)
