# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faulty inventories stop before any host is touched, with all their faults at once."""

from __future__ import annotations

import io
import itertools
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest
from lab.commands import Completed, play, run_command
from lab.inventory import FILE
from lab.lifecycle import control, playbook
from lab.settings import RUN


def site(tmp_path: Path, *options: str, **changes: dict[str, Any]) -> Completed:
    """Runs the playbook on the lab's inventory with some variables of hosts, or of all of them, changed.

    Hosts are given addresses at which nobody answers, so that a run that touches one fails by that.
    """
    found = json.loads(FILE.read_text())
    group = found["erlang"]
    group["vars"]["erlang_cluster_directory"] = str(tmp_path / "cluster")
    group["vars"].update(changes.pop("all", {}))
    nobody = itertools.count(250)
    for network in group["children"].values():
        for name, variables in network["hosts"].items():
            variables["ansible_host"] = "198.19.0.%d" % next(nobody)
            for variable, value in changes.get(name, {}).items():
                if value is None:
                    variables.pop(variable)
                else:
                    variables[variable] = value
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(json.dumps(found))
    return run_command(control(["ansible-playbook", "--inventory=%s" % inventory, playbook("site"), *options]))


def test_faults_stop_before_any_host(tmp_path: Path) -> None:
    """Six faults in one inventory: six sentences in one run, none of which is that a host could not be reached."""
    done = site(
        tmp_path,
        all={"erlang_cluster_discoverry": "epmd", "erlang_app_release": "no-such-release.tar.gz", "erlang_cluster_port": 70000},
        bravo={"erlang_node_host": "alpha.example.net"},
        carol={"erlang_node_host": "carol"},
        dave={"erlang_node_host": "nowhere.invalid", "erlang_node_addresses": None},
    )
    assert done.code != 0
    out = " ".join(done.out.split())
    for part in (
        "guard@alpha.example.net",
        "erlang_cluster_discoverry",
        "no-such-release.tar.gz",
        "70000",
        "nowhere.invalid",
    ):
        assert part in out, "%s is not in:\n%s" % (part, done.out)
    assert "alpha" in out and "bravo" in out and "short" in out
    assert "UNREACHABLE" not in done.out and "Survey the host" not in done.out
    assert all(counts == 0 for counts in done.changed.values())


@pytest.mark.parametrize(
    ("where", "changes", "words"),
    [
        ("bravo", {"erlang_node_host": "alpha.example.net"}, ["guard@alpha.example.net", "bravo"]),
        ("all", {"erlang_cluster_port": 70000}, ["erlang_cluster_port", "70000"]),
        ("dave", {"erlang_node_host": "nowhere.invalid", "erlang_node_addresses": None}, ["dave", "nowhere.invalid"]),
        ("carol", {"erlang_node_host": "carol"}, ["carol", "short"]),
        ("all", {"erlang_cluster_discovery": "dns"}, ["erlang_cluster_discovery", "dns"]),
        ("all", {"erlang_nodes_port": 4370}, ["erlang_nodes_port"]),
        ("all", {"erlang_app_release": "no-such-release.tar.gz"}, ["erlang_app_release", "no-such-release.tar.gz"]),
    ],
)
def test_one_fault(tmp_path: Path, where: str, changes: dict[str, Any], words: list[str]) -> None:
    done = site(tmp_path, **{where: changes})
    assert done.code != 0 and "Survey the host" not in done.out
    assert all(word in done.out for word in words), done.out


ODD_NAME = 'A"\nExecStartPre=+/bin/touch /root/made-by-a-name\n#'
SECRETS = ("p4ssw0rd-that-stays", "t0ken-that-stays")


def test_values_that_reach_a_file(tmp_path: Path) -> None:
    """Those of every host, all at once, each in a sentence with what to do; and the values of what is secret in none, however much is shown."""
    done = site(
        tmp_path,
        "-vvv",
        "--diff",
        alpha={
            "erlang_node_environment": {ODD_NAME: SECRETS[1], "HOME": SECRETS[1]},
            "erlang_node_vm_args": ["-setcookie", "mongooseim"],
            "erlang_node_unit_settings": {"Service": {"User": "root"}},
            "erlang_account_home": "/var/lib/../../etc",
        },
        bravo={
            "erlang_node_sys_config": SECRETS[0],
            "erlang_node_vm_args": [None],
            "erlang_node_unit_settings": {"Bogus": {"Key": "value"}},
            "erlang_verify_walls": "{{ none }}",
            "erlang_cluster_net_ticktime": True,
        },
        carol={
            "erlang_node_sys_config": {"guard": SECRETS[0]},
            "erlang_node_vm_args": ["-proto_dist", "inet_tcp"],
            "erlang_node_tls_versions": [],
            "erlang_node_environment": {"TOKEN": [SECRETS[1]]},
        },
        dave={
            "erlang_node_sys_config": {"guard": {"password": SECRETS[0], "other": "{{ no_such_variable }}"}},
            "erlang_node_environment": "{{ {'TOKEN': '%s'}.nothing }}" % SECRETS[1],
            "erlang_app_start": "guard",
            "erlang_verify_report_directory": "/dev/null/report",
        },
    )
    assert done.code != 0 and "Survey the host" not in done.out
    out = " ".join(done.out.split())
    for sentence in (
        "is not the name of an environment variable; use letters, digits and underscores",
        "alpha: erlang_node_environment 'HOME' is the role's own; use erlang_account_home.",
        "alpha: erlang_node_vm_args '-setcookie' is the role's own; use erlang_cluster_cookie.",
        "alpha: erlang_node_unit_settings 'Service.User' is the role's own; use erlang_account_name.",
        "alpha: erlang_account_home '/var/lib/../../etc' cannot be the home of an account;",
        "bravo: erlang_node_sys_config is not a mapping; give a mapping.",
        "bravo: erlang_node_vm_args '[None]' has an element that is not a string; give a list in which each is a string.",
        "bravo: erlang_node_unit_settings 'Bogus' is no section that may have further lines; use Unit or Service.",
        "bravo: erlang_verify_walls has no value; give a list, or remove it.",
        "bravo: erlang_cluster_net_ticktime True is not an integer; give a number.",
        "carol: erlang_node_sys_config 'guard' is no mapping;",
        "carol: erlang_node_vm_args '-proto_dist' is the role's own;",
        "carol: erlang_node_tls_versions [] is empty; give tlsv1.3, tlsv1.2 or both.",
        "carol: erlang_node_environment 'TOKEN' has a value that is no text;",
        "dave: erlang_node_sys_config cannot be worked out ('no_such_variable' is undefined); correct its template.",
        "dave: erlang_node_environment cannot be worked out",
        "dave: erlang_app_start 'guard' is not a list; give a list.",
        "dave: erlang_verify_report_directory '/dev/null/report' cannot be",
    ):
        assert sentence in out, "%s is not in:\n%s" % (sentence, done.out)
    assert [secret for secret in SECRETS if secret in done.out] == []


def unknown_source(tmp_path: Path) -> str:
    """An archive of a source of OTP that none of our patches fits."""
    path = tmp_path / "otp.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, text in {"OTP_VERSION": "99.0\n", "lib/ssl/src/inet_tls_dist.erl": "-module(inet_tls_dist).\n"}.items():
            member = tarfile.TarInfo("otp/" + name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return str(path)


def test_faults_of_an_otp_that_is_built(tmp_path: Path) -> None:
    """No archive, no network, a wrong checksum, a layout that no patch fits, a missing patch: all at once, and nothing is compiled."""
    archive = unknown_source(tmp_path)
    done = site(
        tmp_path,
        all={"erlang_otp_source": "build", "erlang_otp_cache": str(tmp_path / "cache"), "erlang_otp_build_source": archive},
        alpha={"erlang_otp_build_source": "no-such-otp.tar.gz"},
        bravo={"erlang_otp_build_source": "http://builder:%s@198.18.0.250/otp.tar.gz" % SECRETS[0], "erlang_otp_build_sha256": "0" * 64},
        carol={"erlang_otp_build_sha256": "f" * 64, "erlang_otp_build_patches": ["no-such.patch"]},
        dave={"erlang_otp_build_options": ["--without-ssl"]},
    )
    assert done.code != 0 and "Survey the host" not in done.out
    out = " ".join(done.out.split())
    for sentence in (
        "alpha: erlang_otp_build_source 'no-such-otp.tar.gz' is not on the controller",
        "bravo: erlang_otp_build_source 'http://builder:...@198.18.0.250/otp.tar.gz' cannot be fetched",
        "is not what erlang_otp_build_sha256 says: its SHA-256 is",
        "carol: erlang_otp_build_patches 'no-such.patch' is not on the controller",
        "no inet_ssl_port patch fits the source tree of OTP 99.0; there are patches for OTP 26, 27, 28, 29",
        "dave: erlang_otp_build_options '--without-ssl' leaves out an application that the node starts",
    ):
        assert sentence in out, "%s is not in:\n%s" % (sentence, done.out)
    assert SECRETS[0] not in out


def test_without_a_fault_hosts_are_asked_for(tmp_path: Path) -> None:
    """The tests above would pass on a playbook that never gets to a host: this one shows that it does."""
    done = site(tmp_path)
    assert done.code != 0 and "Survey the host" in done.out and "UNREACHABLE" in done.out


def test_passphrase_that_does_not_fit(tmp_path: Path) -> None:
    assert play("site").code == 0
    shutil.copytree(RUN / "erlang" / "guard", tmp_path / "cluster")
    done = site(tmp_path, all={"erlang_certs_ca_passphrase": "not the one it was made with"})
    assert done.code != 0 and "Survey the host" not in done.out
    assert "erlang_certs_ca_passphrase" in done.out and "not the one it was made with" not in done.out
    (tmp_path / "cluster" / "ca.passphrase").write_text("another that does not fit")
    done = site(tmp_path)
    assert done.code != 0 and "Survey the host" not in done.out
    assert "erlang_certs_ca_passphrase" in done.out and "another that does not fit" not in done.out


def test_a_group_without_hosts(tmp_path: Path) -> None:
    """Ansible would call a play without hosts a success."""
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("erlangg: {hosts: {alpha: {}}}\n")
    for options in ([], ["--limit", "alpha"]):
        done = run_command(control(["ansible-playbook", "--inventory=%s" % inventory, playbook("site"), *options]))
        assert done.code != 0 and "erlang_cluster_group 'erlang' is a group without hosts" in done.out


def test_a_group_that_the_inventory_names(tmp_path: Path) -> None:
    """The group's own variable says that it has the nodes; with two such groups one has to be chosen."""
    inventory = tmp_path / "inventory.json"
    nodes = {"hosts": {"alpha": {"erlang_cluster_port": 70000}}, "vars": {"erlang_cluster_group": "my-nodes.eu"}}
    others = {"hosts": {"bravo": {"erlang_cluster_port": 70001}}, "vars": {"erlang_cluster_group": "others"}}

    def run(name: str, groups: dict[str, Any], *options: str) -> str:
        inventory.write_text(json.dumps(groups))
        done = run_command(control(["ansible-playbook", "--inventory=%s" % inventory, playbook(name), *options]))
        assert done.code != 0 and "UNREACHABLE" not in done.out
        return " ".join(done.out.split())

    for name in ("site", "firewall_plan"):
        assert "alpha: erlang_cluster_port 70000 is not between" in run(name, {"my-nodes.eu": nodes})
    both = {"my-nodes.eu": nodes, "others": others}
    assert "erlang_cluster_group is not the same on all hosts: 'my-nodes.eu' on alpha, 'others' on bravo; choose one for this run" in run(
        "site", both
    )
    assert "bravo: erlang_cluster_port 70001 is not between" in run("site", both, "-e", "erlang_cluster_group=others")


def test_hosts_that_do_not_wait_for_each_other(tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("erlang: {hosts: {alpha: {}}}\n")
    done = run_command(["env", "ANSIBLE_STRATEGY=free", *control(["ansible-playbook", "--inventory=%s" % inventory, playbook("site")])])
    assert done.code != 0 and "strategy 'free' lets a host go on before others are as far" in " ".join(done.out.split())
