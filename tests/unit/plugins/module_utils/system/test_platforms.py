# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._system import platforms

DEBIAN = {"id": "debian", "version_id": "13", "id_like": []}
UBUNTU = {"id": "ubuntu", "version_id": "24.04", "id_like": ["debian"]}
ALPINE = {"id": "alpine", "version_id": "3.20.1", "id_like": []}
DATA = {
    "debian": {"nft": ("family",), "cryptography": ("family",)},
    "ubuntu": {"nft": ("distribution",)},
    "ubuntu-24": {"cryptography": ("major",)},
    "ubuntu-24.04": {"nft": ("release",)},
}


def test_the_nearest_entry_counts_for_each_name() -> None:
    assert platforms.names(UBUNTU) == ["ubuntu-24.04", "ubuntu-24", "ubuntu", "debian"]
    assert [platforms.find(UBUNTU, what, DATA) for what in ("nft", "cryptography", "otp")] == [("release",), ("major",), None]
    assert platforms.find({**UBUNTU, "version_id": "22.04"}, "nft", DATA) == ("distribution",)
    assert platforms.names({"id": "debian", "version_id": "", "id_like": []}) == ["debian"]


def test_packages_of_otp_are_those_of_its_applications() -> None:
    wanted = ["kernel", "ssl", "sasl", "os_mon"]
    assert platforms.packages(UBUNTU, "otp", wanted) == ["erlang-base", "erlang-os-mon", "erlang-ssl"]
    assert platforms.packages(DEBIAN, "nft") == ["nftables"]
    assert platforms.packages(ALPINE, "otp", wanted) is None


def test_what_otp_is_built_with_follows_the_options_of_configure() -> None:
    plain, more = platforms.build_packages(DEBIAN, ["--with-ssl"]), platforms.build_packages(DEBIAN, ["--with-ssl", "--with-odbc"])
    assert plain is not None and more is not None and set(more) - set(plain) == {"unixodbc-dev"}
    assert platforms.build_packages(ALPINE, []) is None


def test_every_entry_says_what_the_code_reads() -> None:
    for name, entry in platforms.PLATFORMS.items():
        assert set(entry) <= {*platforms.NEEDS, "otp_build", "otp_lists"}, name


@pytest.mark.parametrize(
    ("need", "applications", "words"),
    [
        ("otp", ["crypto", "ssl"], "install OTP with crypto, ssl in a directory of erlang_otp_roots"),
        ("nft", [], "install nft (nftables)"),
        ("cryptography", [], "install the package cryptography for the host's Python"),
    ],
)
def test_an_unknown_distribution_is_a_sentence_that_names_the_host(need: str, applications: list[str], words: str) -> None:
    lacking = {need: {"for": applications, "names": platforms.packages(ALPINE, need, applications)}}
    assert platforms.unmet("carol", ALPINE, lacking) == [
        "carol: no package names are known for the distribution 'alpine 3.20.1'; %s, then run again." % words
    ]
    known = {need: {"for": applications, "names": platforms.packages(DEBIAN, need, applications)}}
    assert platforms.unmet("carol", DEBIAN, known) == []
