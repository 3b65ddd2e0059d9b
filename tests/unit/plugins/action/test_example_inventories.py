# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each of the inventories to start from is one topology without a fault, by the action as a playbook runs it."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.beam.tls_distribution.plugins.action import cluster_topology
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.firewall import plan as firewall
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import otp_source

COLLECTION = Path(cluster_topology.__file__).parents[2]
EXAMPLES = COLLECTION / "examples" / "inventories"
NAMES = sorted(path.name for path in EXAMPLES.glob("*.yml"))
PLAYBOOK = """
- hosts: all
  gather_facts: false
- hosts: "{{ groups | beam.tls_distribution.cluster_group(hostvars) }}"
  gather_facts: false
  tasks:
    - ansible.builtin.import_role:
        name: beam.tls_distribution.erlang_cluster
        tasks_from: topology
        rolespec_validate: false
    - ansible.builtin.copy:
        content: "{{ erlang_cluster_topology | to_json }}"
        dest: "{{ playbook_dir }}/topology.json"
        mode: "0600"
      check_mode: false
      delegate_to: localhost
      connection: local
      become: false
      run_once: true
      vars: {ansible_user: null, ansible_host: localhost}
"""


def packed(path: Path, files: dict[str, str]) -> None:
    """An archive of files, in a directory that is made."""
    path.parent.mkdir(exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))


def source_of_otp() -> dict[str, str]:
    """What of a source tree of OTP the topology looks at."""
    patch = (COLLECTION / "roles" / "erlang_otp" / "files" / "patches" / "fam_listen.patch").read_text()
    files = {"OTP_VERSION": "27.3.4.19\n"}
    for hunk in otp_source.read_patch("fam_listen.patch", patch).hunks:
        files[hunk.path] = files.get(hunk.path, "") + hunk.before + "\n"
    return {"otp/" + name: text for name, text in files.items()}


def topology(name: str, place: Path, *options: str) -> dict[str, Any]:
    """The topology of an example, with the files that it names beside it."""
    shutil.copy(EXAMPLES / name, place / name)
    (place / "playbook.yml").write_text(PLAYBOOK)
    release = '{release, {"guard", "1.0.0"}, {erts, "15"}, [{kernel, "10"}, {stdlib, "6"}, {guard, "1.0.0"}]}.\n'
    packed(place / "files" / "guard-1.0.0.tar.gz", {"releases/1.0.0/guard.rel": release, "lib/guard-1.0.0/ebin/guard.app": ""})
    packed(place / "files" / "otp_src_27.3.4.19.tar.gz", source_of_otp())
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join([str(COLLECTION.parents[2]), os.environ.get("ANSIBLE_COLLECTIONS_PATH", "")]),
        "ANSIBLE_LOCAL_TEMP": str(place / "tmp"),
        "ANSIBLE_REMOTE_TEMP": str(place / "tmp"),
        "ANSIBLE_NOCOLOR": "1",
    }
    argv = [sys.executable, "-m", "ansible", "playbook", "-i", name, "playbook.yml", "--check", *options]
    done = subprocess.run(argv, cwd=place, env=environment, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads((place / "topology.json").read_text())
    return found


@pytest.mark.parametrize("name", [name for name in NAMES if name != "several_clusters.yml"])
def test_an_example_is_a_cluster(name: str, tmp_path: Path) -> None:
    found = topology(name, tmp_path)
    assert len(found["nodes"]) >= 2 and {node["name"] for node in found["nodes"].values()} == {"guard"}
    if name == "single_site.yml":
        assert {node["application"]["name"] for node in found["nodes"].values()} == {"guard"}
    elif name == "two_sites.yml":
        at_the_router = {rule["port"] for rule in firewall.plan(found)["upstream"] if rule["to"] == "198.51.100.77"}
        assert at_the_router == {5001, 5002} and {found["nodes"][name]["listen_port"] for name in ("carol", "dave")} == {4370}
    elif name == "epmd.yml":
        assert found["cluster"]["discovery"] == "epmd"
    elif name == "otp_built.yml":
        assert {(node["otp"]["source"], node["otp"]["version"]) for node in found["nodes"].values()} == {("build", "27.3.4.19")}


@pytest.mark.parametrize(("cluster", "port"), [("orders", 4370), ("metrics", 4371)])
def test_several_clusters_on_the_same_machines(cluster: str, port: int, tmp_path: Path) -> None:
    found = topology("several_clusters.yml", tmp_path, "-e", "erlang_cluster_group=" + cluster)
    assert {node["node"] for node in found["nodes"].values()} == {"%s@%s.example.net" % (cluster, host) for host in ("alpha", "bravo")}
    assert {node["listen_port"] for node in found["nodes"].values()} == {port} and found["cluster"]["directory"].endswith(
        "/erlang/" + cluster
    )


def test_the_readme_has_each_of_them() -> None:
    assert sorted(re.findall(r"\]\((\w+\.yml)\)", (EXAMPLES / "README.md").read_text())) == NAMES
