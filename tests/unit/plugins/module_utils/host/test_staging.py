# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import grp
import os
import stat
import tarfile

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import (
    releases,
    staging,
    unpacking,
    writing,
)

GROUP = grp.getgrgid(os.getgid()).gr_name


@pytest.fixture
def archive(tmp_path):
    """A release with a directory that its archive does not mention."""
    beam = tmp_path / "guard.beam"
    beam.write_text("code")
    beam.chmod(0o664)
    path = tmp_path / "guard.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(beam, "lib/guard-1.0.0/ebin/guard.beam")
    return str(path)


@pytest.fixture
def root(tmp_path):
    return str(tmp_path / "apps" / "guard" / "1.0.0")


@pytest.fixture
def narrow_umask():
    before = os.umask(0o077)
    yield
    os.umask(before)


def test_a_release_is_whole_readable_and_roots(root, archive, narrow_umask):
    assert not releases.is_there(root)
    releases.install(root, archive, unpacking.sha256(archive))
    assert releases.is_there(root) and os.listdir(os.path.dirname(root)) == ["1.0.0"]
    for directory in (os.path.dirname(root), root, root + "/lib", root + "/lib/guard-1.0.0/ebin"):
        assert stat.S_IMODE(os.stat(directory).st_mode) == 0o755, directory
    assert stat.S_IMODE(os.stat(root + "/lib/guard-1.0.0/ebin/guard.beam").st_mode) == 0o644


def test_a_release_for_one_account_is_never_open_to_others(root, archive, monkeypatch):
    """Not while it is unpacked either: Mix leaves the cookie in a file that all may read."""
    seen = []
    unpack = unpacking.unpack

    def watched(archive, directory):
        seen.append(stat.S_IMODE(os.stat(directory).st_mode))
        unpack(archive, directory)
        seen.append(stat.S_IMODE(os.stat(directory).st_mode))

    monkeypatch.setattr(unpacking, "unpack", watched)
    releases.install(root, archive, unpacking.sha256(archive), GROUP)
    assert seen == [0o700, 0o700]
    assert (stat.S_IMODE(os.stat(root).st_mode), os.stat(root).st_gid) == (0o750, os.getgid())
    with pytest.raises(staging.StagingError, match="there is no group 'no-such-group'"):
        releases.install(root + "1", archive, unpacking.sha256(archive), "no-such-group")


def test_releases_that_are_open_are_closed(root, archive):
    for path in (root, root + "-older"):
        releases.install(path, archive, unpacking.sha256(archive))
    readers = releases.Readers(GROUP, (), None)
    assert releases.open_to_others(root, readers._replace(group=None)) == []
    found = releases.open_to_others(root, readers)
    assert found == [root, root + "-older"]
    releases.close(found, GROUP)
    assert releases.open_to_others(root, readers) == []
    assert stat.S_IMODE(os.stat(root + "-older").st_mode) == 0o750


@pytest.mark.skipif(os.getuid() != 0, reason="groups are given away by root alone")
def test_a_release_of_another_account(root, archive, tmp_path):
    """It is given to this node's account only where no other node runs it."""
    node, script = tmp_path / "nodes" / "guard", tmp_path / "nodes" / "other"
    for directory in (node, script):
        directory.mkdir(parents=True)
    readers = releases.Readers(GROUP, (str(tmp_path / "nodes" / "*" / "*.script"),), str(node))
    releases.install(root, archive, unpacking.sha256(archive))
    os.chown(root, 0, 1)
    os.chmod(root, 0o750)
    with pytest.raises(
        staging.StagingError, match="whose nodes run this release, and not by %s; give the nodes of one host the same" % GROUP
    ):
        releases.open_to_others(root, readers)
    (node / "a.script").write_text('"%s/lib/guard/ebin"' % root)
    assert releases.open_to_others(root, readers) == [root]
    (script / "a.script").write_text('"%s/lib/guard/ebin"' % root)
    with pytest.raises(staging.StagingError, match="whose nodes run this release"):
        releases.open_to_others(root, readers)


def test_what_a_killed_run_left_is_in_nobodys_way(root, archive):
    os.makedirs(writing.staged(root) + "/lib/half")
    assert not releases.is_there(root)
    releases.install(root, archive, unpacking.sha256(archive))
    assert os.listdir(root) == ["lib"] and os.listdir(root + "/lib") == ["guard-1.0.0"]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "no space is left for 1.0.0 on the file system of .*/apps/guard; free some"),
        (OSError(errno.EROFS, "Read-only file system", "/x"), r"1.0.0 cannot be installed \(/x: Read-only file system\)"),
    ],
)
def test_what_the_host_refuses_leaves_nothing(root, archive, monkeypatch, error, sentence):
    def unpack(archive, directory):
        os.makedirs(directory + "/half")
        raise error

    monkeypatch.setattr(unpacking, "unpack", unpack)
    with pytest.raises(staging.StagingError, match=sentence):
        releases.install(root, archive, unpacking.sha256(archive))
    assert os.listdir(os.path.dirname(root)) == []


def test_another_archive_than_the_one_meant(root, archive, tmp_path):
    with pytest.raises(staging.StagingError, match="its SHA-256 differs"):
        releases.install(root, archive, "0" * 64)
    text = tmp_path / "text"
    text.write_text("no archive")
    with pytest.raises(staging.StagingError, match=r"the archive of 1\.0\.0 is no tar archive"):
        releases.install(root, str(text), unpacking.sha256(str(text)))
    assert os.listdir(os.path.dirname(root)) == []


def test_a_body_that_fails_leaves_nothing(root, archive):
    os.makedirs(os.path.dirname(root))
    with pytest.raises(ValueError, match="no"), staging.unpacked(archive, unpacking.sha256(archive), root):
        raise ValueError("no")
    assert os.listdir(os.path.dirname(root)) == []


def test_a_parent_that_is_a_file(tmp_path, archive):
    (tmp_path / "apps").write_text("")
    with pytest.raises(staging.StagingError, match="apps/guard cannot be made"):
        releases.install(str(tmp_path / "apps" / "guard" / "1.0.0"), archive, unpacking.sha256(archive))


def test_old_releases_go_but_those_in_use(root, archive, tmp_path):
    apps = os.path.dirname(root)
    for number, name in enumerate(("1", "2", "3", "4", "5")):
        os.makedirs(os.path.join(apps, name, "lib"))
        os.utime(os.path.join(apps, name), (number, number))
    os.makedirs(os.path.join(apps, ".6.staged"))
    script = tmp_path / "start.script"
    script.write_text('{path,["%s/2/lib/guard/ebin"]}' % apps)
    used_by = [str(tmp_path / "*.script")]
    assert [os.path.basename(path) for path in releases.outdated(root, 1, used_by)] == ["4", "3", "1"]
    assert [os.path.basename(path) for path in releases.outdated(root, 1, [])] == ["4", "3", "2", "1"]
    releases.remove(releases.outdated(root, 1, used_by))
    assert sorted(os.listdir(apps)) == [".6.staged", "2", "5"]
    with pytest.raises(staging.StagingError, match="apps/guard/9 cannot be removed"):
        releases.remove([apps + "/9"])


def test_the_releases_of_all_generations_are_kept(root, tmp_path):
    """However many failed since, and whatever is to be kept besides."""
    apps = os.path.dirname(root)
    for number, name in enumerate(("good", "bad1", "bad2"), 1):
        os.makedirs(os.path.join(apps, name))
        generation = tmp_path / "nodes" / "guard" / "generations" / str(number)
        generation.mkdir(parents=True)
        (generation / "about.json").write_text('{"release": "%s/%s/"}' % (apps, name))
    os.makedirs(os.path.join(apps, "goo"))
    used_by = [str(tmp_path / "nodes" / "*" / "generations" / "*" / "about.json")]
    assert [os.path.basename(path) for path in releases.outdated(root, 0, used_by)] == ["goo"]


def test_nothing_is_old_where_nothing_is(root):
    assert releases.outdated(root, 0, []) == []


def test_the_difference_names_the_archive_and_what_is_removed():
    (shut,) = releases.describe("/opt/x/2", "", [], ["/opt/x/2"])
    assert shut == {
        "before_header": "/opt/x/2",
        "after_header": "/opt/x/2",
        "before": "others can read it\n",
        "after": "root and the node's account alone can read it\n",
    }
    made, gone = releases.describe("/opt/x/2", "/files/x-2.tar.gz", ["/opt/x/1"])
    assert made["after"] == "what x-2.tar.gz holds\n" and (gone["before_header"], gone["after"]) == ("/opt/x/1", "")
