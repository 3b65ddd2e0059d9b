# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InventoryFault, without_password


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("https://builder:s3cret@example.net/otp.tar.gz", "https://builder:...@example.net/otp.tar.gz"),
        ("HTTPS://builder:s3@cret@example.net/otp.tar.gz", "HTTPS://builder:...@example.net/otp.tar.gz"),
        ("http://:s3cret@127.0.0.1:8080/otp", "http://:...@127.0.0.1:8080/otp"),
        ("of https://a:b@example.net and http://c:d@example.net", "of https://a:...@example.net and http://c:...@example.net"),
        ("https://builder@example.net/a:b@c", "https://builder@example.net/a:b@c"),
        ("https://example.net:8080/a@b", "https://example.net:8080/a@b"),
        ("guard@alpha.example.net:4370", "guard@alpha.example.net:4370"),
    ],
)
def test_passwords_in_urls(text: str, told: str) -> None:
    assert without_password(text) == told


def test_a_sentence_shows_no_password() -> None:
    url = "https://builder:s3cret@example.net/otp.tar.gz"
    fault = InventoryFault(("alpha",), "erlang_otp_build_source", url, "cannot be fetched (%s is not there)" % url, "see that it is")
    assert "s3cret" not in str(fault) and str(fault).count("https://builder:...@example.net/otp.tar.gz") == 2
    long = fault._replace(value="https://builder:%s@example.net/otp.tar.gz" % ("s3cret" * 30), problem="is not there")
    assert "s3cret" not in str(long)
