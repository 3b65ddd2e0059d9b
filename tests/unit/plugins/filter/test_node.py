# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What roles ask about a node, and what they make of the answers."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.beam.tls_distribution.plugins.filter.certificate import common_name, has_certificate, lists_to_publish
from ansible_collections.beam.tls_distribution.plugins.filter.journal import failure_message
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import applications, service

LAYOUT = {"control_program": "/control.pyz", "service": "erlang-guard.service"}
NODE: dict[str, Any] = {"account": "merl", "application": None, "otp": {"roots": ["/otp"]}, "otp_applications": ["ssl"], "layout": LAYOUT}
WITH_RELEASE = {**NODE, "application": {"path": "/opt/guard"}}


def test_what_is_asked_of_a_release() -> None:
    assert applications.questions(NODE) == {}
    place = {"path": "/opt/guard", "owner": "root", "group": "merl", "mode": "0750"}
    assert applications.questions(WITH_RELEASE) == {"account": "merl", "sets": {"application": {"directories": [place]}}}


def test_whether_a_release_is_there() -> None:
    assert applications.state(NODE, {}) == {"right": True}
    assert [applications.state(WITH_RELEASE, {"sets": {"application": there}})["right"] for there in (True, False)] == [True, False]


def test_what_is_asked_of_a_node() -> None:
    asked = {
        "account": "merl",
        "applications": ["ssl"],
        "otp_roots": ["/otp"],
        "digests": ["/control.pyz"],
        "units": ["erlang-guard.service"],
    }
    assert service.questions(NODE) == {**asked, "exists": []}
    assert service.questions(WITH_RELEASE) == {**asked, "exists": ["/opt/guard"]}


@pytest.mark.parametrize(
    ("active", "runs", "unsettled"),
    [("active", True, False), ("inactive", False, False), ("failed", False, True), ("activating", False, True)],
)
def test_how_a_service_is(active: str, runs: bool, unsettled: bool) -> None:
    assert service.state({"units": {"erlang-guard.service": {"active": active}}}, NODE) == {"runs": runs, "unsettled": unsettled}


def test_what_is_revoked_comes_to_hosts_that_have_certificates() -> None:
    there, none = {"certificate": {"pem": ""}}, {"certificate": None}
    assert (has_certificate(there), has_certificate(none)) == (True, False)
    assert lists_to_publish(there, True, "lists") is lists_to_publish(there, False, "") is True
    assert lists_to_publish(none, True, "lists") is lists_to_publish(none, False, "") is lists_to_publish(there, True, "") is False


def test_texts() -> None:
    assert common_name("n" * 70) == "n" * 64 and common_name("short") == "short"
    assert failure_message(["why"], "It failed:") == ["It failed:", "why"]
