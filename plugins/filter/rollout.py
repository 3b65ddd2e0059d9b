# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters about the order in which nodes are restarted, and what is said of it."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import rollout
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import rollout as of_run

Groups = dict[str, list[str]]
Mapping = t.Mapping[str, t.Any]


def rollout_hosts(groups: Groups, hostvars: Mapping, part: str, check: bool = False) -> list[str]:
    """The hosts of a play of the roll-out: ``planned``, ``turns`` or ``stopped``; none where there is nothing to do."""
    return of_run.hosts(groups, hostvars, part, check)


def rollout_sentences(groups: Groups, hostvars: Mapping) -> list[str]:
    """What was said of a roll-out that stopped or could not begin."""
    return of_run.sentences(groups, hostvars)


def rollout_serial(groups: Groups, hostvars: Mapping) -> list[int]:
    """How many hosts each batch of the roll-out has."""
    return [len(batch) for batch in of_run.order(groups, hostvars)] or [1]


def rollout_turn(groups: Groups, hostvars: Mapping, host: str) -> dict[str, t.Any]:
    """The turn of a host."""
    return of_run.turn(groups, hostvars, host)


def rollout_prepared(hostvars: Mapping, host: str) -> dict[str, t.Any]:
    """What was prepared for the turn of a host."""
    return of_run.prepared(hostvars[host])


def rollout_outcome(hostvars: Mapping, host: str) -> dict[str, t.Any]:
    """What came of the turn of a host so far."""
    return of_run.outcome(hostvars[host], time.time())


def rollout_failure(groups: Groups, hostvars: Mapping, host: str) -> list[str]:
    """The sentences on a host at which the roll-out stops."""
    return of_run.failure(groups, hostvars, host, time.time())


def rollout_changes(hosts: list[str], hostvars: Mapping, going: list[str] | None = None) -> dict[str, dict[str, t.Any] | None]:
    """What has to be done to the nodes of hosts, None for one that was reached and could not be prepared."""
    return of_run.changes(hosts, hostvars, going)


def rollout_said(hostvars: Mapping, host: str, objections: t.Sequence[str] = ()) -> list[str]:
    """Why a roll-out stopped at a host or could not begin."""
    return of_run.said(hostvars[host], objections)


def rollout_going_back(hostvars: Mapping, host: str, among: list[str]) -> dict[str, bool]:
    """What comes of the playbook rollback at a host."""
    return of_run.going_back(hostvars, host, among)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Their names and functions."""
        return {
            "rollout_hosts": rollout_hosts,
            "rollout_sentences": rollout_sentences,
            "rollout_serial": rollout_serial,
            "rollout_turn": rollout_turn,
            "rollout_changes": rollout_changes,
            "rollout_plan": rollout.plan,
            "rollout_table": rollout.table,
            "rollout_announcement": lambda found, node, turn: rollout.announcement(node, turn, found),
            "rollout_plan_file": rollout.plan_file,
            "rollout_beginning": rollout.beginning,
            "rollout_peers": rollout.running_peers,
            "rollout_connected": rollout.connected_peers,
            "rollout_next": of_run.next_batch,
            "rollout_prepared": rollout_prepared,
            "rollout_waiting": of_run.waiting,
            "rollout_failure": rollout_failure,
            "rollout_outcome": rollout_outcome,
            "rollout_refusal": rollout.refusal,
            "rollout_said": rollout_said,
            "rollout_declined": of_run.declined,
            "rollout_patience": of_run.patience,
            "rollout_settle_again": of_run.settle_again,
            "rollout_going_back": rollout_going_back,
        }
