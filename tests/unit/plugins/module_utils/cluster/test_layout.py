# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import ast
from pathlib import Path

import yaml
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout

COLLECTION = Path(layout.__file__).parents[3]
PLACES = layout.layout("guard", "/srv/nodes")


def test_paths_are_those_that_the_page_on_the_architecture_names() -> None:
    assert PLACES["certificate"] == "/etc/erlang/guard/node.pem" and PLACES["trust"] == "/etc/erlang/guard/ca.pem"
    assert PLACES["service_file"] == "/etc/systemd/system/erlang-guard.service"
    assert PLACES["service_link"] == "/etc/systemd/system/multi-user.target.wants/erlang-guard.service"
    assert PLACES["boot_script"] == "/opt/erlang/nodes/guard/current/boot/start_ssl_clean"
    assert PLACES["cookie"] == "/srv/nodes/guard/.erlang.cookie"
    assert PLACES["running_generation"] == "/run/erlang-guard/generation"
    assert PLACES["watch_metrics"] == "/var/lib/erlang-guard-watch/erlang-guard.prom"
    assert layout.application("guard", "1.0.0", "0123456789ab") == "/opt/erlang/apps/guard/1.0.0-0123456789ab"
    assert layout.cluster("/c")["ca_certificate"] == "/c/ca.pem"


def test_what_is_read_at_the_start_is_in_the_directory_of_a_generation() -> None:
    within = layout.of_generation(PLACES, "/g/7")
    moved = {key: path for key, path in within.items() if path != PLACES[key]}
    assert all(path.startswith("/g/7/") for path in moved.values()) and moved["boot_script"] == "/g/7/boot/start_ssl_clean"
    assert {"sys_config", "vm_args", "tls_options", "environment", "unit_text", "erl", "ebin", "release_program"} <= set(moved)
    assert not {"peers", "certificate", "trust", "cookie", "control", "generation"} & set(moved)


def test_each_thing_has_a_place_of_its_own_that_no_other_node_has() -> None:
    assert len(set(PLACES.values())) == len(PLACES)
    other = layout.layout("guard2", "/srv/nodes")
    assert {key for key in PLACES if PLACES[key] == other[key]} == {"account_home", "configurations"}


def test_files_are_where_a_configuration_lies_elsewhere_too() -> None:
    assert layout.configuration("/elsewhere") == {
        key: "/elsewhere/" + PLACES[key].rpartition("/")[2] for key in layout.configuration(PLACES["config"])
    }


def test_units_are_the_services_own_names() -> None:
    assert layout.units("guard") == [
        "erlang-guard.service",
        "erlang-guard-firewall-keeper.service",
        "erlang-guard-firewall.service",
        "erlang-guard-watch.timer",
        "erlang-guard-watch.service",
    ]


def test_the_home_of_the_account_is_the_default_of_the_role() -> None:
    specification = yaml.safe_load((COLLECTION / "roles/erlang_account/meta/argument_specs.yml").read_text(encoding="utf-8"))
    assert specification["argument_specs"]["main"]["options"]["erlang_account_home"]["default"] == layout.ACCOUNT_HOME


def test_it_imports_nothing_of_the_collection() -> None:
    tree = ast.parse(Path(layout.__file__).read_text(encoding="utf-8"))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ansible")]
