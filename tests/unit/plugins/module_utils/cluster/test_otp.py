# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import otp
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.floors import Below, below
from variables import DEFAULTS

ARCHIVE = otp.File("otp.tar.gz", "/c/otp.tar.gz", "aa")
PATCH = otp.File("fam_listen.patch", "/p/fam_listen.patch", "bb")
NEEDED = ["kernel", "mnesia", "ssl"]
BUILD = {
    "erlang_otp_source": "build",
    "erlang_otp_build_source": "otp.tar.gz",
    "erlang_otp_build_options": ["--with-ssl"],
    "erlang_otp_build_environment": {"CFLAGS": "-O2"},
}


def refuse(*_arguments):
    raise InputError("is not on the controller", "correct the path")


READERS = otp.Readers(
    source=lambda where, digest: otp.Source(ARCHIVE, "27.3.4.19", PATCH),
    archive=lambda where: otp.Archive(ARCHIVE, "28.5.0.8", ["kernel", "mnesia", "ssl", "stdlib"]),
    file=lambda where: otp.File("mine.patch", "/m/mine.patch", "cc"),
    floor=lambda version: None,
)


def asked(variables, readers=READERS):
    """What is wanted of host alpha, and the faults as sentences."""
    faults = []
    found = otp.wanted("alpha", {**DEFAULTS, **variables}, NEEDED, ["alpha", "bravo", "builder"], readers, faults)
    return found, [str(fault) for fault in faults]


def test_packages_by_default():
    found, faults = asked({})
    assert (found["source"], found["roots"][0], faults) == ("package", "/usr/lib/erlang", [])
    assert asked({"erlang_otp_roots": ["/opt/x"]})[0]["roots"] == ["/opt/x"]


def test_a_recipe():
    found, faults = asked({**BUILD, "erlang_otp_build_patches": ["mine.patch"], "erlang_otp_build_host": "builder"})
    assert faults == []
    assert found == {
        "source": "build",
        "prefix": "/opt/erlang/otp",
        "roots": ["/opt/erlang/otp/current"],
        "version": "27.3.4.19",
        "archive": {"path": "/c/otp.tar.gz", "sha256": "aa"},
        "patches": [PATCH._asdict(), {"name": "mine.patch", "path": "/m/mine.patch", "sha256": "cc"}],
        "options": ["--with-ssl"],
        "environment": {"CFLAGS": "-O2"},
        "builder": "builder",
        "build_packages": None,
    }


def test_a_host_builds_for_itself_with_the_packages_that_the_user_names():
    own, _faults = asked({**BUILD, "erlang_otp_build_packages": ["gcc"]})
    assert (own["builder"], own["build_packages"]) == ("alpha", ["gcc"])


def test_a_source_that_is_patched_already_gets_no_patch_of_ours():
    readers = READERS._replace(source=lambda where, digest: otp.Source(ARCHIVE, "27.3.4.19", None))
    assert asked(BUILD, readers)[0]["patches"] == []


def test_an_archive():
    found, faults = asked({"erlang_otp_source": "archive", "erlang_otp_archive": "x.tar.gz"})
    assert faults == [] and found["version"] == "28.5.0.8" and found["archive"]["sha256"] == "aa"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"erlang_otp_build_source": None}, "erlang_otp_build_source has no value"),
        ({"erlang_otp_build_source": "https://www.erlang.org/otp.tar.gz"}, "erlang_otp_build_sha256 has no value, and what is fetched"),
        ({"erlang_otp_build_host": "nobody"}, "erlang_otp_build_host 'nobody' is no host of the inventory"),
        (
            {"erlang_otp_build_options": ["--without-mnesia"]},
            "'--without-mnesia' leaves out an application that the node starts; remove it",
        ),
        ({"erlang_cluster_discovery": "epmd"}, "erlang_otp_source 'build' gives no port mapper as a service"),
        ({"erlang_otp_source": "archive"}, "erlang_otp_archive has no value"),
    ],
)
def test_faults(changes, sentence):
    _found, faults = asked({**BUILD, **changes})
    assert len(faults) == 1 and faults[0].startswith("alpha: ") and sentence in faults[0], faults


def test_what_is_not_there_is_a_fault_of_its_variable_and_all_come_at_once():
    readers = READERS._replace(source=refuse, archive=refuse, file=refuse)
    _found, faults = asked({**BUILD, "erlang_otp_build_patches": ["a.patch"], "erlang_otp_build_options": ["--without-mnesia"]}, readers)
    assert [fault.split()[1] for fault in faults] == ["erlang_otp_build_options", "erlang_otp_build_patches", "erlang_otp_build_source"]
    _found, faults = asked({"erlang_otp_source": "archive", "erlang_otp_archive": "x"}, readers)
    assert faults == ["alpha: erlang_otp_archive 'x' is not on the controller; correct the path."]


def test_an_archive_that_lacks_an_application():
    readers = READERS._replace(archive=lambda where: otp.Archive(ARCHIVE, "28.5.0.8", ["kernel", "ssl"]))
    _found, faults = asked({"erlang_otp_source": "archive", "erlang_otp_archive": "x"}, readers)
    assert "lacks the applications mnesia, which the node starts" in faults[0]


def test_below_the_floor():
    readers = READERS._replace(floor=lambda version: Below("27.3.4.20", ("CVE-2026-1", "CVE-2026-2"), ("27.3.4.20",)))
    _found, faults = asked(BUILD, readers)
    assert "holds OTP 27.3.4.19, which is below the security floor 27.3.4.20 (CVE-2026-1, CVE-2026-2); give 27.3.4.20 or later" in faults[0]
    assert asked({**BUILD, "erlang_otp_allow_below_floor": ["27.3.4.18"]}, readers)[1] == faults
    assert asked({**BUILD, "erlang_otp_allow_below_floor": ["27.3.4.19"]}, readers)[1] == []


def test_a_release_that_is_not_maintained():
    readers = READERS._replace(floor=lambda version: Below(None, (), ("27.3.4.19", "28.5.0.8")))
    assert "of a release that gets no fixes any more; give 27.3.4.19 or 28.5.0.8 or later" in asked(BUILD, readers)[1][0]


DATA = {
    "floors": {"27": "27.3.4.19", "28": "28.5.0.8"},
    "fixed": {
        "CVE-2026-105236": {"27": "27.3.4.19"},
        "CVE-2026-94200": {"27": "27.3.4.19", "28": "28.5.0.8"},
        "CVE-2025-32433": {"26": "26.2.5.11", "27": "27.3.3"},
    },
}


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("27.3.4.19", None),
        ("27.3.4.20", None),
        ("28.6", None),
        ("29.0", None),
        ("27.3.4.1", Below("27.3.4.19", ("CVE-2026-94200", "CVE-2026-105236"), ("27.3.4.19", "28.5.0.8"))),
        ("27.0", Below("27.3.4.19", ("CVE-2025-32433", "CVE-2026-94200", "CVE-2026-105236"), ("27.3.4.19", "28.5.0.8"))),
        ("26.2.5", Below(None, ("CVE-2025-32433",), ("27.3.4.19", "28.5.0.8"))),
        ("26.2.5.21", Below(None, (), ("27.3.4.19", "28.5.0.8"))),
    ],
)
def test_floors(version, expected):
    assert below(version, DATA) == expected


def test_floors_of_what_is_no_version():
    with pytest.raises(ValueError, match="no version"):
        below("R11B", DATA)
