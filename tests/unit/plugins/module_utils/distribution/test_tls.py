# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node's own files, loaded as it loads them whatever the OpenSSL of the host would rather have."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import tls
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import foreign
from authorities import root

POLICY = """openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = tls
[tls]
CipherString = DEFAULT:@SECLEVEL=4
MaxProtocol = TLSv1.2
"""
LOAD = """
import sys
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import tls
tls.node_context(tls.Credentials(sys.argv[1], sys.argv[2]))
"""


@pytest.fixture
def files(tmp_path: Path) -> tls.Credentials:
    (tmp_path / "node.pem").write_text(foreign.certificate("alpha"))
    (tmp_path / "ca.pem").write_text(root())
    return tls.Credentials(str(tmp_path / "node.pem"), str(tmp_path / "ca.pem"))


def problem(files: tls.Credentials) -> tuple[str, str] | None:
    try:
        tls.node_context(files)
    except tls.LocalFileError as error:
        return error.kind, error.problem
    return None


def test_the_policy_of_the_host_is_not_that_of_a_node(files: tls.Credentials, tmp_path: Path):
    (tmp_path / "openssl.cnf").write_text(POLICY)
    environment = {**os.environ, "OPENSSL_CONF": str(tmp_path / "openssl.cnf"), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", LOAD, files.certfile, files.cacertfile], env=environment, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    # The policy is in force there.
    said = subprocess.run(
        [sys.executable, "-c", "import ssl; print(int(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).maximum_version))"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.stdout == "%d\n" % ssl.TLSVersion.TLSv1_2, said.stderr


def test_versions(files: tls.Credentials):
    context = tls.node_context(files._replace(minimum_version="TLSv1.2", maximum_version="TLSv1.2"))
    assert (context.minimum_version, context.maximum_version) == (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
    assert not any("NULL" in each["name"] or "ADH" in each["name"] or "AECDH" in each["name"] for each in context.get_ciphers())


def test_files_that_nodes_read_and_openssl_does_not(files: tls.Credentials):
    for path in (Path(files.certfile), Path(files.cacertfile)):
        path.write_text(path.read_text().replace("MII", "M!\n\nII", 1))
    assert problem(files) is None


def test_files_that_openssl_reads_and_nodes_do_not(files: tls.Credentials):
    path = Path(files.certfile)
    good = path.read_text()
    path.write_text("\ufeff" + good)
    assert problem(files) == ("certificate", "invalid")
    path.write_text(good.replace(" CERTIFICATE-", " TRUSTED CERTIFICATE-"))
    assert problem(files) == ("certificate", "invalid")
    path.write_text(good + good[good.index("-----BEGIN PRIV") :])
    assert problem(files) == ("certificate", "invalid")


def test_a_bundle_is_of_roots(files: tls.Credentials):
    path = Path(files.cacertfile)
    path.write_text(root() + foreign.certificate("alpha").partition("-----BEGIN PRIV")[0])
    assert problem(files) == ("trust", "not-root")


@pytest.mark.parametrize("name", ["certfile", "cacertfile"])
def test_a_file_without_end_is_not_read_to_it(files: tls.Credentials, name: str):
    path = Path(getattr(files, name))
    path.write_text("#" * tls.FILE_LIMIT + path.read_text())
    assert problem(files) == ("certificate" if name == "certfile" else "trust", "invalid")


def test_a_key_leaves_no_file(files: tls.Credentials, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    before = set(tmp_path.rglob("*")), set(os.listdir("/proc/self/fd"))
    monkeypatch.chdir(tmp_path)
    assert problem(files) is None
    assert (set(tmp_path.rglob("*")), set(os.listdir("/proc/self/fd"))) == before
