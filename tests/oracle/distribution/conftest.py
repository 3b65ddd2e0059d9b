# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real Erlang nodes on loopback, with certificates made by openssl. These tests run where ``erl`` is on the path."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.network import Peer
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.prober import Prober
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.tls import Credentials

collect_ignore_glob = [] if shutil.which("erl") else ["test_*.py"]

COOKIE = "a-cookie-for-tests"
DOMAIN = "mesh.example.net"
START_SECONDS = 30
P_256 = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")
CA = ["-x509", "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"]


def openssl(*arguments: str, directory: Path) -> None:
    """Run openssl in a directory; show what it said when it fails."""
    done = subprocess.run(["openssl", *arguments], cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(done.stderr)


class Authority:
    """A CA in a directory of its own."""

    def __init__(self, directory: Path, name: str) -> None:
        self.directory = directory
        self.name = name
        openssl(
            "req", *CA, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=" + name,
            "-days", "30",
            "-keyout", name + ".key", "-out", name + ".pem", directory=directory,
        )  # fmt: skip

    @property
    def certificate(self) -> Path:
        """The CA's certificate."""
        return self.directory / (self.name + ".pem")

    def issue(self, label: str, dns: str, *validity: str, usage: str = "serverAuth,clientAuth", key: Sequence[str] = P_256) -> Path:
        """Return a PEM file with a certificate for dns and its key, which is of the kind that these arguments of openssl say."""
        extensions = self.directory / (label + ".ext")
        extensions.write_text(
            "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=%s\nsubjectAltName=DNS:%s\n" % (usage, dns)
        )
        openssl(
            "req", "-new", "-newkey", *key, "-nodes", "-subj", "/CN=" + dns,
            "-keyout", label + ".key", "-out", label + ".csr", directory=self.directory,
        )  # fmt: skip
        openssl(
            "x509", "-req", "-in", label + ".csr", "-CA", self.name + ".pem", "-CAkey", self.name + ".key",
            "-CAcreateserial",
            "-extfile", extensions.name, *(validity or ("-days", "10")), "-out", label + ".crt",
            directory=self.directory,
        )  # fmt: skip
        both = self.directory / (label + ".node.pem")
        both.write_text((self.directory / (label + ".key")).read_text() + (self.directory / (label + ".crt")).read_text())
        return both


class Node:
    """One running ``erl``."""

    def __init__(self, process: subprocess.Popen[str], name: str, address: str, port: int, log: Path) -> None:
        self.process = process
        self.name = name
        self.address = address
        self.port = port
        self.log = log

    @property
    def peer(self) -> Peer:
        """The node as something to connect to."""
        return Peer.of(self.name, (self.address,), self.port)

    def stop(self) -> None:
        """End the node and wait for it."""
        self.process.kill()
        self.process.wait(10)


class Mesh:
    """Starts nodes that share a port, a CA, a cookie and a table of names, each on a loopback address of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.authority = Authority(directory, "ca")
        self.port = free_port()
        self.nodes: list[Node] = []
        self.cookie_file = directory / "cookie"
        self.cookie_file.write_text(COOKIE + "\n")
        self.cookie_file.chmod(0o400)
        hosts = "".join('{host, {127,0,0,%d}, ["%s"]}.\n' % (number, host(number)) for number in range(1, 7))
        (directory / "inetrc").write_text("{lookup, [file]}.\n" + hosts)

    def start(
        self,
        number: int,
        certificate: Path | None = None,
        plain: bool = False,
        version: str = "1.3",
        without: str = "",
        ticktime: int = 60,
        further: str = "",
        written: str = "",
        code: Path | None = None,
    ) -> Node:
        """Start the node ``guard`` of host number, bound to 127.0.0.number, and wait until it listens and knows who is
        allowed.

        ``without`` takes one protection away: ``certificates`` of clients are not asked for, their ``authority`` is not
        looked at, their ``names`` are not held against their certificates. ``ticktime`` is the node's
        ``net_ticktime`` in seconds, ``further`` an option of TLS for both sides, written in Erlang, and ``written`` several that
        take the place of ``version``. ``code`` is a directory of compiled modules.
        """
        home = self.directory / ("home%d" % number)
        home.mkdir()
        (home / ".erlang.cookie").write_text(COOKIE)
        (home / ".erlang.cookie").chmod(0o400)
        both = certificate or self.authority.issue("host%d" % number, host(number))
        side = '{certfile,"%s"},{cacertfile,"%s"},%s,{verify,verify_peer}%s' % (
            both,
            self.authority.certificate,
            written or "{versions,['tlsv%s']}" % version,
            further and "," + further,
        )
        demanded = "false" if without == "certificates" else "true"
        server = side.replace("verify_peer", "verify_none") if without == "authority" else side
        server += "" if without == "authority" else ",{fail_if_no_peer_cert,%s}" % demanded
        options = home / "tls.conf"
        options.write_text("[{server,[%s]},{client,[%s]}].\n" % (server, side))
        allowed = ",".join("'guard@%s'" % host(other) for other in range(1, 5) if without != "names")
        secured = [] if plain else ["-proto_dist", "inet_tls", "-ssl_dist_optfile", str(options)]
        secured += ["-pa", str(code)] if code is not None else []
        name = "guard@" + host(number)
        arguments = [
            "erl", "-noinput", "-noshell", *secured, "-start_epmd", "false", "-erl_epmd_port", str(self.port), "-name",
            name,
            "-kernel", "inetrc", '"%s"' % (self.directory / "inetrc"), "inet_dist_use_interface", "{127,0,0,%d}" %
            number, "net_ticktime", str(ticktime),
            "-eval", "net_kernel:allow([%s]), io:format(\"ready~n\")." % allowed,
        ]  # fmt: skip
        log = home / "log"
        with log.open("w", encoding="utf-8") as output:
            process = subprocess.Popen(
                arguments,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                env={**os.environ, "HOME": str(home)},
                cwd=str(home),
            )
        node = Node(process, name, "127.0.0.%d" % number, self.port, log)
        self.nodes.append(node)
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first == "ready\n", first + log.read_text()
        return node

    def prober(self, number: int, certificate: Path | None = None, cookie_file: Path | None = None, trust: Path | None = None) -> Prober:
        """Return what host number brings to its attempts."""
        both = certificate or self.directory / ("host%d.node.pem" % number)
        if not both.exists():
            self.authority.issue("host%d" % number, host(number))
        credentials = Credentials(str(both), str(trust or self.authority.certificate))
        return Prober(host(number), credentials, str(cookie_file or self.cookie_file), 3.0)


def host(number: int) -> str:
    """Return the host part of host number."""
    return "host%d.%s" % (number, DOMAIN)


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """Two nodes that are as they should be, host 1 and host 2, and room for more."""
    made = Mesh(tmp_path_factory.mktemp("mesh"))
    try:
        made.start(1)
        made.start(2)
        yield made
    finally:
        for node in made.nodes:
            node.stop()
