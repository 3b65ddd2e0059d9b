# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils.cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import archives

REL = """%% coding: utf-8
{release, {"guard","1.0.0"}, {erts,"15.2.7"},
 [{kernel,"10.2.7"}, {stdlib,"6.2"}, {guard,"1.0.0",permanent}]}.
"""


def archive(path: Path, members: dict[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as written:
        for name, text in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            written.addfile(member, io.BytesIO(text.encode()))
    return path


@pytest.mark.parametrize("prefix", ["", "./"])
@pytest.mark.parametrize("copy", [{}, {"releases/guard.rel": REL}])
def test_reads_a_release(prefix: str, copy: dict[str, str], tmp_path: Path) -> None:
    members = {
        "releases/1.0.0/guard.rel": REL,
        "lib/guard-1.0.0/ebin/guard.app": "",
        "lib/guard-1.0.0/ebin/guard.beam": "",
        **copy,
    }
    path = archive(tmp_path / "guard.tar.gz", {prefix + name: text for name, text in members.items()})
    release = archives.read(path)
    assert (release.name, release.version, release.archive) == ("guard", "1.0.0", str(path))
    assert release.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert list(release.applications) == ["kernel", "stdlib", "guard"]
    assert list(release.bundled) == ["guard"]


def test_a_release_that_brings_its_own_emulator_is_read_as_well(tmp_path: Path) -> None:
    members = {"releases/1.0.0/guard.rel": REL, "erts-15.2.7/bin/erl": "", "lib/kernel-10.2.7/ebin/kernel.app": ""}
    assert list(archives.read(archive(tmp_path / "guard.tar.gz", members)).bundled) == ["kernel"]


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"lib/guard-1.0.0/ebin/guard.app": ""}, "holds no release"),
        ({"releases/1.0.0/guard.rel": "{release, "}, "which is not the resource file of a release"),
        ({"releases/1.0.0/guard.rel": "[]."}, "which is not the resource file of a release"),
        (
            {"releases/1.0.0/guard.rel": REL, "releases/2/guard.rel": REL.replace('"guard","1.0.0"', '"guard","2"')},
            "several releases",
        ),
        ({"releases/1.0.0/guard.rel": REL, "../etc/passwd": ""}, "unpacked outside"),
        ({"releases/1.0.0/guard.rel": REL, "/etc/passwd": ""}, "unpacked outside"),
    ],
)
def test_refuses_what_is_no_release(members: dict[str, str], problem: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=problem):
        archives.read(archive(tmp_path / "guard.tar.gz", members))


def test_refuses_what_is_no_archive(tmp_path: Path) -> None:
    broken = tmp_path / "broken.tar.gz"
    broken.write_text("no archive")
    with pytest.raises(InputError, match="is not a readable"):
        archives.read(broken)
    whole = archive(tmp_path / "whole.tar.gz", {"releases/1.0.0/guard.rel": REL, "lib/x": "x" * 100000}).read_bytes()
    broken.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError):
        archives.read(broken)
    with pytest.raises(InputError, match="is not on the controller"):
        archives.read(tmp_path / "missing.tar.gz")
    with pytest.raises(InputError, match="cannot be read"):
        archives.read(tmp_path)


def test_a_relative_path_is_looked_for_in_order(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    bases = [str(first), str(second)]
    assert archives.locate("guard.tar.gz", bases) == str(first / "guard.tar.gz")
    (second / "guard.tar.gz").touch()
    assert archives.locate("guard.tar.gz", bases) == str(second / "guard.tar.gz")
    assert archives.locate("/abs/guard.tar.gz", bases) == "/abs/guard.tar.gz"
