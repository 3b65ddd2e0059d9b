# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a node's configuration files say."""

from __future__ import annotations

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import node_settings as settings

OPTIONS = """
%% by a role
[{server, [{certfile, "/s.pem"}, {keyfile, "/s.key"}, {cacertfile, <<"/ca.pem">>}, {versions, ['tlsv1.2', 'tlsv1.3']},
           {crl_check, peer}, {crl_cache, {ssl_crl_hash_dir, {internal, [{dir, "/crl"}]}}}]},
 {client, [{certfile, "/c.pem"}, {verify, verify_peer}, {versions, ['tlsv1.3']}]}].
"""


def test_tls_options():
    found = settings.tls_options(OPTIONS)
    assert found.server == settings.Side("/s.pem", "/s.key", "/ca.pem", ("TLSv1.2", "TLSv1.3"), "/crl", None, (
        "verify is not verify_peer", "fail_if_no_peer_cert is not true"
    ), True)  # fmt: skip
    assert found.client == settings.Side("/c.pem", None, None, ("TLSv1.3",), None)


def test_a_missing_side_says_nothing():
    assert settings.tls_options("[{server, []}].").client == settings.Side(loosened=("verify is not verify_peer",))


KEY = "0a" * 32
OWN_FUN = OPTIONS.replace("{crl_check, peer},", '{crl_check, peer}, {verify_fun, {fun beam_tls_revocation:verify/3, "/keys"}},')


def test_the_nodes_own_verification_is_no_loosening():
    side = settings.tls_options(OWN_FUN).server
    assert side.revoked_file == "/keys" and "verify_fun is given" not in side.loosened and side.lists_needed
    told = side.with_revoked(settings.revoked('{lists, false}.\n{key, "%s"}.\n' % KEY))
    assert (told.lists_needed, told.revoked_keys, told.revocations) == (False, {KEY}, "/crl")
    assert side.with_revoked(settings.revoked("{lists, true}.")).lists_needed and not side.with_revoked(None).lists_needed
    assert settings.tls_options(OPTIONS).server.with_revoked(None).lists_needed


@pytest.mark.parametrize(
    "fun", ["{fun beam_tls_revocation:verify/2, []}", '{fun other:verify/3, "/keys"}', "{fun beam_tls_revocation:verify/3, []}"]
)
def test_another_verification_is_one(fun):
    said = settings.tls_options(OWN_FUN.replace('{fun beam_tls_revocation:verify/3, "/keys"}', fun)).server
    assert said.revoked_file is None and "verify_fun is given" in said.loosened


@pytest.mark.parametrize(
    "text", ["", "{lists, maybe}.", '{key, "%s"}.' % KEY, '{lists, true}. {key, "0A"}.', "{lists, true}. ok.", "{lists"]
)
def test_what_is_no_file_of_revoked_keys(text):
    with pytest.raises(settings.SettingsError):
        settings.revoked(text)


def test_revocations_count_only_where_they_are_checked():
    assert settings.tls_options(OPTIONS.replace("{crl_check, peer},", "")).server.revocations is None
    said = settings.tls_options(OPTIONS.replace("{crl_check, peer},", "{crl_check, best_effort},")).server
    assert (said.revocations, said.lists_needed) == ("/crl", False)


@pytest.mark.parametrize("text", ["[{server, [}].", "", "ok.", "[{server, []}]. again.", "[{server, []}"])
def test_what_is_no_options_file(text):
    with pytest.raises(settings.SettingsError):
        settings.tls_options(text)


def test_arguments():
    text = "# made by a role\n-name\n'guard@a.example.net'\n-proto_dist inet_tls -kernel x 1\n-hidden\n"
    assert settings.arguments(text) == settings.Arguments("long", "guard@a.example.net", "inet_tls", True)
    assert settings.arguments("-sname guard") == settings.Arguments("short", "guard")
    assert settings.arguments("") == settings.Arguments()


def test_arguments_whose_quotation_marks_do_not_match():
    with pytest.raises(settings.SettingsError):
        settings.arguments("-name 'guard")


def test_peers_table():
    text = "{listen_port, 4370}.\n{epmd, false}.\n{peer, 'g@a', resolve, 4370}.\n{peer, 'g@b', \"192.0.2.1\", epmd}.\n"
    assert [entry.node for entry in settings.peer_entries(text)] == ["g@a", "g@b"]
    with pytest.raises(settings.SettingsError):
        settings.peer_entries("{listen_port, 4370}.")


def test_system():
    settings.check_system("[{kernel, [{net_ticktime, 60}]}].")
    with pytest.raises(settings.SettingsError, match="line 1"):
        settings.check_system("[{kernel, [}]}].")


def test_lists_of_ciphers_groups_and_signature_algorithms():
    text = """[{client, [{ciphers, ["TLS_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"]}, {supported_groups, [x25519]},
        {signature_algs, [ecdsa_secp256r1_sha256, {sha256, ecdsa}]}]}, {server, [{eccs, [secp384r1]}, {ciphers, [#{cipher => x}]}]}]."""
    found = settings.tls_options(text)
    assert found.client.ciphers == ("TLS_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384")
    assert (found.client.groups, found.client.signature_algs) == (("x25519",), ("ecdsa_secp256r1_sha256",))
    assert (found.server.ciphers, found.server.groups, found.server.signature_algs) == (None, ("secp384r1",), None)
