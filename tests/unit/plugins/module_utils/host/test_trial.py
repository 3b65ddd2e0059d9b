# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import commands, trial

FLAGS = """\
# Made by Ansible.
-name
guard@alpha.example.net
-proto_dist inet_tls
-ssl_dist_optfile
/etc/erlang/guard/inet_tls.conf
-epmd_module beam_tls_epmd
-start_epmd false
-beam_tls_peers /etc/erlang/guard/peers.config
-pa
/opt/erlang/nodes/guard/generations/1/ebin
-boot /opt/erlang/nodes/guard/generations/1/boot/start_ssl_clean
-config /opt/erlang/nodes/guard/generations/1/sys.config
-noinput
-s my_app start -1
+P
500000
-kernel start_timer '[{a, "b c"}]'
-setcookie secret
-extra -name x
"""


def test_flags_of_a_trial() -> None:
    assert trial.arguments(FLAGS) == [
        *("-pa", "/opt/erlang/nodes/guard/generations/1/ebin"),
        *("-config", "/opt/erlang/nodes/guard/generations/1/sys.config"),
        *("-noinput", "+P", "500000", "-kernel", "start_timer", '[{a, "b c"}]'),
    ]


@pytest.mark.parametrize(
    ("word", "flag"), [("-name", True), ("+P", True), ("-1", False), ("+1", False), ("-", False), ("a", False), ("", False)]
)
def test_what_begins_a_flag(word: str, flag: bool) -> None:
    assert trial.is_flag(word) is flag


def test_directories_that_the_node_writes_to() -> None:
    properties = [
        "ReadWritePaths=/var/lib/merl/guard",
        'ReadWritePaths=-/var/log/guard "+/srv/a b"',
        "ProtectSystem=strict",
        "ReadWritePaths=",
    ]
    assert trial.written(properties, "/var/lib/merl/guard") == ["/var/lib/merl/guard", "/var/log/guard", "/srv/a b"]


def test_an_attempt(tmp_path: Path) -> None:
    (tmp_path / "unit").write_text("[Service]\nExecStart=/bin/erl\nUser=merl\nProtectSystem=strict\nReadWritePaths=/var/log/guard\n")
    (tmp_path / "vm.args").write_text(FLAGS)
    (tmp_path / "about.json").write_text("{}")
    seen: list[list[str]] = []

    def run(argv: Sequence[str]) -> commands.Outcome:
        seen.append(list(argv))
        return commands.Outcome(1, "said\n", "bad flag\n")

    outcome = trial.attempt(str(tmp_path), "merl", "/var/lib/merl/guard", run)
    assert outcome == trial.Outcome(False, "said\n\nbad flag\n")
    (argv,) = seen
    assert argv[0] == "systemd-run" and "--property=ProtectSystem=strict" in argv and "--property=User=merl" in argv
    assert "--property=TemporaryFileSystem=/var/log/guard:mode=0777" in argv
    assert not [word for word in argv if "ExecStart" in word or "inet_tls" in word or "secret" in word]
    assert argv[argv.index(str(tmp_path / "erl")) + 1 : argv.index("-pa")] == ["-boot", "start_clean", "-noinput"]


def test_the_code_of_the_release_is_found(tmp_path: Path) -> None:
    (tmp_path / "app" / "lib" / "guard-1.0" / "ebin").mkdir(parents=True)
    (tmp_path / "about.json").write_text('{"release": "%s/app/"}' % tmp_path)
    assert trial.code_path(str(tmp_path)) == [str(tmp_path / "app" / "lib" / "guard-1.0" / "ebin")]
