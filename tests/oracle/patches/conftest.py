# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A patched ``inet_tls_dist`` of the OTP at hand, compiled by it, and nodes that run with it. These tests run where ``erl`` is on the path.

``BEAM_OTP_SOURCES`` names source trees of OTP, joined by semicolons, among them that of the OTP at hand.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import otp_source
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.otp_source import OtpSource

collect_ignore_glob = [] if shutil.which("erl") else ["test_*.py"]

CHECKOUT = Path(__file__).parents[3]
PATCHES = CHECKOUT / "roles" / "erlang_otp" / "files" / "patches"
MODULE = "lib/ssl/src/inet_tls_dist.erl"
HOST = "localhost"
START_SECONDS = 30
_READY = re.compile(r"^ready (.*)\n", re.MULTILINE)
_LISTENING = re.compile(r"^LISTEN +\d+ +(\d+) +(\S+):(\d+) .*pid=(\d+),", re.MULTILINE)


def command(*argv: object, cwd: Path | None = None) -> str:
    """What a command says; the test fails with it if the command fails."""
    done = subprocess.run([str(word) for word in argv], cwd=cwd, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise AssertionError(done.stdout + done.stderr)
    return done.stdout


def evaluated(expression: str, *flags: object) -> str:
    """What an expression prints in a node that is not distributed."""
    return command("erl", "-noinput", *flags, "-eval", expression + ", halt().")


def identified(tree: Path) -> OtpSource:
    """What the role takes a source tree for."""
    known = [otp_source.read_patch(path.name, path.read_text()) for path in sorted(PATCHES.glob("*.patch"))]

    def read(path: str) -> str | None:
        return (tree / path).read_text(encoding="utf-8", errors="replace") if (tree / path).exists() else None

    return otp_source.identify(read, known)


class Sources:
    """A copy of those files of a source tree that a patch is about, and of those that are compiled with them."""

    def __init__(self, tree: Path, directory: Path) -> None:
        self.directory = directory
        shutil.copytree(tree / "lib" / "ssl" / "src", directory / "lib" / "ssl" / "src")
        for name in ("OTP_VERSION", "erts/vsn.mk"):
            if (tree / name).exists():
                (directory / name).parent.mkdir(exist_ok=True)
                shutil.copy(tree / name, directory / name)

    def patch(self) -> str:
        """Applies the patch that fits, without fuzz, and returns what ``patch`` says."""
        chosen = PATCHES / identified(self.directory).patch
        return command("patch", "--strip=1", "--fuzz=0", "--no-backup-if-mismatch", "--input", chosen, cwd=self.directory)

    def compiled(self, *modules: str) -> Path:
        """The directory of compiled modules; a warning is an error."""
        ebin = self.directory / "ebin"
        ebin.mkdir()
        source = self.directory / "lib" / "ssl" / "src"
        command("erlc", "-Werror", "-I", source, "-o", ebin, *(source / (name + ".erl") for name in modules))
        return ebin


class Node:
    """A running ``erl``."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log

    def listening(self) -> dict[tuple[str, int], int]:
        """Addresses and ports that the node listens on, and the backlog of each."""
        sockets = _LISTENING.findall(command("ss", "--listening", "--tcp", "--numeric", "--processes"))
        return {(address, int(port)): int(backlog) for backlog, address, port, pid in sockets if int(pid) == self.process.pid}

    @property
    def ports(self) -> list[int]:
        """The ports that the node listens on."""
        return sorted(port for _address, port in self.listening())

    @property
    def said(self) -> str:
        """All that the node has said."""
        return self.log.read_text()

    def answer(self) -> str:
        """The value of the expression that the node was started with; the test fails with what it said if it ends before that."""
        until = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < until:
            found = _READY.search(self.said)
            if found:
                return found.group(1)
            time.sleep(0.02)
        raise AssertionError(self.said)

    def end(self) -> int:
        """The exit code of a node that ends by itself."""
        return self.process.wait(START_SECONDS)

    def stop(self) -> None:
        """Ends the node."""
        self.process.kill()
        self.process.wait(10)


class Nodes:
    """Starts nodes on this host; they find each other through epmd."""

    def __init__(self, directory: Path, ebin: Path) -> None:
        self.directory = directory
        self.ebin = ebin
        self.started: list[Node] = []
        self.options = directory / "tls.conf"
        command(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=" + HOST,
            "-days", "2", "-keyout", "key.pem", "-out", "cert.pem", cwd=directory,
        )  # fmt: skip
        side = '[{certfile,"%s"},{keyfile,"%s"},{verify,verify_none}]' % (directory / "cert.pem", directory / "key.pem")
        self.options.write_text("[{server,%s},{client,%s}].\n" % (side, side))
        self.hosts = directory / "inetrc"
        hosts = "".join('{host, %s, ["%s"]}.\n' % (address, HOST) for address in ("{127,0,0,1}", "{0,0,0,0,0,0,0,1}"))
        self.hosts.write_text("{lookup, [file]}.\n" + hosts)

    def begin(
        self, name: str, *flags: object, protocol: str = "inet_tls", stock: bool = False, evaluate: str = "ok", **kernel: object
    ) -> Node:
        """Begins to start a node with these kernel parameters, given as Erlang terms, which has an expression's value to say when it is up."""
        home = Path(tempfile.mkdtemp(dir=self.directory))
        parameters = [word for parameter, value in kernel.items() for word in ("-kernel", parameter, str(value))]
        argv = [
            "erl", "-noinput", "-sname", "%s@%s" % (name, HOST), "-setcookie", "of-a-test", "-proto_dist", *protocol.split(),
            "-ssl_dist_optfile", self.options, "-kernel", "inetrc", '"%s"' % self.hosts, *([] if stock else ["-pa", self.ebin]), *parameters, *flags,
            "-eval", 'io:format("ready ~0p~n", [begin ' + evaluate + " end]).",
        ]  # fmt: skip
        log = home / "log"
        with log.open("w") as stream:
            process = subprocess.Popen(
                [str(word) for word in argv], stdout=stream, stderr=subprocess.STDOUT, cwd=home, env={**os.environ, "HOME": str(home)}
            )
        self.started.append(Node(process, log))
        return self.started[-1]

    def start(self, name: str, *flags: object, **settings: Any) -> Node:
        """Starts a node as :meth:`begin` does and waits until it is up."""
        node = self.begin(name, *flags, **settings)
        node.answer()
        return node

    def stop(self) -> None:
        """Ends all of them."""
        while self.started:
            self.started.pop().stop()


@pytest.fixture(scope="session")
def release() -> str:
    """The release of the OTP at hand."""
    return evaluated("io:put_chars(erlang:system_info(otp_release))")


@pytest.fixture(scope="session")
def tree(release: str) -> Path:
    """The source tree of the OTP at hand."""
    trees = [Path(path) for path in os.environ.get("BEAM_OTP_SOURCES", "").split(";") if path]
    fitting = [path for path in trees if (path / "OTP_VERSION").read_text().split(".")[0] == release]
    assert fitting, "BEAM_OTP_SOURCES names no source tree of OTP %s; run ./lab test oracle" % release
    return fitting[0]


@pytest.fixture(scope="session")
def ebin(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The patched module of the OTP at hand, compiled."""
    sources = Sources(tree, tmp_path_factory.mktemp("sources") / "otp")
    sources.patch()
    return sources.compiled("inet_tls_dist")


@pytest.fixture
def nodes(ebin: Path, tmp_path: Path) -> Iterator[Nodes]:
    """Nodes of a test."""
    made = Nodes(tmp_path, ebin)
    yield made
    made.stop()
