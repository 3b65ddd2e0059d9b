# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines that a user may add to a unit, held against a real systemd: it knows them, and takes what our check takes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import unit_settings

SAMPLES = {
    "time": ["30s", "1min 30s", "infinity", 5],
    "count": [0, 7],
    "nice": [-20, 0, 19],
    "adjustment": [-1000, 1000],
    "priority": [0, 7],
    "size": ["512M", "1.5G", "50%", "infinity", 1048576],
    "limit": ["65536", "1024:4096", "infinity"],
    "tasks": [100, "80%", "infinity"],
    "weight": [1, 10000],
    "quota": ["150%"],
    "processors": ["0-3", "0,2"],
    "flag": ["yes", True, "off"],
    "units": ["postgresql.service", "a@b.service x.target srv-data.mount"],
    "slice": ["system.slice"],
    "places": ["/srv/data /srv/other"],
    "paths": ["/srv/data", "-/srv/a +/srv/b"],
    "directories": ["guard", "guard/a b"],
    "mode": ["0750", "750"],
    "device": ["/dev/null 1M"],
    "credential": ["token:/etc/token"],
    "encrypted": ["token: AAAA"],
    "level": ["info"],
    "restart": ["always"],
    "oom": ["continue"],
    "numa": ["default"],
    "facility": ["daemon", "local7"],
    "policy": ["batch"],
    "io": ["idle"],
    "status": ["0 143", "SIGKILL"],
    "calls": ["~@mount reboot"],
    "addresses": ["man:erl(1)", "https://www.erlang.org/"],
    "name": ["guard"],
    "text": ["A=b"],
}
ODD = {
    "RestartSteps": [3],
    "CPUQuotaPeriodSec": ["20ms"],
    "LimitCPU": ["60"],
    "ImportCredential": ["token"],
    "IODeviceWeight": ["/dev/null 100"],
    "NUMAMask": ["0"],
    "AllowedMemoryNodes": ["0"],
    "ConditionPathExists": ["!/run/%n"],
}
"""Directives of which not every value of their kind is one of theirs."""
NEWER = ("ImportCredential", "LogFilterPatterns", "MemoryZSwapMax", "RestartMaxDelaySec", "RestartSteps", "StartupMemory", "WantsMountsFor")
"""How directives begin that a systemd before 254 does not know; it leaves them out."""


def verified(directory: Path, settings: dict[str, dict[str, object]]) -> list[str]:
    """What systemd has to say of a unit with these lines."""
    lines = []
    for section, directives in settings.items():
        lines += ["[%s]" % section, *(["ExecStart=/bin/true"] if section == "Service" else [])]
        lines += [
            "%s=%s" % (name, value) for name, values in directives.items() for value in (values if isinstance(values, list) else [values])
        ]
    (directory / "x.service").write_text("\n".join(lines) + "\n")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "./x.service"], cwd=directory, capture_output=True, text=True, timeout=60, check=False
    )
    # Units that it names need not be there.
    return [line for line in done.stderr.splitlines() if "x.service" in line and "not found" not in line]


def test_systemd_takes_what_may_be_set(tmp_path: Path) -> None:
    settings = {
        section: {
            name: ODD.get(name, SAMPLES[kind])
            for name, kind in known.items()
            if not name.startswith(("Assert", "Condition")) or name in ODD
        }
        for section, known in unit_settings.ALLOWED.items()
    }
    assert list(unit_settings.problems(settings)) == []
    said = [line for line in verified(tmp_path, settings) if not re.search("Unknown key( name)? '(%s)" % "|".join(NEWER), line)]
    assert said == [], "\n".join(said)


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("Service", "Bogus", "x"),
        ("Service", "RestartSec", "soon"),
        ("Service", "Nice", 20),
        ("Service", "MemoryMax", "lots"),
        ("Service", "CPUWeight", 0),
        ("Unit", "After", "a b"),
    ],
)
def test_what_systemd_would_not_take_is_refused(tmp_path: Path, section: str, name: str, value: object) -> None:
    """Systemd only says so in its journal, leaves the line out and starts the unit."""
    assert verified(tmp_path, {"Unit": {}, "Service": {}, section: {name: value}}) != []
    assert list(unit_settings.problems({section: {name: value}})) != []


def test_every_condition_is_known(tmp_path: Path) -> None:
    names = [name for name in unit_settings.ALLOWED["Unit"] if name.startswith(("Assert", "Condition"))]
    assert [line for line in verified(tmp_path, {"Unit": dict.fromkeys(names, ""), "Service": {}}) if "Unknown" in line] == []
