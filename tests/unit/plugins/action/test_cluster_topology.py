# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action as a playbook runs it, on inventories that no host belongs to."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.beam.tls_distribution.plugins.action import cluster_topology
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import foreign
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

COLLECTIONS = Path(cluster_topology.__file__).parents[5]
PLAYBOOK = """
- hosts: "{{ erlang_cluster_group | default('erlang') }}"
  gather_facts: false
  tasks:
    - ansible.builtin.import_role:
        name: beam.tls_distribution.erlang_cluster
        tasks_from: topology
        rolespec_validate: false
      vars: {__erlang_cluster_changes: "{{ changes | default(false) }}"}
    - ansible.builtin.set_fact:
        erlang_survey: "{{ answer | default({'certificate': none, 'exists': {}}) }}"
        cacheable: true
      when: answers | default(true)
    - ansible.builtin.import_role:
        name: beam.tls_distribution.erlang_cluster
        tasks_from: secrets
        rolespec_validate: false
    - ansible.builtin.wait_for:
        path: "{{ wait }}"
        timeout: 60
      delegate_to: localhost
      connection: local
      run_once: true
      when: wait is defined
    - ansible.builtin.copy:
        content: >-
          {{ {'topology': erlang_cluster_topology, 'node': erlang_cluster_node.node, 'cookie': erlang_cluster_secret}
             | to_json }}
        dest: "{{ playbook_dir }}/{{ inventory_hostname }}.json"
        mode: "0600"
      check_mode: false
      delegate_to: localhost
      connection: local
"""
SECRET = "SecretSecretSecretSecret"


class Run(t.NamedTuple):
    code: int
    output: str

    @property
    def faults(self) -> list[str]:
        """The sentences between the announcement of faults and the place they came from."""
        found = re.search(r"The inventory has [^\n]*\n(.*?)\nOrigin:", self.output, re.DOTALL)
        return found[1].splitlines() if found else []


class Play:
    """Runs the playbook on a group of the inventory, in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "playbook.yml").write_text(PLAYBOOK)

    def __call__(self, group: dict[str, t.Any], *options: str) -> Run:
        """Runs it to its end."""
        done = subprocess.run(**self._command(group, *options), check=False, capture_output=True, text=True, timeout=120)
        return Run(done.returncode, done.stdout + done.stderr)

    def begin(self, group: dict[str, t.Any], *options: str) -> subprocess.Popen[bytes]:
        """Starts it, and does not wait."""
        nothing = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        return subprocess.Popen(**self._command(group, *options), **nothing)

    def _command(self, group: dict[str, t.Any], *options: str) -> dict[str, t.Any]:
        (self.directory / "inventory.yml").write_text(yaml.safe_dump({"erlang": group}))
        # The collection path of the controller stays behind ours: community.crypto may be there.
        paths = os.pathsep.join([str(COLLECTIONS), os.environ.get("ANSIBLE_COLLECTIONS_PATH", "")]).rstrip(os.pathsep)
        argv = [sys.executable, "-m", "ansible", "playbook", "-i", "inventory.yml", "playbook.yml", *options]
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": paths,
            "ANSIBLE_LOCAL_TEMP": str(self.directory / "tmp"),
            "ANSIBLE_REMOTE_TEMP": str(self.directory / "tmp"),
            "ANSIBLE_NOCOLOR": "1",
        }
        return {"args": argv, "cwd": self.directory, "env": environment}


@pytest.fixture
def play(tmp_path: Path) -> Play:
    return Play(tmp_path)


def hosts(*names: str, **variables: t.Any) -> dict[str, t.Any]:
    """A group of good hosts."""
    found = {
        name: {"erlang_node_host": f"{name}.example.net", "erlang_node_addresses": [f"198.18.{number}.10"]}
        for number, name in enumerate(names, 1)
    }
    return {"hosts": found, "vars": {"erlang_cluster_name": "guard", **variables}}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_topology_secrets_check_mode_and_limit(play: Play, tmp_path: Path) -> None:
    group = hosts("alpha", "bravo", erlang_node_sys_config={"guard": {"peers": "{{ erlang_cluster_topology.nodes }}"}})
    directory = tmp_path / "erlang" / "guard"

    checked = play(group, "--check")
    assert checked.code == 0, checked.output
    assert re.search(r"alpha\s.*changed=3", checked.output), checked.output  # With the copy for this test.
    assert not directory.exists()

    first = play(group, "-vvv")
    assert first.code == 0, first.output
    answer = json.loads((tmp_path / "bravo.json").read_text())
    assert answer["node"] == "guard@bravo.example.net"
    assert answer["topology"]["cluster"]["directory"] == str(directory)
    assert answer["cookie"] == (directory / "cookie").read_text().strip()
    assert answer["cookie"] not in first.output
    assert sorted(path.name for path in directory.iterdir()) == [".gitignore", "ca.passphrase", "cookie", "members.json"]
    assert mode(directory) == 0o700
    assert {mode(path) for path in directory.iterdir()} == {0o600}

    (tmp_path / "bravo.json").unlink()
    again = play(group, "-e", "erlang_cluster_begin_anew=guard", "--limit", "bravo")
    assert again.code == 0, again.output
    later = json.loads((tmp_path / "bravo.json").read_text())
    runs = {one["topology"]["cluster"].pop("run") for one in (answer, later)}
    assert later == answer and len(runs) == 2
    assert re.search(r"Turn the inventory[^\n]*\nok: \[bravo\]", again.output)


def certificate_of_another_ca() -> str:
    """A certificate as a host of another cluster has one."""
    return foreign.certificate("alpha.example.net").partition("-----BEGIN PRIVATE KEY")[0]


def test_nothing_is_made_anew_unasked(play: Play, tmp_path: Path) -> None:
    """Where hosts have certificates and a cookie, and the directory is gone; with its name the cluster begins anew."""
    group, directory = hosts("alpha", "bravo"), tmp_path / "erlang" / "guard"
    home = "/var/lib/merl/guard/.erlang.cookie"
    answer = {"certificate": {"pem": certificate_of_another_ca(), "key_matches": True}, "exists": {home: True}}
    lost = ["-e", json.dumps({"answer": answer})]
    for options in (lost, [*lost, "--check"], [*lost, "--limit", "bravo"]):
        run = play(group, *options)
        assert run.code != 0
        who = "bravo" if "--limit" in options else "alpha and bravo"
        have = "this host has" if "--limit" in options else "these hosts have"
        assert "%s: erlang_cluster_directory '%s' holds no CA, and %s certificates of one;" % (who, directory, have) in run.output
        assert "%s: erlang_cluster_directory '%s' holds no cookie, and %s one;" % (who, directory, have) in run.output
        assert not list(directory.glob("c*"))
    quiet = play(group, "--limit", "bravo")
    assert quiet.code != 0 and "alpha: erlang_cluster_directory" in quiet.output and not list(directory.glob("c*"))
    assert "it is not known whether this host has certificates of one, for want of an answer" in quiet.output
    other = play(group, *lost, "-e", "erlang_cluster_begin_anew=gaurd")
    assert other.faults == [
        "alpha and bravo: erlang_cluster_begin_anew 'gaurd' is not the name of this cluster; give 'guard' if that is what you mean."
    ]
    anew = play(group, *lost, "-e", "erlang_cluster_begin_anew=guard")
    assert anew.code == 0, anew.output
    assert sorted(path.name for path in directory.glob("c*")) == ["ca.passphrase", "cookie"]


def test_a_new_cookie(play: Play, tmp_path: Path) -> None:
    """For all nodes or for none, and never in the place of one that the user keeps elsewhere."""
    group = hosts("alpha", "bravo")
    new = ("-e", '{"__erlang_cluster_new_cookie": true}')
    cookie = tmp_path / "erlang" / "guard" / "cookie"
    assert play(group).code == 0
    first = cookie.read_text()
    assert play(group, *new, "--check").code == 0 and cookie.read_text() == first
    # There is no CA yet, which this run is to pass over.
    alone = play(group, *new, "--limit", "alpha", "-e", "erlang_cluster_begin_anew=guard")
    assert alone.code != 0 and "bravo did not answer in this run and would keep the old cookie" in " ".join(alone.output.split())
    given = play({**group, "vars": {**group["vars"], "erlang_cluster_cookie": SECRET}}, *new)
    assert given.code != 0 and "is given by erlang_cluster_cookie; change it there" in " ".join(given.output.split())
    assert SECRET not in given.output and cookie.read_text() == first
    done = play(group, *new)
    second = cookie.read_text()
    assert done.code == 0 and re.fullmatch(r"[A-Za-z0-9]{48}\n", second) and second != first and mode(cookie) == 0o600
    assert first.strip() not in done.output and second.strip() not in done.output
    assert play(group).code == 0 and cookie.read_text() == second


def test_one_run_at_a_time_changes_a_cluster(play: Play, tmp_path: Path) -> None:
    """The second is refused, and one that only looks is not; a run that was killed is in nobody's way."""
    group = hosts("alpha")
    first = play.begin(group, "-e", "changes=true", "-e", "wait=%s" % (tmp_path / "go"))
    held = tmp_path / "erlang" / "guard" / "lock"
    end = time.monotonic() + 60
    while not (held.exists() and held.read_text()) and time.monotonic() < end:
        time.sleep(0.05)
    assert json.loads(held.read_text())["pid"] == first.pid
    second = play(group, "-e", "changes=true")
    assert second.code != 0 and "(process %d) has been changing this cluster since" % first.pid in second.output
    assert play(group).code == 0 and play(group, "-e", "changes=true", "--check").code == 0
    first.kill()
    first.wait()
    (tmp_path / "go").touch()
    third = play(group, "-e", "changes=true")
    assert third.code == 0, third.output


def test_every_fault_in_one_task(play: Play, tmp_path: Path) -> None:
    directory = tmp_path / "erlang" / "guard"
    directory.mkdir(parents=True)
    encryption = serialization.BestAvailableEncryption(b"the right passphrase")
    key = ec.generate_private_key(ec.SECP256R1())
    (directory / "ca.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption))
    group = hosts(
        "alpha",
        "bravo",
        "carol",
        "dave",
        "erin",
        erlang_app_release="missing.tar.gz",
        erlang_certs_ca_passphrase=SECRET,
        erlang_cluster_cookie=f"{SECRET} with spaces",
        erlang_cluster_discovery="prt",
        erlang_cluster_prot=4371,
    )
    group["hosts"]["bravo"]["erlang_node_host"] = "alpha.example.net"
    group["hosts"]["carol"]["erlang_node_port"] = 70000
    group["hosts"]["dave"]["erlang_node_host"] = "dave"
    group["hosts"]["erin"] = {"erlang_node_host": "erin.invalid", "erlang_firewall_backend": "{{ nowhere }}"}
    run = play(group)
    assert run.code != 0
    everywhere = "alpha, bravo, carol, dave and erin:"
    for beginning in (
        f"{everywhere} erlang_cluster_prot is a variable that no role knows; the nearest one is erlang_cluster_port.",
        f"{everywhere} erlang_cluster_discovery 'prt' is not known; choose port, map or epmd.",
        f"{everywhere} erlang_cluster_cookie has characters that no cookie may have",
        f"{everywhere} erlang_app_release '{tmp_path}/missing.tar.gz' is not on the controller",
        f"{everywhere} erlang_certs_ca_passphrase does not open ca.key (in {directory})",
        "alpha and bravo: erlang_node_host 'alpha.example.net' makes each of them the node guard@alpha.example.net",
        "carol: erlang_node_port 70000 is not between 1 and 65535",
        "dave: erlang_node_host 'dave' has no dot",
        "erin: erlang_node_host 'erin.invalid' does not resolve to an IPv4 address on the controller",
        "erin: erlang_firewall_backend cannot be worked out ('nowhere' is undefined)",
    ):
        assert any(fault.startswith(beginning) for fault in run.faults), (beginning, run.faults)
    assert len(run.faults) == 10, run.faults
    assert SECRET not in run.output
    assert [path.name for path in directory.iterdir()] == ["ca.key"]


def test_what_refers_to_the_topology_and_what_the_directory_holds(play: Play, tmp_path: Path) -> None:
    directory = tmp_path / "erlang" / "guard"
    directory.mkdir(parents=True)
    (directory / "cookie").write_text("too short\n")
    group = hosts(
        "alpha",
        erlang_node_environment={"NODE": "{{ erlang_cluster_node.node }}", "ERL_LIBS": SECRET},
        erlang_node_sys_config={
            "guard": {"password": SECRET, "nodes": "{{ erlang_cluster_topology.nodes | list }}", "other": "{{ nowhere }}"}
        },
        erlang_node_vm_args="{{ ['-name', erlang_cluster_node.node] }}",
    )
    run = play(group, "-vvv", "--diff")
    assert run.code != 0
    assert run.faults == [
        "alpha: erlang_node_sys_config cannot be worked out ('nowhere' is undefined); correct its template.",
        "alpha: erlang_node_vm_args '-name' is the role's own; use erlang_node_name and erlang_node_host.",
        "alpha: erlang_node_environment 'ERL_LIBS' is the role's own; use erlang_app_code_paths.",
        "alpha: erlang_cluster_cookie has characters that no cookie may have (spaces, line ends, or others than ASCII); put a right one into"
        f" {directory}/cookie, or remove the file to have one made.",
    ]
    assert SECRET not in run.output and "too short\n" not in run.output


def test_variables_of_the_play_count(play: Play, tmp_path: Path) -> None:
    (tmp_path / "playbook.yml").write_text(PLAYBOOK.replace("  tasks:", "  vars: {erlang_cluster_port: 99999}\n  tasks:"))
    run = play(hosts("alpha", "bravo"))
    assert run.faults == [
        "alpha and bravo: erlang_cluster_port 99999 is not between 1024 and 65535; choose a port from 1024 to 65535, "
        "since the account of a node may not open lower ones."
    ]


def test_without_an_inventory_file_the_directory_has_to_be_given(play: Play, tmp_path: Path) -> None:
    run = play({}, "-i", "alpha,", "-e", "erlang_cluster_group=all", "-e", '{"erlang_node_addresses": ["198.18.1.10"]}')
    assert run.faults == ["alpha: erlang_cluster_directory has no value; set it to a directory on the controller."]
