# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os
import subprocess

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import commands, survey


def test_os_release():
    found = survey.os_release('# x\nID=debian\nVERSION_ID="13"\nNAME=\'Debian GNU\'\nID_LIKE="a \\"b\\""\nbad line\n')
    assert found == {"ID": "debian", "VERSION_ID": "13", "NAME": "Debian GNU", "ID_LIKE": 'a "b"'}


SHADOW = "root:$y$hash:1::::::\nmerl:!:1::::::\nstar:*:1::::::\nopen::1::::::\nlocked:!$y$hash:1::::::\n"


@pytest.mark.parametrize(
    ("name", "expected"), [("merl", True), ("star", True), ("locked", True), ("root", False), ("open", False), ("absent", False)]
)
def test_locked(name, expected):
    assert survey.locked(SHADOW, name, "x") is expected


def test_locked_without_shadow():
    assert survey.locked("", "merl", "*") is True
    assert survey.locked("", "merl", "") is False


def test_units():
    shown = (
        "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nNeedDaemonReload=no\nWantedBy=x.service multi-user.target\n\n"
        "LoadState=not-found\nActiveState=inactive\nUnitFileState=\nNeedDaemonReload=no\nWantedBy=\n\n"
        "LoadState=masked\nActiveState=inactive\nUnitFileState=masked\nNeedDaemonReload=yes\n"
    )
    assert survey.units(["a.service", "b.service", "c.socket"], shown) == {
        "a.service": {
            "load": "loaded",
            "active": "active",
            "enabled": "enabled",
            "needs_reload": False,
            "wanted_by": ["x.service", "multi-user.target"],
        },
        "b.service": {"load": "not-found", "active": "inactive", "enabled": "", "needs_reload": False, "wanted_by": []},
        "c.socket": {"load": "masked", "active": "inactive", "enabled": "masked", "needs_reload": True, "wanted_by": []},
    }


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def made_certificate(directory, name):
    key, certificate = str(directory / (name + ".key")), str(directory / (name + ".crt"))
    openssl(
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=" + name,
        "-keyout",
        key,
        "-out",
        certificate,
    )
    with open(key, encoding="utf-8") as one, open(certificate, encoding="utf-8") as other:
        return one.read(), other.read()


def test_certificate_never_gives_the_key(tmp_path):
    key, certificate = made_certificate(tmp_path, "a")
    (tmp_path / "node.pem").write_text(key + certificate)
    found = survey.certificate(str(tmp_path / "node.pem"))
    assert found == {"pem": certificate, "key_matches": True, "labels": ["PRIVATE KEY", "CERTIFICATE"]}


def test_certificate_of_another_key_and_none(tmp_path):
    key, certificate = made_certificate(tmp_path, "a")
    other_key, _unused = made_certificate(tmp_path, "b")
    (tmp_path / "other.pem").write_text(other_key + certificate)
    (tmp_path / "bare.pem").write_text(certificate)
    (tmp_path / "key.pem").write_text(key)
    assert survey.certificate(str(tmp_path / "other.pem"))["key_matches"] is False
    assert survey.certificate(str(tmp_path / "bare.pem"))["key_matches"] is False
    assert survey.certificate(str(tmp_path / "key.pem")) == {"pem": "", "key_matches": False, "labels": ["PRIVATE KEY"]}
    assert survey.certificate(str(tmp_path / "missing.pem")) is None


def test_text(tmp_path):
    (tmp_path / "long").write_bytes(b"x" * (survey.MAX_FILE + 1))
    assert survey.text(str(tmp_path / "none" / "x")) is None
    assert survey.text(str(tmp_path)) is None
    with pytest.raises(survey.SurveyError, match="longer than"):
        survey.text(str(tmp_path / "long"))


def test_account_that_is_not_there():
    found = survey.account("nobody-of-that-name")
    assert found["exists"] is False and found["own_group"] is False


def test_a_group_that_is_there_without_its_account(monkeypatch):
    import grp

    assert survey.account("lone-group")["own_group"] is False
    monkeypatch.setattr(survey.grp, "getgrnam", lambda name: grp.struct_group((name, "x", 64999, [])))
    assert survey.account("lone-group")["own_group"] is True


@pytest.mark.parametrize(
    ("login_defs", "brings"),
    [
        ("# USERGROUPS_ENAB no\nUSERGROUPS_ENAB yes\n", True),
        ("USERGROUPS_ENAB\tno\n", False),
        ("#USERGROUPS_ENAB yes\n", False),
        ("", False),
    ],
)
def test_whether_a_new_account_brings_its_group(login_defs, brings):
    assert survey.user_groups(login_defs) is brings


def test_account_of_this_process(monkeypatch):
    import pwd

    # Only root may read it.
    read = survey.text
    monkeypatch.setattr(survey, "text", lambda path: "" if path == "/etc/shadow" else read(path))
    found = survey.account(pwd.getpwuid(os.getuid()).pw_name)
    assert found["exists"] is True and found["home"] == pwd.getpwuid(os.getuid()).pw_dir


PARAMS = {
    "account": None,
    "certificate": None,
    "files": [],
    "exists": [],
    "leftovers": [],
    "digests": [],
    "sets": {},
    "nodes": None,
    "units": ["x.service"],
    "applications": [],
    "firewall_check": [],
    "needs": {},
    "otp_roots": [],
    "otp_prefix": None,
}


def test_a_host_without_systemd():
    with pytest.raises(survey.SurveyError, match="systemd does not answer"):
        survey.survey(PARAMS, lambda argv: commands.Outcome(127, "", "no such command"))


def test_whole_survey(tmp_path):
    (tmp_path / "check").write_text("")
    asked = []

    def run(argv):
        asked.append(list(argv))
        if argv[0] == "systemctl":
            return commands.Outcome(0, "ActiveState=active\n\nActiveState=active\n", "")
        return commands.Outcome(0, "", "")

    params = {**PARAMS, "exists": [str(tmp_path), "/nowhere"], "files": ["/nowhere"], "firewall_check": [str(tmp_path / "check"), "check"]}
    found = survey.survey(params, run)
    assert found["firewall"]["right"] is True and found["firewall"]["managers"] == ["firewalld"]
    assert list(found["units"]) == ["x.service"]
    assert found["exists"] == {str(tmp_path): True, "/nowhere": False} and found["files"] == {"/nowhere": None}
    assert len(asked) == 2


def test_leftovers_and_their_age(tmp_path):
    for name in ("a.next.1.key", "a.next.key", "a.other"):
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (1000, 1000))
    (tmp_path / "a.next.gone.key").symlink_to("nowhere")
    os.utime(tmp_path / "a.next.gone.key", (4000, 4000), follow_symlinks=False)
    found = survey.leftovers([str(tmp_path / "a.next*.key"), "/nowhere/*"], 1010.9)
    names = {path.rpartition("/")[2]: age for path, age in found.items()}
    assert names == {"a.next.1.key": 10, "a.next.key": 10, "a.next.gone.key": 0}


def test_digests_of_files(tmp_path):
    (tmp_path / "program").write_bytes(b"x")
    params = {**PARAMS, "digests": [str(tmp_path / "program"), str(tmp_path), "/nowhere"]}

    def run(_argv):
        return commands.Outcome(0, "ActiveState=active\n\nActiveState=active\n", "")

    assert survey.survey(params, run)["digests"] == {
        str(tmp_path / "program"): hashlib.sha256(b"x").hexdigest(),
        str(tmp_path): None,
        "/nowhere": None,
    }


def test_a_set_is_right_when_nothing_would_change(tmp_path):
    path = tmp_path / "rules"
    wanted = {"files": [{"path": str(path), "content": "drop\n", "mode": "0600"}]}
    assert survey.right(wanted, commands.run) is False
    path.write_text("drop\n")
    path.chmod(0o600)
    assert survey.right(wanted, commands.run) is True
    path.chmod(0o644)
    assert survey.right(wanted, commands.run) is False
    assert survey.right({"files": [{"path": "no/absolute/path", "content": ""}]}, commands.run) is False
    assert path.read_text() == "drop\n"


def test_what_roles_need_and_the_host_lacks(monkeypatch):
    system = {"id": "debian", "version_id": "13", "id_like": [], "python_cryptography": False}
    monkeypatch.setattr(survey, "find", lambda name: None)
    needs = {"otp": ["kernel", "ssl"], "nft": [], "cryptography": []}
    assert survey.packages(needs, system, None) == {
        "otp": {"for": ["kernel", "ssl"], "names": ["erlang-base", "erlang-ssl"]},
        "nft": {"for": [], "names": ["nftables"]},
        "cryptography": {"for": [], "names": ["python3-cryptography"]},
    }
    assert survey.packages(needs, {**system, "id": "alpine"}, None)["nft"] == {"for": [], "names": None}
    monkeypatch.setattr(survey, "find", lambda name: "/usr/sbin/" + name)
    assert survey.packages({"nft": [], "cryptography": []}, {**system, "python_cryptography": True}, None) == {}
    with pytest.raises(survey.SurveyError, match="there is no need 'wings'"):
        survey.packages({"wings": []}, system, None)


@pytest.mark.parametrize(
    ("outcome", "places", "expected"),
    [
        (
            commands.Outcome(0, "User merl may run the following commands on a:\n    (ALL) ALL\n", ""),
            ["/etc/sudoers:3"],
            ["/etc/sudoers:3"],
        ),
        (commands.Outcome(0, "User merl may run the following commands on a:\n    (ALL) ALL\n", ""), [], ["sudo -l -U merl"]),
        # A rule for another host, or one that excludes the account, which the file alone would be misread for.
        (commands.Outcome(0, "User merl is not allowed to run sudo on a.\n", ""), ["/etc/sudoers:3"], []),
        (commands.Outcome(1, "", "sudo: a fault"), ["/etc/sudoers:3"], ["/etc/sudoers:3"]),
        (commands.Outcome(1, "", "sudo: a fault"), [], []),
        (commands.Outcome(127, "", "no such command"), ["/etc/sudoers:3"], []),
    ],
)
def test_rights_are_what_sudo_says_and_its_files_name_the_line(monkeypatch, outcome, places, expected):
    asked = []

    def run(argv):
        asked.append(list(argv))
        return outcome

    monkeypatch.setattr(survey.sudoers, "rules_for", lambda *arguments: places)
    assert survey.sudo("merl", 999, ["merl"], run) == expected
    assert asked == [["sudo", "-l", "-U", "merl"]]
