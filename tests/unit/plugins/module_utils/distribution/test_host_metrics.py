# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The watch, where nothing listens; molecule has it look at nodes."""

from __future__ import annotations

import datetime
import json
import os
import re
import stat
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import (
    certificate_files,
    diagnosis,
    host_metrics,
    options,
    probe,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.certificate import Certificate
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import watch as program
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.commands import run as run_command
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.node import Host
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import foreign
from authorities import root

NODE, PEER = "guard@localhost", "guard@peer.invalid"
DOCUMENT = Path(__file__).parents[5] / "docs" / "watch.md"


@pytest.fixture
def settings(tmp_path):
    """Settings with a certificate, a cookie, and a port of the loopback at which nothing listens."""
    (tmp_path / "node.pem").write_text(foreign.certificate("localhost"))
    (tmp_path / "ca.pem").write_text(root())
    (tmp_path / "cookie").write_text("biscuit")
    (tmp_path / "cookie").chmod(0o400)
    return {
        "node": NODE,
        "address": [],
        "port": 1,
        "certfile": str(tmp_path / "node.pem"),
        "cacertfile": str(tmp_path / "ca.pem"),
        "cookie_file": str(tmp_path / "cookie"),
        "configuration": str(tmp_path),
        "unit": "erlang-guard.service",
        "account": "merl",
        "authorities": [(tmp_path / "ca.pem").read_text()],
        "timeout": 2,
        "discovery": "map",
        "epmd_port": 4369,
        "peers": [{"node": node, "address": ["127.0.0.1"], "port": 1} for node in (NODE, PEER)],
        "output": str(tmp_path / "guard.prom"),
        "collected": None,
    }


def certificate(begin, end):
    return Certificate("CN=peer", "CN=ca", begin, end, ["peer.invalid"], 1, None, "", "", "")


def values(samples):
    return {(sample.metric, *sample.labels): sample.value for sample in samples}


def run(settings, tmp_path):
    path = tmp_path / "watch.json"
    path.write_text(json.dumps(settings))
    return program.main([str(path)])


def test_what_cannot_be_reached_is_down_with_its_fault(settings):
    found = host_metrics.look(settings, Host(run_command))
    known = values(found.samples)
    assert known[host_metrics.NODE_UP, NODE] == 0
    assert known[host_metrics.NODE_FAULT, NODE, "connection-refused"] == 1
    assert known[host_metrics.EDGE_UP, NODE, PEER] == 0
    assert known[host_metrics.EDGE_FAULT, NODE, PEER, "connection-refused"] == 1
    assert (host_metrics.EDGE_UP, NODE, NODE) not in known
    assert not [key for key in known if key[0] in (host_metrics.EDGE_HANDSHAKE, host_metrics.EDGE_CERTIFICATE)]
    assert known[host_metrics.NODE_CERTIFICATE, NODE] > 0 and known[host_metrics.TRUST_CERTIFICATE, NODE] > 0
    assert found.unable is None
    assert len(found.faults) == 2 and PEER in found.faults[1]


def test_a_bundle_that_trusts_more_than_the_cluster_is_a_fault_of_the_node(settings):
    bundle = Path(settings["cacertfile"])
    bundle.write_text(bundle.read_text() + root("elsewhere"))
    found = host_metrics.look(settings, Host(run_command))
    assert values(found.samples)[host_metrics.NODE_FAULT, NODE, "trust-beyond-cluster"] == 1
    assert any("CN=elsewhere" in sentence for sentence in found.faults)


def test_an_edge_that_is_up_has_its_time_and_its_certificates_end():
    now = datetime.datetime(2026, 11, 25, tzinfo=datetime.timezone.utc)
    seen = certificate(now, now + datetime.timedelta(days=2))
    edge = probe.Edge({"to": PEER, "milliseconds": {"total": 12.345}}, None, seen)
    assert values(host_metrics._of_edge(NODE, edge, now)) == {
        (host_metrics.EDGE_UP, NODE, PEER): 1,
        (host_metrics.EDGE_HANDSHAKE, NODE, PEER): 0.012345,
        (host_metrics.EDGE_CERTIFICATE, NODE, PEER): 172800.0,
    }


def test_a_certificate_that_has_ended_counts_below_nothing():
    now = datetime.datetime(2026, 11, 25, tzinfo=datetime.timezone.utc)
    seen = certificate(now, now - datetime.timedelta(seconds=30))
    fault = diagnosis.Fault("certificate-expired", None, "It ended.", "Renew it.", False)
    known = values(host_metrics._of_edge(NODE, probe.Edge({"to": PEER, "milliseconds": {}}, fault, seen), now))
    assert known[host_metrics.EDGE_CERTIFICATE, NODE, PEER] == -30
    assert known[host_metrics.EDGE_FAULT, NODE, PEER, "certificate-expired"] == 1


@pytest.mark.parametrize("file", ["certfile", "cacertfile", "cookie_file"])
def test_a_file_of_its_own_that_does_not_serve_is_written_and_told(settings, tmp_path, capsys, file):
    Path(settings[file]).unlink()
    assert run(settings, tmp_path) == 1
    assert "The watch cannot do its work: %s: No such file" % settings[file] in capsys.readouterr().err
    assert 'beam_tls_edge_up{node="%s",peer="%s"} 0' % (NODE, PEER) in Path(settings["output"]).read_text()


def test_a_broken_mesh_is_no_failure_and_the_file_is_replaced_as_a_whole(settings, tmp_path, capsys):
    old = Path(settings["output"])
    old.write_text("old")
    old.chmod(0o600)
    with old.open() as reading:
        assert run(settings, tmp_path) == 0
        assert reading.read() == "old"
    assert stat.S_IMODE(old.stat().st_mode) == 0o644
    assert not list(tmp_path.glob(".*"))
    assert PEER in capsys.readouterr().err


def test_nobody_collects(settings, tmp_path, capsys):
    link = tmp_path / "collected.prom"
    settings["collected"] = str(link)
    assert run(settings, tmp_path) == 0
    assert "Nobody collects the metrics: %s is no link to" % link in capsys.readouterr().err
    link.symlink_to(settings["output"])
    assert run(settings, tmp_path) == 0
    assert "Nobody collects" not in capsys.readouterr().err


def test_what_nobody_renewed_is_said_once_a_day(settings, tmp_path, capsys, monkeypatch):
    """By the first look of each day; what is at its end is a fault, which every look tells."""
    now = datetime.datetime.now(datetime.timezone.utc)
    path = Path(settings["certfile"])
    for left, said in ((100, True), (300, False)):
        ends = now + datetime.timedelta(days=left)
        seen = Certificate("CN=guard@localhost", "CN=ca", ends - datetime.timedelta(days=800), ends, ["localhost"], 1, None, "", "", "")
        monkeypatch.setattr(certificate_files, "readable", lambda name, seen=seen: [seen] if name == str(path) else [])
        sentence = "The certificate of guard@localhost (CN=guard@localhost) ends on %s, in %d days" % (ends.strftime("%Y-%m-%d"), left - 1)
        Path(settings["output"]).unlink(missing_ok=True)
        for age, expected in ((None, said), (0, False), (2 * 86400, said)):
            if age is not None:
                moment = now.timestamp() - age
                os.utime(settings["output"], (moment, moment))
            assert run(settings, tmp_path) == 0
            out = capsys.readouterr().err
            assert (sentence in out) is expected and ("Run the playbook renew." in out) is expected, (left, age, out)
        known = Path(settings["output"]).read_text()
        assert 'beam_tls_certificate_overdue{node="%s",whose="node"} %d' % (NODE, int(said)) in known


def test_where_it_cannot_tell_it_fails(settings, tmp_path, capsys):
    settings["output"] = str(tmp_path / "nowhere" / "guard.prom")
    assert run(settings, tmp_path) == 1
    assert "the metrics cannot be written to %s" % settings["output"] in capsys.readouterr().err


def test_settings_that_are_none(tmp_path, capsys):
    assert program.main([str(tmp_path / "none.json")]) == 1
    assert "not readable" in capsys.readouterr().err
    (tmp_path / "bad.json").write_text("{")
    assert program.main([str(tmp_path / "bad.json")]) == 1


def test_inside_a_cluster_peers_are_found_by_name_unless_a_table_says_where_they_are(settings):
    for discovery, addresses in (("map", ("127.0.0.1",)), ("port", ()), ("epmd", ())):
        (found,) = options.peers_of(NODE, {**settings, "discovery": discovery}, None)
        assert (found.node, found.addresses) == (PEER, addresses)
    assert len(options.peers_of(None, {**settings, "discovery": "port"}, None)) == 2


def test_the_documentation_lists_every_metric_with_its_labels_and_meaning():
    listed = re.findall(r"^\| `(beam_tls_\w+)` \| ([^|]+) \| ([^|]+) \|$", DOCUMENT.read_text(), re.MULTILINE)
    metrics = [value for value in vars(host_metrics).values() if isinstance(value, host_metrics.Metric)]
    assert listed == [(metric.name, ", ".join("`%s`" % label for label in metric.labels), metric.help) for metric in metrics]


def test_names_of_strangers_are_quoted_and_few():
    names = ["x'\n@evil" + "y" * 300, *["guard@s%d.example.net" % number for number in range(9)]]
    said = host_metrics._stranger_sentence(NODE, names)
    assert "\n" not in said and len(said) < 500 and "and 5 more" in said and "'guard@s3.example.net'" in said
