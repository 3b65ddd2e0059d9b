# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Releases of the example, and OTPs of packages as archives."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from lab import builds, rollout
from lab.settings import CHECKOUT


@pytest.mark.parametrize("label", rollout.RELEASES)
def test_each_edit_of_a_release_has_its_place_once(label: str) -> None:
    edits = rollout.RELEASES[label]
    for file, old, other in edits:
        assert (CHECKOUT / "examples" / "guard" / "src" / file).read_text().count(old) == 1 and old != other
    assert len({file for file, _old, _other in edits}) == len(edits)


def test_releases_are_told_apart_by_their_versions() -> None:
    assert rollout.vsn("") == "1.0.0" and rollout.vsn("next") == "1.1.0"
    assert len({rollout.vsn(label) for label in rollout.RELEASES}) == len(rollout.RELEASES)


def test_an_otp_of_packages_is_fitted_to_its_place(tmp_path: Path) -> None:
    otp = tmp_path / "erlang"
    for name, text in {"bin/erl": "ROOTDIR=/usr/lib/erlang\n", "erts-1/bin/erl": "", "releases/27/OTP_VERSION": "27.3.4.1\n"}.items():
        (otp / name).parent.mkdir(parents=True, exist_ok=True)
        (otp / name).write_text(text)
    (otp / "bin" / "epmd").symlink_to("../erts-1/bin/epmd")
    builds._pack(otp, tmp_path)
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    subprocess.run(["tar", "-xzf", tmp_path / "27.3.4.1-packed.tar.gz", "-C", unpacked], check=True)
    subprocess.run(["sh", "Install", "-cross", "-minimal", "/opt/erlang/otp/27"], cwd=unpacked, check=True)
    assert (unpacked / "bin" / "erl").read_text() == "ROOTDIR=/opt/erlang/otp/27\n"
