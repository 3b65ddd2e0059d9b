# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that are renewed while nodes run, and the table of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from lab.commands import Completed, altered, on, play
from lab.fault_injection import AUTHORITY, CERTIFICATE
from lab.settings import HOSTS

NAMES = [known.name for known in HOSTS]


def lifetime(days: int, due: int) -> tuple[str, str]:
    """Variables with which a new certificate is valid for so many days, and is due to be renewed when it has fewer than ``due`` left."""
    return "-e", json.dumps({"erlang_certs_days": days, "erlang_certs_renew_before_days": due})


ALL_DUE, ALL_DUE_AGAIN = lifetime(805, 804), lifetime(808, 807)
"""More days than by default, or a certificate would be replaced because it is good for too long."""


@pytest.fixture(scope="module", autouse=True)
def as_before() -> Iterator[None]:
    """Afterwards certificates are valid for as long as they were."""
    yield
    assert play("renew").code == 0


def serial(name: str) -> str:
    """The serial number of the certificate in a host's file, in hexadecimal."""
    return on(name, "openssl x509 -noout -serial -in " + CERTIFICATE).out.strip().partition("=")[2].lower().lstrip("0")


def starts() -> list[str]:
    """The process of each node, and when it was started."""
    return [on(name, "systemctl show --property=MainPID,ActiveEnterTimestampMonotonic,NRestarts erlang-guard").out for name in NAMES]


def words(done: Completed) -> str:
    """What a run said, whatever it was broken into lines by."""
    return " ".join(done.out.split())


def recorded() -> list[str]:
    """The serial numbers of the certificates that were issued, the latest last."""
    return [json.loads(line)["serial"] for line in (AUTHORITY / "issued.jsonl").read_text().splitlines()]


def test_nothing_is_due() -> None:
    before = [serial(name) for name in NAMES]
    done = play("renew")
    assert done.code == 0 and "4 of 4 nodes show theirs to their peers, none is due" in words(done), done.out
    assert {done.changed[name] for name in NAMES} == {0} and [serial(name) for name in NAMES] == before


def test_what_is_due_is_renewed_without_a_restart() -> None:
    before, running, issued = [serial(name) for name in NAMES], starts(), recorded()
    said = play("renew", "--check", *ALL_DUE)
    assert said.code == 0 and "that of alpha, bravo, carol and dave is due" in words(said), said.out
    assert "would get a new certificate, because its certificate expires in" in words(said), said.out
    assert [serial(name) for name in NAMES] == before and recorded() == issued
    done = play("renew", *ALL_DUE)
    assert done.code == 0 and "4 of 4 nodes show theirs to their peers, renewed that of" in words(done), done.out
    after = [serial(name) for name in NAMES]
    assert not set(before) & set(after) and starts() == running
    assert sorted(recorded()[len(issued) :]) == sorted(after)
    site = play("site", "--skip-tags=verify", *lifetime(805, 30))
    assert site.code == 0 and {site.changed[name] for name in NAMES} == {0}, site.out


def test_a_node_that_shows_another_certificate_than_its_file() -> None:
    """As a run leaves it that ended between the two. The node may read its file by itself, every two minutes (ssl, ``ssl_pem_cache``): then the other one
    of two certificates takes its place."""
    keep = "cp -p %s /tmp/%s.pem"
    assert on("alpha", keep % (CERTIFICATE, "former")).code == 0
    assert play("renew", *ALL_DUE_AGAIN).code == 0
    assert on("alpha", keep % (CERTIFICATE, "latter")).code == 0
    for which in ("former", "latter", "former", "latter"):
        assert on("alpha", "cp -p /tmp/%s.pem /tmp/next.pem && mv /tmp/next.pem %s" % (which, CERTIFICATE)).code == 0
        looked = play("certificates")
        if looked.code != 0:
            break
    assert "alpha: guard@alpha.example.net shows its peers another certificate than the one in its file" in words(looked), looked.out
    assert re.search(r"alpha .* %s .* another one" % serial("alpha"), looked.out)
    running = starts()
    done = play("renew", *lifetime(808, 30))
    assert done.code == 0 and "4 of 4 nodes show theirs to their peers, none is due" in words(done), done.out
    assert starts() == running
    looked = play("certificates")
    assert looked.code == 0 and all(serial(name) in looked.out for name in NAMES), looked.out
    assert on("alpha", "rm /tmp/former.pem /tmp/latter.pem").code == 0


def test_a_node_that_does_not_reload_its_certificate() -> None:
    """The others have theirs, and the next run has it done."""
    drop_in = "/run/systemd/system/erlang-guard.service.d"
    lame = "mkdir -p %s && printf '[Service]\\nExecReload=\\nExecReload=/bin/false\\n' >%s/lame.conf && systemctl daemon-reload" % (
        drop_in,
        drop_in,
    )
    with altered("alpha", lame, "rm -r %s && systemctl daemon-reload" % drop_in):
        before = [serial(name) for name in NAMES]
        done = play("renew", *lifetime(811, 810))
        assert done.code != 0 and "alpha: guard@alpha.example.net does not reload its certificate" in words(done), done.out
        assert not set(before) & {serial(name) for name in NAMES}
    running = starts()
    done = play("renew", *lifetime(811, 30))
    assert done.code == 0 and "4 of 4 nodes show theirs to their peers, none is due" in words(done), done.out
    assert starts() == running
