# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The caller's process of the control command: what it lets through of the process that asks, whatever that one does."""

from __future__ import annotations

import sys

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import asking
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.asking import Refusal
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.node_configuration import Texts
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import control

VM_ARGS = "-name\nx@alpha.example.net\n-proto_dist\ninet_tls\n-epmd_port\n4444\n"
TLS = '[{server,[]},{client,[{certfile,"/n.pem"},{keyfile,"/n.key"},{cacertfile,"/c.pem"},{versions,[\'tlsv1.2\',\'tlsv1.3\']}]}].'
PEERS = (
    "{listen_port, 4370}.\n{epmd, true}.\n{peer, 'x@alpha.example.net', \"127.0.0.1\", 4370}.\n"
    "{peer, 'x@bravo.example.net', resolve, epmd}.\n{peer, 'x@carol.example.net', \"198.18.3.10\", 4371}.\n"
)
TEXTS = {"vm.args": VM_ARGS, "inet_tls.conf": TLS, "peers.config": PEERS}


def reader(directory: str, files: dict[str, str]) -> Texts:
    """Return what reads the files of a directory, which are given by their names."""
    held = {"%s/%s" % (directory, name): text for name, text in files.items()}
    return lambda paths: {path: held[path] for path in paths if path in held}


def relay(program: str, seconds: float = 30) -> int:
    """Relay what a Python program does."""
    return control._relay([sys.executable, "-I", "-c", program], {"PATH": "/usr/bin:/bin"}, seconds)


def test_it_shows_both_outputs_made_harmless(capfd: pytest.CaptureFixture[str]) -> None:
    assert relay("import sys; print('a\\x1b[2Jb'); sys.stderr.write('why\\x07'); sys.exit(3)") == 1
    shown = capfd.readouterr()
    assert (shown.out, shown.err) == ("a\\x{1B}[2Jb\n", "why\\x{7}")
    assert relay("print('fine')") == 0


def test_the_process_that_asks_has_no_terminal_and_no_input(capfd: pytest.CaptureFixture[str]) -> None:
    assert relay("import os; print(os.getsid(0) == os.getpid(), os.read(0, 1))") == 0
    assert capfd.readouterr().out == "True b''\n"


def test_endless_output_ends(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "SHOWN", 100000)
    with pytest.raises(Refusal, match="the answer is longer than 100000 bytes"):
        relay("while True: print('x' * 1000)")
    assert len(capfd.readouterr().out) <= 100000


def test_a_process_that_hangs_is_ended() -> None:
    with pytest.raises(Refusal, match="there was no answer in time"):
        relay("import time; time.sleep(600)", 0.2)


def test_what_a_node_s_files_say() -> None:
    own = asking.own("x@alpha.example.net", "/etc/erlang/x", reader("/etc/erlang/x", TEXTS), "/cookie")
    found = own.prober.credentials
    assert (found.certfile, found.keyfile, found.cacertfile) == ("/n.pem", "/n.key", "/c.pem")
    assert (found.minimum_version, found.maximum_version) == ("TLSv1.2", "TLSv1.3")
    assert own.prober.host == "alpha.example.net" and own.prober.cookie_file == "/cookie"
    places = {peer.host[:5]: (peer.addresses, peer.port, peer.epmd_port) for peer in own.peers.values()}
    assert places == {"alpha": (("127.0.0.1",), 4370, None), "bravo": ((), None, 4444), "carol": (("198.18.3.10",), 4371, None)}


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"peers.config": None}, "/etc/x/peers.config cannot be read; run the playbook again for this host"),
        ({"peers.config": "{peer, "}, "/etc/x/peers.config: "),
        ({"peers.config": "{epmd, true}."}, "it lists no peer"),
        ({"inet_tls.conf": "x."}, "/etc/x/inet_tls.conf: it does not hold one list"),
        ({"vm.args": "'"}, "/etc/x/vm.args: its quotation marks do not match"),
    ],
)
def test_files_that_do_not_serve(changed: dict[str, str | None], sentence: str) -> None:
    texts = {name: text for name, text in {**TEXTS, **changed}.items() if text is not None}
    with pytest.raises(Refusal) as refused:
        asking.own("x@alpha", "/etc/x", reader("/etc/x", texts), "/cookie")
    assert sentence in str(refused.value)
