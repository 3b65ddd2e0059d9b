# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of others' text reaches a terminal, and what of a unit's file is for another process."""

from __future__ import annotations

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._system import harmless, sandbox

UNIT = """\
# /etc/systemd/system/erlang-guard.service
[Unit]
AssertPathExists=/run/x

[Service]
Type=notify
User=merl
# ProtectSystem=no
RuntimeDirectory=erlang-guard
Environment="SECRET=x"
EnvironmentFile=/etc/erlang/guard/environment
ExecStartPre=/bin/true
ExecStart=/usr/bin/erl -args_file /x \\
    User=root
CapabilityBoundingSet=
ReadWritePaths=/var/lib/merl/guard \\
    /srv/data
RemoveIPC=yes
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SettingToCome=yes

[Install]
WantedBy=multi-user.target
# /etc/systemd/system/erlang-guard.service.d/own.conf
[Service]
ProtectSystem = strict
"""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\n", "a\tb\n"),
        ("\x1b[2J\x07", "\\x{1B}[2J\\x{7}"),
        ("up\rover", "up\\x{D}over"),
        ("\x9b31m", "\\x{9B}31m"),
        ("\u202eback", "\\x{202E}back"),
        ("gr\u00fc\u00df \u4e16", "gr\u00fc\u00df \u4e16"),
    ],
)
def test_what_moves_a_terminal_is_written_out(text: str, shown: str) -> None:
    assert harmless.harmless(text) == shown
    assert harmless.Harmless()(text.encode(), True) == shown.encode()


def test_characters_may_come_in_pieces() -> None:
    hand_on = harmless.Harmless()
    assert (
        b"".join(hand_on(bytes((byte,)), last) for byte, last in zip("\u00fc\u4e16".encode(), [False] * 4 + [True]))
        == "\u00fc\u4e16".encode()
    )
    assert harmless.Harmless()(b"\xff\xe4", True) == b"\\xff\\xe4"


def test_the_sandbox_of_a_unit() -> None:
    """Drop-ins and settings that nobody knows yet included; what is about the service itself, and its secrets, left out."""
    assert sandbox.properties(UNIT) == [
        "User=merl",
        "CapabilityBoundingSet=",
        "ReadWritePaths=/var/lib/merl/guard  /srv/data",
        "SystemCallFilter=@system-service",
        "SystemCallFilter=~@privileged",
        "SettingToCome=yes",
        "ProtectSystem=strict",
    ]
