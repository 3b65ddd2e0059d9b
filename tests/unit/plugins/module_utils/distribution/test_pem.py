# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PEM files as OTP reads them; tests/oracle holds the same against OTP itself."""

from __future__ import annotations

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import pem

ONE = "-----BEGIN CERTIFICATE-----\nAAECAw==\n-----END CERTIFICATE-----\n"
KEY = ONE.replace("CERTIFICATE", "PRIVATE KEY")


@pytest.mark.parametrize(
    "text",
    [
        ONE,
        ONE.replace("\n", "\r\n"),
        ONE.replace("\n", "\r"),
        ONE.rstrip("\n"),
        ONE.replace("\n", " \t\n"),
        ONE.replace("\n", "\n\n"),
        ONE.replace("AAEC", "A!A E\nC"),
        ONE.replace("END CERTIFICATE", "END SOMETHING"),
        "The CA\n======\n" + ONE,
        ONE + "rubbish",
        "-----BEGIN SOMETHING-----\n" + ONE,
    ],
)
def test_what_otp_reads(text):
    assert [entry.content for entry in pem.entries(text)] == [b"\0\1\2\3"]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + ONE,
        " " + ONE,
        ONE.replace("-----BEGIN", "----BEGIN"),
        ONE.replace("CERTIFICATE", "X509 CERTIFICATE"),
        ONE.replace("CERTIFICATE", "TRUSTED CERTIFICATE"),
        "",
    ],
)
def test_what_otp_does_not_see(text):
    assert list(pem.entries(text)) == []


@pytest.mark.parametrize("text", [ONE.partition("-----END")[0], ONE.replace("-----END", " -----END"), ONE.replace("==", "")])
def test_what_otp_stumbles_over(text):
    with pytest.raises(pem.PemError):
        list(pem.entries(text))


def test_kinds_and_encryption():
    sealed = KEY.replace("AAEC", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAEC")
    found = list(pem.entries(KEY + sealed + KEY.replace("PRIVATE", "ENCRYPTED PRIVATE")))
    assert [(entry.label, entry.encrypted) for entry in found] == [
        ("PRIVATE KEY", False),
        ("PRIVATE KEY", True),
        ("ENCRYPTED PRIVATE KEY", True),
    ]
    assert list(pem.entries(found[0].text)) == found[:1]
