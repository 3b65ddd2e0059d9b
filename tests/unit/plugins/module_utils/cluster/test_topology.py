# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.applications import Release
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import (
    InputError,
    InventoryFault,
    TopologyError,
    fold,
    listed,
    shown,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.topology import Topology
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.topology import build as build_complete
from variables import with_defaults

NAMES = {
    "alpha.example.net": ["198.18.1.10", "2001:2::10"],
    "bravo.example.net": ["198.18.2.10"],
    "charlie": ["198.18.3.10"],
}
GUARD = Release(
    name="guard",
    version="1.0.0",
    archive="/releases/guard-1.0.0.tar.gz",
    sha256="0123456789abcdef" * 4,
    applications=["kernel", "stdlib", "mnesia", "guard"],
    bundled=["guard"],
)


def resolve(host: str) -> list[str]:
    return NAMES.get(host, [])


def read_release(path: str) -> Release:
    if path == GUARD.archive:
        return GUARD
    raise InputError("is not on the controller", "build it, or correct the path")


def build(inventory: dict[str, dict[str, Any]], *readers: Any) -> Topology:
    return build_complete(with_defaults(inventory), *readers)


def hosts(**changes: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Two good hosts with changes: ``alpha``, ``bravo`` and further ones by name, ``everywhere`` for all."""
    everywhere = changes.pop("everywhere", {})
    found = {
        name: {
            "erlang_cluster_name": "guard",
            "erlang_cluster_directory": "/cluster",
            "erlang_node_host": name + ".example.net",
        }
        for name in ["alpha", "bravo", *(name for name in changes if name not in ("alpha", "bravo"))]
    }
    for name, variables in found.items():
        variables.update(everywhere)
        variables.update(changes.get(name, {}))
    return found


def faults(inventory: dict[str, dict[str, Any]]) -> list[str]:
    with pytest.raises(TopologyError) as raised:
        build(inventory, resolve, read_release)
    return str(raised.value).splitlines()


def test_topology_is_whole_and_serialisable() -> None:
    topology = build(hosts(alpha={"erlang_app_release": GUARD.archive}), resolve, read_release)
    assert json.loads(json.dumps(topology)) == topology
    assert topology["cluster"] == {
        "name": "guard",
        "directory": "/cluster",
        "layout": layout.cluster("/cluster"),
        "discovery": "port",
        "names": "long",
        "address_family": "inet",
        "epmd_port": 4369,
        "net_ticktime": 60,
        "together": False,
        "rollout": {"serial": ["1"], "confirm": False, "force": False},
    }
    assert topology["edges"] == [{"from": "alpha", "to": "bravo"}, {"from": "bravo", "to": "alpha"}]
    assert topology["nodes"]["alpha"] == {
        "inventory": "alpha",
        "node": "guard@alpha.example.net",
        "name": "guard",
        "host": "alpha.example.net",
        "addresses": ["198.18.1.10"],
        "sources": ["198.18.1.10"],
        "port": 4370,
        "listen_port": 4370,
        "layout": layout.layout("guard", "/var/lib/merl"),
        "account": "merl",
        "accounts": ["merl"],
        "connect": True,
        "firewall": "nftables",
        "code_paths": [],
        "start": [],
        "tls": {"versions": ["tlsv1.3"], "options": {}},
        "application": {
            "name": "guard",
            "version": "1.0.0",
            "archive": GUARD.archive,
            "sha256": GUARD.sha256,
            "digest": "0123456789ab",
            "path": "/opt/erlang/apps/guard/1.0.0-0123456789ab",
            "applications": ["kernel", "stdlib", "mnesia", "guard"],
            "bundled": ["guard"],
            "starts": {},
            "kind": "systools",
            "erts": None,
            "configuration": [],
            "variables": [],
            "boots_itself": False,
        },
        "otp_applications": ["asn1", "crypto", "kernel", "mnesia", "public_key", "ssl", "stdlib"],
    }
    assert topology["nodes"]["bravo"]["application"] is None


def test_short_names_and_the_inventory_name_as_host_part() -> None:
    topology = build({"charlie": {"erlang_cluster_directory": "/cluster"}}, resolve, read_release)
    assert topology["cluster"]["names"] == "short"
    assert topology["nodes"]["charlie"]["node"] == "erlang@charlie"
    assert topology["edges"] == []


def test_ports_and_sources_behind_a_translating_router() -> None:
    forwarded = {"erlang_node_port": 5000, "erlang_node_listen_port": 4370, "erlang_node_sources": ["198.18.9.1"]}
    topology = build(hosts(everywhere={"erlang_cluster_discovery": "map"}, alpha=forwarded), resolve, read_release)
    node = topology["nodes"]["alpha"]
    assert (node["port"], node["listen_port"], node["sources"]) == (5000, 4370, ["198.18.9.1"])


def test_ipv6_takes_the_addresses_of_its_family_in_canonical_form() -> None:
    six = {"erlang_cluster_address_family": "inet6", "erlang_node_addresses": ["2001:0002:0:0::20"]}
    topology = build(hosts(everywhere={"erlang_cluster_address_family": "inet6"}, bravo=six), resolve, read_release)
    assert topology["nodes"]["alpha"]["addresses"] == ["2001:2::10"]
    assert topology["nodes"]["bravo"]["addresses"] == ["2001:2::20"]


ADDRESS = {"erlang_node_addresses": ["198.18.2.10"]}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"bravo": {"erlang_node_host": "alpha.example.net", **ADDRESS}},
            "alpha and bravo: erlang_node_host 'alpha.example.net' makes each of them the node guard@alpha.example.net",
        ),
        ({"bravo": {"erlang_node_port": 70000}}, "bravo: erlang_node_port 70000 is not between 1 and 65535"),
        (
            {"everywhere": {"erlang_cluster_port": 80}},
            "alpha and bravo: erlang_cluster_port 80 is not between 1024 and 65535",
        ),
        ({"bravo": {"erlang_app_keep": -1}}, "bravo: erlang_app_keep -1 is not between 0 and 1000; give the number of older releases"),
        (
            {"bravo": {"erlang_verify_watch_interval": 5}},
            "bravo: erlang_verify_watch_interval 5 is not between 10 and 86400; choose from 10 to 86400 seconds",
        ),
        (
            {"bravo": {"erlang_verify_watch_directory": "metrics/"}},
            "bravo: erlang_verify_watch_directory 'metrics/' cannot be the directory of a collector",
        ),
        (
            {"everywhere": {"erlang_cluster_net_ticktime": 0}},
            "alpha and bravo: erlang_cluster_net_ticktime 0 is not between 4 and 86400",
        ),
        (
            {"bravo": {"erlang_node_host": "nowhere.example.net"}},
            "bravo: erlang_node_host 'nowhere.example.net' does not resolve to an IPv4 address on the controller",
        ),
        (
            {"bravo": {"erlang_node_host": "bravo", **ADDRESS}, "charlie": {"erlang_node_addresses": ["198.18.3.10"]}},
            "bravo: erlang_node_host 'bravo' has no dot, while 'alpha.example.net' on alpha has one",
        ),
        ({"bravo": {"erlang_node_host": "198.18.2.10"}}, "bravo: erlang_node_host '198.18.2.10' is an address"),
        (
            {"bravo": {"erlang_node_host": "b_d.example.net"}},
            "bravo: erlang_node_host 'b_d.example.net' cannot be the host part",
        ),
        (
            {"bravo": {"erlang_node_name": "../etc"}},
            "bravo: erlang_node_name '../etc' cannot be the part of a node name",
        ),
        (
            {"everywhere": {"erlang_cluster_name": "a b"}},
            "alpha and bravo: erlang_cluster_name 'a b' cannot be the part",
        ),
        (
            {"bravo": {"erlang_node_addresses": ["300.1.1.1"]}},
            "bravo: erlang_node_addresses '300.1.1.1' is not an IP address",
        ),
        (
            {"bravo": {"erlang_node_addresses": ["2001:2::1"]}},
            "bravo: erlang_node_addresses '2001:2::1' is an IPv6 address",
        ),
        (
            {"bravo": {"erlang_node_addresses": ["0.0.0.0"]}},
            "bravo: erlang_node_addresses '0.0.0.0' is not the address of a host",
        ),
        (
            {"bravo": {"erlang_node_addresses": ["127.0.1.1"]}},
            "bravo: erlang_node_addresses '127.0.1.1' is the loopback",
        ),
        (
            {"bravo": {"erlang_node_addresses": ["198.18.1.10"]}},
            "alpha and bravo: erlang_node_addresses '198.18.1.10' with port 4370 is the place of each of them",
        ),
        (
            {"bravo": {"erlang_app_release": "/missing.tar.gz"}},
            "bravo: erlang_app_release '/missing.tar.gz' is not on the controller; build it, or correct the path.",
        ),
        (
            {"bravo": {"erlang_cluster_discovery": "map"}},
            "alpha and bravo: erlang_cluster_discovery is not the same on all of them: 'port' on alpha, 'map' on bravo",
        ),
        ({"bravo": {"erlang_node_port": 5000}}, "bravo: erlang_node_port 5000 is not erlang_cluster_port (4370)"),
        (
            {"everywhere": {"erlang_cluster_discovery": "epmd"}, "bravo": {"erlang_node_listen_port": 5000}},
            "bravo: erlang_node_listen_port 5000 is not erlang_node_port (4370)",
        ),
        (
            {"everywhere": {"erlang_cluster_discovery": "epmd", "erlang_cluster_port": 4369}},
            "alpha and bravo: erlang_node_listen_port 4369 is also the port mapper's",
        ),
        (
            {"bravo": {"erlang_account_name": "root"}},
            "bravo: erlang_account_name 'root' cannot be the name of a limited account",
        ),
        ({"bravo": {"erlang_account_home": "/"}}, "bravo: erlang_account_home '/' cannot be the home of an account"),
        (
            {"bravo": {"erlang_app_applications": ["Mnesia"]}},
            "bravo: erlang_app_applications 'Mnesia' is not the name of an application",
        ),
        (
            {"everywhere": {"erlang_certs_days": 20, "erlang_certs_renew_before_days": 30}},
            "alpha and bravo: erlang_certs_renew_before_days 30 is not less than erlang_certs_days (20)",
        ),
        ({"everywhere": {"erlang_cluster_directory": None}}, "alpha and bravo: erlang_cluster_directory has no value"),
    ],
)
def test_one_clear_sentence_for_each_fault(changes: dict[str, dict[str, Any]], sentence: str) -> None:
    found = faults(hosts(**changes))
    assert len(found) == 1, found
    assert found[0].startswith(sentence)
    assert "; " in found[0] and found[0].endswith(".")


def test_all_faults_at_once() -> None:
    found = faults(
        hosts(
            everywhere={"erlang_app_release": "/missing.tar.gz"},
            alpha={"erlang_node_port": 0},
            bravo={"erlang_node_host": "nowhere"},
        )
    )
    assert len(found) == 4
    assert sum("missing.tar.gz" in sentence for sentence in found) == 1


@pytest.mark.parametrize("cookie", ["qwxyz", "with a space in the middle", "x" * 256, "ümlaut-ümlaut-ümlaut-ümlaut"])
def test_a_cookie_is_checked_and_never_shown(cookie: str) -> None:
    found = faults(hosts(everywhere={"erlang_cluster_cookie": cookie}))
    assert len(found) == 1
    assert found[0].startswith("alpha and bravo: erlang_cluster_cookie ")
    assert cookie not in found[0]


def test_different_secrets_are_not_shown_either() -> None:
    cookies = {"alpha": {"erlang_cluster_cookie": "a" * 30}, "bravo": {"erlang_cluster_cookie": "b" * 30}}
    assert faults(hosts(**cookies)) == [
        "alpha and bravo: erlang_cluster_cookie is not the same on all of them; set it once, for the whole group."
    ]


def test_a_release_that_could_not_name_a_directory_is_refused() -> None:
    odd = GUARD._replace(version="../1")
    with pytest.raises(TopologyError, match="cannot name a directory"):
        build(hosts(alpha={"erlang_app_release": "/odd"}), resolve, lambda path: odd)


def test_a_whole_cluster_on_the_loopback_is_fine() -> None:
    local = {"erlang_cluster_discovery": "map", "erlang_node_addresses": ["127.0.0.1"]}
    topology = build(hosts(everywhere=local, bravo={"erlang_node_port": 4371}), resolve, read_release)
    assert topology["nodes"]["bravo"]["port"] == 4371


def test_the_fault_of_a_default_is_blamed_on_the_variable_it_comes_from() -> None:
    cluster = InventoryFault(("alpha",), "erlang_cluster_port", 99999, "is not between 1024 and 65535", "choose another")
    node = InventoryFault(("alpha",), "erlang_node_port", 99999, "is not between 1 and 65535", "choose another")
    other = node._replace(hosts=("bravo",), value=99998)
    assert fold([cluster, node, other]) == [cluster, other]


def test_words_for_people() -> None:
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed("abcdefghij") == "a, b, c, d, e, f, g and 3 more"
    assert shown("") == "''"
    assert len(shown("x" * 500)) == 100


MACHINE = {"erlang_cluster_discovery": "map", "erlang_node_addresses": ["198.18.1.10"]}


def alike(one: dict[str, Any], other: dict[str, Any], **both: Any) -> dict[str, dict[str, Any]]:
    """Two inventory names, with ports of their own, that one machine may have."""
    return hosts(everywhere={**MACHINE, **both}, alpha={"erlang_node_port": 4380, **one}, bravo={"erlang_node_port": 4381, **other})


def test_names_that_differ_in_a_hyphen_have_tables_of_their_own() -> None:
    nodes = build(alike({"erlang_node_name": "guard-a"}, {"erlang_node_name": "guard_a"}), resolve, read_release)["nodes"]
    for what in ("table", "unit", "config", "home", "code", "control"):
        assert nodes["alpha"]["layout"][what] != nodes["bravo"]["layout"][what]


@pytest.mark.parametrize(
    ("one", "other", "both", "sentence"),
    [
        (
            {"erlang_node_name": "guard"},
            {"erlang_node_name": "guard-watch"},
            {},
            "alpha and bravo: erlang_node_name 'guard' and 'guard-watch' would both take the name erlang-guard-watch for something of theirs"
            " at alpha and bravo, which are one machine (both have the address 198.18.1.10);",
        ),
        (
            {"erlang_node_name": "one", "erlang_node_listen_port": 4390, "__connection": "198.19.0.11 port 22"},
            {"erlang_node_name": "two", "erlang_node_listen_port": 4390, "__connection": "198.19.0.11 port 22"},
            {},
            "alpha and bravo: erlang_node_listen_port 4390 is the port that both would listen on at alpha and bravo,"
            " which are one machine (Ansible reaches both at 198.19.0.11 port 22);",
        ),
        (
            {"erlang_node_name": "one", "erlang_account_home": "/srv/one"},
            {"erlang_node_name": "two", "erlang_account_home": "/srv/two"},
            {"erlang_node_host": "same.example.net"},
            "alpha and bravo: erlang_account_home '/srv/one' and /srv/two would both be the home of the account merl,"
            " which are one machine (their erlang_node_host is same.example.net);",
        ),
        (
            {"erlang_node_name": "one", "erlang_account_name": "one"},
            {"erlang_node_name": "two", "erlang_account_home": "/var/lib/merl/one"},
            {},
            "alpha and bravo: erlang_account_home '/var/lib/merl' and /var/lib/merl/one lie in each other,",
        ),
        (
            {"erlang_node_name": "one", "erlang_otp_source": "archive", "erlang_otp_archive": "/a"},
            {"erlang_node_name": "two", "erlang_otp_source": "archive", "erlang_otp_archive": "/b"},
            {},
            "alpha and bravo: erlang_otp_archive is not the same on alpha and bravo, which are one machine",
        ),
    ],
)
def test_what_two_nodes_of_a_machine_would_share(one: dict[str, Any], other: dict[str, Any], both: dict[str, Any], sentence: str) -> None:
    (said,) = faults(alike(one, other, **both))
    assert said.startswith(sentence)


def test_nodes_behind_one_forwarding_router_are_machines_of_their_own() -> None:
    behind = {"erlang_node_addresses": ["198.18.0.13"], "erlang_node_listen_port": 4390}
    found = build(alike({**behind, "erlang_node_port": 5001}, {**behind, "erlang_node_port": 5002}), resolve, read_release)
    assert {node["listen_port"] for node in found["nodes"].values()} == {4390}


def test_a_name_whose_runtime_directory_is_taken() -> None:
    assert faults(hosts(everywhere={"erlang_node_name": "otp-build"})) == [
        "alpha and bravo: erlang_node_name 'otp-build' cannot name a node, as /run/erlang-otp-build is where builds of OTP keep"
        " their state; choose another."
    ]


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("fe80::1864:83ff:fe57:373d%eth0", "has a zone, which means something on one host only"),
        ("2001:2::10%eth0", "has a zone"),
        ("::ffff:198.18.2.10", "is an IPv4 address mapped into IPv6"),
        ("fe80::1864:83ff:fe57:373d", "is a link-local address"),
        ("::198.18.2.10", "is not the address of a host"),
        ("::", "is not the address of a host"),
        ("ff02::1", "is not the address of a host"),
        ("0.1.2.3", "is not the address of a host"),
        ("255.255.255.255", "is not the address of a host"),
        ("240.0.0.1", "is not the address of a host"),
        ("224.0.0.1", "is not the address of a host"),
    ],
)
@pytest.mark.parametrize("variable", ["erlang_node_addresses", "erlang_node_sources"])
def test_addresses_that_no_packet_can_have(variable: str, address: str, problem: str) -> None:
    family = "inet6" if ":" in address else "inet"
    good = ["2001:2::20" if family == "inet6" else "198.18.2.20"]
    bad = {"erlang_node_addresses": good, variable: [address]}
    other = {"erlang_node_addresses": ["2001:2::30" if family == "inet6" else "198.18.2.30"]}
    found = faults(hosts(everywhere={"erlang_cluster_address_family": family}, alpha=bad, bravo=other))
    assert len(found) == 1 and found[0].startswith("alpha: %s '%s' %s" % (variable, address, problem))


def test_names_that_resolve_to_a_link_local_address_do_not_serve() -> None:
    found = hosts(everywhere={"erlang_cluster_address_family": "inet6"}, bravo={"erlang_node_addresses": ["2001:2::20"]})
    with pytest.raises(TopologyError) as raised:
        build(found, lambda _: ["fe80::1"], read_release)
    assert "does not resolve to an IPv6 address" in str(raised.value)


def test_applications_that_are_nowhere() -> None:
    """Neither in the archive nor in OTP: no package of the host can be meant, unless the inventory says so."""
    lacking = GUARD._replace(applications=[*GUARD.applications, "gaurd", "jiffy"])
    release = {"erlang_app_release": GUARD.archive}
    with pytest.raises(TopologyError) as refused:
        build(hosts(everywhere={**release, "erlang_app_applications": ["jiffy"]}), resolve, lambda path: lacking)
    assert [str(fault) for fault in fold(refused.value.faults)] == [
        "alpha and bravo: erlang_app_release '/releases/guard-1.0.0.tar.gz' holds a release of gaurd, which is neither in the archive nor in OTP; "
        "build it with lib/gaurd-VERSION in it, or name it in erlang_app_applications if the hosts have it by other means."
    ]
