# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import stat
import subprocess

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import commands, file_arguments, files


def wanted(check=False, **params):
    return file_arguments.wanted({"directories": [], "files": [], "links": [], "absent": [], "validators": [], **params}, check)


def refuse(argv):
    return commands.Outcome(1, "", "line 3: %s is no good" % argv[-1])


def accept(argv):
    return commands.Outcome(0, "", "")


def tree(path):
    """Every path below ``path`` with mode and content, so that two states can be compared."""
    found = {}
    for directory, names, others in os.walk(path):
        for name in names + others:
            full = os.path.join(directory, name)
            status = os.lstat(full)
            content = os.readlink(full) if stat.S_ISLNK(status.st_mode) else None
            if stat.S_ISREG(status.st_mode):
                with open(full, "rb") as stream:
                    content = stream.read()
            found[os.path.relpath(full, path)] = (stat.S_IFMT(status.st_mode), stat.S_IMODE(status.st_mode), content)
    return found


@pytest.fixture
def whole(tmp_path):
    """A set of every kind, and the tree it is to change."""
    (tmp_path / "old").write_text("old\n")
    (tmp_path / "gone").mkdir()
    (tmp_path / "gone" / "inside").write_text("x")
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "loose").write_text("same\n")
    (tmp_path / "loose").chmod(0o666)
    return {
        "directories": [{"path": str(tmp_path / "made" / "deep"), "mode": "0750"}],
        "files": [
            {"path": str(tmp_path / "made" / "deep" / "new"), "content": "new\n", "mode": "0640"},
            {"path": str(tmp_path / "old"), "content": "changed\n"},
            {"path": str(tmp_path / "loose"), "content": "same\n", "mode": "0600"},
            {"path": str(tmp_path / "secret"), "secret_content": "hunter2hunter2", "mode": "0400"},
        ],
        "links": [{"path": str(tmp_path / "link"), "target": "/dev/null"}],
        "absent": [str(tmp_path / "gone")],
    }


def test_all_of_it_and_then_nothing(tmp_path, whole):
    assert files.apply(wanted(**whole), accept).differences
    assert tree(tmp_path) == {
        "made": (stat.S_IFDIR, 0o755, None),
        "made/deep": (stat.S_IFDIR, 0o750, None),
        "made/deep/new": (stat.S_IFREG, 0o640, b"new\n"),
        "old": (stat.S_IFREG, 0o644, b"changed\n"),
        "loose": (stat.S_IFREG, 0o600, b"same\n"),
        "secret": (stat.S_IFREG, 0o400, b"hunter2hunter2"),
        "link": (stat.S_IFLNK, 0o777, "/dev/null"),
    }
    again = files.apply(wanted(**whole), refuse)
    assert again.changed_paths == [] and again.diff == []


def test_check_says_the_same_and_changes_nothing(tmp_path, whole):
    before = tree(tmp_path)
    announced = files.apply(wanted(check=True, **whole), refuse, check=True)
    assert tree(tmp_path) == before
    assert announced == files.apply(wanted(**whole), accept)


def test_a_refused_file_leaves_everything_as_it_was(tmp_path, whole):
    before = tree(tmp_path)
    judge = {"command": ["judge"], "paths": [str(tmp_path / "old")]}
    with pytest.raises(files.FileSetError) as caught:
        files.apply(wanted(**whole, validators=[judge]), refuse)
    assert str(caught.value) == "{0}: refused by judge: line 3: {0} is no good; nothing was changed".format(tmp_path / "old")
    assert tree(tmp_path) == before


def test_lines_that_are_hidden(tmp_path):
    """A unit as it was written before may hold what is secret."""
    path = tmp_path / "unit"
    path.write_text('[Service]\nEnvironment="A=hunter2"\nUser=merl\n')
    result = files.apply(wanted(files=[{"path": str(path), "content": "[Service]\nUser=root\n", "hidden_lines": "Environment="}]), accept)
    (shown,) = result.diff
    assert (shown["before"], shown["after"]) == ("[Service]\n********\nUser=merl\n", "[Service]\nUser=root\n")
    assert path.read_text() == "[Service]\nUser=root\n"
    with pytest.raises(files.FileSetError, match="its hidden_lines is no regular expression"):
        wanted(files=[{"path": str(path), "content": "", "hidden_lines": "("}])


def test_what_a_judge_says_of_a_secret_is_not_shown(tmp_path):
    path = str(tmp_path / "secret")

    def judge(argv):
        return commands.Outcome(1, "", "line 1: syntax error before: hunter2")

    with pytest.raises(files.FileSetError, match="refused by judge: what it said is not shown") as caught:
        files.apply(
            wanted(files=[{"path": path, "secret_content": "hunter2"}], validators=[{"command": ["judge"], "paths": [path]}]), judge
        )
    assert "hunter2" not in str(caught.value)


def test_one_call_judges_what_changes_and_nothing_else(tmp_path):
    paths = [str(tmp_path / name) for name in "abc"]
    (tmp_path / "b").write_text("same\n")
    entries = [{"path": path, "content": "same\n"} for path in paths]
    judged = []

    def judge(argv):
        judged.append(argv)
        return commands.Outcome(1, "", "%s: no good" % argv[-1])

    with pytest.raises(files.FileSetError) as caught:
        files.apply(wanted(files=entries, validators=[{"command": ["judge", "-x"], "paths": paths}]), judge)
    assert judged == [["judge", "-x", str(tmp_path / ".a.staged"), str(tmp_path / ".c.staged")]]
    assert str(caught.value) == "{0}, {1}: refused by judge: {1}: no good; nothing was changed".format(paths[0], paths[2])


@pytest.mark.parametrize("breaking", range(1, 6))
def test_a_step_that_fails_takes_back_the_others(tmp_path, whole, monkeypatch, breaking):
    before = tree(tmp_path)
    calls = []

    def rename(source, target):
        calls.append(target)
        if len(calls) == breaking:
            raise OSError(28, "No space left on device", source, None, target)
        return real(source, target)

    real = os.rename
    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(files.FileSetError, match="No space left on device; nothing was changed"):
        files.apply(wanted(**whole), accept)
    assert len(calls) == breaking or calls[breaking - 1 :]
    monkeypatch.setattr(os, "rename", real)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("stop", range(1, 30))
def test_killed_at_any_step_the_next_run_converges(tmp_path, whole, monkeypatch, stop):
    """Calls that change something are counted, and the process ends at one of them as if it had been killed: nothing is taken back."""
    counted = ("rename", "link", "mkdir", "symlink", "fsync", "unlink", "fchmod")
    real = {name: getattr(os, name) for name in counted}
    count = []

    class Killed(BaseException):
        pass

    def counting(name):
        def call(*args, **kwargs):
            count.append(name)
            if len(count) == stop:
                raise Killed
            if len(count) > stop:
                raise OSError(5, "the process is gone", "x")
            return real[name](*args, **kwargs)

        return call

    for name in counted:
        monkeypatch.setattr(os, name, counting(name))
    with contextlib.suppress(Killed):
        files.apply(wanted(**whole), accept)
    for name in counted:
        monkeypatch.setattr(os, name, real[name])
    found = tree(tmp_path)
    assert found["old"][2] in (b"old\n", b"changed\n")
    assert found.get("secret", (0, 0, b"hunter2hunter2"))[1:] in ((0o400, b"hunter2hunter2"), (0, b"hunter2hunter2"))
    files.apply(wanted(**whole), accept)
    assert not [name for name in tree(tmp_path) if name.endswith((".staged", ".previous"))]
    assert files.apply(wanted(**whole), refuse).changed_paths == []


def test_nothing_secret_is_shown(tmp_path):
    (tmp_path / "key").write_text("private")
    result = files.apply(
        wanted(
            files=[
                {"path": str(tmp_path / "cookie"), "secret_content": "hunter2hunter2"},
                {"path": str(tmp_path / "pem"), "parts": [{"path": str(tmp_path / "key")}, {"content": "certificate\n"}]},
            ]
        ),
        accept,
    )
    assert (tmp_path / "pem").read_text() == "private\ncertificate\n"
    assert "hunter2" not in str(result.diff) and "private" not in str(result.diff)
    with pytest.raises(files.FileSetError) as caught:
        secret = {"path": str(tmp_path / "cookie"), "secret_content": "other"}
        judge = {"command": ["judge"], "paths": [secret["path"]]}
        files.apply(wanted(files=[secret], validators=[judge]), lambda argv: commands.Outcome(1, "other", "other"))
    assert "other" not in str(caught.value)


def test_a_staged_file_is_never_readable_by_others(tmp_path, monkeypatch):
    modes = []

    def look(argv):
        modes.append(stat.S_IMODE(os.lstat(argv[1]).st_mode))
        return commands.Outcome(0, "", "")

    opened = os.open

    def open_and_look(path, flags, *mode, **more):
        descriptor = opened(path, flags, *mode, **more)
        if str(path).endswith(".staged"):
            modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return descriptor

    monkeypatch.setattr(os, "open", open_and_look)
    secret = {"path": str(tmp_path / "cookie"), "secret_content": "hunter2", "mode": "0400"}
    files.apply(wanted(files=[secret], validators=[{"command": ["look"], "paths": [secret["path"]]}]), look)
    assert modes == [0o600, 0o400]


def test_bytes_come_as_base64_and_are_not_shown(tmp_path):
    binary = {"path": str(tmp_path / "program"), "base64_content": "AP+A", "mode": "0644"}
    result = files.apply(wanted(files=[binary]), accept)
    assert (tmp_path / "program").read_bytes() == b"\x00\xff\x80"
    assert "content not shown" in result.diff[0]["prepared"]
    assert not files.apply(wanted(files=[binary]), accept).differences


def test_a_new_directory_can_be_entered_unless_its_mode_says_otherwise(tmp_path):
    files.apply(wanted(directories=[{"path": str(tmp_path / "open")}, {"path": str(tmp_path / "shut"), "mode": "0700"}]), accept)
    assert stat.S_IMODE((tmp_path / "open").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "shut").stat().st_mode) == 0o700
    (tmp_path / "open").chmod(0o750)
    assert not files.apply(wanted(directories=[{"path": str(tmp_path / "open")}]), accept).differences


def test_links_are_replaced_not_followed(tmp_path):
    (tmp_path / "outside").write_text("outside\n")
    (tmp_path / "file").symlink_to(tmp_path / "outside")
    (tmp_path / ".file.staged").symlink_to(tmp_path / "outside")
    files.apply(wanted(files=[{"path": str(tmp_path / "file"), "content": "mine\n"}]), accept)
    assert (tmp_path / "outside").read_text() == "outside\n"
    assert (tmp_path / "file").read_text() == "mine\n" and not (tmp_path / "file").is_symlink()


def test_all_faults_of_the_arguments_at_once(tmp_path):
    with pytest.raises(files.FileSetError) as caught:
        wanted(
            files=[
                {"path": "relative", "content": ""},
                {"path": "/a", "content": "", "mode": "640"},
                {"path": "/a", "content": "", "owner": "nobody-of-that-name", "group": "nor-such-a-group"},
                {"path": "/c", "parts": [{"path": str(tmp_path / "missing")}]},
                {"path": "/d", "base64_content": "%"},
            ],
            validators=[{"command": ["true"], "paths": ["/b"]}],
        )
    assert caught.value.faults == [
        "relative is no absolute path without '..' and without a slash at its end",
        "/a: mode '640' is no octal number in quotes such as '0640'",
        "/a: there is no user 'nobody-of-that-name' on this host",
        "/a: there is no group 'nor-such-a-group' on this host",
        "/c: its part %s is not readable: No such file or directory" % (tmp_path / "missing"),
        "/d: its base64_content is no base64",
        "/a is named twice",
        "/b is to be checked by true, and is no file of the set",
    ]


def test_check_takes_what_is_missing_as_to_be_made(tmp_path):
    entry = {"path": str(tmp_path / "x"), "content": "x", "owner": "nobody-of-that-name", "group": "nor-such-a-group"}
    (tmp_path / "x").write_text("x")
    result = files.apply(wanted(check=True, files=[entry]), refuse, check=True)
    assert result.diff[0]["after"] == "owner: to be made\ngroup: to be made\n"


def test_what_is_in_the_way_is_a_fault(tmp_path):
    (tmp_path / "directory").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(files.FileSetError) as caught:
        files.apply(
            wanted(
                directories=[{"path": str(tmp_path / "file")}],
                files=[{"path": str(tmp_path / "directory"), "content": ""}],
            ),
            accept,
        )
    assert len(caught.value.faults) == 2


def test_a_program_is_shown_as_one_line(tmp_path):
    path, lines = str(tmp_path / "program"), "line\n" * 200
    (new,) = files.apply(wanted(files=[{"path": path, "content": lines, "summary": "program"}]), accept).diff
    assert new["before"] == "" and new["after"] == "program, 200 lines, SHA-256 %s\n" % hashlib.sha256(lines.encode()).hexdigest()[:12]
    other = base64.b64encode(b"\xff\x00").decode()
    (changed,) = files.apply(wanted(files=[{"path": path, "base64_content": other, "summary": "program"}]), accept).diff
    assert changed["before"] == new["after"] and changed["after"].startswith("program, 2 bytes, SHA-256 ")


@pytest.mark.parametrize("content", [{"secret_content": "hush"}, {"parts": [{"content": "hush"}]}])
def test_a_digest_of_what_is_secret_is_not_shown(tmp_path, content):
    with pytest.raises(files.FileSetError) as caught:
        wanted(files=[{"path": str(tmp_path / "secret"), "summary": "secret", **content}])
    assert "its summary would tell the digest" in str(caught.value)


def generation(tmp_path, text="1"):
    """A set in which a generation is of a file of the set, of one of the host, and of a text."""
    actions = [
        {"name": "restart", "paths": [str(tmp_path / "settings"), str(tmp_path / "key")], "text": text},
        {"name": "reload", "paths": [str(tmp_path / "peers")]},
    ]
    return {
        "files": [
            {"path": str(tmp_path / "generation"), "generation": {"running": str(tmp_path / "running"), "actions": actions}},
            {"path": str(tmp_path / "settings"), "secret_content": "one"},
            {"path": str(tmp_path / "peers"), "content": "two"},
        ]
    }


def outdated(tmp_path, **changes):
    return file_arguments.outdated(wanted(**{**generation(tmp_path), **changes}))


def test_a_generation_tells_what_has_not_been_taken_in(tmp_path):
    (tmp_path / "key").write_text("key")
    want = wanted(**generation(tmp_path))
    result = files.apply(want, accept)
    assert str(tmp_path / "generation") in result.changed_paths
    assert "restart " not in str(result.diff)
    assert file_arguments.outdated(want) == ["restart", "reload"]
    (tmp_path / "running").write_bytes((tmp_path / "generation").read_bytes())
    assert outdated(tmp_path) == []
    (tmp_path / "key").write_text("another key")
    assert outdated(tmp_path) == ["restart"]
    (tmp_path / "key").write_text("key")
    assert outdated(tmp_path, **generation(tmp_path, text="2")) == ["restart"]
    changed = generation(tmp_path)
    changed["files"][2]["content"] = "three"
    assert outdated(tmp_path, **changed) == ["reload"]


def test_a_generation_of_a_file_that_is_not_there(tmp_path):
    with pytest.raises(files.FileSetError, match=r"its part .*key is not readable"):
        wanted(**generation(tmp_path))
    assert file_arguments.outdated(wanted(check=True, **generation(tmp_path))) == ["restart", "reload"]


def test_a_generation_has_the_digest_that_a_shell_would_find(tmp_path):
    (tmp_path / "key").write_text("key")
    lines = [line.split(" ") for line in wanted(**generation(tmp_path)).files[0].content.decode().splitlines()]
    assert [(action, path) for action, _digest, path in lines] == [
        ("restart", "-"),
        ("restart", str(tmp_path / "settings")),
        ("restart", str(tmp_path / "key")),
        ("reload", str(tmp_path / "peers")),
    ]
    assert subprocess.run(["sha256sum"], input=b"key", stdout=subprocess.PIPE, check=True).stdout.split()[0].decode() == lines[2][1]


def test_what_is_no_longer_read_counts_too(tmp_path):
    (tmp_path / "key").write_text("key")
    want = wanted(**generation(tmp_path))
    files.apply(want, accept)
    (tmp_path / "running").write_text((tmp_path / "generation").read_text() + "reload 0 /etc/gone\n")
    assert file_arguments.outdated(want) == ["reload"]
