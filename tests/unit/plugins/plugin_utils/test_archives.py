# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import tarfile
import typing as t
import zipfile
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import unpacking
from ansible_collections.beam.tls_distribution.plugins.module_utils._system import archives as tar_archives
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


def test_a_release_of_mix_is_told_by_its_content(tmp_path: Path) -> None:
    program = 'RELEASE_ROOT=x\nexec elixir \\\n  --cookie "$RELEASE_COOKIE" \\\n  $(release_distribution "$RELEASE_NODE")\n'
    members = {
        "bin/guard": program,
        "releases/1.0.0/guard.rel": REL.replace('{stdlib,"6.2"}', '{stdlib,"6.2"}, {ssl,"11.2"}, {runtime_tools,"2",load}'),
        "erts-15.2.7/bin/erlexec": "",
        **{"releases/1.0.0/" + name: "" for name in ("elixir", "env.sh", "runtime.exs", "sys.config")},
        "releases/1.0.0/vm.args": "+P 1024\n-heart\n",
    }
    release = archives.read(archive(tmp_path / "guard.tar.gz", members))
    assert release.brought == ("mix", "15.2.7", ("sys.config", "runtime.exs", "env.sh", "vm.args"), ())
    assert release.boots_itself and release.starts == {"runtime_tools": "load"}
    (problem,) = release.problems
    assert "-heart" in problem.problem


def test_a_release_of_rebar3_is_told_by_its_content(tmp_path: Path) -> None:
    members = {
        "bin/guard": 'RELX_RPC_TIMEOUT=60\ncase $1 in foreground) exec erlexec -setcookie "$COOKIE";; esac\n',
        "releases/1.0.0/guard.rel": REL,
        "releases/1.0.0/sys.config.src": "[{guard, [{port, ${PORT}}]}].",
        "releases/1.0.0/vm.args.src": "+P ${P:-1024}\n",
        "lib/kernel-10.2.7/ebin/kernel.app": "",
    }
    release = archives.read(archive(tmp_path / "guard.tar.gz", members))
    assert release.brought == ("relx", None, ("sys.config.src", "vm.args.src"), ("PORT",))
    (problem,) = release.problems
    assert "without ssl" in problem.problem


def test_an_archive_of_systools_boots_itself_if_it_brings_the_kernel(tmp_path: Path) -> None:
    members = {"releases/1.0.0/guard.rel": REL, "releases/1.0.0/sys.config": "[].", "lib/guard-1.0.0/ebin/guard.app": ""}
    release = archives.read(archive(tmp_path / "guard.tar.gz", members))
    assert not release.boots_itself and release.brought == ("systools", None, ("sys.config",), ()) and not release.problems
    members.update({"lib/%s-1/ebin/%s.app" % (name, name): "" for name in ("kernel", "stdlib")})
    assert archives.read(archive(tmp_path / "guard.tar.gz", members)).boots_itself


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
    with pytest.raises(InputError, match="is no tar archive"):
        archives.read(broken)
    whole = archive(tmp_path / "whole.tar.gz", {"releases/1.0.0/guard.rel": REL, "lib/x": "x" * 100000}).read_bytes()
    broken.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError):
        archives.read(broken)
    with pytest.raises(InputError, match="is not on the controller"):
        archives.read(tmp_path / "missing.tar.gz")
    with pytest.raises(InputError, match="cannot be read"):
        archives.read(tmp_path)


MEMBER = {
    "file": tarfile.REGTYPE,
    "directory": tarfile.DIRTYPE,
    "link": tarfile.SYMTYPE,
    "hard link": tarfile.LNKTYPE,
    "fifo": tarfile.FIFOTYPE,
}


def with_members(path: Path, *members: tuple[str, str, str], size: int = 0) -> Path:
    """A release with further members: kind, name and where a link leads."""
    with tarfile.open(archive(path, {}), "w:gz") as written:
        rel = tarfile.TarInfo("releases/1.0.0/guard.rel")
        rel.size = len(REL)
        written.addfile(rel, io.BytesIO(REL.encode()))
        for kind, name, target in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.mode, member.size = MEMBER[kind], target, 0o6777, size
            written.addfile(member, io.BytesIO(b"\0" * size))
    return path


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ([("link", "lib/x", "/etc")], "holds the link lib/x, which leads out"),
        ([("link", "lib/x", "../../etc")], "holds the link lib/x, which leads out"),
        ([("link", "lib/x", "y/../../../etc")], "holds the link lib/x, which leads out"),
        ([("link", "d", "."), ("link", "d/d/x", "../../etc")], "holds d/d/x, and d as a link"),
        ([("link", "d", "lib"), ("file", "d/x", "")], "holds d/x, and d as a link"),
        ([("file", "a", ""), ("file", "a/b", "")], "holds a/b, and a as a file"),
        ([("hard link", "lib/x", "/etc/shadow")], "holds /etc/shadow, which would be unpacked outside"),
        ([("hard link", "lib/x", "etc/shadow")], "holds the hard link lib/x to etc/shadow, which is no file that comes before it"),
        ([("link", "y", "lib"), ("hard link", "x", "y")], "holds the hard link x to y, which is no file"),
        ([("fifo", "lib/x", "")], "holds lib/x, which is neither file, directory nor link"),
        ([("file", "lib/x", ""), ("file", "./lib/x", "")], "holds lib/x twice"),
        ([("link", "lib/x", "y"), ("file", "lib/x", "")], "holds lib/x twice"),
        ([("file", "lib/x/y", ""), ("link", "lib/x", "y")], "holds lib/x twice"),
        ([("file", "x" * 300, "")], "holds a name that is too long"),
    ],
)
def test_refuses_what_the_host_would(members: list[tuple[str, str, str]], problem: str, tmp_path: Path) -> None:
    """One rule for both: what the controller lets pass the host unpacks."""
    path = with_members(tmp_path / "guard.tar.gz", *members)
    with pytest.raises(InputError, match=problem):
        archives.read(path)
    with pytest.raises(unpacking.ArchiveError, match=problem):
        unpacking.unpack(str(path), str(tmp_path / "there"))


def test_what_may_be_in_an_archive(tmp_path: Path) -> None:
    """Links within it, directories that come twice, and modes that a host takes away."""
    members = [
        ("directory", "lib", ""), ("file", "lib/x", ""), ("directory", "lib/", ""), ("link", "bin/x", "../lib/x"), ("link", "lib/y", "./x"),
        ("hard link", "z", "lib/x"),
    ]  # fmt: skip
    path = with_members(tmp_path / "guard.tar.gz", *members)
    assert archives.read(path).name == "guard"
    unpacking.unpack(str(path), str(tmp_path / "there"))
    assert (tmp_path / "there" / "lib" / "x").stat().st_mode & 0o7777 == 0o755
    assert (tmp_path / "there" / "bin" / "x").resolve() == tmp_path / "there" / "lib" / "x"


def test_more_than_a_disk_should_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A head that says too much is enough to refuse an archive: nothing of it is unpacked."""
    head = tarfile.TarInfo("lib/x")
    head.size = 1 << 40
    path = tmp_path / "bomb.tar"
    path.write_bytes(head.tobuf() + b"\0" * 1024)
    with pytest.raises(InputError, match="holds more than 8192 MiB of files, unpacked"):
        archives.read(path)
    monkeypatch.setattr(tar_archives, "Limits", lambda: archive_limits(1 << 20, 2))
    with pytest.raises(InputError, match="holds more than 2 files"):
        archives.read(with_members(tmp_path / "many.tar.gz", ("file", "a", ""), ("file", "b", "")))


archive_limits = tar_archives.Limits


def test_a_damaged_archive_says_how(tmp_path: Path) -> None:
    whole = with_members(tmp_path / "whole.tar.gz", ("file", "lib/x", ""), ("file", "lib/y", ""), size=3000)
    plain = gzip.decompress(whole.read_bytes())
    behind = plain[: 512 * 2] + b"\1" * 512 + plain[512 * 3 :]
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as made:
        made.writestr("releases/1.0.0/guard.rel", REL)
    for content, problem in (
        (b"", "is empty"),
        (zipped.getvalue(), "is no tar archive: it is a zip archive"),
        (b"\x28\xb5\x2f\xfd more", "is no tar archive: it is packed by zstd"),
        (b"<html>", "is no tar archive, packed by gzip, bzip2, xz or not at all"),
        (whole.read_bytes()[:-30], "is cut off: its end is missing"),
        (whole.read_bytes()[:-6] + b"xxxxxx", "is damaged, or no tar archive is in it"),
        (gzip.compress(b"text " * 500), "is damaged, or no tar archive is in it"),
        (gzip.compress(b""), "is damaged, or no tar archive is in it"),
        (gzip.compress(plain[: 512 * 2]), "is cut off: its end is missing"),
        (gzip.compress(behind), "is damaged behind releases/1.0.0/guard.rel"),
    ):
        (tmp_path / "broken.tar.gz").write_bytes(content)
        with pytest.raises(InputError, match=problem):
            archives.read(tmp_path / "broken.tar.gz")
        with pytest.raises(unpacking.ArchiveError, match=problem):
            unpacking.unpack(str(tmp_path / "broken.tar.gz"), str(tmp_path / "there"))


@pytest.mark.parametrize("pack", [bytes, bz2.compress, lzma.compress])
def test_an_archive_packed_otherwise(pack: t.Callable[[bytes], bytes], tmp_path: Path) -> None:
    """The host unpacks it, and so the controller reads it."""
    plain = gzip.decompress(archive(tmp_path / "guard.tar.gz", {"releases/1.0.0/guard.rel": REL}).read_bytes())
    (tmp_path / "guard.tar.xz").write_bytes(pack(plain))
    assert archives.read(tmp_path / "guard.tar.xz").name == "guard"
    unpacking.unpack(str(tmp_path / "guard.tar.xz"), str(tmp_path / "there"))


def test_an_application_without_its_resource_file(tmp_path: Path) -> None:
    path = archive(tmp_path / "guard.tar.gz", {"releases/1.0.0/guard.rel": REL, "lib/guard-1.0.0/ebin/guard.beam": ""})
    with pytest.raises(InputError, match=r"holds lib/guard-1.0.0 without its ebin/guard.app"):
        archives.read(path)


def test_a_relative_path_is_looked_for_in_order(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    bases = [str(first), str(second)]
    assert archives.locate("guard.tar.gz", bases) == str(first / "guard.tar.gz")
    (second / "guard.tar.gz").touch()
    assert archives.locate("guard.tar.gz", bases) == str(second / "guard.tar.gz")
    assert archives.locate("/abs/guard.tar.gz", bases) == "/abs/guard.tar.gz"
