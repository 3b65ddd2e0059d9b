# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The standing watch: what it writes, what it does when something breaks, who reads it, and that nothing of it stays."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator

import pytest
from lab.commands import WITHOUT_WALLS, altered, on, play, report, wait_until
from lab.fault_injection import CERTIFICATE, DAY, Authority, other_time, put
from lab.settings import HOSTS, host
from prometheus_client.parser import text_string_to_metric_families

COLLECTOR = "/var/lib/prometheus/node-exporter"
TIMER, SERVICE = "erlang-guard-watch.timer", "erlang-guard-watch.service"
NAMES = [known.name for known in HOSTS]
Metrics = dict[tuple[str, ...], float]


def node(name: str) -> str:
    """The full name of a host's node."""
    return "guard@%s.example.net" % name


def metrics(name: str) -> Metrics:
    """What the collector finds on a host: the name of each metric with the values of its labels, the host's own node left out."""
    found = {}
    for family in text_string_to_metric_families(on(name, "cat %s/erlang-guard.prom" % COLLECTOR).out):
        for sample in family.samples:
            assert sample.labels.pop("node") == node(name)
            found[(sample.name.replace("beam_tls_", ""), *sample.labels.values())] = sample.value
    return found


def look(name: str) -> Metrics:
    """What is there after one more look."""
    assert on(name, "systemctl start " + SERVICE).code == 0
    return metrics(name)


def edges(found: Metrics) -> dict[str, float]:
    """The edges of a host: peer and whether it is reached."""
    return {key[1]: value for key, value in found.items() if key[0] == "edge_up"}


def changed(**variables: object) -> set[int]:
    """How many tasks a run with further variables changed on the hosts."""
    done = play("site", "-e", json.dumps({**WITHOUT_WALLS, "erlang_verify_watch_directory": COLLECTOR, **variables}))
    assert done.code == 0, done.out[-4000:]
    return {done.changed[name] for name in NAMES}


@pytest.fixture(scope="module", autouse=True)
def watched() -> Iterator[None]:
    """The watch is on; in the end it is off, with nothing left to do."""
    changed(erlang_verify_watch=True)
    yield
    # The last test has taken it away, unless something failed.
    assert changed() == {0}


def test_the_timer_is_active_and_looked_at_once() -> None:
    for name in NAMES:
        assert on(name, "systemctl is-active %s && systemctl is-enabled %s" % (TIMER, TIMER)).code == 0
        assert wait_until(lambda host=name: len(edges(metrics(host))) == 3 or on(host, "systemctl is-failed -q " + SERVICE).code == 0)


def test_all_is_well() -> None:
    for name in NAMES:
        before = time.time()
        found = look(name)
        assert found[("node_up",)] == 1 and found[("node_strangers",)] == 0
        assert edges(found) == {node(other): 1 for other in NAMES if other != name}
        assert all(value > 0 for key, value in found.items() if key[0] == "edge_handshake_seconds")
        assert before - 5 < found[("watch_last_run_timestamp_seconds",)] < time.time() + 5
        assert 0 < found[("watch_duration_seconds",)] <= time.time() - before
        assert not [key for key in found if "fault" in key[0]]


def test_certificates_end_when_openssl_says_so() -> None:
    def end(name: str, file: str) -> float:
        said = on(name, 'date +%%s -d "$(openssl x509 -in /etc/erlang/guard/%s -noout -enddate | cut -d= -f2)"' % file)
        return float(said.out)

    found = look("alpha")
    began = found[("watch_last_run_timestamp_seconds",)]
    within = 1 + found[("watch_duration_seconds",)]
    assert abs(began + found[("node_certificate_remaining_seconds",)] - end("alpha", "node.pem")) < within
    assert abs(began + found[("trust_certificate_remaining_seconds",)] - end("alpha", "ca.pem")) < within
    for name in ("bravo", "carol", "dave"):
        assert abs(began + found[("edge_certificate_remaining_seconds", node(name))] - end(name, "node.pem")) < within


@pytest.mark.parametrize(("ahead", "overdue"), [(365, 0), (700, 1)])
def test_what_a_host_says_whose_clock_is_ahead(ahead: int, overdue: int) -> None:
    """A certificate is good for 800 days and is renewed at half of them: a cluster that nobody touches for a year runs on, and later says so by itself."""
    times_said = "journalctl --unit=%s --output=cat | grep -c 'should have been renewed by now. Run the playbook renew'" % SERVICE
    before = int(on("carol", times_said).out)
    with other_time("carol", ahead * DAY):
        assert wait_until(lambda: set(edges(look("carol")).values()) == {1})
        assert metrics("carol")[("certificate_overdue", "node")] == overdue
        assert int(on("carol", times_said).out) == before + overdue
        assert ("should have been renewed: run the playbook renew" in on("carol", "erlang-guard status").out) == bool(overdue)
    assert set(edges(look("carol")).values()) == {1}


def test_a_certificate_that_should_have_been_renewed_is_a_note_and_is_renewed_by_a_run() -> None:
    late = Authority().issue(host("bravo").fqdn, before=700 * DAY, after=100 * DAY)
    assert on("bravo", "%s && erlang-guard reload" % put(CERTIFICATE, late)).code == 0
    assert look("bravo")[("certificate_overdue", "node")] == 1
    assert play("verify", "-e", json.dumps(WITHOUT_WALLS)).code == 0
    assert [(note["id"], note["where"]) for note in report()["notes"]] == [("certificate-overdue", ["bravo"])]
    renewed = play("renew")
    assert renewed.code == 0 and "renewed that of bravo" in " ".join(renewed.out.split()), renewed.out
    assert look("bravo")[("certificate_overdue", "node")] == 0


def test_a_node_that_stops_is_seen_by_all_within_one_look_and_no_unit_fails() -> None:
    with altered("bravo", "systemctl stop erlang-guard", "systemctl start erlang-guard"):
        found = look("alpha")
        assert edges(found) == {node("bravo"): 0, node("carol"): 1, node("dave"): 1}
        assert found[("edge_fault", node("bravo"), "connection-refused")] == 1
        assert ("edge_handshake_seconds", node("bravo")) not in found
        own = look("bravo")
        assert own[("node_up",)] == 0 and own[("node_fault", "connection-refused")] == 1
        assert all(value == 1 for value in edges(own).values())
    assert set(edges(look("alpha")).values()) == {1}


def test_a_connected_node_that_is_not_of_the_cluster_is_counted_and_named() -> None:
    settings = "/etc/erlang/guard/watch.json"
    without = "import json; d = json.load(open('%s')); d['peers'] = [p for p in d['peers'] if 'dave' not in p['node']]" % settings
    edit = "cp -p %s /root/kept && python3 -c \"%s; open('%s', 'w').write(json.dumps(d))\"" % (settings, without, settings)
    with altered("alpha", edit, "mv /root/kept " + settings):
        assert look("alpha")[("node_strangers",)] == 1
        assert "connected with '%s'" % node("dave") in on("alpha", "journalctl -u %s -n 20 -o cat" % SERVICE).out


def test_where_it_cannot_look_the_unit_fails_and_says_why() -> None:
    cookie = "/var/lib/merl/guard/.erlang.cookie"
    with altered("carol", "mv %s %s.away" % (cookie, cookie), "mv %s.away %s" % (cookie, cookie)):
        why = "cannot do its work: %s: No such file" % cookie
        assert wait_until(
            lambda: on("carol", "systemctl start " + SERVICE).code != 0 and why in on("carol", "journalctl -u %s -n 9 -o cat" % SERVICE).out
        )
        assert set(edges(metrics("carol")).values()) == {0}
    look("carol")


def test_the_metrics_are_for_everybody_and_hold_no_secret() -> None:
    for name in NAMES:
        assert on(name, "runuser -u nobody -- cat %s/erlang-guard.prom" % COLLECTOR).code == 0
        secrets = on(name, "cat /var/lib/merl/guard/.erlang.cookie").out.split()
        written = on(name, "cat /var/lib/erlang-guard-watch/* /etc/erlang/guard/watch.json; journalctl -u %s" % SERVICE).out
        assert secrets and "PRIVATE KEY" not in written and not any(secret in written for secret in secrets)


def test_the_service_is_sandboxed_and_is_not_root() -> None:
    said = on("alpha", "systemd-analyze security --no-pager " + SERVICE).out
    exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert exposure and float(exposure.group(1)) <= 2.0
    assert on("alpha", "systemctl show -P User " + SERVICE).out.strip() == "merl"
    assert on("alpha", "stat -c %U /var/lib/erlang-guard-watch/erlang-guard.prom").out.strip() == "merl"


def test_node_exporter_reads_them() -> None:
    serve = "prometheus-node-exporter --collector.disable-defaults --collector.textfile --collector.textfile.directory=%s" % COLLECTOR
    ask = (
        'python3 -c \'import http.client as h; c = h.HTTPConnection("127.0.0.1", 9101); c.request("GET", "/metrics");'
        " print(c.getresponse().read().decode())'"
    )
    install = "apt-get -q -y --no-install-recommends install prometheus-node-exporter && systemctl stop prometheus-node-exporter"
    assert on("alpha", install).code == 0
    run = "systemd-run --unit exporter --property User=prometheus %s --web.listen-address=127.0.0.1:9101" % serve
    with altered("alpha", run, "systemctl stop exporter && apt-get -q -y remove prometheus-node-exporter"):
        assert wait_until(lambda: on("alpha", ask).code == 0)
        exported = on("alpha", ask).out
    assert 'beam_tls_edge_up{node="%s",peer="%s"} 1' % (node("alpha"), node("bravo")) in exported
    assert "node_textfile_scrape_error 0" in exported


def test_a_second_run_changes_nothing() -> None:
    assert changed(erlang_verify_watch=True) == {0}


def test_another_interval_and_another_directory() -> None:
    assert changed(erlang_verify_watch=True, erlang_verify_watch_interval=60, erlang_verify_watch_directory="/srv/metrics") == {2}
    assert "1min" in on("alpha", "systemctl show -P TimersMonotonic " + TIMER).out
    assert on("alpha", "test -L /srv/metrics/erlang-guard.prom && ! test -L %s/erlang-guard.prom" % COLLECTOR).code == 0


def test_off_means_gone() -> None:
    """A command line gives the word as text."""
    assert 0 not in changed(erlang_verify_watch="false")
    for name in NAMES:
        places = "find /etc /opt /var/lib /run /srv -name '*erlang-guard-watch*' -o -name 'watch.*' -path '*erlang*'"
        left = on(name, places + "; find / -xdev -name erlang-guard.prom")
        assert left.out == ""
        assert on(name, "systemctl list-units --all --plain --no-legend 'erlang-guard-watch*'").out == ""
