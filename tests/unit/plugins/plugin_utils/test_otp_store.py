# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import http.server
import io
import tarfile
import threading

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import otp_store

PATCH = """# Layout: one
# Releases: 27
--- a/lib/ssl/src/inet_tls_dist.erl
+++ b/lib/ssl/src/inet_tls_dist.erl
@@ -1,1 +1,2 @@
 -module(inet_tls_dist).
+-inet_ssl_port([]).
"""
SOURCE = {"OTP_VERSION": "27.3.4.19\n", "lib/ssl/src/inet_tls_dist.erl": "-module(inet_tls_dist).\n"}
BUILT = {
    "Install": "",
    "releases/27/OTP_VERSION": "27.3.4.19**\n",
    "lib/kernel-10.2/ebin/kernel.app": "",
    "lib/ssl-11.2/ebin/ssl.app": "",
    "lib/ssl-11.2/ebin/other.app": "",
}


def tarred(files, top="otp/"):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(top + name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return stream.getvalue()


@pytest.fixture
def said():
    return []


@pytest.fixture
def store(tmp_path, said):
    (tmp_path / "patches").mkdir()
    (tmp_path / "patches" / "one.patch").write_text(PATCH)
    return otp_store.Store(tmp_path / "cache", [str(tmp_path)], tmp_path / "patches", said.append)


def test_a_local_archive_is_read_once(store, said, tmp_path):
    (tmp_path / "otp.tar.gz").write_bytes(tarred(SOURCE))
    found = store.source("otp.tar.gz", None)
    assert found.version == "27.3.4.19" and found.patch.name == "one.patch"
    assert found.archive.sha256 == hashlib.sha256((tmp_path / "otp.tar.gz").read_bytes()).hexdigest()
    assert store.source("otp.tar.gz", found.archive.sha256) == found
    assert said == ["reading %s" % (tmp_path / "otp.tar.gz")]


def test_a_tree_is_packed_once_and_again_when_it_changes(store, said, tmp_path):
    tree = tmp_path / "tree"
    for name, text in SOURCE.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    (tree / ".git").mkdir()
    (tree / ".git" / "HEAD").write_text("ref")
    first = store.source("tree", None)
    assert store.source("tree", None) == first and first.version == "27.3.4.19" and said.count("packing %s" % tree) == 1
    (tree / "OTP_VERSION").write_text("27.3.4.20\n")
    assert store.source("tree", None).version == "27.3.4.20"
    (tree / ".git" / "HEAD").write_text("another")
    assert len(list((tmp_path / "cache" / "sources").glob("tree-*.tar.gz"))) == 2


def test_the_same_tree_elsewhere_is_the_same_archive(store, tmp_path):
    for place in ("here", "there"):
        for name, text in SOURCE.items():
            (tmp_path / place / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / place / name).write_text(text)
    assert store.source("here", None).archive.sha256 == store.source("there", None).archive.sha256


@pytest.fixture
def served(tmp_path):
    """The address of a server on the loopback that serves one archive, and what it was asked for."""
    asked = []
    content = tarred(SOURCE)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200 if self.path == "/otp.tar.gz" else 404)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format, *arguments):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield "http://127.0.0.1:%d" % server.server_port, hashlib.sha256(content).hexdigest(), asked
    server.shutdown()
    server.server_close()


def test_a_url_is_fetched_once(store, served, tmp_path):
    address, digest, asked = served
    found = store.source(address + "/otp.tar.gz", digest)
    assert found.version == "27.3.4.19" and store.source(address + "/otp.tar.gz", digest) == found
    assert asked == ["/otp.tar.gz"]


def test_a_url_with_another_content(store, served, tmp_path):
    address, digest, _asked = served
    with pytest.raises(InputError, match="is not what erlang_otp_build_sha256 says: its SHA-256 is " + digest):
        store.source(address + "/otp.tar.gz", "0" * 64)
    assert list((tmp_path / "cache" / "sources").iterdir()) == []


def test_a_url_that_is_not_there_or_not_reached(store, served):
    address, digest, _asked = served
    with pytest.raises(InputError, match="cannot be fetched"):
        store.source(address + "/other.tar.gz", digest)
    with pytest.raises(InputError, match=r"cannot be fetched .*see that the controller reaches it"):
        store.source("http://127.0.0.1:9/otp.tar.gz", digest)


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({**SOURCE, "lib/ssl/src/inet_tls_dist.erl": "-module(other).\n"}, "no inet_ssl_port patch fits the source tree of OTP 27.3.4.19"),
        ({"README": ""}, "this is no source tree of OTP"),
    ],
)
def test_a_source_that_cannot_be_built(store, tmp_path, files, sentence):
    (tmp_path / "otp.tar.gz").write_bytes(tarred(files))
    with pytest.raises(InputError, match=sentence):
        store.source("otp.tar.gz", None)


def test_archives_that_are_none(store, tmp_path):
    (tmp_path / "text").write_text("text")
    for read in (lambda: store.source("text", None), lambda: store.archive("text")):
        with pytest.raises(InputError, match="is not a readable tar archive"):
            read()
    with pytest.raises(InputError, match="is not what erlang_otp_build_sha256 says"):
        store.source("text", "0" * 64)
    for read in (lambda: store.source("none", None), lambda: store.archive("none"), lambda: store.file("none")):
        with pytest.raises(InputError, match="is not on the controller"):
            read()


def test_a_built_otp(store, tmp_path):
    (tmp_path / "built.tar.gz").write_bytes(tarred(BUILT, top=""))
    found = store.archive("built.tar.gz")
    assert found.version == "27.3.4.19" and found.applications == ["kernel", "ssl"]


@pytest.mark.parametrize("missing", ["Install", "releases/27/OTP_VERSION"])
def test_what_is_no_built_otp(store, tmp_path, missing):
    (tmp_path / "built.tar.gz").write_bytes(tarred({name: text for name, text in BUILT.items() if name != missing}, top="./"))
    with pytest.raises(InputError, match="holds no OTP that was built"):
        store.archive("built.tar.gz")


def test_a_cache_that_cannot_be_made(tmp_path, said):
    (tmp_path / "file").write_text("")
    (tmp_path / "otp.tar.gz").write_bytes(tarred(SOURCE))
    broken = otp_store.Store(tmp_path / "file" / "cache", [str(tmp_path)], tmp_path, said.append)
    with pytest.raises(InputError, match="needs a cache, and"):
        broken.source("otp.tar.gz", None)
