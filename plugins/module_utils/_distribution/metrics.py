# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Metrics in the text form that Prometheus reads. Pure.

Source: Prometheus documentation, "Exposition formats", text format 0.0.4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Metric(NamedTuple):
    """What a metric is called and what it says: all are gauges. ``labels`` are the names of its labels, in order."""

    name: str
    labels: tuple[str, ...]
    help: str


class Sample(NamedTuple):
    """One value of a metric; ``labels`` are the values of the metric's labels, in the same order."""

    metric: Metric
    labels: tuple[str, ...]
    value: float


def render(samples: Iterable[Sample]) -> str:
    """Return the samples as text, those of a metric together under its head, in the order in which metrics first come."""
    lines: dict[Metric, list[str]] = {}
    for sample in samples:
        metric = sample.metric
        head = ["# HELP %s %s" % (metric.name, _escaped(metric.help, _HELP)), "# TYPE %s gauge" % metric.name]
        lines.setdefault(metric, head).append(_line(sample))
    return "".join(line + "\n" for of_metric in lines.values() for line in of_metric)


_HELP = {"\\": "\\\\", "\n": "\\n"}
_LABEL = {**_HELP, '"': '\\"'}


def _line(sample: Sample) -> str:
    pairs = zip(sample.metric.labels, sample.labels)
    labels = ",".join('%s="%s"' % (name, _escaped(value, _LABEL)) for name, value in pairs)
    # repr is the shortest text that reads as the same number again.
    return "%s{%s} %s" % (sample.metric.name, labels, repr(sample.value))


def _escaped(text: str, escapes: Mapping[str, str]) -> str:
    return "".join(escapes.get(character, character) for character in text)
