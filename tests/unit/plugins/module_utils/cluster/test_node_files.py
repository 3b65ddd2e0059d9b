# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import arguments, change, layout, node_files, service, settings
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import node_settings

PLACES = layout.layout("guard", "/var/lib/merl")
STARTED = layout.of_generation(PLACES, layout.GENERATION)
CLUSTER = {
    "discovery": "port",
    "names": "long",
    "address_family": "inet",
    "epmd_port": 4369,
    "net_ticktime": 60,
}
RELEASE = {
    "name": "guard",
    "version": "1.0.0",
    "archive": "/here/guard.tar.gz",
    "sha256": "ab",
    "digest": "a",
    "path": "/opt/erlang/apps/guard/1.0.0-a",
    "applications": ["kernel", "guard"],
    "bundled": ["guard"],
    "starts": {},
    "kind": "systools",
    "erts": None,
    "configuration": [],
    "variables": [],
    "boots_itself": False,
}
OTP = {"erl": "/usr/bin/erl", "root": "/usr/lib/erlang", "erts": "15.2", "inet_ssl_port": False, "crypto_library": "3.5"}
SOURCES = {"beam_tls_ready": "-module(beam_tls_ready).\n", "beam_tls_epmd": "-module(beam_tls_epmd).\n"}
CHOSEN = node_files.Chosen(
    sys_config={},
    environment={},
    vm_args=[],
    unit_settings={},
    buffer_bytes=1048576,
    tls_versions=["tlsv1.3"],
    tls_options={},
    connect=True,
)
GIVEN = node_files.Given("the-cookie", "PEM\n", SOURCES, lambda: "YmFzZTY0", "right", node_files.Revoked({}, False, []))


def node(**changes: Any) -> dict[str, Any]:
    return {
        "node": "guard@alpha.example.net",
        "layout": PLACES,
        "account": "merl",
        "firewall": "nftables",
        "listen_port": 4370,
        "addresses": ["198.18.1.10"],
        "port": 4370,
        "code_paths": [],
        "start": [],
        "application": None,
        "otp_applications": ["kernel", "stdlib"],
        **changes,
    }


def survey(**changes: Any) -> dict[str, Any]:
    return {
        "otp": OTP,
        "boots": 2,
        "digests": {PLACES["control_program"]: "right"},
        "units": {PLACES["service"]: {"load": "loaded", "active": "active", "needs_reload": False}},
        **changes,
    }


def made(
    one: dict[str, Any] | None = None,
    found: dict[str, Any] | None = None,
    cluster: dict[str, Any] | None = None,
    together: bool = False,
    **chosen: Any,
) -> Any:
    topology = {"cluster": {**CLUSTER, **(cluster or {})}, "nodes": {"alpha": one or node()}}
    return node_files.node_files(
        topology, "alpha", found or survey(), CHOSEN._replace(**chosen), GIVEN, lambda name, values: name, together
    )


def files(*arguments: Any, **chosen: Any) -> dict[str, dict[str, Any]]:
    return {file["path"]: file for file in made(*arguments, **chosen)["files"]}


def test_the_emulator_speaks_the_distribution_of_the_cluster() -> None:
    assert arguments.of_node(CLUSTER, node(), ["+P", "300000"]) == [
        "-name", "guard@alpha.example.net", "-proto_dist", "inet_tls", "-ssl_dist_optfile", "/etc/erlang/guard/inet_tls.conf",
        "-epmd_module", "beam_tls_epmd", "-start_epmd", "false", "-beam_tls_peers", "/etc/erlang/guard/peers.config",
        "-pa", "/opt/erlang/nodes/guard/current/ebin", "-boot", "/opt/erlang/nodes/guard/current/boot/start_ssl_clean",
        "-config", "/etc/erlang/guard/sys.config", "-noinput", "-beam_tls_runtime", "/run/erlang-guard", "+P", "300000",
    ]  # fmt: skip
    short = {**CLUSTER, "names": "short", "address_family": "inet6", "discovery": "epmd"}
    flags = arguments.of_node(short, node(code_paths=["/srv/ebin"], start=["guard", "go"]), [])
    assert flags[0] == "-sname" and "inet6_tls" in flags and flags[flags.index("-epmd_port") + 1] == "4369"
    assert flags[-5:] == ["-pa", "/srv/ebin", "-s", "guard", "go"]


def test_arguments_are_quoted_in_their_file() -> None:
    assert arguments.file(["-flag", "it's a b"], "Made").splitlines()[1:] == ["-flag", "'it'\"'\"'s a b'"]


def test_what_the_user_sets_for_the_kernel_is_over_the_roles_own() -> None:
    made_of = settings.system({"kernel": {"net_ticktime": 15, "logger_level": "x"}, "guard": {"a": 1}}, 60, 4096, None)
    assert made_of["kernel"]["net_ticktime"] == 15 and made_of["kernel"]["logger_level"] == "x" and made_of["guard"] == {"a": 1}
    assert made_of["kernel"]["inet_dist_connect_options"] == {"buffer": 4096, "recbuf": 4096, "sndbuf": 4096}
    assert {"$tuple": [{"$atom": "backlog"}, 4096]} in made_of["kernel"]["inet_dist_listen_options"]
    assert "inet_ssl_port" not in made_of["kernel"]
    assert settings.system({}, 60, 4096, 4371)["kernel"]["inet_ssl_port"] == 4371


def test_both_sides_of_tls_verify_and_only_the_server_can_refuse_who_shows_nothing() -> None:
    sides = settings.tls(PLACES, ["tlsv1.3", "tlsv1.2"], {})
    assert sides["client"]["verify"] == sides["server"]["verify"] == {"$atom": "verify_peer"}
    assert sides["server"]["fail_if_no_peer_cert"] is True and "fail_if_no_peer_cert" not in sides["client"]
    assert sides["client"]["versions"] == [{"$atom": "tlsv1.3"}, {"$atom": "tlsv1.2"}]


def test_files_have_the_access_that_the_page_on_the_architecture_says() -> None:
    found = files()
    access = {path: (file["owner"], file["group"], file["mode"]) for path, file in found.items()}
    assert access[PLACES["cookie"]] == ("merl", "merl", "0400")
    for key in ("peers", "trust", "generation", "revoked_keys"):
        assert access[PLACES[key]] == ("root", "merl", "0640")
    for key in ("sys_config", "environment", "tls_options", "vm_args"):
        assert access[STARTED[key]] == ("root", "merl", "0640")
    assert access[STARTED["unit_text"]] == ("root", "root", "0644") and access[PLACES["control"]] == ("root", "root", "0755")


def test_what_is_revoked_is_brought_and_read_at_each_handshake() -> None:
    """The options, which a node reads only when it starts, are the same whether lists are needed or not."""
    topology = {"cluster": CLUSTER, "nodes": {"alpha": node()}}
    revoked = node_files.Revoked({"0a1b2c3d.r0": "LIST\n"}, True, ["ab" * 32])
    found = node_files.node_files(topology, "alpha", survey(), CHOSEN, GIVEN._replace(revoked=revoked), lambda name, values: name)
    written = {file["path"]: file for file in found["files"]}
    one, keys = node_files.revoked(node(), revoked)
    assert written[PLACES["revocations"] + "/0a1b2c3d.r0"] == one and one["mode"] == "0640" and one["content"] == "LIST\n"
    assert written[PLACES["revoked_keys"]] == keys and (keys["mode"], keys["owner"]) == ("0640", "root")
    assert node_settings.revoked(keys["content"]) == (True, {"ab" * 32})
    assert node_settings.revoked(files()[PLACES["revoked_keys"]]["content"]) == (False, frozenset())
    options = written[STARTED["tls_options"]]["content"]
    assert options == files()[STARTED["tls_options"]]["content"]
    for side in node_settings.tls_options(options):
        assert (side.revocations, side.revoked_file, side.lists_needed) == ("/etc/erlang/guard/crls", PLACES["revoked_keys"], True)
        assert side.loosened == ()
    assert not {one["path"], keys["path"]} & set(service.reloaded(PLACES)["actions"][0]["paths"])


def test_what_is_read_at_the_start_is_in_one_directory_and_names_it() -> None:
    wanted = made()
    assert wanted["read"] == [
        "@GENERATION@/" + name for name in ("sys.config", "vm.args", "inet_tls.conf", "environment", "unit", "about.json")
    ]
    found = {file["path"]: file for file in wanted["files"]}
    assert "@GENERATION@/sys.config" in found["@GENERATION@/vm.args"]["content"]
    elsewhere = [path for path in found if not path.startswith("@GENERATION@/")]
    assert sorted(elsewhere) == sorted(PLACES[key] for key in ("peers", "trust", "generation", "cookie", "control", "revoked_keys"))
    assert "@GENERATION@" not in json.dumps([found[path] for path in elsewhere])


def test_what_is_secret_is_handed_over_as_such() -> None:
    found = files(sys_config={"guard": {"password": "hush"}}, environment={"TOKEN": "hush"})
    for key in ("sys_config", "environment", "cookie"):
        assert "content" not in found[STARTED[key]] and "secret_content" in found[STARTED[key]]
    assert "hush" not in json.dumps({path: file for path, file in found.items() if "secret_content" not in file})
    with pytest.raises(InputError) as raised:
        files(environment={"TOKEN": "hush\0hush"})
    assert "hush" not in str(raised.value)


def test_programs_are_summed_up_and_settings_are_shown() -> None:
    found = files(None, survey(digests={}))
    summed_up = {path for path, file in found.items() if "summary" in file}
    assert summed_up == {PLACES["control"], PLACES["control_program"], *("%s/%s.erl" % (STARTED["src"], name) for name in SOURCES)}


def test_of_nodes_that_are_changed_together_the_table_of_peers_waits_until_all_have_stopped() -> None:
    topology = {"cluster": CLUSTER, "nodes": {"alpha": node()}}
    wanted = made(together=True)
    paths = [file["path"] for file in wanted["files"]]
    assert PLACES["peers"] not in paths and PLACES["generation"] in paths
    assert all(path in paths for validator in wanted["validators"] for path in validator["paths"])
    later = node_files.at_the_switch(topology, "alpha", survey(), CHOSEN)
    assert [file["path"] for file in later["files"]] == [PLACES["peers"], PLACES["generation"]]
    assert all(file == files()[file["path"]] for file in later["files"]) and later["validators"][0]["paths"] == [PLACES["peers"]]


def test_the_control_program_is_sent_only_where_the_host_has_another() -> None:
    assert PLACES["control_program"] not in files()
    assert files(None, survey(digests={PLACES["control_program"]: "other"}))[PLACES["control_program"]]["base64_content"] == "YmFzZTY0"


def test_validators_are_for_a_host_that_has_a_node() -> None:
    assert made()["validators"][0]["paths"] == [STARTED["sys_config"], STARTED["tls_options"], PLACES["peers"]]
    bare = survey(otp=None, units={PLACES["service"]: {"load": "not-found", "active": "inactive", "needs_reload": False}})
    assert made(None, bare)["validators"] == []


def test_what_boots_is_told_by_what_it_is_made_from() -> None:
    wanted = made(node(application=RELEASE))["modules"]
    assert wanted["applications"] == ["kernel", "stdlib", "guard"] and wanted["libraries"] == ["/opt/erlang/apps/guard/1.0.0-a/lib"]
    assert made(node(application={**RELEASE, "sha256": "cd"}))["modules"]["key"] != wanted["key"]
    elsewhere = made(node(application={**RELEASE, "archive": "/elsewhere/guard.tar.gz"}))["modules"]
    assert elsewhere["key"] == wanted["key"], "where the archive lies on the controller is no concern of the node"


def test_what_a_generation_says_of_itself() -> None:
    path = STARTED["about"]
    about = json.loads(files(node(application=RELEASE), survey(otp={**OTP, "version": "27.3"}))[path]["content"])
    assert about["release"] == "/opt/erlang/apps/guard/1.0.0-a/" and about["otp"] == "27.3" and about["node"] == "guard@alpha.example.net"
    assert "release" not in json.loads(files()[path]["content"])
    assert files(node(listen_port=4371))[path] != files()[path], "a node reads the port that it listens on when it starts"


def test_the_key_of_the_boot_script_stays_what_it_was() -> None:
    """Another key makes every node restart: it changes with what the node uses, and with nothing else."""
    assert (
        service.boot_key(node(application=RELEASE), survey(), SOURCES) == "3494cc59bdd1be7f7fc7d250d99c247ba36bbaf36ffcc19b960cf8512458199d"
    )


def test_what_a_running_node_reloads() -> None:
    wanted = service.reloaded(PLACES)
    assert wanted["running"] == "/run/erlang-guard/generation"
    (reload,) = wanted["actions"]
    assert reload["paths"] == [PLACES["peers"], PLACES["trust"], PLACES["certificate"], PLACES["cookie"]]


@pytest.mark.parametrize(
    ("kind", "reload", "unread", "state"),
    [
        (change.START, (), False, "started"),
        (change.START, ("ca.pem",), False, "started"),
        (change.RESTART, (), True, ""),
        (change.RESTART, ("ca.pem",), False, "reloaded"),
        (change.RELOAD, ("ca.pem",), True, "reloaded"),
        (change.NONE, (), True, "started"),
        (change.NONE, (), False, ""),
    ],
)
def test_what_the_service_needs_at_once(kind: str, reload: tuple[str, ...], unread: bool, state: str) -> None:
    assert service.needed(change.Change(kind, (), 2, 1, reload).as_result(), unread) == state


@pytest.mark.parametrize(
    ("kind", "state", "steps"),
    [
        (change.NONE, "", set()),
        (change.NONE, "started", {"any", "service"}),
        (change.RELOAD, "reloaded", {"any", "service"}),
        (change.START, "started", {"any", "switch", "service"}),
        (change.RESTART, "", {"any", "try", "wait"}),
        (change.RESTART, "reloaded", {"any", "service", "try", "wait"}),
        (change.CHECK, "", {"any", "wait"}),
    ],
)
def test_what_the_role_does_of_what_a_node_needs(kind: str, state: str, steps: set[str]) -> None:
    found = change.Change(kind, ("its unit", "its flags"), 2, 1).as_result()
    done = service.steps(found, state, False)
    assert {step for step, wanted in done.items() if wanted is True} - {"right", "starts"} == steps
    assert done["right"] is not done["any"]
    assert (done["starts"], done["failure"]) == ((False, "does not reload its files") if state == "reloaded" else (True, "does not start"))
    told = service.steps(found, state, True)
    assert {step for step, wanted in told.items() if wanted is True} - {"right", "starts"} == {"announce"} | (steps & {"any"})
    assert told["announcement"] == change.WOULD[kind] + " (its unit, its flags)"
    assert service.steps({**found, "reasons": []}, state, True)["announcement"] == change.WOULD[kind]


def test_values_of_the_unit() -> None:
    values = service.unit(CLUSTER, node(), {"Service": {"LimitNOFILE": 70000, "BindPaths": ["/a", "/b"]}})
    assert values["service_settings"] == ["LimitNOFILE=70000", "BindPaths=/a", "BindPaths=/b"] and values["unit_settings"] == []
    assert values["packet_filter"] == "erlang-guard-firewall.service" and values["port_mapper"] == "" and values["protect_home"] == "yes"
    home = layout.layout("guard", "/home/erlang")
    other = service.unit({**CLUSTER, "discovery": "epmd"}, node(firewall="none", layout=home), {})
    assert (other["packet_filter"], other["port_mapper"], other["protect_home"]) == ("", "epmd.socket", "no")


def test_values_of_the_control_command_are_quoted_for_a_shell() -> None:
    values = service.control(CLUSTER, node(account="a b"))
    assert values["account"] == "'a b'" and values["command"] == "erlang-guard" and values["net_ticktime"] == "60"
    assert values["shell_flags"].startswith("-name -proto_dist inet_tls")


ITSELF = {**RELEASE, "kind": "mix", "configuration": ["sys.config", "env.sh"], "boots_itself": True}


def test_a_release_that_boots_itself_is_started_by_its_own_program() -> None:
    own = node(application=ITSELF, layout=STARTED)
    flags = arguments.of_node(CLUSTER, own, [])
    assert not {"-boot", "-noinput", "-config"} & set(flags) and flags[flags.index("-kernel") :][:3] == ["-kernel", "net_ticktime", "60"]
    wanted = made(node(application=ITSELF))["modules"]
    assert wanted["libraries"] == [] and wanted["release"]["kind"] == "mix" and wanted["release"]["arguments"] == flags
    assert "RELEASE_NODE=guard@alpha.example.net" in wanted["release"]["environment"]
    assert service.unit(CLUSTER, own, {})["start"] == "@GENERATION@/release/run start"
    relx = {**ITSELF, "kind": "relx"}
    assert service.unit(CLUSTER, node(application=relx, layout=STARTED), {})["start"].endswith("/run foreground")
    beams = node(application=RELEASE, layout=STARTED)
    assert service.unit(CLUSTER, beams, {})["start"] == "@GENERATION@/erl -args_file @GENERATION@/vm.args"


def test_its_program_is_asked_with_what_it_does_not_pass_itself() -> None:
    relx = node(application={**ITSELF, "kind": "relx"})
    assert arguments.asking(CLUSTER, relx) == [
        "-ssl_dist_optfile", PLACES["tls_options"], "-beam_tls_peers", PLACES["peers"], "-pa", PLACES["ebin"],
    ]  # fmt: skip
    assert arguments.of_node(CLUSTER, relx, [])[-4:] == ["-config", PLACES["sys_config"], "-beam_tls_runtime", PLACES["runtime"]]
    assert arguments.asking(CLUSTER, node(application=ITSELF))[-2:] == ["-dist_listen", "false"]


def test_the_configuration_of_a_release_is_below_ours() -> None:
    flags = arguments.of_node(CLUSTER, node(application={**RELEASE, "configuration": ["sys.config"]}), [])
    assert [flags[place + 1] for place, flag in enumerate(flags) if flag == "-config"] == [
        "/opt/erlang/apps/guard/1.0.0-a/releases/1.0.0/sys.config",
        PLACES["sys_config"],
    ]
    own = {**RELEASE, "boots_itself": True}
    flags = arguments.of_node(CLUSTER, node(application=own), [])
    assert flags[flags.index("-boot") + 1] == "/opt/erlang/nodes/guard/current/release/releases/1.0.0/start" and "-noinput" in flags


def test_what_starts_otherwise_and_what_is_ours_change_the_key() -> None:
    keys = {made(node(application=release))["modules"]["key"] for release in (RELEASE, {**RELEASE, "starts": {"guard": "load"}}, ITSELF)}
    keys.add(made(node(application=ITSELF), vm_args=["+P", "9999"])["modules"]["key"])
    assert len(keys) == 4
