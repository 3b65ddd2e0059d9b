# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os
import tarfile

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import commands, installing, otp, unpacking

INSTALL = '#!/bin/sh\nfor last; do :; done\necho "ROOTDIR=$last" >bin/erl\nchmod 755 bin/erl\n'


@pytest.fixture
def archive(tmp_path):
    """An OTP as ``make release`` lays it, without code, in an archive."""
    root = tmp_path / "made"
    for name in ("kernel-10.2", "stdlib-6.2"):
        ebin = root / "lib" / name / "ebin"
        ebin.mkdir(parents=True)
        (ebin / (name.partition("-")[0] + ".app")).write_text("")
    (root / "bin").mkdir()
    (root / "bin" / "start_clean.boot").write_text("")
    (root / "releases").mkdir()
    (root / "releases" / "start_erl.data").write_text("15.2 27\n")
    (root / "Install").write_text(INSTALL)
    path = tmp_path / "otp.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for entry in sorted(root.iterdir()):
            tar.add(entry, entry.name)
    return str(path)


@pytest.fixture
def prefix(tmp_path):
    return str(tmp_path / "prefix")


class Host:
    """Runs what fits an OTP to its place, and answers for the runtime."""

    def __init__(self, code=0, said=""):
        self.code, self.said = code, said
        self.tried = []

    def __call__(self, argv):
        if "-cross" in argv:
            return commands.run(argv)
        self.tried.append(argv)
        return commands.Outcome(self.code, "", self.said)


def asked(prefix, name, archive=None, keep=2):
    return installing.Asked(prefix, name, archive, unpacking.sha256(archive) if archive else None, keep)


def test_install_switch_and_back(prefix, archive):
    host = Host()
    first = asked(prefix, "27.0-one", archive)
    assert installing.announce(first) == installing.InstalledOtp(True, None, ())
    assert installing.install(first, host) == installing.InstalledOtp(True, None, ())
    assert installing.current(prefix) == "27.0-one" and otp.read(os.path.join(prefix, "current")).release == "27"
    with open(os.path.join(prefix, "27.0-one", "bin", "erl"), encoding="utf-8") as stream:
        assert stream.read() == "ROOTDIR=%s/27.0-one\n" % prefix
    assert ".27.0-one.staged" in " ".join(host.tried[0])
    assert installing.install(asked(prefix, "27.0-two", archive), host) == installing.InstalledOtp(True, "27.0-one", ())
    back = asked(prefix, "27.0-one")
    assert installing.announce(back) == installing.InstalledOtp(False, "27.0-two", ())
    assert installing.install(back, host) == installing.InstalledOtp(False, "27.0-two", ())
    assert installing.current(prefix) == "27.0-one" and sorted(os.listdir(prefix)) == ["27.0-one", "27.0-two", "current"]
    assert installing.describe(installing.install(back, host), back) == []
    assert installing.describe(installing.InstalledOtp(False, "27.0-two", ()), back)[0]["after"] == "27.0-one\n"


def test_those_that_were_current_last_are_kept(prefix, archive):
    for number, name in enumerate(("a", "b", "c", "d")):
        installing.install(asked(prefix, name, archive, keep=9), Host())
        os.utime(os.path.join(prefix, name), (number, number))
    wanted = asked(prefix, "a", keep=1)
    assert installing.announce(wanted).removed == ("c", "b")
    assert installing.install(wanted, Host()).removed == ("c", "b")
    assert sorted(os.listdir(prefix)) == ["a", "current", "d"]


def test_one_that_a_process_runs_from_is_kept(prefix, archive, monkeypatch):
    for name in ("a", "b"):
        installing.install(asked(prefix, name, archive), Host())
    monkeypatch.setattr(installing.os, "readlink", lambda path: prefix + "/a/erts-15.2/bin/beam.smp")
    assert installing.announce(asked(prefix, "b", keep=0)).removed == ()


@pytest.mark.parametrize(
    ("host", "sentence"),
    [
        (Host(1, "libcrypto.so.3: cannot open"), "does not start crypto and ssl on this host: libcrypto.so.3: cannot open"),
        (Host(1), "it ended with 1"),
    ],
)
def test_one_that_does_not_start_is_not_installed(prefix, archive, host, sentence):
    installing.install(asked(prefix, "good", archive), Host())
    with pytest.raises(installing.InstallError, match=sentence):
        installing.install(asked(prefix, "bad", archive), host)
    assert installing.current(prefix) == "good" and sorted(os.listdir(prefix)) == ["current", "good"]


def test_a_full_disk_leaves_nothing(prefix, archive, monkeypatch):
    installing.install(asked(prefix, "good", archive), Host())

    def unpack(archive, directory):
        os.makedirs(directory + "/half")
        raise OSError(errno.ENOSPC, "No space left on device", directory)

    monkeypatch.setattr(unpacking, "unpack", unpack)
    with pytest.raises(installing.InstallError, match="no space is left for bad"):
        installing.install(asked(prefix, "bad", archive), Host())
    assert installing.current(prefix) == "good" and sorted(os.listdir(prefix)) == ["current", "good"]


def test_what_a_killed_run_left_is_removed(prefix, archive):
    os.makedirs(os.path.join(prefix, ".27.0-one.staged", "half"))
    os.symlink("27.0-one", os.path.join(prefix, ".current.staged"))
    installing.install(asked(prefix, "27.0-one", archive), Host())
    assert sorted(os.listdir(prefix)) == ["27.0-one", "current"]


def test_without_an_archive_or_with_another(prefix, archive, tmp_path):
    with pytest.raises(installing.InstallError, match="no archive of it was given"):
        installing.install(asked(prefix, "one"), Host())
    wrong = asked(prefix, "one", archive)._replace(sha256="00")
    with pytest.raises(installing.InstallError, match="SHA-256 differs"):
        installing.install(wrong, Host())
    (tmp_path / "text").write_text("no archive")
    with pytest.raises(installing.InstallError, match="is no tar archive"):
        installing.install(asked(prefix, "one", str(tmp_path / "text")), Host())
    with tarfile.open(tmp_path / "empty.tar", "w"):
        pass
    with pytest.raises(installing.InstallError, match="no script Install"):
        installing.install(asked(prefix, "one", str(tmp_path / "empty.tar")), Host())


def test_all_otps_of_a_host(prefix, archive):
    for name in ("a", "b"):
        installing.install(asked(prefix, name, archive), Host())
    with open(os.path.join(prefix, "a", "manifest.json"), "w", encoding="utf-8") as stream:
        stream.write("{}")
    found = otp.survey(prefix, [prefix + "/current", "/nowhere"])
    assert {(os.path.basename(entry["root"]), entry["origin"], entry["current"]) for entry in found} == {
        ("a", "build", False),
        ("b", "other", True),
    }
    assert otp.survey(None, ["/nowhere"]) == []


@pytest.mark.parametrize(
    ("name", "kind", "target", "sentence"),
    [
        ("/etc/passwd", tarfile.REGTYPE, "", "outside of its directory"),
        ("a/../../b", tarfile.REGTYPE, "", "outside of its directory"),
        ("link", tarfile.SYMTYPE, "/etc/passwd", "leads out of its directory"),
        ("a/link", tarfile.SYMTYPE, "../../x", "leads out of its directory"),
        ("hard", tarfile.LNKTYPE, "../x", "outside of its directory"),
        ("device", tarfile.CHRTYPE, "", "neither file, directory nor link"),
    ],
)
def test_names_that_lead_elsewhere_are_refused(tmp_path, name, kind, target, sentence):
    path = tmp_path / "bad.tar"
    with tarfile.open(path, "w") as tar:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, target
        tar.addfile(member)
    with pytest.raises(unpacking.ArchiveError, match=sentence):
        unpacking.unpack(str(path), str(tmp_path / "there"))


def test_unpacked_without_its_leading_directory(tmp_path):
    (tmp_path / "x" / "in").mkdir(parents=True)
    (tmp_path / "x" / "in" / "file").write_text("text")
    (tmp_path / "x" / "in" / "link").symlink_to("file")
    os.link(tmp_path / "x" / "in" / "file", tmp_path / "x" / "in" / "second")
    os.chmod(tmp_path / "x" / "in" / "file", 0o4777)
    with tarfile.open(tmp_path / "x.tar.xz", "w:xz") as tar:
        tar.add(tmp_path / "x", "otp-27")
    unpacking.unpack(str(tmp_path / "x.tar.xz"), str(tmp_path / "there"), strip=1)
    assert sorted(os.listdir(tmp_path / "there" / "in")) == ["file", "link", "second"]
    assert (tmp_path / "there" / "in" / "link").read_text() == "text"
    assert (tmp_path / "there" / "in" / "file").stat().st_mode & 0o7777 == 0o755
