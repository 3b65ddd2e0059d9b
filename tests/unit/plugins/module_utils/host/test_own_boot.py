# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import boot_file, etf_encoder
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import Atom
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import otp, own_boot

PROGRAM = """RELEASE_ROOT=x
exec elixir \\
  --cookie "$RELEASE_COOKIE" \\
  $(release_distribution "$RELEASE_NODE") \\
  --vm-args x
"""
OTP = otp.Otp("/usr/lib/erlang", "/usr/bin/erl", "27", "27.3", "15.2.7", "package", {}, {}, False, None)


def boot(*directories: str) -> bytes:
    commands = [(Atom("path"), list(directories)), (Atom("progress"), Atom("kernel_load_completed")), (Atom("progress"), Atom("started"))]
    return etf_encoder.encode((Atom("script"), ("shop", "1.0.0"), commands))


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """A release of mix, as it is unpacked."""
    made = tmp_path / "apps" / "shop"
    for name, content in {
        "bin/shop": PROGRAM,
        "bin/other": "#!/bin/sh\n",
        "lib/shop-1.0.0/ebin/shop.app": "",
        "releases/COOKIE": "cookie-of-the-archive",
        "releases/start_erl.data": "15.2.7 1.0.0",
        "releases/1.0.0/env.sh": "export A=1\n",
        "releases/1.0.0/vm.args": "+P 1024\n-setcookie x\n",
        "releases/1.0.0/remote.vm.args": "-name x@y\n",
        "releases/1.0.0/sys.config": "[].\n",
        "releases/1.0.0/runtime.exs": "",
    }.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(content)
    for name in ("start", "start_clean"):
        (made / "releases" / "1.0.0" / (name + ".boot")).write_bytes(boot("$ROOT/lib/kernel-10.2.7/ebin", "$RELEASE_LIB/shop-1.0.0/ebin"))
    return made


def release(unpacked: Path, **changes: object) -> own_boot.Release:
    found = own_boot.Release(
        path=str(unpacked),
        directory=str(unpacked.parents[1] / "node" / "release"),
        name="shop",
        version="1.0.0",
        kind="mix",
        control="/usr/local/bin/erlang-shop",
        arguments=["-name", "shop@alpha", "-proto_dist", "inet_tls"],
        run="#!/bin/sh\n",
        environment="# ours\n",
    )
    return found._replace(**changes)


def test_a_node_has_the_release_with_what_is_ours_in_place(unpacked: Path) -> None:
    before = {path: path.read_bytes() for path in unpacked.rglob("*") if path.is_file()}
    wanted = release(unpacked)
    node = Path(wanted.directory).parent
    node.mkdir()
    own_boot.put(wanted, str(node / "ebin"), ["beam_tls_epmd"])
    place = Path(wanted.directory)
    version = place / "releases" / "1.0.0"
    assert (place / "lib").resolve() == unpacked / "lib" and (version / "runtime.exs").resolve() == unpacked / "releases/1.0.0/runtime.exs"
    assert not (place / "releases" / "COOKIE").exists()
    assert "--cookie" not in (place / "own" / "shop").read_text() and not (place / "own" / "shop").is_symlink()
    assert "exec /usr/local/bin/erlang-shop release" in (place / "bin" / "shop").read_text()
    assert (version / "vm.args").read_text().splitlines()[1:] == ["+P 1024", "## The mesh's.", "-name shop@alpha", "-proto_dist inet_tls"]
    assert "-name" not in (version / "eval.vm.args").read_text() and "-name" not in (version / "remote.vm.args").read_text()
    assert (version / "env.sh").read_text() == "# ours\n"
    for name in ("start.boot", "start_clean.boot"):
        assert str(node / "ebin") in boot_file.directories((version / name).read_bytes())
        assert os.stat(version / name).st_mode & 0o777 == 0o644
    assert {path: path.read_bytes() for path in unpacked.rglob("*") if path.is_file()} == before, "the release itself stays as it was"


def test_a_place_that_cannot_be_made(unpacked: Path) -> None:
    with pytest.raises(own_boot.OwnBootError, match="node/release cannot be made"):
        own_boot.put(release(unpacked), "/ebin", [])


def test_applications_that_the_host_lacks_are_named(unpacked: Path) -> None:
    with pytest.raises(own_boot.OwnBootError, match=r"boots lib/kernel-10.2.7/ebin, which /nowhere does not have"):
        own_boot.check(release(unpacked), OTP._replace(root="/nowhere"))
    (unpacked / "lib" / "kernel-10.2.7" / "ebin").mkdir(parents=True)
    own_boot.check(release(unpacked, kind="relx"), OTP)


def test_a_runtime_that_does_not_fit_is_named(unpacked: Path) -> None:
    (unpacked / "lib" / "kernel-10.2.7" / "ebin").mkdir(parents=True)
    with pytest.raises(own_boot.OwnBootError, match=r"was built for ERTS 15.2.7, and this host has ERTS 14.2"):
        own_boot.check(release(unpacked, kind="relx"), OTP._replace(erts="14.2"))
    (unpacked / "erts-15.2.7").mkdir()
    own_boot.check(release(unpacked), OTP._replace(erts="14.2"))
    with pytest.raises(
        own_boot.OwnBootError, match=r"brings ERTS 15.2.7, and the node's modules are compiled by this host's OTP, which is newer"
    ):
        own_boot.check(release(unpacked), OTP._replace(erts="16.0"))


def test_what_is_no_boot_file_is_named(unpacked: Path) -> None:
    (unpacked / "releases" / "1.0.0" / "start.boot").write_text("no boot file")
    with pytest.raises(own_boot.OwnBootError, match="is no boot file"):
        own_boot.check(release(unpacked), OTP)
