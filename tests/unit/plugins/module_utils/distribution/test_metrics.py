# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Metrics as text, read back by the parser of Prometheus' own client."""

from __future__ import annotations

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.metrics import Metric, Sample, render
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

UP = Metric("beam_tls_edge_up", ("node", "peer"), "Whether it is up.")
DURATION = Metric("beam_tls_watch_duration_seconds", ("node",), "How long it took.")


def read(text: str) -> list[tuple[str, str, str, list[tuple[dict[str, str], float]]]]:
    """Name, type, help and samples of every metric."""
    families = text_string_to_metric_families(text)
    return [(one.name, one.type, one.documentation, [(sample.labels, sample.value) for sample in one.samples]) for one in families]


def test_samples_of_a_metric_come_together_under_one_head():
    samples = [Sample(UP, ("a", "b"), 1), Sample(DURATION, ("a",), 0.25), Sample(UP, ("a", "c"), 0)]
    assert render(samples).splitlines() == [
        "# HELP beam_tls_edge_up Whether it is up.",
        "# TYPE beam_tls_edge_up gauge",
        'beam_tls_edge_up{node="a",peer="b"} 1',
        'beam_tls_edge_up{node="a",peer="c"} 0',
        "# HELP beam_tls_watch_duration_seconds How long it took.",
        "# TYPE beam_tls_watch_duration_seconds gauge",
        'beam_tls_watch_duration_seconds{node="a"} 0.25',
    ]


def test_nothing_is_no_text():
    assert render([]) == ""


@given(st.text(), st.floats(allow_nan=False))
def test_whatever_a_label_holds_and_whatever_the_value_is_comes_back(text, value):
    metric = Metric("beam_tls_edge_fault", ("node",), "With \\ and\nmore.")
    assert read(render([Sample(metric, (text,), value)])) == [
        ("beam_tls_edge_fault", "gauge", "With \\ and\nmore.", [({"node": text}, value)])
    ]
