# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A certificate with everything right but its CA, held against openssl."""

from __future__ import annotations

import subprocess

from ansible_collections.beam.tls_distribution.plugins.plugin_utils import foreign


def openssl(*arguments: str, text: str) -> str:
    done = subprocess.run(["openssl", *arguments], input=text, capture_output=True, text=True, check=True)
    return done.stdout


def test_name_usages_and_key_are_right():
    text = foreign.certificate("alpha.example.net")
    shown = openssl("x509", "-noout", "-text", text=text)
    assert "DNS:alpha.example.net" in shown
    assert "TLS Web Server Authentication, TLS Web Client Authentication" in shown
    assert "CA:FALSE" in shown
    assert openssl("x509", "-noout", "-pubkey", text=text) == openssl("pkey", "-pubout", text=text)


def test_each_has_a_ca_of_its_own_that_is_not_itself():
    one, other = foreign.certificate("alpha"), foreign.certificate("alpha")
    assert one != other
    assert openssl("x509", "-noout", "-issuer", text=one) != openssl("x509", "-noout", "-subject", text=one)


def test_a_long_host_part_is_kept_whole_where_it_counts():
    host = ".".join(["a" * 60] * 3)
    assert "DNS:" + host in openssl("x509", "-noout", "-text", text=foreign.certificate(host))
