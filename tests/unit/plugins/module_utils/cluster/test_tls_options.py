# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variable erlang_node_tls_options: what it may be, what it becomes, and which nodes could not connect by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import checks, layout, settings, tls_options
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import tls_names
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.tls_names import TLS_1_2, TLS_1_3, Lists

SPECIFICATION = Path(__file__).parents[5] / "roles" / "erlang_node" / "meta" / "argument_specs.yml"
AES_256, CHACHA = "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"
OLD_AES_256 = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
OURS = "ecdsa_secp256r1_sha256"


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"cyphers": [AES_256]}, "is none of its lists"),
        ({"ciphers": []}, "is no list of ciphers"),
        ({"ciphers": AES_256}, "is no list of ciphers"),
        ({"ciphers": ["AES256"]}, "is not known to each OTP from 25 to 29"),
        ({"ciphers": [AES_256, AES_256]}, "is there twice"),
        ({"groups": ["brainpoolP256r1"]}, "as one of groups"),
        ({"groups": [{"x": 1}]}, "as one of groups"),
        ({"signature_algs": ["ecdsa_secp384r1_sha384"]}, "lacks that of the nodes' certificates"),
    ],
)
def test_what_it_may_not_be(value: dict[str, Any], sentence: str) -> None:
    (problem,) = checks.problems("erlang_node_tls_options", value)
    assert sentence in problem.problem


def test_all_that_is_known_may_be_given() -> None:
    assert list(checks.problems("erlang_node_tls_options", {key: list(names) for key, names in tls_options.KNOWN.items()})) == []
    assert list(checks.problems("erlang_node_tls_options", {})) == []


def test_the_specification_names_what_is_known() -> None:
    options = yaml.safe_load(SPECIFICATION.read_text())["argument_specs"]["main"]["options"]
    text = " ".join(options["erlang_node_tls_options"]["description"])
    assert [name for names in tls_options.KNOWN.values() for name in names if "V(%s)" % name not in text] == []
    assert options["erlang_node_tls_versions"]["choices"] == list(tls_names.VERSIONS)


def written(versions: list[str], value: dict[str, list[str]]) -> dict[str, Any]:
    """What a side of the options file holds beside the usual."""
    found = settings.tls(layout.layout("guard"), versions, value)
    usual = settings.tls(layout.layout("guard"), versions, {})
    assert {key: value for key, value in found["server"].items() if key != "fail_if_no_peer_cert"} == found["client"]
    return {key: value for key, value in found["client"].items() if key not in usual["client"]}


def atoms(*names: str) -> list[dict[str, str]]:
    return [{"$atom": name} for name in names]


def test_what_it_becomes() -> None:
    value = {"ciphers": [AES_256, OLD_AES_256], "groups": ["x25519", "secp384r1"], "signature_algs": [OURS, "eddsa_ed25519"]}
    pair = {"$tuple": atoms("sha256", "ecdsa")}
    assert written([TLS_1_3], value) == {
        "ciphers": [AES_256],
        "supported_groups": atoms("x25519", "secp384r1"),
        "signature_algs": atoms(OURS, "eddsa_ed25519"),
    }
    assert written([TLS_1_2], value) == {"ciphers": [OLD_AES_256], "eccs": atoms("x25519", "secp384r1"), "signature_algs": [pair]}
    both = written([TLS_1_3, TLS_1_2], value)
    assert both["signature_algs"] == [*atoms(OURS, "eddsa_ed25519"), pair]
    assert (both["ciphers"], len(both)) == ([AES_256, OLD_AES_256], 4)
    assert written([TLS_1_3], {}) == {}


def test_something_has_to_remain_for_each_version() -> None:
    (fault,) = tls_options.faults({"alpha": Lists([TLS_1_3, TLS_1_2], [AES_256])})
    assert str(fault).startswith("alpha: erlang_node_tls_options has no cipher suite for tlsv1.2; add one of TLS_ECDHE_ECDSA_WITH")


@pytest.mark.parametrize(
    ("odd", "sentence"),
    [
        (Lists([TLS_1_3], [CHACHA]), "erlang_node_tls_options has no cipher in common with alpha, carol and dave"),
        (Lists([TLS_1_3], None, ["secp384r1"]), "erlang_node_tls_options has no group in common with"),
        (Lists([TLS_1_2]), "erlang_node_tls_versions has no TLS version in common with"),
    ],
)
def test_a_node_that_shares_nothing_with_the_others_is_the_one_that_is_named(odd: Lists, sentence: str) -> None:
    usual = Lists([TLS_1_3], [AES_256], ["x25519"])
    (fault,) = tls_options.faults({"alpha": usual, "bravo": odd, "carol": usual, "dave": usual})
    assert str(fault).startswith("bravo: " + sentence)


@pytest.mark.parametrize(
    ("one", "other", "lacks"),
    [
        (Lists([TLS_1_3]), Lists([TLS_1_3], [CHACHA], ["x448"], [OURS]), None),
        (Lists([TLS_1_3, TLS_1_2], [AES_256, OLD_AES_256]), Lists([TLS_1_2, TLS_1_3], [CHACHA, OLD_AES_256]), None),
        (Lists([TLS_1_3, TLS_1_2], [AES_256, OLD_AES_256]), Lists([TLS_1_3], [CHACHA, OLD_AES_256]), "cipher"),
        (Lists([TLS_1_3], None, None, [OURS]), Lists([TLS_1_3], None, None, ["eddsa_ed25519"]), "signature algorithm"),
    ],
)
def test_what_two_nodes_do_not_share(one: Lists, other: Lists, lacks: str | None) -> None:
    assert [tls_names.unshared(*pair) for pair in ((one, other), (other, one))] == [lacks, lacks]
