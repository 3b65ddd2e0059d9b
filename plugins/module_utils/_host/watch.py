# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program of the standing watch: ``watch.pyz SETTINGS``.

It reads its settings, looks once, and replaces the file of metrics as a whole. It ends with 0 whatever it finds: that a
peer is down is a metric. It ends with 1, and one sentence, only where it cannot look or cannot tell.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import host_metrics, metrics, options
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import commands, node, packet_filter, writing

READABLE = 0o644


class WatchError(Exception):
    """The watch cannot look, or cannot tell; the sentence says why."""


def main(arguments: Sequence[str]) -> int:
    """Entry point of the archive that the lookup ``host_program`` makes."""
    try:
        run(*arguments)
    except (WatchError, options.OptionError) as error:
        _say("The watch cannot do its work: %s" % error)
        return 1
    return 0


def run(path: str) -> None:
    """Look once, as the file of settings says; raise WatchError, OptionError."""
    settings = _read(path)
    found = host_metrics.look(settings, node.Host(commands.run))
    filtered = packet_filter.told(settings["packet_filter"]) if settings.get("packet_filter") else None
    if filtered is not None:
        found.samples.append(metrics.Sample(host_metrics.PACKET_FILTER_UP, (settings["node"],), int(not filtered)))
    first_today = _is_first_of_the_day(settings["output"], time.time())
    _replace(settings["output"], metrics.render(found.samples))
    for sentence in found.faults:
        _say(sentence)
    if filtered:
        _say("The packet filter does not stand as it was loaded: %s. Run the role erlang_firewall." % filtered)
    for sentence in found.overdue if first_today else ():
        _say(sentence)
    if settings["collected"] and not _leads(settings["collected"], settings["output"]):
        _say("Nobody collects the metrics: %(collected)s is no link to %(output)s." % settings)
    if found.unable:
        raise WatchError(found.unable)


def _is_first_of_the_day(output: str, now: float) -> bool:
    """Tell whether the last look, which wrote the file of metrics, was on another day (UTC), or there was none."""
    try:
        last = os.stat(output).st_mtime
    except OSError:
        return True
    return time.gmtime(last)[:3] != time.gmtime(now)[:3]


def _say(sentence: str) -> None:
    """Say a sentence where the journal hears it."""
    sys.stderr.write(sentence + "\n")


def _read(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as stream:
            settings: dict[str, Any] = json.load(stream)
    except (OSError, ValueError) as error:
        raise WatchError("its settings in %s are not readable (%s)" % (path, error)) from error
    return settings


def _leads(link: str, target: str) -> bool:
    """Tell whether a link is there and leads to target, as far as this account may know."""
    try:
        return os.readlink(link) == target
    except PermissionError:
        return True
    except OSError:
        return False


def _replace(path: str, text: str) -> None:
    try:
        writing.write(path, text, READABLE)
    except OSError as error:
        raise WatchError("the metrics cannot be written to %s (%s)" % (path, error.strerror)) from error
