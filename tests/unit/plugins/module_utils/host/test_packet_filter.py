# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import packet_filter
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.packet_filter import Chain, Rule
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import bundle

RULES = """\
# account root
# account no-such-account
# accept ip 198.18.2.10 4370
# accept ip 198.18.3.10 4370
# accept ip6 2001:2::10 4370
table inet erlang_guard-a
delete table inet erlang_guard-a
table inet erlang_guard-a {
    set accounts {
        type uid
        elements = { 0 }
    }
    set sources4 {
        type ipv4_addr; size 65535; flags dynamic;
    }
    chain input {
        type filter hook input priority filter - 5; policy accept;
        tcp dport 4370 counter drop
    }
}
"""


def test_chains_of_others_at_the_input_hook() -> None:
    listed = """\
table ip filter {
\tchain INPUT {
\t\ttype filter hook input priority filter; policy drop;
\t}
\tchain FORWARD {
\t\ttype filter hook forward priority filter; policy accept;
\t}
}
table inet erlang_other {
\tchain input {
\t\ttype filter hook input priority filter - 5; policy accept;
\t}
}
table bridge filter {
\tchain input {
\t\ttype filter hook input priority 0; policy accept;
\t}
}
table inet mine {
\tchain in-put {
\t\ttype filter hook input priority filter + 10; policy accept;
\t}
}
"""
    assert packet_filter.input_chains(listed) == [Chain("ip", "filter", "INPUT"), Chain("inet", "mine", "in-put")]


def test_each_address_has_a_rule_where_iptables_could_not_show_a_set() -> None:
    assert packet_filter.admissions(RULES, Chain("ip", "filter", "INPUT"), "erlang_guard-a") == [
        'insert rule ip filter INPUT ip saddr 198.18.2.10 tcp dport 4370 accept comment "erlang_guard-a"',
        'insert rule ip filter INPUT ip saddr 198.18.3.10 tcp dport 4370 accept comment "erlang_guard-a"',
    ]
    assert packet_filter.admissions(RULES, Chain("inet", "mine", "in"), "erlang_guard-a") == [
        'insert rule inet mine in ip saddr { 198.18.2.10, 198.18.3.10 } tcp dport 4370 accept comment "erlang_guard-a"',
        'insert rule inet mine in ip6 saddr { 2001:2::10 } tcp dport 4370 accept comment "erlang_guard-a"',
    ]


def test_rules_of_ours_by_the_comment_that_nft_shows_or_that_iptables_shows() -> None:
    rules = packet_filter.rules_of(
        "table ip filter { # handle 4\n\tchain INPUT { # handle 1\n"
        "\t\ttype filter hook input priority filter; policy drop;\n"
        '\t\tip saddr 198.18.2.10 tcp dport 4370 accept comment "erlang_guard" # handle 5\n'
        "\t\tip saddr 198.18.3.10 tcp dport 4370  counter accept # handle 6\n"
        "\t\ttcp dport 22 counter accept # handle 7\n\t}\n}\n"
    )
    assert [rule.handle for rule in rules] == [5, 6, 7]
    saved = (
        "*filter\n:INPUT DROP [0:0]\n"
        "-A INPUT -s 198.18.2.10/32 -p tcp -m tcp --dport 4370 -m comment --comment erlang_guard -j ACCEPT\n"
        '-A INPUT -s 198.18.3.10/32 -p tcp -m tcp --dport 4370 -m comment --comment "erlang_guard" -j ACCEPT\n'
        "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n-A OTHER -j ACCEPT\nCOMMIT\n"
    )
    comments = packet_filter.saved_comments(saved, "INPUT")
    assert comments == ["erlang_guard", "erlang_guard", ""]
    assert [rule.handle for rule in packet_filter.ours(rules, comments, ["erlang_guard"])] == [5, 6]
    assert [rule.handle for rule in packet_filter.ours(rules, comments[1:], ["erlang_guard"])] == [5]
    assert packet_filter.ours(rules, comments, ["erlang_guar"]) == []
    assert packet_filter.ours([Rule('accept comment "erlang_guard-a"', 1)], [], ["guard-a", "erlang_guard"]) == []


def test_accounts_that_the_host_has_may_connect() -> None:
    assert packet_filter.rendered(RULES, "erlang_guard-a").endswith("}\nadd element inet erlang_guard-a accounts { 0 }\n")
    nobody = pwd.getpwnam("nobody").pw_uid
    assert "accounts { 0, %d }" % nobody in packet_filter.rendered("# account nobody\n" + RULES, "erlang_guard-a")


def test_the_second_table_has_the_same_rules_and_an_owner() -> None:
    text = packet_filter.owned(packet_filter.rendered(RULES, "erlang_guard-a"), "erlang_guard-a")
    lines = [line for line in text.splitlines() if "erlang_guard-a" in line]
    assert lines == [
        "table inet erlang_guard-a.kept { flags owner; }",
        "delete table inet erlang_guard-a.kept",
        "table inet erlang_guard-a.kept {",
        "add element inet erlang_guard-a.kept accounts { 0 }",
    ]
    assert "erlang_guard-a.kept {\n    flags owner;\n    set accounts" in text


@pytest.mark.parametrize("sources", ["", "\n\t\telements = { 198.18.3.10 ct count over 512,\n\t\t\t     198.18.3.20 ct count over 512 }"])
def test_what_the_kernel_puts_into_sets_is_no_change_and_all_else_is(sources: str) -> None:
    listed = "\tset sources4 {\n\t\ttype ipv4_addr\n\t\tsize 65535\n\t\tflags dynamic%s\n\t}\n\n\tset accounts {\n\t\ttype uid\n\t\telements = { %s }\n\t}\n"
    assert packet_filter.without_sources(listed % (sources, "0, 993")) == listed % ("", "0, 993")
    assert packet_filter.without_sources(listed % (sources, "0, 993")) != packet_filter.without_sources(listed % ("", "0"))
    counted = "\tset sources4 {\n\t\ttype ipv4_addr\n\t\tsize 65535%s\n\t\tflags dynamic%s\n\t}\n"
    seen = "\n\t\telements = { 198.18.3.20 ct count over 512 }"
    assert packet_filter.without_sources(counted % ("\t# count 1", seen)) == counted % ("", "")


def test_what_the_keeper_tells(tmp_path: Path) -> None:
    checked = tmp_path / "checked"
    assert "not loaded" in packet_filter.told(str(checked))
    filtered = packet_filter.Filter("erlang_guard", str(tmp_path / "rules"), str(tmp_path))
    filtered.tell("")
    assert packet_filter.told(str(checked)) == ""
    filtered.tell("it cannot be loaded again: no")
    assert packet_filter.told(str(checked)) == "it cannot be loaded again: no"
    old = time.clock_gettime(time.CLOCK_BOOTTIME) - packet_filter.FRESH_SECONDS - 1
    checked.write_text(json.dumps({"wrong": "", "seconds": old}))
    assert "has not looked" in packet_filter.told(str(checked))
    for damaged in ("", "[]", "{", '{"wrong": ""}'):
        checked.write_text(damaged)
        assert "is not what" in packet_filter.told(str(checked))


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert packet_filter.main(["load"]) == 64 and packet_filter.main(["bogus", "t", "r", "s"]) == 64
    assert capsys.readouterr().err == 2 * (packet_filter.USAGE + "\n")


SCRIPT = """\
set -e
filter() { "$PYTHON" -I "$PROGRAM" "$1" "$TABLE" rules state; }
mkdir state
nft 'table inet erlang_guard_a { chain input { type filter hook input priority 0; tcp dport 4381 drop; }; }'
printf '%s' "$RULES" > rules
if filter check; then exit 9; fi
{ nft -s list table inet erlang_guard_a; echo 'inet filter input'; } > state/table
filter load
nft list tables
"$PYTHON" -I "$PROGRAM" keep "$TABLE" rules state 2>said & keeper=$!
trap "kill $keeper 2>/dev/null || :" EXIT
for i in $(seq 200); do filter check && break; sleep 0.1; done
nft list tables | sort
nft flush ruleset
nft list tables | grep -v 'kept$' || nft list tables
for i in $(seq 200); do filter check >/dev/null && break; sleep 0.1; done
filter check
nft list tables | sort
kill $keeper
wait $keeper || :
nft list tables
filter check || :
filter unload
nft list tables
"""


def test_load_keep_flush_and_unload(tmp_path: Path) -> None:
    """With nft itself, in a network namespace of its own; what an earlier version loaded under another name goes with the load."""
    program = tmp_path / "packet-filter"
    program.write_bytes(bundle.program("_host.packet_filter"))
    become = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    environment = {
        "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "PYTHON": sys.executable, "PROGRAM": str(program),
        "TABLE": "erlang_guard-a", "RULES": RULES.replace("# accept ip6 2001:2::10 4370\n", ""),
    }  # fmt: skip
    done = subprocess.run(
        ["unshare", "--net", *become, "sh", "-c", SCRIPT], cwd=tmp_path, env=environment, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    told = [line for line in done.stdout.splitlines() if not line.startswith(("it is not", "the service"))]
    one, kept = "table inet erlang_guard-a", "table inet erlang_guard-a.kept"
    assert told == [one, one, kept, kept, one, kept, one], done.stdout
    assert done.stdout.splitlines()[0] == "it is not loaded"
    assert done.stdout.splitlines()[-1] == "the service that keeps it does not run"
    assert (tmp_path / "said").read_text() == "The packet filter was not what was loaded. It is loaded again.\n"
