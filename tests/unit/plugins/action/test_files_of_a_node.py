# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action node_files in a real run, in check mode: on a host without a node, all it would write is shown, and nothing that is secret."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.action import node_files as action
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.topology import build
from variables import with_defaults

COLLECTIONS = Path(action.__file__).parents[5]
SECRET = "SecretSecretSecretSecret"
SURVEY = {
    "otp": None,
    "boots": 2,
    "digests": {},
    "files": {},
    "units": {"erlang-guard-of-tests.service": {"load": "not-found", "active": "inactive", "needs_reload": False}},
}
CHOSEN: dict[str, t.Any] = {
    "sys_config": {"guard": {"password": SECRET}},
    "environment": {"TOKEN": SECRET},
    "vm_args": ["+P", "300000"],
    "unit_settings": {"Service": {"LimitNOFILE": 70000}},
    "buffer_bytes": 4096,
    "tls_versions": ["tlsv1.3"],
    "tls_options": {},
    "connect": "true",
    "cookie": SECRET,
    "trust": "-----BEGIN\n",
}


def run(directory: Path, **changes: t.Any) -> tuple[int, str]:
    host = {
        "erlang_cluster_directory": "/cluster",
        "erlang_cluster_name": "guard-of-tests",
        "erlang_node_host": "alpha.example.net",
        "erlang_node_addresses": ["198.18.1.10"],
    }
    facts = {"erlang_cluster_topology": build(with_defaults({"alpha": host}), lambda name: [], pytest.fail), "erlang_survey": SURVEY}
    tasks = [
        {"ansible.builtin.set_fact": {**facts, "cacheable": True}, "no_log": True},
        {"beam.tls_distribution.node_files": {**CHOSEN, **changes}, "register": "written"},
        {"ansible.builtin.debug": {"msg": "state {{ written.service_state }}, {{ written.change.class }} {{ written.change.generation }}"}},
    ]
    play = {"hosts": "alpha", "gather_facts": False, "connection": "local", "tasks": tasks}
    (directory / "play.json").write_text(json.dumps([play]))
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_LOCAL_TEMP": str(directory / "tmp"),
        "ANSIBLE_REMOTE_TEMP": str(directory / "tmp"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
    }
    argv = [sys.executable, "-m", "ansible", "playbook", "-i", "alpha,", "play.json", "--check", "--diff", "-vvv"]
    done = subprocess.run(argv, cwd=directory, env=environment, check=False, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def test_settings_are_shown_programs_are_summed_up_and_secrets_are_not_there(tmp_path: Path) -> None:
    code, out = run(tmp_path)
    assert code == 0 and "state started, start 1" in out, out
    assert "+LimitNOFILE=70000" in out and "+{connect, true}." in out and "+-beam_tls_peers" in out
    assert "+Erlang module, " in out and "+-module(beam_tls_epmd)" not in out
    assert SECRET not in out
    assert "/opt/erlang/nodes/guard-of-tests/current/sys.config (new): content not shown" in out
    assert not Path("/etc/erlang/guard-of-tests").exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"sys_config": {"guard": {"password": {"$atom": [SECRET]}}}},
            "erlang_node_sys_config 'guard.password' has a value that stands for no",
        ),
        ({"environment": {"TOKEN": SECRET + "\0"}}, "erlang_node_environment 'TOKEN' has a value with a zero byte"),
        ({"environment": {"HOME": SECRET}}, "erlang_node_environment 'HOME' is the role's own; use erlang_account_home."),
        ({"vm_args": ["-name", "x@y"]}, "erlang_node_vm_args '-name'"),
        ({"buffer_bytes": 1}, "erlang_node_buffer_bytes 1"),
    ],
)
def test_what_cannot_be_used_is_named_without_its_value(tmp_path: Path, changes: dict[str, t.Any], sentence: str) -> None:
    code, out = run(tmp_path, **changes)
    assert code != 0 and sentence in " ".join(out.split()), out
    assert SECRET not in out
