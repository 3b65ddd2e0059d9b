# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole build of a source tree that stands in for OTP's: its stages, what stops them, and how they go on."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import tarfile
import time

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._building import status
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import building, commands

PLATFORM = {"id": "debian", "version_id": "13", "architecture": "x86_64"}
CONFIGURE = """#!/bin/sh
echo configured with "$@" and "$CFLAGS"
[ "$NO_LIBRARY" ] && { echo 'configure: error: no such library'; exit 1; }
if [ "$NO_CRYPTO" ]; then mkdir -p lib/crypto; echo 'No usable OpenSSL found' >lib/crypto/SKIP; fi
"""
MAKE = """#!/bin/sh
case "$1" in
    -j*)
        for part in one two three; do
            [ -e "$part.o" ] && continue
            while [ -e ../hold ] && [ $part = two ]; do sleep 0.1; done
            [ -e ../break ] && { echo 'two.c:7: error: broken'; exit 2; }
            [ -e ../full ] && { echo 'two.o: No space left on device'; exit 2; }
            echo " CC\t$part.o"; echo made >"$part.o"; echo "$part" >>../made
        done ;;
    release)
        root=${2#RELEASE_ROOT=}
        for name in kernel-1.0 stdlib-1.0 crypto-1.0; do
            mkdir -p "$root/lib/$name/ebin"; echo >"$root/lib/$name/ebin/${name%-*}.app"
        done
        mkdir -p "$root/bin" "$root/releases/27" "$root/erts-15.0/bin"
        cp one.o "$root/erts-15.0/bin/beam.smp"
        echo '15.0 27' >"$root/releases/start_erl.data"; echo 27.0 >"$root/releases/27/OTP_VERSION"
        printf '#!/bin/sh\\n' >"$root/Install"; printf '#!/bin/sh\\n' >"$root/bin/erl"; chmod 755 "$root/Install" "$root/bin/erl" ;;
esac
"""
PATCH = "--- a/lib/x.erl\n+++ b/lib/x.erl\n@@ -1 +1,2 @@\n-module(x).\n+-inet_ssl_port([]).\n"


def digest(data):
    return hashlib.sha256(data).hexdigest()


def tarred(files):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo("otp/" + name)
            member.size, member.mode = len(text), 0o755
            tar.addfile(member, io.BytesIO(text.encode()))
    return stream.getvalue()


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A host that has what builds need: tools that stand in for those that are asked for by name."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("cc", "c++", "perl"):
        (tools / name).write_text("#!/bin/sh\nexit 1\n")
    (tools / "make").write_text(MAKE)
    (tools / "patch").write_text(
        '#!/bin/sh\nfor last in "$@"; do :; done\ngrep -q nothing "${last#--input=}" && exit 1\necho patched >>patched\n'
    )
    for tool in tools.iterdir():
        tool.chmod(0o755)
    monkeypatch.setattr(commands, "SEARCH", (str(tools), *commands.SEARCH))
    monkeypatch.setenv("PATH", str(tools) + os.pathsep + os.environ["PATH"])
    monkeypatch.setattr(building, "SPACE", 1)
    return tmp_path


class Made:
    """A recipe with its files, and a build of it."""

    def __init__(self, place, patch=PATCH, environment=None, files=None):
        source = tarred(files or {"OTP_VERSION": "27.0\n", "configure": CONFIGURE, "lib/x.erl": "-module(x).\n"})
        (place / "source.tar").write_bytes(source)
        (place / "one.patch").write_text(patch)
        self.sent = {digest(source): str(place / "source.tar"), digest(patch.encode()): str(place / "one.patch")}
        self.otp = {
            "source": "build",
            "version": "27.0",
            "archive": {"path": "there", "sha256": digest(source)},
            "patches": [{"name": "one.patch", "path": "there", "sha256": digest(patch.encode())}],
            "options": ["--with-ssl"],
            "environment": environment or {"CFLAGS": "-O2"},
        }
        self.build = building.Build(str(place / "builds" / "27.0-x"), str(place / "run"))

    def begin(self):
        self.build.take_in(self.otp, self.sent)
        return self.build.begin(self.otp, PLATFORM, 2, [])

    def status(self):
        with open(self.build.status, encoding="utf-8") as stream:
            return json.load(stream)

    def until(self, condition, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.status()
            if condition(found):
                return found
            time.sleep(0.05)
        raise AssertionError(self.status())

    def ended(self):
        return self.until(lambda found: found["state"] in ("done", "failed") and not running(self))


def test_what_is_lacking_is_asked_for_and_taken_in(place):
    made = Made(place)
    os.makedirs(made.build.directory)
    assert sorted(made.build.lacks(made.otp)) == sorted(made.sent)
    made.build.take_in(made.otp, made.sent)
    assert made.build.lacks(made.otp) == []


def test_what_arrives_otherwise_than_sent_is_refused(place):
    made = Made(place)
    (place / "source.tar").write_bytes(b"cut short")
    with pytest.raises(building.BuildError, match="SHA-256 differs"):
        made.build.take_in(made.otp, made.sent)
    assert made.build.lacks(made.otp)


def test_a_build(place):
    made = Made(place)
    assert made.begin() is True
    found = made.ended()
    assert found["state"] == "done", found
    assert list(found["seconds"]) == list(status.STAGES)
    result = made.build.result()
    manifest = json.loads(result["manifest"])
    assert manifest["version"] == "27.0" and manifest["applications"] == {"crypto": "1.0", "kernel": "1.0", "stdlib": "1.0"}
    with tarfile.open(result["archive"]) as tar:
        assert {"Install", "manifest.json", "bin/erl", "lib/kernel-1.0/ebin/kernel.app"} <= set(tar.getnames())
    with open(made.build.log, encoding="utf-8") as log:
        said = log.read()
    assert "configured with --prefix=/usr/local --with-ssl and -O2" in said and "make -j2" in said
    made.build.clean()
    assert not os.path.exists(made.build.directory) and not os.path.exists(made.build.status)


def test_a_build_that_is_killed_goes_on(place):
    """Killed in the middle of make: what is made stays, stages that are through are not done again, the manifest is the same."""
    whole = Made(place)
    whole.begin()
    assert whole.ended()["state"] == "done"
    manifest = whole.build.result()["manifest"]
    whole.build.clean()

    made = Made(place)
    os.makedirs(made.build.directory)
    hold = os.path.join(made.build.directory, "hold")
    open(hold, "w", encoding="utf-8").close()
    made.begin()
    made.until(lambda found: os.path.exists(os.path.join(made.build.tree, "one.o")))
    assert made.begin() is False
    victim = next(int(pid) for pid in os.listdir("/proc") if pid.isdigit() and holds(pid, os.path.join(made.build.directory, "lock")))
    os.kill(victim, signal.SIGKILL)
    # Of a process that ends, an ordinary user does not see the files, and so not whether it has the lock still.
    made.until(lambda found: not running(made))
    os.unlink(hold)
    made.until(lambda found: made.begin())
    found = made.ended()
    assert found["state"] == "done", found
    with open(os.path.join(made.build.directory, "made"), encoding="utf-8") as stream:
        assert stream.read().split() == ["one", "two", "three"]
    with open(made.build.log, encoding="utf-8") as log:
        assert log.read().count("configured with") == 1
    assert made.build.result()["manifest"] == manifest


def holds(pid, path):
    try:
        return (
            any(os.readlink("/proc/%s/fd/%s" % (pid, name)) == path for name in os.listdir("/proc/%s/fd" % pid)) and int(pid) != os.getpid()
        )
    except OSError:
        return False


def running(made):
    return any(holds(pid, os.path.join(made.build.directory, "lock")) for pid in os.listdir("/proc") if pid.isdigit())


def test_a_tree_that_was_being_patched_is_unpacked_again(place):
    made = Made(place)
    made.begin()
    made.ended()
    for stage in ("unpack", "patch"):
        os.unlink(os.path.join(made.build.directory, "done", stage))
    with open(os.path.join(made.build.tree, "patched"), "a", encoding="utf-8") as stream:
        stream.write("half\n")
    made.begin()
    assert made.ended()["state"] == "done"
    with open(os.path.join(made.build.tree, "patched"), encoding="utf-8") as stream:
        assert stream.read() == "patched\n"


@pytest.mark.parametrize(
    ("trouble", "stage", "sentence", "tail"),
    [
        ("break", "compile", "make failed (exit code 2)", "two.c:7: error: broken"),
        ("full", "compile", "no space is left on the file system of", ""),
    ],
)
def test_a_make_that_fails_and_goes_on(place, trouble, stage, sentence, tail):
    made = Made(place)
    os.makedirs(made.build.directory)
    path = os.path.join(made.build.directory, trouble)
    open(path, "w", encoding="utf-8").close()
    made.begin()
    found = made.ended()
    assert found["state"] == "failed" and found["stage"] == stage and sentence in found["problem"]
    assert tail in "\n".join(found["tail"]) and found["log"] == made.build.log
    os.unlink(path)
    made.begin()
    assert made.ended()["state"] == "done"


def test_without_crypto_nothing_is_compiled(place):
    made = Made(place, environment={"NO_CRYPTO": "1"})
    made.begin()
    found = made.ended()
    assert found["stage"] == "configure"
    assert "the header openssl/crypto.h and the library libcrypto are missing" in found["problem"]
    assert not os.path.exists(os.path.join(made.build.directory, "made"))


def test_a_configure_that_fails_for_want_of_a_library(place):
    made = Made(place, environment={"NO_LIBRARY": "1"})
    made.begin()
    found = made.ended()
    assert found["stage"] == "configure"
    assert "configure failed (exit code 1): the header openssl/crypto.h and the library libcrypto are missing" in found["problem"]
    assert found["tail"][-1] == "configure: error: no such library"


def test_a_patch_that_does_not_fit(place):
    made = Made(place, patch="nothing")
    made.begin()
    found = made.ended()
    assert found["stage"] == "patch" and "the patch one.patch does not fit this source" in found["problem"]


def test_a_source_that_is_no_archive(place):
    made = Made(place)
    (place / "source.tar").write_bytes(b"no archive")
    made.otp["archive"]["sha256"] = digest(b"no archive")
    made.sent[digest(b"no archive")] = str(place / "source.tar")
    made.begin()
    found = made.ended()
    assert found["stage"] == "unpack" and "is no tar archive" in found["problem"]


def test_a_host_without_a_compiler(place, monkeypatch):
    os.unlink(place / "tools" / "make")
    made = Made(place)
    monkeypatch.setattr(commands, "SEARCH", (str(place / "tools"),))
    monkeypatch.setenv("PATH", str(place / "tools"))
    made.begin()
    found = made.ended()
    assert found["state"] == "failed" and "without make" in found["problem"] and "erlang_otp_build_packages" in found["problem"]


def test_a_host_without_space(place, monkeypatch):
    monkeypatch.setattr(building, "SPACE", 1 << 60)
    made = Made(place)
    made.begin()
    found = made.ended()
    assert found["state"] == "failed" and "MB left" in found["problem"] and not os.path.exists(made.build.tree)


def test_another_kind_of_host():
    building.check_platform(PLATFORM, {**PLATFORM, "python": "3.9"})
    with pytest.raises(building.BuildError, match="debian 13 x86_64 cannot be built on debian 12 x86_64"):
        building.check_platform(PLATFORM, {**PLATFORM, "version_id": "12"})
