# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes that nodes of a running cluster cannot have one by one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.beam.tls_distribution.plugins.filter.mixing import changed_together, listening_port, ports_before, returns_together
from ansible_collections.beam.tls_distribution.plugins.filter.refusals import NONE_CHANGED, refusals, refused_returns
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import mixing
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.edges import mesh
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.mixing import About
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.tls_names import Lists
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.mixing import together

HOSTS = ("alpha", "bravo", "carol")
CLUSTER = {"discovery": "port", "epmd_port": 4369, "address_family": "inet", "together": False}
BOTH = ["tlsv1.3", "tlsv1.2"]


def topology(hosts: tuple[str, ...] = HOSTS, **wanted: Any) -> dict[str, Any]:
    """The cluster as it is wanted: variables of the cluster, ``port``, ``versions``, ``options``, ``otp`` of all, or those of one host by its name."""
    cluster = {**CLUSTER, **{key: value for key, value in wanted.items() if key in CLUSTER}}
    nodes = {}
    for host in hosts:
        own = {"port": 4370, "versions": ["tlsv1.3"], "options": {}, "otp": "27.3.4", **wanted, **wanted.get(host, {})}
        nodes[host] = {
            "node": "guard@" + host,
            "port": own["port"],
            "listen_port": own.get("listen_port", own["port"]),
            "tls": {"versions": own["versions"], "options": own["options"]},
            "otp": {"source": "build", "version": own["otp"]},
            "application": own.get("application"),
        }
    return {"cluster": cluster, "nodes": nodes, "edges": mesh(list(hosts))}


def surveys(started: dict[str, Any], **states: Any) -> dict[str, Any]:
    """The surveys of hosts whose nodes started with a topology; ``states`` are those of services that do not run."""
    found = {}
    for host, node in started["nodes"].items():
        about = mixing.about(started["cluster"], node, node["otp"]["version"], node["tls"]["versions"], node["tls"]["options"])
        active = states.get(host, "active")
        found[host] = {"otp": None, "nodes": [{"node": node["node"], "active": active, "about": json.dumps(about)}]}
    return found


def found(before: dict[str, Any], after: dict[str, Any], part: tuple[str, ...] = HOSTS, **states: Any) -> list[mixing.Mixture]:
    return mixing.found(after, surveys(before, **states), part)


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ({}, {"port": 4371}, "their port of the distribution changes from 4370 to 4371"),
        ({"discovery": "map"}, {"port": 4371}, "their port of the distribution changes from 4370 to 4371"),
        ({}, {"discovery": "epmd"}, "discovery changes from 'port' to 'epmd'"),
        ({"discovery": "epmd"}, {"discovery": "map"}, "discovery changes from 'epmd' to 'map'"),
        ({"discovery": "epmd"}, {"discovery": "epmd", "epmd_port": 4370}, "the port of the port mapper changes from 4369 to 4370"),
        ({}, {"address_family": "inet6"}, "the address family changes from 'inet' to 'inet6'"),
        ({"versions": ["tlsv1.2"]}, {}, "what they take of TLS changes (TLS version: from tlsv1.2 to tlsv1.3)"),
        (
            {"options": {"groups": ["x25519"]}},
            {"options": {"groups": ["secp384r1", "secp256r1"]}},
            "what they take of TLS changes (group: from x25519 to secp384r1 and secp256r1)",
        ),
        (
            {"options": {"ciphers": ["TLS_AES_256_GCM_SHA384"]}},
            {"options": {"ciphers": ["TLS_AES_128_GCM_SHA256"]}},
            "what they take of TLS changes (cipher: from TLS_AES_256_GCM_SHA384 to TLS_AES_128_GCM_SHA256)",
        ),
        ({"otp": "25.3.2"}, {"otp": "29.1"}, "OTP changes from 25 to 29"),
        ({"otp": "29.0-rc1"}, {"otp": "25.3.2"}, "OTP changes from 29 to 25"),
    ],
)
def test_changes_that_cannot_be_mixed(before: dict[str, Any], after: dict[str, Any], what: str) -> None:
    (mixture,) = found(topology(**before), topology(**after))
    assert mixture.what == what and mixture.hosts == HOSTS and not mixture.hindered
    assert mixing.refused([mixture], together=True) == [] and mixing.together([mixture]) == list(HOSTS)
    (sentence,) = mixing.refused([mixture], together=False)
    assert sentence.startswith("alpha, bravo and carol: " + what) and "set erlang_rollout_together: true" in sentence


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {}),
        ({"versions": ["tlsv1.2"]}, {"versions": BOTH}),
        ({"versions": BOTH}, {}),
        ({}, {"options": {"groups": ["x25519"]}}),
        ({"options": {"groups": ["x25519"]}}, {"options": {"groups": ["x25519", "x448"]}}),
        ({"discovery": "map"}, {"discovery": "map", "alpha": {"port": 4371}}),
        ({}, {"discovery": "map"}),
        ({"discovery": "epmd"}, {"discovery": "epmd", "port": 4371}),
        ({}, {"epmd_port": 4370}),
        ({}, {"listen_port": 4999}),
        ({"otp": "25.3"}, {"otp": "27.1"}),
        ({"otp": "27.3.4"}, {"otp": "27.3.5"}),
        # Releases that are far apart, and are not changed by this run: they connect, as it is seen.
        ({"alpha": {"otp": "25.3"}, "carol": {"otp": "29.1"}}, {"alpha": {"otp": "25.3"}, "carol": {"otp": "29.2"}}),
    ],
)
def test_changes_that_can_be_mixed(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert found(topology(**before), topology(**after)) == []


def test_what_is_said_of_a_port() -> None:
    assert list(map(str, found(topology(), topology(port=4371)))) == [
        "alpha, bravo and carol: their port of the distribution changes from 4370 to 4371; with discovery 'port' all nodes are looked for at one port, "
        "so that those with the former one are not found. Keep the port (erlang_cluster_port). Or set erlang_rollout_together: true to have these nodes "
        "stopped and started together; the cluster is away for that time."
    ]


def test_what_is_said_of_tls_names_the_step_between() -> None:
    (sentence,) = map(str, found(topology(versions=["tlsv1.2"]), topology()))
    assert (
        "would have no TLS version in common with nodes that run with tlsv1.2. Go by way of a run in which all nodes take both" in sentence
    )


@pytest.mark.parametrize(
    ("before", "after", "steps"),
    [
        ("25", "28", "OTP 27 before, in a run of its own"),
        ("25", "29", "OTP 27 before, in a run of its own"),
        ("25", "30", "OTP 27 then OTP 29 before, in a run of their own"),
        ("29", "25", "OTP 27 before"),
        ("30", "25", "OTP 28 then OTP 26 before"),
    ],
)
def test_releases_of_otp_have_steps_in_between(before: str, after: str, steps: str) -> None:
    (mixture,) = found(topology(otp=before), topology(otp=after))
    assert steps in mixture.fix


def test_a_release_with_an_emulator_of_its_own_has_the_otp_of_that() -> None:
    before = topology(application={"erts": "13.1.5"})
    (mixture,) = found(before, topology(application={"erts": "17.0"}))
    assert mixture.what == "OTP changes from 25 to 29"
    assert found(before, topology(application={"erts": "10.4"}, otp="26")) == []


def test_a_node_that_is_changed_next_to_one_too_far_behind() -> None:
    before = topology(alpha={"otp": "25.3"}, bravo={"otp": "27.1"}, carol={"otp": "27.1"})
    # Those on 27 may meet those on 29, and only the one on 25 may not.
    (mixture,) = found(before, topology(otp="29.0"))
    assert (mixture.hosts, mixture.others) == (("bravo", "carol"), ("alpha",))
    assert set(mixing.together([mixture])) == set(HOSTS) and "Have all nodes of the cluster on OTP 27 before" in str(mixture)
    # One that stays meets the others for good.
    (lasting,) = found(before, topology(otp="29.0", alpha={"otp": "25.3"}))
    assert lasting.hosts == ("bravo", "carol") and mixing.refused([lasting], together=True)
    assert "alpha is to stay as it is" in str(lasting)


def test_nodes_that_do_not_run_meet_nobody() -> None:
    assert found(topology(), topology(port=4371), alpha="inactive", bravo="failed") == []
    assert found(topology(), topology(port=4371), alpha="inactive")[0].hosts == ("bravo", "carol")
    assert mixing.found(topology(), {}, HOSTS) == []


def test_what_an_interrupted_run_has_changed_already() -> None:
    before = topology(alpha={"port": 4371})
    (mixture,) = found(before, topology(port=4371))
    assert mixture.hosts == ("bravo", "carol")
    # The last one joins the others, and no two that run would be kept apart.
    assert found(topology(alpha={"port": 4371}, bravo={"port": 4371}), topology(port=4371)) == []


def test_a_limited_run() -> None:
    after, known = topology(port=4371), surveys(topology())
    (mixture,) = mixing.found(after, known, ["alpha"])
    assert mixture.hosts == ("alpha",) and mixing.together([mixture]) == ["alpha"]
    assert mixing.refused([mixture], together=True) == [
        "alpha: their port of the distribution changes from 4370 to 4371; with discovery 'port' all nodes are looked for at one port, so that those with "
        "the former one are not found. Keep the port (erlang_cluster_port). bravo and carol are not part of this run, and run: leave --limit out."
    ]
    # Nothing is known of the others.
    assert mixing.found(after, {"alpha": known["alpha"]}, ["alpha"]) == []


def test_the_otp_of_a_package_is_the_one_that_is_there() -> None:
    after, known = topology(), surveys(topology(otp="25.3"))
    for host, node in after["nodes"].items():
        node["otp"] = {"source": "package"}
        known[host]["otp"] = {"version": "29.0"}
    (mixture,) = mixing.found(after, known, HOSTS)
    assert mixture.what == "OTP changes from 25 to 29"
    known["alpha"]["otp"] = known["bravo"]["otp"] = known["carol"]["otp"] = None
    assert mixing.found(after, known, HOSTS) == []


def test_what_a_generation_says_is_read_back() -> None:
    cluster = {**CLUSTER, "discovery": "map", "address_family": "inet6"}
    node = {"node": "guard@alpha", "port": 4371, "listen_port": 4999, "application": None}
    text = mixing.about(cluster, node, "27.3.4.1", BOTH, {"groups": ["x25519", "x448"]})
    assert text == {
        "node": "guard@alpha", "otp": "27.3.4.1", "discovery": "map", "port": "4371", "listen_port": "4999", "epmd_port": "4369",
        "address_family": "inet6", "tls_versions": "tlsv1.3 tlsv1.2", "tls_groups": "x25519 x448",
    }  # fmt: skip
    assert mixing.read(json.dumps({**text, "release": "/opt/erlang/apps/guard/1"})) == About(
        "guard@alpha", 27, "map", 4371, 4999, 4369, "inet6", Lists(("tlsv1.3", "tlsv1.2"), None, ("x25519", "x448"), None)
    )
    assert "otp" not in mixing.about(cluster, node, "", BOTH, {})


@pytest.mark.parametrize("text", [None, "", "null", "[]", "{", "[" * 100000, '"x"', "{}", '{"otp": {}, "port": []}', " " * 70000 + "{}"])
def test_what_is_no_text_of_a_generation_says_nothing(text: str | None) -> None:
    assert mixing.read(text) == About()


@pytest.mark.parametrize(
    "fields",
    [
        {"otp": "99999999999999"}, {"otp": "-1"}, {"otp": "27\n"}, {"otp": "x"}, {"otp": 27}, {"port": "0"}, {"port": "65536"},
        {"port": "٤٣٧٠"}, {"port": 4370},
        {"discovery": "dns"}, {"address_family": "unix"}, {"tls_versions": "sslv3"}, {"tls_versions": ""}, {"tls_versions": "tlsv1.3", "tls_groups": "evil"},
        {"epmd_port": "1e3"}, {"tls_groups": "x25519"}, {"node": ["guard@alpha"]},
    ],
)  # fmt: skip
def test_a_field_that_has_not_its_form_is_not_known(fields: dict[str, Any]) -> None:
    assert mixing.read(json.dumps(fields)) == About()


def test_a_host_that_says_nothing_or_of_another_node_is_held_against_nobody() -> None:
    known = surveys(topology())
    known["alpha"]["nodes"][0]["about"] = None
    known["bravo"]["nodes"][0]["about"] = json.dumps({"node": "other@bravo", "port": "4370"})
    assert mixing.found(topology(port=4371), known, HOSTS) == []


NOTHING_REFUSED = {"refused": False, "sentences": []}


def test_the_filters_read_the_facts_of_all_hosts() -> None:
    after, known = topology(port=4371), surveys(topology())
    hostvars: dict[str, Any] = {
        host: {"ansible_facts": {"erlang_survey": {"platform": {"id": "debian", "version_id": "13"}, **survey}}}
        for host, survey in known.items()
    }
    said = refusals(after, hostvars, list(HOSTS))
    (first, sentence) = said["sentences"]
    assert said["refused"] and first == NONE_CHANGED and sentence.startswith("alpha, bravo and carol: their port")
    assert together(after, hostvars, list(HOSTS)) == [] and not changed_together(after, "alpha", hostvars, list(HOSTS))
    agreed = topology(port=4371, together=True)
    assert refusals(agreed, hostvars, list(HOSTS)) == NOTHING_REFUSED and together(agreed, hostvars, list(HOSTS)) == list(HOSTS)
    assert [changed_together(agreed, "alpha", hostvars, list(HOSTS), check) for check in (False, True)] == [True, False]
    assert not changed_together(agreed, "stranger", hostvars, list(HOSTS))
    hostvars["alpha"], hostvars["carol"] = {}, {"ansible_facts": {}}
    assert refusals(after, hostvars, ["bravo"]) == NOTHING_REFUSED


def test_the_port_is_the_one_that_a_node_has_listened_on_since_it_started() -> None:
    """A node that went back to a generation started with the table of peers that there was."""
    known = surveys(topology())
    for survey in known.values():
        survey["nodes"][0]["listens"] = 4371
    assert mixing.found(topology(port=4371), known, HOSTS) == []
    (mixture,) = mixing.found(topology(), known, HOSTS)
    assert mixture.what == "their port of the distribution changes from 4371 to 4370"
    # Behind a forwarded port the generation says at which one peers look.
    known = surveys(topology(listen_port=4999))
    for survey in known.values():
        survey["nodes"][0]["listens"] = 4999
    assert mixing.found(topology(listen_port=4999), known, HOSTS) == []


def test_going_back() -> None:
    """The table of peers, and with it the port, does not go back."""
    was, now = surveys(topology(versions=["tlsv1.2"])), surveys(topology(port=4371))
    told = {host: {"running": now[host]["nodes"][0]["about"], "number": was[host]["nodes"][0]["about"]} for host in HOSTS}
    hostvars: dict[str, Any] = {host: {"__erlang_rollout_found": {"number": 1, "about": about}} for host, about in told.items()}
    (_none, sentence) = refused_returns(topology(), hostvars, list(HOSTS))["sentences"]
    assert "no TLS version in common with nodes that run with tlsv1.3" in sentence
    assert all(returns_together(topology(), host, hostvars, list(HOSTS)) for host in HOSTS)
    assert refused_returns(topology(together=True), hostvars, list(HOSTS)) == NOTHING_REFUSED
    # One goes back, to what it could not have in common with those that stay.
    for host in HOSTS[1:]:
        hostvars[host]["__erlang_rollout_found"]["waiting"] = 3
    (_none, sentence) = refused_returns(topology(), hostvars, list(HOSTS))["sentences"]
    assert "to stay as" in sentence
    nothing: dict[str, Any] = {host: {"__erlang_rollout_found": {"msg": "has no former generation"}} for host in HOSTS}
    assert refused_returns(topology(), nothing, list(HOSTS)) == NOTHING_REFUSED
    assert not any(returns_together(topology(), host, nothing, list(HOSTS)) for host in HOSTS)


@pytest.mark.parametrize(
    ("former", "latter", "stays"),
    [
        (
            {"discovery": "epmd", "epmd_port": 4369},
            {"discovery": "epmd", "epmd_port": 4400},
            "The port mapper does not go back with the nodes",
        ),
        ({"address_family": "inet"}, {"address_family": "inet6"}, "The table of peers does not go back with the nodes"),
    ],
)
def test_what_is_in_no_generation_keeps_nodes_from_going_back(former: dict[str, Any], latter: dict[str, Any], stays: str) -> None:
    """Neither one by one nor together: they would start with what the port mapper and the table of peers no longer say."""
    was, now = (surveys(topology(**settings)) for settings in (former, latter))
    told = {host: {"running": now[host]["nodes"][0]["about"], "number": was[host]["nodes"][0]["about"]} for host in HOSTS}
    hostvars: dict[str, Any] = {host: {"__erlang_rollout_found": {"number": 1, "about": about}} for host, about in told.items()}
    for consent in (False, True):
        (_none, sentence) = refused_returns(topology(**latter, together=consent), hostvars, list(HOSTS))["sentences"]
        assert stays in sentence and "run the playbook site" in sentence
    # Forwards it can be done, with the user's consent.
    assert mixing.refused(mixing.found(topology(**latter), was, HOSTS), together=True) == []


def test_where_a_running_node_listens() -> None:
    node, known = topology(port=4371)["nodes"]["alpha"], surveys(topology())["alpha"]
    other = {**known, "nodes": [{**known["nodes"][0], "listens": 4372}]}
    by_survey = ((known, 4370), (surveys(topology(), alpha="failed")["alpha"], 4371), (other, 4372), ({"nodes": []}, 4371))
    for survey, port in by_survey:
        assert listening_port(node, {"erlang_survey": survey}) == port
    assert listening_port(node, {}) == 4371


def test_what_a_node_needs_that_may_go_back() -> None:
    by_mapper, by_port = topology(discovery="epmd", epmd_port=4361), topology(discovery="port")
    survey = surveys(by_mapper)["alpha"]
    assert ports_before(by_port, "alpha", survey) == {"ports": [4361], "any": True, "port_mapper": True}
    assert ports_before(topology(discovery="epmd", port=4380), "alpha", survey) == {
        "ports": [4370, 4361],
        "any": True,
        "port_mapper": False,
    }
    nothing = {"ports": [], "any": False, "port_mapper": False}
    assert ports_before(by_mapper, "alpha", survey) == nothing
    assert ports_before(by_mapper, "alpha", surveys(by_port)["alpha"]) == nothing
    assert ports_before(by_port, "alpha", surveys(by_mapper, alpha="inactive")["alpha"]) == nothing
