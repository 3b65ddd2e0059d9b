# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Source trees of OTP are known by their text, and get the patch that has one place in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import otp_source
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.otp_source import OtpSource, OtpSourceError

PATCHES = [
    otp_source.read_patch(path.name, path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parents[5] / "roles" / "erlang_otp" / "files" / "patches").glob("*.patch"))
]
NAMES = [patch.name for patch in PATCHES]
ELSEWHERE = "%% a line that nobody asks for\n"


def tree(patch, side, version="27.3.4.1", times=1):
    """The files of a tree in which one side of every hunk of a patch stands, and other lines around it."""
    files = {"OTP_VERSION": version + "\n"}
    for hunk in patch.hunks:
        files[hunk.path] = files.get(hunk.path, ELSEWHERE * 7) + getattr(hunk, side) * times + ELSEWHERE
    return files


def test_what_is_shipped():
    assert {patch.name: patch.releases for patch in PATCHES} == {
        "fam_listen.patch": ("26", "27", "28", "29"),
        "gen_listen.patch": ("23", "24", "25"),
        "ssl_prim_listen.patch": ("R11B",),
    }


@pytest.mark.parametrize("patch", PATCHES, ids=NAMES)
def test_every_patch_brings_the_attribute_and_reads_the_variable(patch):
    added = "".join(hunk.after for hunk in patch.hunks)
    assert "\n-%s(1).\n" % otp_source.ATTRIBUTE in added
    assert "get_env(kernel, inet_ssl_port" in added
    assert not any(otp_source.ATTRIBUTE in hunk.before for hunk in patch.hunks)


@pytest.mark.parametrize("patch", PATCHES, ids=NAMES)
@pytest.mark.parametrize(("side", "patched"), [("before", False), ("after", True)])
def test_a_tree_is_known_by_its_text(patch, side, patched):
    read = tree(patch, side, version="99.1").get
    assert otp_source.identify(read, PATCHES) == OtpSource("99.1", patch.layout, patch.name, patched)


def test_an_old_tree_has_its_release_in_another_place():
    files = tree(PATCHES[0], "before")
    del files["OTP_VERSION"]
    files["erts/vsn.mk"] = "VSN = 5.5.2\nSYSTEM_VSN = R11B\n"
    assert otp_source.identify(files.get, PATCHES).version == "R11B"


@pytest.mark.parametrize("patch", PATCHES, ids=NAMES)
def test_lines_that_stand_twice_are_no_place_for_a_patch(patch):
    with pytest.raises(OtpSourceError, match="no inet_ssl_port patch fits"):
        otp_source.identify(tree(patch, "before", times=2).get, PATCHES)


@pytest.mark.parametrize("patch", PATCHES, ids=NAMES)
def test_lines_that_stand_in_part_are_no_place_for_a_patch(patch):
    for hunk in patch.hunks:
        files = tree(patch, "before")
        files[hunk.path] = files[hunk.path].replace(hunk.before, "x" + hunk.before)
        with pytest.raises(OtpSourceError, match="no inet_ssl_port patch fits"):
            otp_source.identify(files.get, PATCHES)


def test_a_tree_that_no_patch_fits():
    files = {"OTP_VERSION": "22.3.4\n", PATCHES[0].hunks[0].path: "-module(inet_tls_dist).\n"}
    with pytest.raises(OtpSourceError) as caught:
        otp_source.identify(files.get, PATCHES)
    assert str(caught.value) == (
        "no inet_ssl_port patch fits the source tree of OTP 22.3.4; there are patches for OTP 26, 27, 28, 29 (inet_tls_dist:fam_listen/3), "
        "and OTP 23, 24, 25 (inet_tls_dist:gen_listen/3), and OTP R11B (inet_ssl_dist:listen/1)"
    )


def test_a_tree_with_another_patch():
    files = tree(PATCHES[0], "before")
    files[PATCHES[0].hunks[0].path] += "-inet_ssl_port(99).\n"
    with pytest.raises(OtpSourceError, match=r"inet_tls_dist.erl of OTP 27\.3\.4\.1 carries an inet_ssl_port patch"):
        otp_source.identify(files.get, PATCHES)


@pytest.mark.parametrize("files", [{}, {"OTP_VERSION": "\n"}, {"erts/vsn.mk": "VSN = 13.1.5\n"}])
def test_what_is_no_otp(files):
    with pytest.raises(OtpSourceError, match="no source tree of OTP"):
        otp_source.identify(files.get, PATCHES)


HEADERS = "# Layout: m:f/1\n# Releases: 30\n"
DIFF = "--- a/m.erl\n+++ b/m.erl\n@@ -1,2 +1,3 @@\n one\n+new\n two\n"


def test_a_patch_in_its_shortest_form():
    assert otp_source.read_patch("x.patch", HEADERS + DIFF).hunks == (otp_source.Hunk("m.erl", "one\ntwo\n", "one\nnew\ntwo\n"),)


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEADERS,
        DIFF,
        HEADERS + DIFF.replace("+++ b/m.erl\n", ""),
        HEADERS + DIFF.replace(" two\n", ""),
        HEADERS + DIFF.replace(",2 +1,3", ",9 +1,9"),
        HEADERS + "--- a/m\n+++ b/m\n@@ -0,0 +1 @@\n+new\n",
    ],
)
def test_what_is_no_patch(text):
    with pytest.raises(OtpSourceError, match=r"x\.patch is no patch of OTP"):
        otp_source.read_patch("x.patch", text)
