# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run does, and what it does not: nothing to change, drift, secrets, the operator's ssh, the application, a node that dies."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

from lab import hosts, lifecycle
from lab.commands import WITHOUT_WALLS, Completed, altered, everywhere, on, play, report, run_command, wait_until
from lab.inventory import SECRET_PARTS
from lab.settings import HOSTS, RUN, host

ATTACKER = "198.51.100.23"
NOTHING = {known.name: 0 for known in HOSTS}


def changed(*options: str) -> dict[str, int]:
    """The tasks that a run changed on each host."""
    done = play("site", "-e", json.dumps(WITHOUT_WALLS), *options)
    assert done.code == 0, done.out
    return {name: number for name, number in done.changed.items() if name in NOTHING}


def test_report() -> None:
    assert play("verify").code == 0
    found = report()
    assert found["ok"] is True and found["faults"] == []
    assert len(found["edges"]) == 12 and {edge["state"] for edge in found["edges"]} == {"ok"}
    assert {edge["tls_version"] for edge in found["edges"]} == {"TLSv1.3"}
    assert {(wall["wall"], wall["state"]) for wall in found["walls"]} == {
        (wall, "held") for wall in ("plain", "no_certificate", "foreign_ca", "wrong_cookie", "wrong_name", "local_account", "packet_filter")
    }
    assert {wall["from"] for wall in found["walls"] if wall["wall"] == "packet_filter"} == {"stranger", "neighbour"}
    page = (RUN / "erlang" / "guard" / "report" / "report.html").read_text()
    assert "<svg" in page and not re.search(r"(?:src|href)=[\"'](?!#|data:)", page)


def test_check_mode_says_nothing_on_a_converged_host() -> None:
    done = play("site", "--check", "--diff")
    assert done.code == 0 and {name: done.changed[name] for name in NOTHING} == NOTHING
    assert "+++" not in done.out and "@@" not in done.out


def test_drift_is_found_and_put_right() -> None:
    """What somebody changed by hand comes back, and only where it was changed."""
    assert on("alpha", "echo '%% by hand' >> /etc/erlang/guard/sys.config").code == 0
    assert on("bravo", "chmod 644 /opt/erlang/nodes/guard/current/inet_tls.conf").code == 0
    assert on("carol", "systemctl stop erlang-guard-firewall").code == 0
    assert on("dave", "systemctl stop erlang-guard && systemctl disable erlang-guard erlang-guard-firewall").code == 0
    counts = changed()
    assert all(counts.values()), counts
    assert on("dave", "systemctl is-enabled erlang-guard erlang-guard-firewall").out.split() == ["enabled", "enabled"]


def test_a_tag_runs_its_role_and_no_other() -> None:
    """A filter that was damaged by hand is repaired by its role's tag; what another role would repair stays, and nothing is proven."""
    assert on("alpha", "echo '# by hand' >> /etc/erlang/guard/firewall.nft && echo '%% by hand' >> /etc/erlang/guard/sys.config").code == 0
    done = play("site", "--tags", "erlang_firewall")
    assert done.code == 0 and done.changed["alpha"] == 2 and {done.changed[name] for name in NOTHING if name != "alpha"} == {0}, done.out
    assert on("alpha", "grep -c hand /etc/erlang/guard/firewall.nft /etc/erlang/guard/sys.config").out.split() == [
        "/etc/erlang/guard/firewall.nft:0", "/etc/erlang/guard/sys.config:1"
    ]  # fmt: skip
    assert set(re.findall(r"^TASK \[beam\.tls_distribution\.(\w+) :", done.out, re.MULTILINE)) == {"erlang_cluster", "erlang_firewall"}
    done = play("site", "--tags", "erlang_node")
    assert done.code == 0 and done.changed["alpha"] == 1 and "12 edges" not in done.out, done.out
    done = play("site", "--tags", "verify")
    assert done.code == 0 and "12 of 12 edges" in done.out and "Survey the host" not in done.out
    done = play("site", "--skip-tags", "verify")
    assert done.code == 0 and done.changed["alpha"] == 0 and "12 edges" not in done.out and "Survey the host" in done.out


def test_plays_of_ones_own(tmp_path: Path) -> None:
    """Some of the roles, validated by Ansible: they do their part, or name in a sentence the role that has to come before."""

    def run(**play_of_hosts: Any) -> Completed:
        (tmp_path / "own.yml").write_text(json.dumps([{"hosts": "erlang", "gather_facts": False, **play_of_hosts}]))
        return play(str(tmp_path / "own.yml"), "-e", json.dumps({**WITHOUT_WALLS, "erlang_node_sys_config": {}}))

    def roles(*names: str) -> list[str]:
        return ["beam.tls_distribution.erlang_" + name for name in names]

    done = run(roles=roles("cluster", "certs", "firewall", "verify"))
    assert done.code == 0 and "12 of 12 edges" in done.out and {name: done.changed[name] for name in NOTHING} == NOTHING, done.out
    alone = dict(zip(NOTHING, ("firewall", "app", "verify", "node"), strict=True))
    tasks = [{"include_role": {"name": roles(role)[0]}, "when": "inventory_hostname == '%s'" % name} for name, role in alone.items()]
    for done, lacks in (
        (run(tasks=tasks), {name: (role, "cluster") for name, role in alone.items()}),
        (run(roles=roles("cluster", "node")), dict.fromkeys(alone, ("node", "certs"))),
    ):
        assert done.code != 0 and "undefined" not in done.out
        for name, (role, before) in lacks.items():
            assert "%s: the role erlang_%s needs what the role erlang_%s finds or makes; put" % (name, role, before) in " ".join(
                done.out.split()
            )


def test_a_renamed_cluster_or_host_is_refused_before_any_change() -> None:
    """The former node would go on beside the new one, and have its port. The sentence's own commands take it out of the way."""
    renamed = json.dumps({"erlang_cluster_name": "sentry", **WITHOUT_WALLS})
    for options in (["--check"], []):
        done = play("site", "-e", renamed, *options)
        out = " ".join(done.out.split())
        assert done.code != 0 and not any(done.changed[name] for name in ("bravo", "carol", "dave")), done.out
        for known in HOSTS:
            sentence = "%s: sentry@%s is to be here, and guard@%s, which listens on the same port 4370, is here" % (
                known.name,
                known.fqdn,
                known.fqdn,
            )
            assert sentence in out, done.out
        assert "Mnesia's tables in /var/lib/merl/guard/Mnesia.guard@alpha.example.net belong to the former name" in out
    assert {done.out.split()[0] for done in everywhere("ls /etc/erlang").values()} == {"guard"}
    assert all(done.code for done in everywhere("test -e /etc/systemd/system/erlang-sentry.service").values())
    done = play("site", "-e", '{"erlang_node_host": "{{ inventory_hostname }}.example.org"}', "--check")
    assert done.code != 0 and "guard@alpha.example.org is to be here, and guard@alpha.example.net, which has the same files" in " ".join(
        done.out.split()
    )
    shutil.rmtree(RUN / "erlang" / "sentry", ignore_errors=True)


def test_a_distribution_that_nobody_knows_is_refused_before_any_change() -> None:
    """One host is of another distribution and lacks what certificates are made with; none of the hosts is changed, though one has drifted."""
    package, kept = "/usr/lib/python3/dist-packages/cryptography", "/root/cryptography"
    other = "mv %s %s && rm /etc/os-release && printf 'ID=plan9\\nVERSION_ID=4\\n' > /etc/os-release" % (package, kept)
    own = "mv %s %s && ln -sf ../usr/lib/os-release /etc/os-release" % (kept, package)
    with altered("alpha", "chmod 755 /etc/erlang/guard", "chmod 750 /etc/erlang/guard"), altered("bravo", other, own):
        done = play("site", "-e", json.dumps(WITHOUT_WALLS))
        out = " ".join(done.out.split())
        assert done.code != 0 and not any(done.changed.values()), done.out
        assert (
            "bravo: no package names are known for the distribution 'plan9 4'; install the package cryptography for the host's Python"
            in out
        )
        assert "alpha: no package names" not in out


def test_sudo_that_wants_a_terminal() -> None:
    """As with requiretty in sudoers: modules are piped, which needs no terminal and has none, unless the user says otherwise."""
    refusal = "echo 'sudo: sorry, you must have a tty to run sudo' >&2; exit 1"
    sudo = "#!/bin/sh\n[ -t 0 ] || { " + refusal + '; }\nwhile [ $# -gt 2 ]; do shift; done\nexec /bin/sh "$@"\n'
    command = lifecycle.play("site", ["--tags", "erlang_firewall", "--limit", "alpha", "--become", "-e", "ansible_become_exe=/root/sudo"])
    environment = ["env", "ANSIBLE_BECOME_ALLOW_SAME_USER=1"]
    with altered("alpha", "cat > /root/sudo <<'END'\n%sEND\nchmod 755 /root/sudo" % sudo, "rm /root/sudo"):
        piped = run_command([*environment, *command])
        assert piped.code != 0 and "you must have a tty" in piped.out
        done = run_command([*environment, "ANSIBLE_PIPELINING=0", "ANSIBLE_SSH_PIPELINING=0", *command])
        assert done.code == 0, done.out


def test_old_releases_go_when_one_is_installed() -> None:
    """But for the two newest, and for what a generation of a node names."""
    made = "cd /opt/erlang/apps/guard && for i in 1 2 3 4; do mkdir -p 0.$i/lib && touch -d 2020-01-0$i 0.$i; done && rm -rf 1.0.0-*"
    used = "mkdir -p /opt/erlang/nodes/other/generations/1 && echo /opt/erlang/apps/guard/0.1/ > /opt/erlang/nodes/other/generations/1/about.json"
    with altered("alpha", "%s && %s" % (made, used), "rm -rf /opt/erlang/nodes/other /opt/erlang/apps/guard/0.*"):
        counts = changed()
        found = on("alpha", "ls -A /opt/erlang/apps/guard").out.split()
        assert [name for name in found if name.startswith("0.")] == ["0.1", "0.3", "0.4"] and len(found) == 4
        assert counts == {**NOTHING, "alpha": 1}


FILTER_CHECK = "/opt/erlang/nodes/guard/bin/packet-filter check erlang_guard /etc/erlang/guard/firewall.nft /run/erlang-guard-firewall"


def test_rules_of_another_firewall_that_were_loaded_anew() -> None:
    """Whatever throws our rules out of the kernel, they come back by themselves; the keeper's table holds meanwhile."""
    chain = "nft -a list chain inet filter input"
    right = "nft list chain inet filter input 2>/dev/null | grep -q 'comment \"erlang_guard\"' && " + FILTER_CHECK
    handle = re.search(r'comment "erlang_guard" # handle (\d+)', on("bravo", chain).out)
    assert handle
    keeper = "$(systemctl show -P MainPID erlang-guard-firewall-keeper)"
    for attack in (
        "nft delete rule inet filter input handle " + handle.group(1),
        "systemctl reload nftables",
        "systemctl restart nftables",
        "nft delete table inet erlang_guard",
        "nft flush table inet erlang_guard",
        "kill -9 %s" % keeper,
    ):
        assert on("bravo", attack + " && nft list chains | grep -A9 'inet erlang_guard' | grep -q 'hook input'").code == 0, attack
        assert wait_until(lambda: on("bravo", right).code == 0), attack


def test_no_moment_without_the_packet_filter() -> None:
    """Who flushes all rules in one command, and looks in the same breath, still finds the node filtered."""
    held = "nft list table inet erlang_guard.kept | grep -q 'tcp dport 4370 counter packets [0-9]* bytes [0-9]* drop'"
    for flush in ("nft flush ruleset", "systemctl stop nftables", "for i in 1 2 3 4 5 6 7 8; do nft flush ruleset; done"):
        assert on("carol", "%s && %s" % (flush, held)).code == 0, flush
        assert wait_until(lambda: on("carol", FILTER_CHECK).code == 0), flush
    assert on("carol", "nft delete table inet erlang_guard.kept").code != 0


def test_rules_among_those_of_iptables() -> None:
    """iptables shows, saves and restores who is accepted; what it restored is known as ours, and comes and goes with the rest."""
    assert on("alpha", "apt-get install --yes --quiet iptables").code == 0
    rules = ["iptables -A INPUT -i lo -j ACCEPT", "iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"]
    rules += ["iptables -A INPUT -p tcp --dport 22 -j ACCEPT", "iptables -P INPUT DROP"]
    shown = "iptables -S INPUT | grep -F -- '--comment erlang_guard'"
    expected = {"-A INPUT -s %s/32 -p tcp -m tcp --dport 4370 -m comment --comment erlang_guard -j ACCEPT" % known.address
                for known in HOSTS if known.name != "alpha"}  # fmt: skip
    # What an earlier version left where iptables had saved it: anybody.
    everybody = "iptables -A INPUT -p tcp --dport 4370 -m comment --comment erlang_guard -j ACCEPT"

    def right() -> bool:
        return on("alpha", FILTER_CHECK).code == 0 and set(on("alpha", shown).out.splitlines()) == expected

    with altered("alpha", " && ".join(rules), "nft delete table ip filter"):
        assert wait_until(right), on("alpha", shown).out
        assert on("alpha", "iptables-save > /root/saved && iptables-restore < /root/saved").code == 0
        assert wait_until(right), on("alpha", shown).out
        assert on("alpha", everybody + " && iptables-save > /root/saved && iptables-restore < /root/saved").code == 0
        assert wait_until(right), on("alpha", shown).out
        assert changed() == NOTHING
        assert on("alpha", "iptables-restore < /root/saved; systemctl stop erlang-guard-firewall; " + shown).out == ""
        assert on("alpha", "systemctl start erlang-guard-firewall").code == 0 and wait_until(right)


def test_secrets_are_not_shown() -> None:
    """A run that makes everything, changes files, corrects a mode and fails, as talkative as can be, shows no secret."""
    cookie = (RUN / "erlang" / "guard" / "cookie").read_text().strip()
    passphrase = (RUN / "erlang" / "guard" / "ca.passphrase").read_text().strip()
    for name, command in {
        "alpha": "rm -rf /etc/erlang/guard /var/lib/merl/guard/.erlang.cookie",
        "bravo": "cd /opt/erlang/nodes/guard/current && sed -i s/ssw0rd/changed/ sys.config && sed -i s/ken-of/changed/ environment",
        # As units were written before the environment had a file of its own.
        "carol": "sed -i '/^EnvironmentFile/i Environment=\"GUARD_TOKEN=t0ken-of-the-environment\"' /etc/systemd/system/erlang-guard.service && "
        "cd /opt/erlang/nodes/guard/current && chmod 644 sys.config environment && chmod 755 /opt/erlang/apps/guard/1.0.0-*",
        "dave": "cd /opt/erlang/nodes/guard/current && rm environment && mkdir environment",
    }.items():
        assert on(name, command).code == 0
    done = play("site", "-vvv", "--diff")
    assert done.code != 0 and "/environment is a directory, and a file is wanted" in done.out
    assert all(done.changed[name] for name in ("alpha", "bravo", "carol"))
    assert "/sys.config (content): content not shown" in done.out
    assert on("carol", "stat -c %a /opt/erlang/nodes/guard/current/environment /opt/erlang/apps/guard/1.0.0-*").out.split() == [
        "640",
        "750",
    ]
    for secret in (cookie, passphrase, "PRIVATE KEY-----", *SECRET_PARTS):
        assert len(secret) > 10 and secret not in done.out
    # Those of the configuration are changed by hand above, and the old text is no business of the output either.
    assert "p4changed" not in done.out and "t0changed" not in done.out
    assert on("dave", "rmdir /opt/erlang/nodes/guard/current/environment").code == 0


def test_ssh_is_never_cut() -> None:
    """An open connection and new ones, while the packet filter is made from nothing on a host that has one of its own."""
    target = host("dave")
    assert (
        on(
            "dave",
            "systemctl stop erlang-guard erlang-guard-firewall; rm -rf /etc/erlang /etc/systemd/system/erlang-*; systemctl daemon-reload",
        ).code
        == 0
    )
    stop, failures, tries = threading.Event(), [], []

    def knock() -> None:
        fresh = [*hosts.ssh(target), "-o", "ControlPath=none", "-o", "ConnectTimeout=3", "true"]
        while not stop.is_set():
            done = run_command(fresh, timeout=20)
            tries.append(done.code)
            if done.code:
                failures.append(done.out)

    ticking = [*hosts.ssh(target), "-o", "ControlPath=none", "i=0; while [ $i -lt 400 ]; do date +%s.%N; sleep 0.1; i=$((i+1)); done"]
    open_one = subprocess.Popen(ticking, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    knocking = threading.Thread(target=knock)
    knocking.start()
    try:
        counts = changed()
    finally:
        stop.set()
        knocking.join()
        open_one.terminate()
    times = [float(line) for line in (open_one.communicate()[0] or "").splitlines()]
    assert counts["dave"] > 0
    assert failures == [] and len(tries) > 10
    assert len(times) > 20 and max(after - before for before, after in zip(times, times[1:])) < 2.0


def test_an_attack_is_known_everywhere() -> None:
    assert on("alpha", "erlang-guard rpc guard report '[\"%s\"]'" % ATTACKER).code == 0
    assert wait_until(lambda: all(ATTACKER in done.out for done in everywhere("erlang-guard rpc guard known").values()))


def test_the_list_survives_a_node_and_the_node_comes_back() -> None:
    with altered("alpha", "systemctl kill --signal=KILL --kill-whom=main erlang-guard", "true"):
        assert wait_until(lambda: ATTACKER in on("bravo", "erlang-guard rpc guard known").out)
        assert wait_until(
            lambda: on("alpha", "systemctl is-active erlang-guard").out.strip() == "active" and on("alpha", "erlang-guard ping").code == 0
        )
        assert wait_until(lambda: ATTACKER in on("alpha", "erlang-guard rpc guard known").out)
    assert wait_until(lambda: on("alpha", "erlang-guard eval 'length(nodes()).'").out.strip() == "3", seconds=90)


def test_stop_and_start_by_the_control_command() -> None:
    assert on("carol", "erlang-guard stop").code == 0
    assert on("carol", "erlang-guard ping").code != 0
    assert on("carol", "erlang-guard start").code == 0
    assert on("carol", "erlang-guard ping").code == 0


def test_what_a_node_has_read_is_said_by_its_service_alone() -> None:
    """Said by hand it would be what is in the files, and not what the node runs with."""
    done = on("carol", "erlang-guard begin /opt/erlang/nodes/guard/current")
    assert done.code == 1 and "only erlang-guard.service begins" in done.out


def test_a_node_that_cannot_start_says_why() -> None:
    """And says no secret of the application, though the node itself did."""
    says = 'io:format("~ts~n~tp~n", [os:getenv("GUARD_TOKEN"), application:get_all_env(guard)]).'
    done = play(
        "site", "-vvv", "--diff", "-e", json.dumps({"erlang_node_vm_args": ["-eval", says, "-s", "no_such_module"]}), "--limit", "carol"
    )
    assert done.code != 0
    # The cause comes first.
    first = r"what it said in this start, the cause first [^']*'?,?\s+[-\"'\s]*Error! Failed to load module 'no_such_module'"
    assert re.search(first, done.out) and "It runs generation" in done.out, done.out[-4000:]
    said = on("carol", "journalctl -u erlang-guard -o cat").out
    assert "t0ken-of-the-environment" in said and "p4ssw0rd-of-sys.config" in said
    assert "********" in done.out and [part for part in SECRET_PARTS if part in done.out] == []
    assert on("carol", "erlang-guard ping").code == 0 and changed() == NOTHING


def test_a_node_that_others_restarted_too_often() -> None:
    """Systemd begins no further start of it for two minutes, unless it is told to forget those that there were, as a run that has to restart it does.

    It has to, as the node has read what somebody wrote there.
    """
    refused = "journalctl -u erlang-guard -o cat | grep -c 'Start request repeated too quickly'"
    before = int(on("carol", refused).out)
    assert on("carol", "systemctl reset-failed erlang-guard; printf '%s\\n' -kernel by_hand true >> /etc/erlang/guard/vm.args").code == 0
    for _time in range(5):
        assert on("carol", "systemctl restart erlang-guard").code == 0
    assert "true" in on("carol", "erlang-guard eval 'application:get_env(kernel, by_hand).'").out
    assert changed() == {**NOTHING, "carol": 2}
    assert "undefined" in on("carol", "erlang-guard eval 'application:get_env(kernel, by_hand).'").out
    assert int(on("carol", refused).out) == before
    assert on("carol", "erlang-guard ping").code == 0


def test_a_changed_table_is_reloaded_without_a_restart() -> None:
    before = {name: on(name, "systemctl show --property=MainPID --value erlang-guard").out for name in NOTHING}
    read = "sha256sum </run/erlang-guard/generation"
    right = on("alpha", read).out
    assert on("alpha", "echo '%% by hand' >> /etc/erlang/guard/peers.config; erlang-guard reload").code == 0
    assert on("alpha", read).out != right
    assert changed()["alpha"] > 0
    assert on("alpha", read).out == right
    after = {name: on(name, "systemctl show --property=MainPID --value erlang-guard").out for name in NOTHING}
    assert before == after


def test_applications_of_otp_that_a_node_does_not_use_restart_nothing() -> None:
    assert on("carol", "apt-get -q -y --no-install-recommends install erlang-inets").code == 0
    with altered("carol", "true", "apt-get -q -y remove erlang-inets"):
        assert changed() == NOTHING


def test_the_same_inventory_in_another_directory_changes_nothing(tmp_path: Path) -> None:
    """A colleague's checkout: the inventory, the cluster's directory and the release lie elsewhere, and the hosts are told in another order."""
    inventory = json.loads((RUN / "inventory.yml").read_text())
    shutil.copytree(RUN / "erlang", tmp_path / "erlang")
    shutil.copy(inventory["erlang"]["vars"]["erlang_app_release"], tmp_path / "guard.tar.gz")
    inventory["erlang"]["vars"]["erlang_app_release"] = "guard.tar.gz"
    inventory["erlang"]["children"] = dict(reversed(inventory["erlang"]["children"].items()))
    (tmp_path / "inventory.yml").write_text(json.dumps(inventory))
    argv = [
        "ansible-playbook",
        "--inventory=%s" % (tmp_path / "inventory.yml"),
        lifecycle.playbook("site"),
        "-e",
        json.dumps(WITHOUT_WALLS),
    ]
    done = run_command(lifecycle.control(argv))
    assert done.code == 0, done.out[-4000:]
    assert {name: done.changed[name] for name in NOTHING} == NOTHING


def test_a_host_that_leaves_the_inventory_leaves_the_mesh(tmp_path: Path) -> None:
    """With its node still up: the others part with it in the run that takes it out, whoever opened the connection, and lose nobody else. With a run
    of the whole inventory it is back."""
    connected = "erlang-guard eval 'lists:sort(nodes(connected)).'"
    log = "journalctl -u erlang-guard -o cat --no-pager"
    assert wait_until(lambda: all(done.out.count("guard@") == 3 for done in everywhere("erlang-guard eval 'nodes().'").values()))
    watch = (
        "erlang-guard eval 'spawn(fun() -> net_kernel:monitor_nodes(true), Loop = fun Again() -> "
        'receive {nodedown, Node} -> logger:notice("LOST ~s", [Node]); _ -> ok end, Again() end, Loop() end), ok.\''
    )
    assert all(done.code == 0 for done in everywhere(watch).values())
    inventory = json.loads((RUN / "inventory.yml").read_text())
    inventory["erlang"]["children"]["east"]["hosts"].pop("dave")
    inventory["erlang"]["vars"]["erlang_cluster_directory"] = str(RUN / "erlang" / "guard")
    (tmp_path / "inventory.yml").write_text(json.dumps(inventory))
    argv = [
        "ansible-playbook",
        "--inventory=%s" % (tmp_path / "inventory.yml"),
        lifecycle.playbook("site"),
        "-e",
        json.dumps(WITHOUT_WALLS),
    ]
    done = run_command(lifecycle.control(argv))
    assert done.code == 0, done.out[-4000:]
    for name in ("alpha", "bravo", "carol"):
        said = on(name, connected).out
        assert "dave" not in said and said.count("'guard@") == 2, said
        assert re.findall(r"LOST guard@(\w+)", on(name, log).out) == ["dave"]
    assert set(changed().values()) != {0}
    assert wait_until(lambda: all(done.out.count("'guard@") == 3 for done in everywhere("erlang-guard eval 'nodes().'").values()))


def test_nothing_is_left_to_do() -> None:
    """Whatever was done above; and every wall holds again."""
    done = play("site")
    assert done.code == 0 and {name: done.changed[name] for name in NOTHING} == NOTHING, done.out
    assert report()["ok"] is True and {wall["state"] for wall in report()["walls"]} == {"held"}
