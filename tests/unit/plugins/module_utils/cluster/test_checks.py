# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of checks: every variable of every role has one, and what each lets pass and refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import checks, flags, unit_settings
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InventoryFault
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers import registry
from hypothesis import given
from hypothesis import strategies as st

ROLES = Path(checks.__file__).parents[3] / "roles"
OPTIONS: dict[str, dict[str, Any]] = {}
for _path in sorted(ROLES.glob("*/meta/argument_specs.yml")):
    for _entry in yaml.safe_load(_path.read_text())["argument_specs"].values():
        OPTIONS.update(_entry.get("options") or {})


def sentences(variable: str, value: Any) -> list[str]:
    return [str(InventoryFault(("alpha",), variable, *problem)) for problem in checks.problems(variable, value, registry.FURTHER)]


def test_every_variable_of_every_role_has_a_check() -> None:
    assert len(OPTIONS) > 50
    assert {*checks.CHECKS, *registry.FURTHER.checks} == set(OPTIONS) and not set(checks.CHECKS) & set(registry.FURTHER.checks)


@pytest.mark.parametrize("variable", sorted(OPTIONS))
def test_defaults_pass(variable: str) -> None:
    default = OPTIONS[variable].get("default")
    if not (isinstance(default, str) and "{{" in default):
        assert sentences(variable, default) == []


@pytest.mark.parametrize("variable", sorted(OPTIONS))
def test_a_variable_that_is_absent_has_no_fault(variable: str) -> None:
    assert sentences(variable, None) == []


@pytest.mark.parametrize("variable", sorted(set(OPTIONS) - {"erlang_cluster_cookie", "erlang_certs_ca_passphrase"}))
def test_no_text_of_any_variable_has_a_line_end(variable: str) -> None:
    """Whatever it is written into: a unit, a script, rules of a packet filter, a table of peers."""
    odd = "x\nExecStartPre=+/bin/touch /root/made"
    option = OPTIONS[variable]
    if option.get("choices") or option["type"] in ("int", "float", "bool"):
        return  # Neither holds a text, which test_specifications.py sees to.
    value: Any = {"str": odd, "path": "/x/" + odd, "list": [odd], "dict": {odd: odd}, "raw": odd}[option["type"]]
    if variable in ("erlang_node_addresses", "erlang_node_sources"):
        return  # What an address may be is checked with those of all hosts.
    assert sentences(variable, value) != []


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        (
            "erlang_account_home",
            "/var/lib/../../etc",
            "alpha: erlang_account_home '/var/lib/../../etc' cannot be the home of an account; give an absolute",
        ),
        ("erlang_account_home", "/etc/erlang", "cannot be the home"),
        ("erlang_account_home", "/var/lib", "cannot be the home"),
        ("erlang_account_home", "//etc", "cannot be the home"),
        ("erlang_account_name", "root", "cannot be the name of a limited account"),
        ("erlang_account_name", "merl ", "cannot be the name of a limited account"),
        ("erlang_account_name", "m\u0435rl", "cannot be the name of a limited account"),
        ("erlang_account_shell", "/bin/bash", "does not refuse to log in"),
        ("erlang_app_applications", ["mnesia", "mnesia"], "'mnesia' is there twice"),
        ("erlang_app_applications", ["Mnesia"], "is not the name of an application"),
        ("erlang_app_code_paths", ["ebin"], "'ebin' is no absolute path on the host"),
        ("erlang_app_code_paths", ["/opt/x/../.."], "is no absolute path on the host"),
        ("erlang_app_keep", -1, "-1 is not between 0 and 1000"),
        ("erlang_app_release", "/a/b/", "'/a/b/' is a directory"),
        ("erlang_app_start", ["my_app", "-setcookie"], "'-setcookie' would be a flag of its own; use erlang_node_vm_args"),
        ("erlang_app_start", [None], "is no text"),
        ("erlang_app_start", ["my app"], "is not the name of a module"),
        ("erlang_certs_days", 0, "0 is not between 1 and 36500"),
        ("erlang_certs_ca_passphrase", "line\nend of a secret", "alpha: erlang_certs_ca_passphrase has line ends"),
        ("erlang_cluster_cookie", "short", "alpha: erlang_cluster_cookie is too short to be a secret"),
        ("erlang_cluster_directory", "{{ nope }}", "has a template in it that was not worked out"),
        ("erlang_cluster_directory", "/x" * 3000, "is longer than 4096 characters"),
        ("erlang_cluster_group", "a b", "is not the name of a group"),
        ("erlang_cluster_name", "guard@x", "cannot be the part of a node name before the @"),
        ("erlang_cluster_name", "\uff47uard", "cannot be the part of a node name before the @"),
        ("erlang_node_host", "198.18.1.10", "is an address"),
        ("erlang_node_host", "a..b", "cannot be the host part"),
        ("erlang_node_addresses", [], "erlang_node_addresses [] is empty; give addresses, or remove it."),
        ("erlang_node_sources", [], "erlang_node_sources [] is empty; give addresses, or remove it."),
        ("erlang_node_buffer_bytes", 0, "0 is not between 4096 and 67108864"),
        ("erlang_node_tls_versions", [], "alpha: erlang_node_tls_versions [] is empty; give tlsv1.3, tlsv1.2 or both."),
        ("erlang_node_tls_versions", ["tlsv1.3", "tlsv1.3"], "'tlsv1.3' is there twice"),
        ("erlang_node_sys_config", "x", "alpha: erlang_node_sys_config is no mapping"),
        ("erlang_node_sys_config", {"guard": "secret"}, "alpha: erlang_node_sys_config 'guard' is no mapping"),
        ("erlang_node_sys_config", {"Guard": {}}, "'Guard' is not the name of an application"),
        (
            "erlang_node_sys_config",
            {"guard": {"db": {"$atmo": "secret"}}},
            "'guard.db' has a value that stands for no Erlang term (at db.$atmo: ",
        ),
        ("erlang_node_sys_config", {"guard": {"db": [{"$binary": 123456}]}}, "at db[0].$binary: this wants a string; put it in quotes)"),
        ("erlang_node_sys_config", {"guard": {"": 1}}, "'guard.' is not the name of a parameter"),
        ("erlang_node_sys_config", {"guard": {"rate": float("inf")}}, "'guard.rate' has a value that stands for no Erlang term"),
        (
            "erlang_node_sys_config",
            {"kernel": {"net_ticktime": 5}},
            "'kernel.net_ticktime' is the same on all nodes; use erlang_cluster_net_ticktime.",
        ),
        ("erlang_node_sys_config", {"kernel": {"inet_dist_listen_min": 5}}, "use erlang_node_listen_port."),
        ("erlang_node_environment", {"A\nB": "secret"}, "alpha: erlang_node_environment 'A B' is not the name of an environment variable"),
        (
            "erlang_node_environment",
            {"HOME": "secret"},
            "alpha: erlang_node_environment 'HOME' is the role's own; use erlang_account_home.",
        ),
        (
            "erlang_node_vm_args",
            ["-setcookie", "mongooseim"],
            "alpha: erlang_node_vm_args '-setcookie' is the role's own; use erlang_cluster_cookie.",
        ),
        ("erlang_node_vm_args", ["-proto_dist", "inet_tcp"], "'-proto_dist' is the role's own"),
        ("erlang_node_vm_args", [None], "erlang_node_vm_args is no text; put it in quotes."),
        ("erlang_node_vm_args", [True], "True is no text"),
        ("erlang_node_vm_args", ["mongooseim"], "'mongooseim' belongs to no flag"),
        ("erlang_node_vm_args", ["+P 100"], "'+P 100' is no flag; give a flag and each of its values an item of its own."),
        ("erlang_node_vm_args", ["-kernel", "net_ticktime", 5], "'-kernel net_ticktime' is the same on all nodes"),
        ("erlang_node_vm_args", ["-kernel", "a", 1, "inet_dist_listen_min", 5], "'-kernel inet_dist_listen_min' decides where"),
        ("erlang_node_vm_args", ["-s", "x", "-name", "y"], "'-name' is the role's own; use erlang_node_name and erlang_node_host."),
        ("erlang_node_vm_args", ["-x", ""], "is empty"),
        ("erlang_node_vm_args", ["--", "-x"], "'--' has what follows ignored"),
        ("erlang_node_vm_args", ["-beam_tls_peers", "/x"], "'-beam_tls_peers' is the role's own"),
        ("erlang_node_vm_args", "+P", "is no list"),
        ("erlang_node_unit_settings", {"Service": {"User": "root"}}, "'Service.User' is the role's own; use erlang_account_name."),
        (
            "erlang_node_unit_settings",
            {"Service": {"NoNewPrivileges": False}},
            "'Service.NoNewPrivileges' would change the sandbox of the node",
        ),
        ("erlang_node_unit_settings", {"Service": {"ExecStartPre": "+/bin/x"}}, "'Service.ExecStartPre' runs a command beside the node"),
        ("erlang_node_unit_settings", {"Service": {"Environment": "A=b"}}, "use erlang_node_environment."),
        ("erlang_node_unit_settings", {"Service": {"StandardOutput": "append:/etc/passwd"}}, "takes the output away from the journal"),
        (
            "erlang_node_unit_settings",
            {"Service": {"StartLimitBurst": 3}},
            "'Service.StartLimitBurst' belongs into another section; move it to Unit.",
        ),
        ("erlang_node_unit_settings", {"Service": {"Bogus": 3}}, "'Service.Bogus' is no directive that may be set here"),
        ("erlang_node_unit_settings", {"Service": {"Restart\nUser": "x"}}, "is no directive that may be set here"),
        (
            "erlang_node_unit_settings",
            {"Service": {"RestartSec": "soon"}},
            "'Service.RestartSec' is set to 'soon'; give a time span such as 30s or 1min.",
        ),
        ("erlang_node_unit_settings", {"Service": {"RestartSec": "1\nUser=root"}}, "goes on in another line"),
        ("erlang_node_unit_settings", {"Service": {"LogExtraFields": "A=b\\"}}, "goes on in another line"),
        ("erlang_node_unit_settings", {"Service": {"Nice": None}}, "has no value; give a number from -20 to 19."),
        ("erlang_node_unit_settings", {"Service": {"Nice": 20}}, "is set to '20'; give a number from -20 to 19."),
        ("erlang_node_unit_settings", {"Service": {"CPUWeight": 0}}, "give a weight from 1 to 10000."),
        ("erlang_node_unit_settings", {"Service": {"ReadWritePaths": ["/data", "/etc"]}}, "would let the node write to /etc"),
        ("erlang_node_unit_settings", {"Service": {"ReadWritePaths": "/srv/../etc"}}, "give absolute paths without"),
        ("erlang_node_unit_settings", {"Service": {"SystemCallFilter": "@privileged"}}, "that are forbidden as well"),
        ("erlang_node_unit_settings", {"Service": {"StateDirectory": "../../etc"}}, "give relative names"),
        ("erlang_node_unit_settings", {"Service": {"After": "x.service"}}, "move it to Unit."),
        ("erlang_node_unit_settings", {"Unit": {"FailureAction": "reboot"}}, "acts on the whole host"),
        ("erlang_node_unit_settings", {"Unit": {"After": "postgresql"}}, "give names of units"),
        ("erlang_node_unit_settings", {"Install": {"WantedBy": "x.target"}}, "'Install' has no effect"),
        (
            "erlang_node_unit_settings",
            {"Bogus": {"Key": "value"}},
            "'Bogus' is no section that may have further lines; use Unit or Service.",
        ),
        ("erlang_node_unit_settings", {"Service": "x"}, "'Service' is no mapping"),
        ("erlang_node_unit_settings", ["x"], "is no mapping"),
        ("erlang_otp_build_sha256", "abc", "erlang_otp_build_sha256 'abc' is no SHA-256; give the 64 hexadecimal digits"),
        ("erlang_otp_build_options", ["CFLAGS=-O0"], "'CFLAGS=-O0' is not an argument that configure may be given here"),
        ("erlang_otp_build_options", ["--prefix=/usr"], "'--prefix=/usr' is not an argument"),
        ("erlang_otp_build_environment", {"A B": "1"}, "'A B' is not the name of an environment variable"),
        ("erlang_otp_allow_below_floor", ["27.x"], "erlang_otp_allow_below_floor '27.x' is no version of OTP"),
        ("erlang_otp_build_patches", [""], "is empty"),
        ("erlang_otp_build_jobs", -1, "-1 is not between 0 and 1024; give the number of jobs of make"),
        ("erlang_otp_keep", -1, "-1 is not between 0 and 1000"),
        ("erlang_otp_build_environment", {"CFLAGS": True}, "'CFLAGS: True' has a value that is no text"),
        ("erlang_otp_build_packages", ["gcc;reboot"], "is not the name of a package"),
        ("erlang_otp_build_packages", ["-y"], "is not the name of a package"),
        ("erlang_otp_build_source", "ftp://x/y.tar.gz", "is a URL that nothing can be fetched from here"),
        ("erlang_otp_build_directory", "/usr", "cannot be the directory of builds"),
        ("erlang_otp_roots", [], "is empty"),
        ("erlang_otp_roots", ["lib"], "is no absolute path"),
        (
            "erlang_rollout_serial",
            0,
            "erlang_rollout_serial '0' is neither a number of nodes nor a share of them; give a number of nodes from 1,",
        ),
        ("erlang_rollout_before", {"call": ["m"]}, "is not a call; give module, function and a list"),
        ("erlang_rollout_before", {"shell": "x"}, "'shell' is no call, command or file of tasks; give {call:"),
        ("erlang_rollout_before", {"call": ["m", "f"], "command": ["x"]}, "'call and command' is no call, command or file"),
        ("erlang_rollout_after", {"command": "a b"}, "'a b' is not a list of arguments"),
        ("erlang_rollout_after", {"tasks": ""}, "is empty"),
        ("erlang_rollout_health", {"tasks": "x.yml"}, "'tasks' is neither a call nor a command; give {call:"),
        ("erlang_rollout_settle", -1, "-1 is not between 0 and 3600"),
        ("erlang_rollout_timeout", 0, "0 is not between 1 and 86400"),
        ("erlang_verify_timeout", float("nan"), "is not between 0.1 and 300"),
        ("erlang_verify_walls", ["plain", "plain"], "is there twice"),
        ("erlang_verify_watch_directory", "/etc/cron.d", "cannot be the directory of a collector"),
        ("erlang_verify_watch_interval", 1, "1 is not between 10 and 86400"),
    ],
)
def test_one_sentence_for_what_is_wrong(variable: str, value: Any, sentence: str) -> None:
    found = sentences(variable, value)
    assert any(sentence in one for one in found), found
    assert len(found) <= 2 and "secret'" not in "".join(found) and "123456" not in "".join(found)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("erlang_account_home", "/home/erlang"),
        ("erlang_app_release", ""),
        ("erlang_app_start", ["my_app", "start", 5, "an argument"]),
        ("erlang_cluster_cookie", ""),
        ("erlang_node_sys_config", {"guard": {"Elixir.Guard.Repo": {"password": "x"}}, "kernel": {"logger_level": {"$atom": "info"}}}),
        (
            "erlang_node_vm_args",
            ["+P", 2097152, "-kernel", "net_setuptime", "9", "-guard", "level", "x", "+sbwt", "none", "-eval", "f() -> -setcookie."],
        ),
        (
            "erlang_node_unit_settings",
            {"Service": {"RestartSec": 1, "MemoryMax": "2G", "CPUQuota": "150%", "ReadWritePaths": ["/srv/data", "-/mnt/x"]}},
        ),
        ("erlang_node_unit_settings", {"Unit": {"After": ["postgresql.service", "x@y.service"], "ConditionPathExists": "!/run/%n"}}),
        ("erlang_node_unit_settings", {"Service": {"TasksMax": "80%"}}),
        ("erlang_otp_build_source", "https://example.net/otp.tar.gz"),
        ("erlang_rollout_after", {"tasks": "files/after.yml"}),
        ("erlang_rollout_before", {"call": ["my_app", "drain", [{"$atom": "all"}]]}),
        ("erlang_rollout_health", {"command": ["/usr/local/bin/healthy", "-q"]}),
        ("erlang_rollout_serial", [1, "25%"]),
        ("erlang_verify_walls", []),
        ("erlang_verify_watch_directory", ""),
    ],
)
def test_what_may_be_given(variable: str, value: Any) -> None:
    assert sentences(variable, value) == []


def test_lifetimes_that_do_not_fit_one_another() -> None:
    found = checks.of_host("alpha", {"erlang_certs_days": 90, "erlang_certs_renew_before_days": 90, "erlang_certs_ca_days": 30})
    assert [fault.variable for fault in found] == ["erlang_certs_renew_before_days", "erlang_certs_days"]


def test_the_readme_lists_what_may_be_set_in_a_unit() -> None:
    said = " ".join(OPTIONS["erlang_node_unit_settings"]["description"])
    names = {name for known in unit_settings.ALLOWED.values() for name in known if not name.startswith(("Assert", "Condition"))}
    assert {name for name in names if "C(%s)" % name not in said} == set()


SCALARS = st.text(max_size=20) | st.text("\n\\%= +/-a.~", max_size=20) | st.integers() | st.floats() | st.booleans() | st.none()


SECTIONS = st.sampled_from(sorted(unit_settings.ALLOWED)) | st.text()
DIRECTIVES = st.sampled_from(sorted(unit_settings.ALLOWED["Service"])) | st.text()


@given(st.dictionaries(SECTIONS, st.dictionaries(DIRECTIVES, SCALARS | st.lists(SCALARS))))
def test_what_passes_is_one_line_each_in_a_unit(settings: Any) -> None:
    """Of any names and values: a line of its own, with a directive that is known, and nothing that goes on in the next."""
    if list(unit_settings.problems(settings)):
        return
    for section, lines in settings.items():
        for directive, value in lines.items():
            assert directive in unit_settings.ALLOWED[section]
            for single in value if isinstance(value, list) else [value]:
                line = "%s=%s" % (directive, single)
                assert len(line.splitlines()) == 1 and not line.endswith("\\")


@given(st.lists(SCALARS))
def test_what_passes_has_none_of_the_roles_flags(arguments: Any) -> None:
    if not list(flags.problems(arguments)):
        assert not {str(item) for item in arguments} & set(flags.OWN)
        assert all(len(str(item).splitlines()) == 1 and not isinstance(item, bool) for item in arguments)
