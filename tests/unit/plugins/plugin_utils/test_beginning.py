# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a new CA or a cookie may be made."""

from __future__ import annotations

import pytest
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.beginning import Directory, HostFound, Places, faults

PLACES = Places("/etc/erlang/guard/ca.pem", "/var/lib/merl/guard/.erlang.cookie")
BARE = HostFound("bare", answered=True, own=None, cookie=False)
OURS = HostFound("ours", answered=True, own=True, cookie=True)
STRANGER = HostFound("stranger", answered=True, own=False, cookie=True)
SILENT = HostFound("silent", answered=False, own=None, cookie=False)


def directory(ca: bool = True, key: bool = True, cookie: bool = True) -> Directory:
    return Directory("/c", "guard", ca, key, cookie)


EMPTY = directory(ca=False, key=False, cookie=False)


@pytest.mark.parametrize(
    ("there", "hosts"),
    [
        (EMPTY, [BARE, BARE]),
        (directory(ca=False), [BARE]),  # A first run that was killed while it made the CA.
        (directory(), [OURS, BARE, SILENT]),
        (directory(), [BARE, SILENT]),
        (directory(), [OURS, STRANGER]),  # A host of another cluster joins, or a new beginning was interrupted.
        (directory(cookie=False), [BARE]),
    ],
)
def test_what_just_works(there: Directory, hosts: list[HostFound]) -> None:
    assert faults(there, hosts, PLACES) == []


@pytest.mark.parametrize(
    ("there", "hosts", "problems"),
    [
        (
            EMPTY,
            [STRANGER, BARE],
            ["stranger holds no CA, and this host has", "stranger holds no cookie, and this host has one"],
        ),
        (EMPTY, [BARE, SILENT], ["silent holds no CA, and it is not known"]),
        (directory(ca=False, key=False), [STRANGER], ["stranger holds no CA"]),
        (directory(ca=False), [STRANGER], ["stranger holds ca.key without ca.pem"]),
        (directory(), [STRANGER, BARE], ["stranger holds another CA than the one that this host has certificates of"]),
        (directory(), [STRANGER, STRANGER], ["stranger, stranger holds another CA than the one that these hosts have"]),
        (directory(cookie=False), [OURS, BARE], ["ours holds no cookie, and this host has one"]),
        (directory(cookie=False), [BARE, SILENT], ["silent holds no cookie, and it is not known"]),
    ],
)
def test_what_stops_a_run(there: Directory, hosts: list[HostFound], problems: list[str]) -> None:
    found = faults(there, hosts, PLACES)
    assert len(found) == len(problems)
    for fault, problem in zip(found, problems, strict=True):
        assert ("%s %s" % (", ".join(fault.hosts), fault.problem)).startswith(problem)
        assert "-e erlang_cluster_begin_anew=guard" in fault.fix and fault.value == "/c"


def test_limited_runs_are_told_of_the_others() -> None:
    (fault,) = faults(directory(), [STRANGER, SILENT], PLACES)
    assert fault.hosts == ("stranger",) and "without --limit" in fault.fix


@pytest.mark.parametrize("own_ca", [True, False])
def test_another_signer_than_the_one_in_force_is_rotated_to(own_ca: bool) -> None:
    there = directory()._replace(own_ca=own_ca, changed=True)
    (fault,) = faults(there, [STRANGER, STRANGER], PLACES)
    assert fault.variable == "erlang_certs_signer" and "run the playbook rotate_ca, which has all nodes trust both first" in fault.fix
    assert faults(there, [OURS, STRANGER], PLACES) == []
