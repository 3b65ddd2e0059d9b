# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many real nodes on the hosts of the lab, several on each, and commands beside them.

All nodes have the TLS options and the epmd module that the role gives to a node; they find each other by a table
(discovery ``map``), as each has a port of its own. Processes run in the mounts and the network of a host.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import ansible
from lab import hosts, lifecycle, network
from lab.settings import CHECKOUT, HOSTS, Host

PLACE = Path("/opt/bench")
"""On each host: certificate, trust, cookie, table of peers, modules of a node, and the check as Ansible sends it."""

MODULE, BARE = Path("plugins/modules/node_ping.py"), Path("tests/bench/probe_peers.py")
"""The check as a module, and without what Ansible puts around it."""

FIRST_PORT = 5000
PATIENCE = 120.0
"""Seconds that a node may take to be up."""

_EXTENSIONS = "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=DNS:%s\n"
_CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
_SIDE = '{certfile,"%s/node.pem"},{cacertfile,"%s/ca.pem"},{versions,[\'tlsv1.3\']},{verify,verify_peer}' % (PLACE, PLACE)
_TLS = "[{server,[%s,{fail_if_no_peer_cert,true}]},{client,[%s]}].\n" % (_SIDE, _SIDE)


class Node(NamedTuple):
    """A node: its host, its number on it, and the port it listens on."""

    host: Host
    number: int

    @property
    def name(self) -> str:
        """The full node name."""
        return "n%d@%s" % (self.number, self.host.fqdn)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return FIRST_PORT + self.number


def nodes(count: int) -> list[Node]:
    """The first ``count`` nodes, dealt out to the hosts in turn."""
    return [Node(HOSTS[index % len(HOSTS)], index // len(HOSTS)) for index in range(count)]


def inside(host: Host) -> list[str]:
    """What a command begins with that runs on a host. It stays a process of ours, so that its computing time is ours to know."""
    number = hosts.pid(host)
    first = hosts.children(number)[0] if number else 0
    return ["nsenter", "--target=%d" % first, "--mount", "--net", "env", "--chdir=%s" % PLACE, "HOME=%s" % PLACE, "LC_ALL=C.UTF-8"]


def erl(host: Host, table: str, *arguments: str) -> list[str]:
    """A distributed ``erl`` on a host, with the table of peers that it reads."""
    distribution = ["-proto_dist", "inet_tls", "-ssl_dist_optfile", "%s/tls.conf" % PLACE, "-start_epmd", "false"]
    finding = ["-epmd_module", "beam_tls_epmd", "-beam_tls_peers", "%s/%s" % (PLACE, table), "-pa", "%s/ebin" % PLACE]
    return [*inside(host), "erl", "-noinput", *distribution, *finding, "-connect_all", "false", *arguments]


class Fleet:
    """Up to ``most`` nodes, started as they are asked for."""

    def __init__(self, most: int, directory: Path) -> None:
        self.most = most
        self.directory = directory
        self.running: dict[Node, subprocess.Popen[bytes]] = {}

    def prepare(self) -> None:
        """Open the ways between the hosts, and lay down on each what its nodes and the check of them need."""
        ports = "tcp dport %d-%d accept" % (FIRST_PORT, FIRST_PORT + self.most)
        network.open_routers("chain bench {\n%s\n}" % ports, HOSTS)
        self._openssl("req", "-x509", *_CURVE, "-subj", "/CN=ca", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem")
        for host in HOSTS:
            if host.walled:
                subprocess.run([*hosts.ssh(host), "nft", "insert rule inet filter input " + ports], check=True)
            self._lay(host)
        for host in HOSTS:
            subprocess.run([*inside(host), "sh", "-c", "erlc -o ebin src/*.erl"], check=True)

    def grow(self, count: int) -> list[Node]:
        """Start what is missing of the first ``count`` nodes, and wait until all are up."""
        wanted = nodes(count)
        for start in range(0, count, 4):
            fresh = [node for node in wanted[start : start + 4] if node not in self.running]
            for node in fresh:
                self.running[node] = self._start(node)
            for node in fresh:
                self._wait(node)
        return wanted

    def computing(self) -> float:
        """Seconds of computing time that the nodes have used."""
        return sum(_computing(process.pid) for process in self.running.values())

    def stop(self) -> None:
        """End all nodes."""
        for process in self.running.values():
            process.kill()
        for process in self.running.values():
            process.wait(30)
        self.running.clear()

    def _lay(self, host: Host) -> None:
        place = hosts.root(host) / str(PLACE)[1:]
        for name in ("ebin", "src"):
            (place / name).mkdir(parents=True)
        self._issue(host, place / "node.pem")
        shutil.copy(self.directory / "ca.pem", place)
        (place / "tls.conf").write_text(_TLS)
        for cookie in ("cookie", ".erlang.cookie"):
            (place / cookie).write_text("a-cookie-of-a-bench")
            (place / cookie).chmod(0o400)
        for source in (CHECKOUT / "roles" / "erlang_node" / "files" / "src").glob("*.erl"):
            shutil.copy(source, place / "src")
        table = "".join("{peer, '%s', \"%s\", %d}.\n" % (node.name, node.host.address, node.port) for node in nodes(self.most))
        for node in nodes(self.most):
            if node.host == host:
                listening = "{listen_port, %d}.\n{epmd, false}.\n" % node.port
                (place / ("peers%d.config" % node.number)).write_text(listening + table)
        for program in (MODULE, BARE):
            shutil.copy(CHECKOUT / program, place)
        payload(place / "payload.zip")

    def _issue(self, host: Host, path: Path) -> None:
        (self.directory / "extensions").write_text(_EXTENSIONS % host.fqdn)
        self._openssl("req", "-new", *_CURVE, "-subj", "/CN=" + host.fqdn, "-keyout", "node.key", "-out", "node.csr")
        signer = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "extensions")
        self._openssl("x509", "-req", "-in", "node.csr", *signer, "-out", "node.crt")
        path.write_text((self.directory / "node.key").read_text() + (self.directory / "node.crt").read_text())

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.directory, check=True, capture_output=True)

    def _start(self, node: Node) -> subprocess.Popen[bytes]:
        log = (self.directory / node.name).open("wb")
        argv = erl(node.host, "peers%d.config" % node.number, "-name", node.name, "-eval", 'io:format("up~n").')
        with log:
            return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _wait(self, node: Node) -> None:
        end = time.monotonic() + PATIENCE
        while b"up" not in (self.directory / node.name).read_bytes():
            if time.monotonic() > end or self.running[node].poll() is not None:
                raise SystemExit("%s does not come up: %s" % (node.name, (self.directory / node.name).read_text()))
            time.sleep(0.05)


@contextlib.contextmanager
def fleet(most: int, directory: Path) -> Iterator[Fleet]:
    """A fleet on a lab of its own hosts, which is taken away afterwards."""
    lifecycle.down()
    lifecycle.up(with_otp=True, nodes=len(HOSTS))
    found = Fleet(most, directory)
    try:
        found.prepare()
        yield found
    finally:
        found.stop()
        lifecycle.down()


def payload(path: Path) -> None:
    """Pack what a module imports, as Ansible does: sources alone, which are compiled in each run."""
    trees = [
        (Path(ansible.__file__).parent / "module_utils", "ansible/module_utils"),
        (CHECKOUT / "plugins" / "module_utils", "ansible_collections/beam/tls_distribution/plugins/module_utils"),
    ]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        made = set()
        for tree, name in trees:
            for source in sorted(tree.rglob("*.py")):
                inner = Path(name) / source.relative_to(tree)
                archive.write(source, str(inner))
                made.add(inner)
        for inner in sorted({above / "__init__.py" for source in made for above in source.parents if str(above) != "."} - made):
            archive.writestr(str(inner), "")


def check(program: Path, node: Node, peers: Sequence[Node]) -> tuple[list[str], str]:
    """The command by which the host of a node checks its peers (MODULE or BARE), and its input."""
    arguments = {
        "node": node.name,
        "certfile": "%s/node.pem" % PLACE,
        "cacertfile": "%s/ca.pem" % PLACE,
        "cookie_file": "%s/cookie" % PLACE,
        "timeout": 20.0,
        "peers": [{"node": peer.name, "host": peer.host.fqdn, "address": [peer.host.address], "port": peer.port} for peer in peers],
        "_ansible_remote_tmp": "/tmp",
        "_ansible_keep_remote_files": False,
    }
    argv = [*inside(node.host), "PYTHONPATH=%s/payload.zip" % PLACE, "python3", str(PLACE / program.name)]
    return argv, json.dumps({"ANSIBLE_MODULE_ARGS": arguments})


def _computing(process: int) -> float:
    fields = Path("/proc/%d/stat" % process).read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
