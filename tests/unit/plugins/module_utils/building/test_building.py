# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._building import (
    elf,
    progress,
    recipe,
    skipped,
    status,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import configure

PLATFORM = {"id": "debian", "version_id": "13", "architecture": "x86_64", "python": "3.13.5"}
OTP = {
    "source": "build",
    "version": "27.3.4.1",
    "archive": {"path": "/a/otp.tar.gz", "sha256": "aa"},
    "patches": [{"name": "one.patch", "path": "/a/one.patch", "sha256": "bb"}],
    "options": ["--with-ssl"],
    "environment": {"CFLAGS": "-O2"},
}


def test_the_name_is_that_of_the_content():
    name = recipe.directory_name(OTP, PLATFORM)
    assert name.startswith("27.3.4.1-") and len(name) == len("27.3.4.1-") + 12
    moved = {**OTP, "archive": {"path": "/b/other.tar.gz", "sha256": "aa"}, "patches": [{**OTP["patches"][0], "path": "/b/x"}]}
    assert recipe.directory_name(moved, {**PLATFORM, "python": "3.14"}) == name


@pytest.mark.parametrize(
    "change",
    [
        {"archive": {"path": "/a/otp.tar.gz", "sha256": "ab"}},
        {"patches": []},
        {"patches": [{"name": "one.patch", "path": "/a/one.patch", "sha256": "bc"}]},
        {"options": ["--with-ssl", "--with-odbc"]},
        {"environment": {"CFLAGS": "-O3"}},
    ],
)
def test_another_recipe_has_another_name(change):
    assert recipe.directory_name({**OTP, **change}, PLATFORM) != recipe.directory_name(OTP, PLATFORM)


@pytest.mark.parametrize("change", [{"id": "ubuntu"}, {"version_id": "12"}, {"architecture": "aarch64"}])
def test_another_platform_has_another_name(change):
    assert recipe.directory_name(OTP, {**PLATFORM, **change}) != recipe.directory_name(OTP, PLATFORM)


def test_an_archive_is_named_by_its_digest():
    otp = {"source": "archive", "version": "28.1", "archive": {"path": "/x", "sha256": "0123456789abcdef" * 4}}
    assert recipe.directory_name(otp, PLATFORM) == "28.1-0123456789ab"


def test_manifest():
    found = json.loads(recipe.manifest(OTP, PLATFORM, {"version": "27.3.4.1", "crypto_library": "libcrypto.so.3"}))
    assert found["patches"] == [{"name": "one.patch", "sha256": "bb"}] and found["source"] == {"sha256": "aa"}
    assert found["platform"] == {"id": "debian", "version_id": "13", "architecture": "x86_64"}
    assert found["crypto_library"] == "libcrypto.so.3" and "/a/" not in json.dumps(found)


def test_applications_that_options_name():
    options = [
        "--with-ssl=/opt/ssl",
        "--with-odbc",
        "--without-wx",
        "--without-javac",
        "--with-termcap",
        "--with-ssl-rpath=no",
        "--enable-pie",
    ]
    assert configure.asked_for(options) == ["ssl", "odbc"]
    assert configure.left_out(options) == ["wx", "javac"]


TREE = {"lib/crypto/SKIP": "No usable OpenSSL found\n", "lib/odbc/SKIP": "No odbc library found\n", "lib/SKIP-APPLICATIONS": "wx\net\n"}


def test_what_configure_leaves_out():
    assert skipped.missing(["crypto", "kernel", "wx"], TREE.get) == {
        "crypto": "No usable OpenSSL found",
        "wx": "configure was told to leave it out",
    }
    assert skipped.missing(["kernel"], TREE.get) == {}


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ((False, False), "the header openssl/crypto.h and the library libcrypto are missing"),
        ((False, True), "the header openssl/crypto.h is missing"),
        ((True, False), "the library libcrypto is missing"),
    ],
)
def test_the_sentence_names_header_and_library(there, said):
    sentence = skipped.sentence(skipped.missing(["crypto"], TREE.get), lambda need: there)
    assert "crypto (%s: No usable OpenSSL found)" % said in sentence and "nothing was compiled" in sentence


def test_the_sentence_of_what_was_told_to_be_left_out():
    asked = []
    assert "wx (configure was told to leave it out)" in skipped.sentence({"wx": "configure was told to leave it out"}, asked.append)
    assert asked == []


def test_what_the_host_lacks():
    needed = ["crypto", "kernel", "odbc", "ssl"]
    assert skipped.unmet(needed, lambda need: (need.library == "odbc", True)) == (
        "the header openssl/crypto.h is missing, which crypto, ssl cannot do without"
    )
    assert (
        skipped.unmet(needed, lambda need: (True, need.library != "odbc")) == "the library libodbc is missing, which odbc cannot do without"
    )
    assert skipped.unmet(needed, lambda need: (True, True)) == ""


def test_lines_that_make_something():
    assert progress.makes(b" CC\tobj/x86_64-pc-linux-gnu/opt/jit/beam.o\n") and progress.makes(b" ERLC\t../ebin/lists.beam\n")
    assert progress.makes(b"erlc -W +debug_info -o../ebin lists.erl\n") and progress.makes(b"gcc -O2 -c x.c\n")
    assert not progress.makes(b"make[2]: Entering directory\n") and not progress.makes(b" MAKE\tlibs\n")


def test_what_is_expected(tmp_path):
    names = [
        "erts/emulator/beam/a.c",
        "erts/emulator/obj/a.o",
        "lib/ssl/src/b.erl",
        "lib/ssl/test/c.erl",
        "lib/wx/src/d.erl",
        "lib/wx/SKIP",
    ]
    for name in (*names, "lib/stdlib/src/e.erl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "lib/odbc").mkdir()
    (tmp_path / "lib/odbc/f.erl").write_text("")
    assert progress.expected(str(tmp_path), os.walk(tmp_path), "odbc") == 1 + 1 + 2
    assert progress.expected(str(tmp_path), os.walk(tmp_path), "") == 1 + 1 + 2 + 1
    assert progress.made(str(tmp_path), os.walk(tmp_path), "odbc") == 1


def test_a_status_in_words():
    found = {
        **status.waiting(100.0, "/log"),
        "state": "running",
        "stage": "compile",
        "done": 450,
        "expected": 1000,
        "seconds": {"unpack": 5.0, "patch": 0.1},
    }
    assert status.line(found, 403.2) == "compile 450 of 1000 files (45 %), 5 min 03 s"
    assert status.line({**found, "done": 1200}, 104.0) == "compile 1000 of 1000 files (100 %), 4 s"
    assert status.line({**found, "expected": 0}, 104.0) == "compile, 4 s"
    assert "waits for another build" in status.line(status.waiting(100.0, "/log"), 101.0)
    assert status.finished(found, {"unpack": 5.0}) == ["patch done in 0 s"]


def test_a_failure_in_words():
    ended = {"state": "failed", "stage": "compile", "problem": "make failed (exit code 2)", "tail": ["a.c:1: error", "make: ***"]}
    found = {**status.waiting(0.0, "/var/x/log"), **ended}
    said = status.failure(found, "alpha")
    assert said.splitlines()[0] == "alpha: make failed (exit code 2)" and "a.c:1: error" in said
    assert "/var/x/log on alpha" in said and "goes on from the stage compile" in said


def test_hardening_of_what_is_no_program():
    assert elf.hardening(b"#!/bin/sh\n") == {"pie": False, "relro": False, "bind_now": False, "stack_protector": False}
    assert elf.hardening(b"\x7fELF\x02\x01" + b"\xff" * 100)["relro"] is False
