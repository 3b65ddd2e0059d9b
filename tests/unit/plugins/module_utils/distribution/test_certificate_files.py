# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host knows of the certificates in its files, and what its control command says of them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import asking, certificate_files, certificate_rules, tls
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import foreign
from authorities import root


@pytest.fixture
def files(tmp_path: Path) -> tls.Credentials:
    (tmp_path / "node.pem").write_text(foreign.certificate("localhost"))
    (tmp_path / "ca.pem").write_text(root() + root("another"))
    return tls.Credentials(str(tmp_path / "node.pem"), str(tmp_path / "ca.pem"))


def test_a_node_has_its_own_certificate_and_those_of_the_cas_that_it_trusts(files: tls.Credentials) -> None:
    assert [(each.authority, each.playbook) for each in certificate_files.held(files)] == [
        (False, "renew"),
        (True, "rotate_ca"),
        (True, "rotate_ca"),
    ]


def test_what_cannot_be_read_is_none(tmp_path: Path) -> None:
    (tmp_path / "node.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    assert certificate_files.readable(str(tmp_path / "node.pem")) == certificate_files.readable(str(tmp_path / "none")) == []


@pytest.mark.parametrize(("left", "late"), [(201, False), (199, True), (0, True), (-1, True)])
def test_a_certificate_is_overdue_in_the_last_quarter_of_its_time(left: int, late: bool) -> None:
    now = datetime(2026, 11, 28, tzinfo=timezone.utc)
    ends = now + timedelta(days=left)
    assert certificate_rules.is_overdue(ends - timedelta(days=800), ends, now) is late


def test_the_status_says_until_when_each_is_good(files: tls.Credentials) -> None:
    mine = cast(Any, SimpleNamespace(prober=SimpleNamespace(credentials=files)))
    own = certificate_files.readable(files.certfile)[0]
    quarter = (own.not_after - own.not_before) / 4
    said = asking.certificates(mine, own.not_after - quarter - timedelta(minutes=1))
    assert [key for key, _value in said] == ["certificate", "CA", "CA"]
    assert said[0][1].startswith("good until %s, for " % own.not_after.strftime("%Y-%m-%d")) and "renewed" not in said[0][1]
    late = asking.certificates(mine, own.not_after - quarter + timedelta(minutes=1))[0][1]
    assert late.endswith(", and should have been renewed: run the playbook renew")
    ended = asking.certificates(mine, own.not_after + timedelta(days=2))[0][1]
    assert ended.startswith("ended on %s" % own.not_after.strftime("%Y-%m-%d"))
