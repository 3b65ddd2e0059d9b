# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._system import sudoers

MAIN = """\
# comment
Defaults  env_reset
User_Alias OPERATORS = anna, %wheel : MERLS = merl
root    ALL=(ALL:ALL) ALL
%sudo   ALL=(ALL:ALL) ALL   # their groups
@includedir /etc/sudoers.d
"""


def rules(files, user="merl", uid=990, groups=("merl",)):
    def read(path):
        if path not in files:
            raise FileNotFoundError(2, "no", path)
        return files[path]

    def names(directory):
        found = [path[len(directory) + 1 :] for path in files if path.startswith(directory + "/")]
        if not found:
            raise FileNotFoundError(2, "no", directory)
        return found

    return sudoers.rules_for("/etc/sudoers", user, uid, list(groups), read, names)


@pytest.mark.parametrize(
    "line",
    [
        "merl ALL=(ALL) ALL",
        "anna , merl ALL=(root) /bin/ls",
        "ALL ALL=(ALL) NOPASSWD: ALL",
        "%merl ALL=ALL",
        "#990 ALL=ALL",
        "MERLS ALL=ALL",
        "anna,\\\n merl ALL=ALL",
        '"merl" ALL=ALL',
    ],
)
def test_a_rule_for_the_account_is_found(line):
    assert rules({"/etc/sudoers": MAIN, "/etc/sudoers.d/x": line + "\n"}) == ["/etc/sudoers.d/x:1"]


@pytest.mark.parametrize(
    "line", ["anna ALL=(merl) ALL", "OPERATORS ALL=ALL", "# merl ALL=ALL", "ALL,!merl ALL=ALL", "Defaults:merl !lecture=x", "merl2 ALL=ALL"]
)
def test_a_rule_for_others_is_none(line):
    assert rules({"/etc/sudoers": MAIN, "/etc/sudoers.d/x": line + "\n"}) == []


def test_groups_count():
    assert rules({"/etc/sudoers": MAIN}, groups=("merl", "sudo")) == ["/etc/sudoers:5"]


def test_without_sudo_nobody_may():
    assert rules({}) == []


def test_files_that_sudo_passes_over():
    assert rules({"/etc/sudoers": MAIN, "/etc/sudoers.d/x.bak": "merl ALL=ALL\n", "/etc/sudoers.d/x~": "merl ALL=ALL\n"}) == []


def test_includes_end():
    assert rules({"/etc/sudoers": "@include sudoers\nmerl ALL=ALL\n"})


HEAD = """\
Matching Defaults entries for merl on alpha:
    env_reset, mail_badpass, secure_path=/usr/local/sbin\\:/usr/local/bin\\:/usr/sbin\\:/usr/bin\\:/sbin\\:/bin, use_pty

User merl may run the following commands on alpha:
"""


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("    (ALL) ALL\n", True),
        ("    (ALL : ALL) NOPASSWD: ALL\n", True),
        ("    (root) NOPASSWD: /bin/ls, !/bin/cat\n", True),
        ("    (root) NOPASSWD: SETENV: !/bin/cat, PASSWD: /bin/ls\n", True),
        ("    (root) NOPASSWD: /usr/bin/systemctl restart x\\, !y\n", True),
        ("    (root) ALL\n    (ALL : ALL) !ALL\n", True),
        ("    (ALL) !ALL\n", False),
        ("    (root) NOPASSWD: !/bin/cat, !/bin/ls\n", False),
        ("", True),
    ],
)
def test_what_sudo_says(rules, expected):
    """As sudo 1.9.13 printed it; a list that is not understood is taken for a right."""
    assert sudoers.allowed(HEAD + rules) is expected


def test_what_sudo_says_of_who_may_not_and_what_says_nothing():
    assert sudoers.allowed("User merl is not allowed to run sudo on alpha.\n") is False
    assert sudoers.allowed("") is None and sudoers.allowed("sudo: unknown user merl\n") is None
