# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metrics and the alerts of docs/watch.md, judged by promtool, Prometheus' own tool."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import host_metrics
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.metrics import Metric, Sample, render

DOCUMENT = Path(__file__).parents[2] / "docs" / "watch.md"
ALPHA, BRAVO, CAROL = ("guard@%s.example.net" % name for name in ("alpha", "bravo", "carol"))
DAY = 86400
MINUTES = 60


def promtool(arguments: list[str], said: str = "") -> str:
    """What promtool says of a good thing; whatever it has against one is shown."""
    done = subprocess.run(["promtool", *arguments], input=said, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The rules of the document, in a file."""
    (found,) = re.findall(r"^```yaml\n(groups:\n.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    path = tmp_path / "rules.yml"
    path.write_text(found)
    return path


def edge(metric: str, node: str, peer: str, **labels: str) -> str:
    """A series of an edge."""
    pairs = {"node": node, "peer": peer, **labels}
    return "beam_tls_%s{%s}" % (metric, ",".join('%s="%s"' % pair for pair in pairs.items()))


def series(name: str, values: str) -> dict[str, str]:
    """A series with a value every minute."""
    return {"series": name, "values": values}


def constant(value: float) -> str:
    """The same value for an hour."""
    return "%g+0x%d" % (value, MINUTES)


def raised(rules: Path, given: list[dict[str, str]], alerts: dict[str, list[tuple[str, str]]], minute: int = 30) -> None:
    """Holds the alerts at a minute, by name with their summaries, against those expected; those not named must be quiet."""
    loaded = yaml.safe_load(rules.read_text())["groups"][0]["rules"]
    severities = {rule["alert"]: rule["labels"] for rule in loaded}
    assert set(alerts) <= set(severities)
    labels = re.compile(r"\{(.*)\}")
    expected = [
        {
            "eval_time": "%dm" % minute,
            "alertname": name,
            "exp_alerts": [
                {
                    "exp_labels": {**severities[name], **dict(re.findall(r'(\w+)="([^"]*)"', labels.search(where)[1]))},
                    "exp_annotations": {"summary": summary},
                }
                for where, summary in alerts.get(name, [])
            ],
        }
        for name in severities
    ]
    test = {
        "rule_files": [rules.name],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": given, "alert_rule_test": expected}],
    }
    path = rules.with_name("test.yml")
    path.write_text(yaml.safe_dump(test))
    promtool(["test", "rules", str(path)])


def test_the_metrics_are_named_and_written_as_prometheus_wants() -> None:
    text = render(
        Sample(metric, tuple("x" for _label in metric.labels), 1.5) for metric in vars(host_metrics).values() if isinstance(metric, Metric)
    )
    assert promtool(["check", "metrics"], text) == ""
    with pytest.raises(AssertionError, match="text format parsing error"):
        promtool(["check", "metrics"], text.replace("} 1.5", "} much"))


def test_the_rules_are_rules(rules: Path) -> None:
    assert "10 rules found" in promtool(["check", "rules", str(rules)])


def test_all_is_quiet_where_all_is_well(rules: Path) -> None:
    given = [
        series('beam_tls_packet_filter_up{node="%s"}' % ALPHA, constant(1)),
        series('beam_tls_node_up{node="%s"}' % ALPHA, constant(1)),
        series(edge("edge_up", ALPHA, BRAVO), constant(1)),
        series('beam_tls_node_certificate_remaining_seconds{node="%s"}' % ALPHA, constant(60 * DAY)),
        series('beam_tls_trust_certificate_remaining_seconds{node="%s"}' % ALPHA, constant(900 * DAY)),
        series(edge("edge_certificate_remaining_seconds", ALPHA, BRAVO), constant(60 * DAY)),
        series('beam_tls_certificate_overdue{node="%s",whose="node"}' % ALPHA, constant(0)),
        series('beam_tls_node_strangers{node="%s"}' % ALPHA, constant(0)),
        series('beam_tls_watch_last_run_timestamp_seconds{node="%s"}' % ALPHA, "0+60x%d" % MINUTES),
    ]
    raised(rules, given, {})


def test_a_node_that_is_down_is_told_once(rules: Path) -> None:
    given = [
        series('beam_tls_node_up{node="%s"}' % BRAVO, constant(0)),
        series(edge("edge_up", ALPHA, BRAVO), constant(0)),
        series(edge("edge_up", CAROL, BRAVO), constant(0)),
        series(edge("edge_up", BRAVO, ALPHA), constant(1)),
    ]
    alerts = {
        "ErlangNodeDown": [('{node="%s"}' % BRAVO, "%s lets nobody in." % BRAVO)],
        "ErlangNodeUnreachable": [('{peer="%s"}' % BRAVO, "None of its peers reaches %s." % BRAVO)],
    }
    raised(rules, given, alerts)
    raised(rules, given, {}, minute=5)


def test_an_edge_that_is_down_names_its_fault(rules: Path) -> None:
    given = [
        series(edge("edge_up", ALPHA, BRAVO), constant(0)),
        series(edge("edge_fault", ALPHA, BRAVO, fault="connection-timeout"), constant(1)),
        series(edge("edge_up", CAROL, BRAVO), constant(1)),
    ]
    where = '{node="%s",peer="%s"}' % (ALPHA, BRAVO)
    raised(rules, given, {"ErlangEdgeDown": [(where, "%s does not reach %s: connection-timeout." % (ALPHA, BRAVO))]})


def test_a_node_that_is_not_of_the_cluster(rules: Path) -> None:
    given = [series('beam_tls_node_strangers{node="%s"}' % ALPHA, constant(2))]
    told = [('{node="%s"}' % ALPHA, "%s is connected with 2 nodes that its cluster does not have." % ALPHA)]
    raised(rules, given, {"ErlangStrangerConnected": told})


def test_a_packet_filter_that_nobody_mends(rules: Path) -> None:
    """One that is put right by its keeper within minutes is no alert."""
    where = '{node="%s"}' % ALPHA
    told = [(where, "The packet filter of %s is not as it was loaded, or nobody keeps it. Run the playbook site." % ALPHA)]
    raised(rules, [series("beam_tls_packet_filter_up" + where, constant(0))], {"ErlangPacketFilterDown": told})
    raised(rules, [series("beam_tls_packet_filter_up" + where, "1+0x10 0+0x5 1+0x40")], {})


def test_certificates_that_end_soon(rules: Path) -> None:
    given = [
        series('beam_tls_node_certificate_remaining_seconds{node="%s"}' % ALPHA, constant(10 * DAY)),
        series('beam_tls_trust_certificate_remaining_seconds{node="%s"}' % ALPHA, constant(80 * DAY)),
        series(edge("edge_certificate_remaining_seconds", ALPHA, BRAVO), constant(2 * DAY)),
        series(edge("edge_certificate_remaining_seconds", CAROL, BRAVO), constant(3 * DAY)),
    ]
    node, peer = '{node="%s"}' % ALPHA, '{peer="%s"}' % BRAVO
    alerts = {
        "ErlangCertificateEnds": [(node, "The certificate of %s ends in 10d 0h 0m 0s. Run the playbook site." % ALPHA)],
        "ErlangTrustEnds": [(node, "A certificate authority that %s trusts ends in 80d 0h 0m 0s." % ALPHA)],
        "ErlangCertificateShownEnds": [(peer, "The certificate that %s shows ends in 2d 0h 0m 0s. Run the playbook site." % BRAVO)],
    }
    raised(rules, given, alerts)


def test_certificates_that_nobody_renewed(rules: Path) -> None:
    whose = ['{node="%s",whose="%s"}' % (ALPHA, kind) for kind in ("node", "ca")]
    given = [series("beam_tls_certificate_overdue" + labels, constant(1)) for labels in whose]
    told = [
        (whose[1], "A CA that %s trusts should have been renewed. Run the playbook rotate_ca." % ALPHA),
        (whose[0], "The certificate of %s should have been renewed. Run the playbook renew." % ALPHA),
    ]
    raised(rules, given, {"ErlangCertificateOverdue": told}, minute=61)
    raised(rules, given, {}, minute=30)


def test_a_watch_that_does_not_look_any_more(rules: Path) -> None:
    given = [series('beam_tls_watch_last_run_timestamp_seconds{node="%s"}' % ALPHA, constant(0))]
    silent = [('{node="%s"}' % ALPHA, "The watch of %s has not looked for 40m 0s." % ALPHA)]
    raised(rules, given, {"ErlangWatchSilent": silent}, minute=40)
