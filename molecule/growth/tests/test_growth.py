# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host is added, taken out, replaced, and gone for good, each of them while the nodes of the others go on and lose nobody else."""

from __future__ import annotations

import json
import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lab import inventory, lifecycle
from lab.commands import WITHOUT_WALLS, Completed, altered, kill_tree, on, play, report, run_command, start_command, wait_until
from lab.settings import HOSTS, RUN

NAMES = [known.name for known in HOSTS]
DIRECTORY = RUN / "erlang" / "guard"
QUICK = ["-e", json.dumps(WITHOUT_WALLS)]
ALIVE = "systemctl show --property=MainPID --property=NRestarts --value erlang-guard | tr '\\n' ' '"
WATCH = (
    "erlang-guard eval 'spawn(fun() -> register(lost, self()), ok = net_kernel:monitor_nodes(true), Loop = fun Again(Lost) -> "
    "receive {nodedown, Node} -> Again([Node | Lost]); {who, Asking} -> Asking ! {lost, Lost}, Again(Lost); _ -> Again(Lost) end end, "
    "Loop([]) end), ok.'"
)
LOST = "erlang-guard eval 'lost ! {who, self()}, receive {lost, Lost} -> Lost after 5000 -> none end.'"
LEFT = "/var/lib/merl/guard/left"
SERIAL = "openssl x509 -noout -serial -in /etc/erlang/guard/node.pem"
STOLEN = "/root/stolen.pem"
KEYS = "/etc/erlang/guard/revoked.config"


def written(tmp: Path, without: list[str], **variables: Any) -> list[str]:
    """The options of an inventory that lacks some of the hosts, and works on the same cluster."""
    found = json.loads((RUN / "inventory.yml").read_text())
    for child in found["erlang"]["children"].values():
        for name in without:
            child["hosts"].pop(name, None)
    found["erlang"]["vars"].update({"erlang_cluster_directory": str(DIRECTORY), **variables})
    (tmp / "inventory.yml").write_text(json.dumps(found))
    return ["--inventory=%s" % (tmp / "inventory.yml")]


def site(options: list[str]) -> Completed:
    """A run of the playbook with another inventory."""
    return run_command(lifecycle.control(["ansible-playbook", *options, lifecycle.playbook("site"), *QUICK]))


def decommission(names: str, *options: str) -> Completed:
    """A run of the playbook that takes hosts out."""
    return play("decommission", "-e", "erlang_decommission=" + names, *QUICK, *options)


def alive(names: list[str]) -> dict[str, str]:
    """The process of each node, and how often systemd started it again."""
    return {name: on(name, ALIVE).out for name in names}


def lost(names: list[str]) -> dict[str, list[str]]:
    """The hosts whose nodes each node lost since it was told to watch."""
    return {name: sorted(re.findall(r"guard@(\w+)", on(name, LOST).out)) for name in names}


def watch(names: list[str]) -> None:
    """Has nodes watch, anew, whom they lose."""
    for name in names:
        on(name, "erlang-guard eval 'catch exit(whereis(lost), kill).'")
        assert on(name, WATCH).code == 0


def connected(names: list[str], others: int) -> bool:
    """Whether nodes are connected with so many others."""
    return wait_until(lambda: all(on(name, "erlang-guard eval 'nodes().'").out.count("guard@") == others for name in names))


def words(done: Completed) -> str:
    """What a run said, whatever it was broken into lines by."""
    return " ".join(done.out.split())


@pytest.fixture(scope="module", autouse=True)
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cluster of three, to which a fourth can come; what a host with two clusters has is part of it."""
    # The routers are to let through what the whole of them needs.
    lifecycle.open_routers([])
    done = site(written(tmp_path_factory.mktemp("three"), ["dave"]))
    assert done.code == 0, done.out[-4000:]
    second = tmp_path_factory.mktemp("second")
    variables = {"erlang_cluster_name": "sentry", "erlang_cluster_port": 4471, "erlang_app_release": None, "erlang_node_sys_config": {}}
    options = written(second, ["alpha", "bravo", "dave"], **variables, erlang_cluster_directory=str(second / "erlang"))
    done = site(options)
    assert done.code == 0, done.out[-4000:]
    yield


def test_a_host_is_added() -> None:
    rest = ["alpha", "bravo", "carol"]
    assert connected(rest, 2)
    watch(rest)
    before = alive(rest)
    done = play("site", *QUICK)
    assert done.code == 0, done.out[-4000:]
    assert all(done.changed[name] for name in NAMES)
    assert alive(rest) == before
    # The new node may come before all of the others let it in, and is then asked to wait.
    assert {name for gone in lost(rest).values() for name in gone} <= {"dave"}
    assert connected(NAMES, 3)


def test_a_host_is_taken_out() -> None:
    """It leaves in order, nothing of it is left but its data and what another cluster has there, and a run that was killed is gone on with."""
    rest = ["alpha", "bravo", "dave"]
    watch(rest)
    before = {**alive(rest), "carol": on("carol", ALIVE.replace("guard", "sentry")).out}
    leave = ["-e", json.dumps({"erlang_decommission_leave": {"call": ["file", "write_file", [LEFT, {"$binary": "in order"}]]}})]
    checked = decommission("carol", "--check", *leave)
    assert checked.code == 0 and checked.changed["carol"] > 0, checked.out[-4000:]
    assert on("carol", "systemctl is-active erlang-guard").out.strip() == "active" and not (DIRECTORY / "decommissioned" / "carol").exists()

    process = start_command(lifecycle.play("decommission", ["-e", "erlang_decommission=carol", *QUICK, *leave]))
    assert wait_until(lambda: on("carol", "systemctl is-active erlang-guard").out.strip() != "active", 120)
    kill_tree(process)
    time.sleep(1)
    done = play("site", *QUICK)
    assert done.code == 0 and "carol is left out: taking it out of the cluster was begun, and is not through." in words(done), done.out[
        -4000:
    ]

    done = decommission("carol", *leave)
    assert done.code == 0, done.out[-4000:]
    assert alive(rest) == {name: before[name] for name in rest}
    assert lost(rest) == {name: ["carol"] for name in rest} and connected(rest, 2)
    assert all("198.18.3.10" not in on(name, "nft list ruleset").out for name in ("alpha", "bravo"))
    found = on(
        "carol", "find /etc /opt /run /usr/local /var/lib -xdev -name '*guard*'; nft list tables; cat /var/lib/merl/guard.*/left"
    ).out
    assert not [line for line in found.split() if "guard" in line and ".decommissioned-" not in line], found
    assert "in order" in found and "erlang_sentry" in found and "erlang_guard" not in found
    assert on("carol", "ls -A /var/lib/merl/guard.*/.erlang.cookie").code != 0
    assert on("carol", ALIVE.replace("guard", "sentry")).out == before["carol"] and on("carol", "erlang-sentry ping").code == 0
    assert "merl" in on("carol", "getent passwd merl").out, "the other node has it"

    again = decommission("carol", *leave)
    assert again.code == 0 and {name: again.changed[name] for name in NAMES} == dict.fromkeys(NAMES, 0), again.out[-4000:]


def test_who_forgets_to_take_it_out_of_the_inventory_is_told(tmp_path: Path) -> None:
    done = play("site", *QUICK)
    assert done.code == 0 and "carol is left out: it was taken out of the cluster on " in words(done), done.out[-4000:]
    assert {name: done.changed[name] for name in ("alpha", "bravo", "dave")} == {"alpha": 0, "bravo": 0, "dave": 0}
    assert sorted(node["inventory"] for node in report()["nodes"]) == ["alpha", "bravo", "dave"]
    done = site(written(tmp_path, ["carol"]))
    assert done.code == 0 and "left out" not in done.out, done.out[-4000:]
    assert not (DIRECTORY / "decommissioned" / "carol").exists()


def test_a_host_is_replaced(tmp_path: Path) -> None:
    """A new machine under the name of one that is dead: another key, and nobody else is touched but for the connection."""
    rest = ["alpha", "bravo"]
    digest = "sha256sum < /etc/erlang/guard/node.pem"
    old = on("dave", digest).out
    lifecycle.reset(["dave"])
    assert connected(rest, 1)
    watch(rest)
    before = alive(rest)
    done = site(written(tmp_path, ["carol"]))
    assert done.code == 0, done.out[-4000:]
    assert on("dave", digest).out not in ("", old)
    assert alive(rest) == before and {name for gone in lost(rest).values() for name in gone} <= {"dave"}
    assert connected([*rest, "dave"], 2)


def test_a_host_is_gone_for_good() -> None:
    """It cannot be reached, which is said by name; the rest is told all the same. Its node, which still runs, gets in no more, and can be cleared later."""
    rest = ["alpha", "bravo"]
    assert play("site", *QUICK).code == 0
    assert connected(NAMES, 3), "carol is back, as nothing says that it was taken out"
    watch(rest)
    before = alive(rest)
    elsewhere = json.dumps({"ansible_port": "{{ 1 if inventory_hostname == 'dave' else 22 }}"})
    done = decommission("dave", "-e", elsewhere)
    assert done.code == 0 and "dave cannot be reached, and is taken out without it" in words(done), done.out[-4000:]
    assert alive(rest) == before and lost(rest) == {name: ["dave"] for name in rest}
    assert json.loads((DIRECTORY / "decommissioned" / "dave").read_text())["outcome"] == "unreached"
    assert on("dave", "systemctl is-active erlang-guard").out.strip() == "active", "its node never heard of it"
    assert not wait_until(lambda: "dave" in on("alpha", "erlang-guard eval 'nodes(connected).'").out, 5)
    done = decommission("dave")
    assert done.code == 0 and on("dave", "ls -d /etc/erlang /opt/erlang/nodes").out.count("No such file") == 2, done.out[-4000:]
    assert on("dave", "getent passwd merl").code != 0
    (DIRECTORY / "decommissioned" / "dave").unlink()


def shows(name: str, to: str) -> str:
    """What a node says to who shows it the certificate that was stolen from carol, from a host that its packet filter lets in."""
    ask = (
        "(sleep 1) | timeout 9 openssl s_client -connect %s.example.net:4370 -cert %s -key %s -CAfile /etc/erlang/guard/ca.pem -tls1_3 2>&1"
    )
    return on(name, ask % (to, STOLEN, STOLEN)).out


def test_a_host_is_revoked(tmp_path: Path) -> None:
    """Its certificate is refused by all others within the run, whoever shows it, though its host cannot be reached; and its node is parted with. Back again it
    gets another."""
    rest = ["alpha", "bravo"]
    assert connected([*rest, "carol"], 2)
    key = on("carol", "cat /etc/erlang/guard/node.pem").out
    serial = on("carol", SERIAL).out
    watch(rest)
    before, own = alive(rest), alive(["carol"])
    silent = json.dumps({"ansible_port": "{{ 1 if inventory_hostname == 'carol' else 22 }}"})
    with altered("bravo", "umask 077; printf %%s %s > %s" % (shlex.quote(key), STOLEN), "rm " + STOLEN):
        assert "alert" not in shows("bravo", "alpha")
        (listed,) = on("alpha", "ls /etc/erlang/guard/crls").out.split()
        kept = on("alpha", "cat /etc/erlang/guard/crls/" + listed).out
        options = [*written(tmp_path, ["dave"]), "-e", silent, "-e", "erlang_certs_revoke=carol", *QUICK]
        done = run_command(lifecycle.control(["ansible-playbook", *options, lifecycle.playbook("revoke")]))
        assert done.code == 0, done.out[-4000:]
        assert all("certificate revoked" in shows("bravo", name) for name in rest)
        # The list refuses it, and so does the file of revoked keys. Without both it would get in.
        one = (
            "cp -p {0} /root/kept && printf %s {1} > {0}".format("/etc/erlang/guard/crls/" + listed, shlex.quote(kept)),
            "mv /root/kept /etc/erlang/guard/crls/" + listed,
        )
        other = ("cp -p %s /root/kept.keys && sed -i '/^{key/d' %s" % (KEYS, KEYS), "mv /root/kept.keys " + KEYS)
        with altered("alpha", *one):
            assert "certificate revoked" in shows("bravo", "alpha")
        with altered("alpha", *other):
            assert "certificate revoked" in shows("bravo", "alpha")
            with altered("alpha", *one):
                assert "alert" not in shows("bravo", "alpha")
    assert alive(rest) == before and lost(rest) == {name: ["carol"] for name in rest} and alive(["carol"]) == own
    assert all("198.18.3.10" not in on(name, "nft list ruleset").out for name in rest)
    (revoked,) = (line for line in (DIRECTORY / "revoked.jsonl").read_text().splitlines() if json.loads(line)["serial"] in serial.lower())
    assert json.loads(revoked)["host"] == "carol"
    assert json.loads((DIRECTORY / "decommissioned" / "carol").read_text())["outcome"] == "revoked"
    (DIRECTORY / "decommissioned" / "carol").unlink()
    done = site(written(tmp_path, ["dave"]))
    assert done.code == 0 and on("carol", SERIAL).out != serial and connected([*rest, "carol"], 2), done.out[-4000:]


def test_a_host_that_left_the_inventory_is_told_of_in_the_report(tmp_path: Path) -> None:
    done = site(written(tmp_path, ["carol", "dave"]))
    assert done.code == 0 and "carol (guard@carol.example.net) was of this cluster" in words(done), done.out[-4000:]
    assert on("carol", "systemctl is-active erlang-guard").out.strip() == "active"
    assert not report()["faults"]
    (note,) = report()["notes"]
    assert (note["id"], note["host"]) == ("former-member", "carol") and "-e erlang_decommission=carol" in note["remedy"]


def test_faults_of_the_command() -> None:
    for value, sentence in {
        "web": "'web' is no host of this cluster; name hosts of it: alpha, bravo, carol and dave",
        "": "has no value; name the hosts that are to leave",
    }.items():
        done = decommission(value)
        assert done.code != 0 and sentence.replace("'web' ", "") in words(done), done.out
        assert inventory.FILE.exists() and not any(done.changed.get(name) for name in NAMES)
