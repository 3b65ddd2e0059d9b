# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the CA signs for a host that lies, two runs at once, and a cluster's directory that is lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lab import lifecycle
from lab.commands import WITHOUT_WALLS, Completed, altered, on, play, run_command, start_command, wait_until
from lab.fault_injection import AUTHORITY, CERTIFICATE, put
from lab.settings import HOSTS, host

FORGE = Path(__file__).with_name("forge.sh").read_text()
SHORT = ("-e", json.dumps({**WITHOUT_WALLS, "erlang_verify_retry_seconds": 0}))


def site(*options: str) -> Completed:
    """A run of the playbook that is not about walls."""
    return play("site", *SHORT, *options)


def certificate(name: str) -> x509.Certificate:
    """The certificate that a host's node has."""
    done = on(name, "openssl x509 -in " + CERTIFICATE)
    assert done.code == 0, done.out
    return x509.load_pem_x509_certificate(done.out.encode())


def allowed(made: x509.Certificate) -> tuple[bool, bool, list[str]]:
    """What a certificate allows: to be a CA, to sign certificates, and the names that it is for."""
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    usage = made.extensions.get_extension_for_class(x509.KeyUsage).value
    constraints = made.extensions.get_extension_for_class(x509.BasicConstraints).value
    return constraints.ca, usage.key_cert_sign, [str(name.value) for name in names]


def signed_word_for_word(request: str, directory: Path) -> str:
    """What a CA makes of a request that it does not look into: the protection, switched off."""
    (directory / "forged.csr").write_text(request)
    copied = ["-in", str(directory / "forged.csr"), "-copy_extensions", "copyall", "-days", "30"]
    ca = ["-CA", str(AUTHORITY / "ca.pem"), "-CAkey", str(AUTHORITY / "ca.key"), "-passin", "file:%s" % (AUTHORITY / "ca.passphrase")]
    done = run_command(["openssl", "x509", "-req", *copied, *ca, "-out", str(directory / "forged.pem")])
    assert done.code == 0, done.out
    return (directory / "forged.pem").read_text()


@contextmanager
def forging(name: str) -> Iterator[None]:
    """A host that answers every question for a request with another one, and has the key for it in the place of the one it was told to make."""
    back = "cp -P /opt/forging/python3 /usr/bin/.python3 && mv /usr/bin/.python3 /usr/bin/python3 && rm -r /opt/forging"
    with altered(name, FORGE, back):
        yield


def test_a_host_that_asks_for_more_gets_no_more(tmp_path: Path) -> None:
    """Carol asks for a CA with the names of others, and alpha has what such a request once gave."""
    names = ["carol.example.net", "alpha.example.net", "payroll.corp.example"]
    with forging("carol"):
        key, request = on("carol", "cat /opt/forging/key").out, on("carol", "cat /opt/forging/csr").out
        old = signed_word_for_word(request, tmp_path)
        assert allowed(x509.load_pem_x509_certificate(old.encode())) == (True, True, names)
        assert on("alpha", put(CERTIFICATE, key + old)).code == 0
        done = site("--limit", "alpha,carol")
        assert done.code == 0, done.out
        assert done.changed["alpha"] > 0 and done.changed["carol"] > 0
        form = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        asked = x509.load_pem_x509_csr(request.encode()).public_key().public_bytes(*form)
        for name in ("alpha", "carol"):
            made = certificate(name)
            assert allowed(made) == (False, False, [host(name).fqdn])
            # The forged request did arrive.
            assert (made.public_key().public_bytes(*form) == asked) is (name == "carol")
    assert on("carol", "rm " + CERTIFICATE).code == 0


def test_a_lost_directory_is_not_made_anew_unasked(tmp_path: Path) -> None:
    """What is said is how to have it back, and with the cluster's name it begins anew."""
    kept, lost = tmp_path / "kept", ("ca.key", "ca.pem", "ca.passphrase", "cookie")
    shutil.copytree(AUTHORITY, kept)
    for name in lost:
        (AUTHORITY / name).unlink()
    done = site()
    assert done.code != 0 and "holds no CA, and these hosts have certificates of one" in " ".join(done.out.split()), done.out
    assert not any((AUTHORITY / name).exists() for name in lost)
    assert {done.changed[known.name] for known in HOSTS} == {0}
    two_runs_at_once("-e", "erlang_cluster_begin_anew=guard")
    ca = x509.load_pem_x509_certificate((AUTHORITY / "ca.pem").read_bytes())
    for known in HOSTS:
        made = certificate(known.name)
        made.verify_directly_issued_by(ca)
        assert allowed(made) == (False, False, [known.fqdn])
    # The former directory is that of another cluster by now.
    new = AUTHORITY.with_name("new")
    AUTHORITY.rename(new)
    try:
        shutil.copytree(kept, AUTHORITY)
        done = site()
    finally:
        shutil.rmtree(AUTHORITY)
        new.rename(AUTHORITY)
    assert done.code != 0 and "holds another CA than the one that these hosts have certificates of" in " ".join(done.out.split())


def two_runs_at_once(*options: str) -> None:
    """The second stops before it asks a host for anything; the first goes on, and leaves nothing behind on hosts either."""
    lock = AUTHORITY / "lock"
    assert on("carol", "touch -d '2 hours ago' /run/erlang-guard.next.00000000-0.key").code == 0
    process = start_command(lifecycle.play("site", (*SHORT, *options)))
    assert wait_until(lambda: lock.read_text() != "")
    holder = json.loads(lock.read_text())["pid"]
    second = site()
    assert second.code != 0 and "(process %d) has been changing this cluster since" % holder in second.out
    assert "Survey the host" not in second.out
    assert process.wait() == 0
    assert wait_until(lambda: lock.read_text() == "")
    assert on("carol", "ls /run/erlang-guard.next*").code != 0
