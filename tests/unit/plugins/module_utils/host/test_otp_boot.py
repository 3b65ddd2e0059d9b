# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import boot, commands, otp
from ansible_collections.beam.tls_distribution.plugins.module_utils._system import platforms


def application(root, name, version, needs=("kernel", "stdlib")):
    ebin = root / "lib" / ("%s-%s" % (name, version)) / "ebin"
    ebin.mkdir(parents=True)
    (ebin / (name + ".app")).write_text(
        '{application, %s, [{vsn, "%s"}, {applications, [%s]}]}.\n' % (name, version, ", ".join(need for need in needs if need != name))
    )


@pytest.fixture
def root(tmp_path):
    """Files of an OTP as its installation lays them, without code."""
    root = tmp_path / "otp"
    application(root, "kernel", "10.2.7", ())
    application(root, "stdlib", "6.2", ("kernel",))
    application(root, "stdlib", "6.10", ("kernel",))
    application(root, "crypto", "5.5")
    application(root, "asn1", "5.3")
    application(root, "public_key", "1.17", ("kernel", "stdlib", "crypto", "asn1"))
    application(root, "ssl", "11.2", ("kernel", "stdlib", "crypto", "public_key"))
    (root / "lib" / "broken-1.0").mkdir()
    (root / "bin").mkdir()
    (root / "bin" / "erl").write_text("#!/bin/sh\n")
    (root / "bin" / "erl").chmod(0o755)
    (root / "releases" / "27").mkdir(parents=True)
    (root / "releases" / "start_erl.data").write_text("15.2.7 27\n")
    (root / "releases" / "27" / "OTP_VERSION").write_text("27.3.4.1**\n")
    crypto = root / "lib" / "crypto-5.5" / "priv" / "lib"
    crypto.mkdir(parents=True)
    (crypto / "crypto.so").write_bytes(b"\x7fELF\0libcrypto.so.3\0libc.so.6\0")
    return root


def test_what_is_read(root):
    found = otp.find(["/nowhere", str(root)])
    assert found.version == "27.3.4.1" and found.release == "27" and found.erts == "15.2.7" and found.origin == "other"
    assert found.applications["stdlib"] == "6.10" and "broken" not in found.applications
    assert found.crypto_library == "libcrypto.so.3" and found.inet_ssl_port is False
    assert "directories" not in found.as_result()


def test_what_a_node_boots(root):
    """What it is asked for, what TLS distribution needs, and what these need; nothing that only lies beside them."""
    application(root, "mnesia", "4.23")
    application(root, "inets", "9.3", ("kernel", "stdlib", "mnesia", "gone"))
    least = {"asn1": "5.3", "crypto": "5.5", "kernel": "10.2.7", "public_key": "1.17", "ssl": "11.2", "stdlib": "6.10"}
    found = otp.read(str(root))
    assert otp.booted(found, []) == least == otp.booted(found, ["kernel", "nowhere"])
    assert otp.booted(found, ["inets"]) == {**least, "inets": "9.3", "mnesia": "4.23"}


@pytest.mark.parametrize("missing", ["bin/erl", "lib/kernel-10.2.7/ebin/kernel.app", "lib/stdlib-6.2/ebin/stdlib.app"])
def test_what_cannot_run_is_none(root, missing):
    (root / "lib" / "stdlib-6.10" / "ebin" / "stdlib.app").unlink()
    assert otp.read(str(root))
    (root / missing).unlink()
    assert otp.read(str(root)) is None


def test_without_start_erl_data(root):
    (root / "releases" / "start_erl.data").unlink()
    (root / "erts-15.2.7").mkdir()
    found = otp.read(str(root))
    assert (found.erts, found.release) == ("15.2.7", "27")


def test_the_package_that_brought_it(root, tmp_path, monkeypatch):
    (tmp_path / "list").write_text("/.\n%s\n" % root)
    monkeypatch.setattr(platforms, "PLATFORMS", {"one": {}, "two": {"otp_lists": ("/nowhere", str(tmp_path / "list"))}})
    assert otp.read(str(root)).origin == "package"


@pytest.fixture
def asked(tmp_path):
    directory = tmp_path / "node"
    (directory / "src").mkdir(parents=True)
    (directory / "src" / "one.erl").write_text("-module(one).\n")
    return boot.Asked(str(directory), ("guard",), (str(tmp_path / "app" / "lib"),), "key1")


def erl(argv):
    """Stands in for the runtime: leaves the files that it would."""
    staging = argv[-1].split('file:set_cwd("')[1].split('"')[0]
    for name in ("one.beam", "start_ssl_clean.boot", "start_ssl_clean.script"):
        with open(os.path.join(staging, name), "w", encoding="utf-8") as stream:
            stream.write(name)
    return commands.Outcome(0, "", "")


def test_boot_script(root, asked, tmp_path, monkeypatch):
    monkeypatch.setattr(boot, "_ACCESS", boot.files.Access(None, None, 0o644))
    monkeypatch.setattr(boot, "_DIRECTORY", boot.files.Access(None, None, 0o755))
    application(tmp_path / "app", "guard", "1.0.0", ("kernel", "stdlib"))
    application(tmp_path / "app", "kernel", "99.0", ())
    boot.make(str(root / "bin" / "erl"), asked, "/final", erl)
    directory = tmp_path / "node"
    assert sorted(os.listdir(directory)) == ["boot", "ebin", "src"]
    assert os.listdir(directory / "ebin") == ["one.beam"]
    rel = (directory / "boot" / "start_ssl_clean.rel").read_text()
    assert '{guard,"1.0.0"}' in rel.replace(" ", "") and '{kernel,"10.2.7"}' in rel.replace(" ", "")
    assert boot.current_key(str(directory)) == "key1"


def test_boot_script_refused(root, asked, tmp_path):
    with pytest.raises(boot.BootError, match="guard is not installed"):
        boot.make(str(root / "bin" / "erl"), asked, "/final", erl)
    application(tmp_path / "app", "guard", "1.0.0")
    with pytest.raises(boot.BootError, match="no boot script: bad"):
        boot.make(str(root / "bin" / "erl"), asked, "/final", lambda argv: commands.Outcome(1, "", "bad\n"))
    assert sorted(os.listdir(tmp_path / "node")) == ["src"]
    with pytest.raises(boot.BootError, match="belongs to no complete OTP"):
        boot.make(str(tmp_path / "erl"), asked, "/final", erl)
