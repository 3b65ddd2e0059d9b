# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import trust_as_template
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError, InventoryFault, fold
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.machines import CONNECTION
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.inventory import check_deferred, read_host
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.specifications import Specifications

OPTIONS: dict[str, t.Any] = {
    "erlang_cluster_port": {"type": "int", "default": 4370},
    "erlang_cluster_discovery": {"type": "str", "default": "port", "choices": ["port", "map", "epmd"]},
    "erlang_cluster_cookie": {"type": "str", "no_log": True},
    "erlang_cluster_numbers": {"type": "list", "elements": "int"},
    "erlang_cluster_name": {"type": "str", "default": "erlang"},
    "erlang_cluster_words": {"type": "list", "elements": "str"},
    "erlang_cluster_mapping": {"type": "dict", "default": {}, "no_log": True},
    "erlang_cluster_seconds": {"type": "float"},
    "erlang_node_vm_args": {"type": "list", "elements": "str", "default": []},
    "erlang_node_sys_config": {"type": "dict", "default": {}, "no_log": True},
}


@pytest.fixture
def specifications(tmp_path: Path) -> Specifications:
    role = tmp_path / "roles" / "erlang_cluster"
    (role / "meta").mkdir(parents=True)
    (role / "vars").mkdir()
    content = {"argument_specs": {"main": {"options": OPTIONS}}}
    (role / "meta" / "argument_specs.yml").write_text(yaml.safe_dump(content, sort_keys=False))
    (role / "vars" / "main.yml").write_text("erlang_cluster_node: x\n")
    return Specifications(tmp_path, lambda path: yaml.safe_load(Path(path).read_text()))


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("erlang_cluster_port", None),
        ("erlang_cluster_node", None),
        ("erlang_cluster_topology", None),
        ("erlang_cluster_prot", "erlang_cluster_port"),
        ("erlang_clster_port", "erlang_cluster_port"),
        ("erlang_cluster_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", ""),
        ("erlang_is_fun", None),
        ("my_port", None),
    ],
)
def test_names_that_are_probably_misspelt(specifications: Specifications, name: str, nearest: str | None) -> None:
    assert specifications.nearest(name, {"erlang_cluster_topology"}) == nearest


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("erlang_cluster_port", "4371", 4371),
        ("erlang_cluster_discovery", "map", "map"),
        ("erlang_cluster_numbers", ["1"], [1]),
        ("erlang_cluster_words", ["+P", 100], ["+P", "100"]),
        ("erlang_cluster_seconds", "0.5", 0.5),
    ],
)
def test_values_take_the_type_of_their_specification(specifications: Specifications, name: str, value: t.Any, expected: t.Any) -> None:
    assert specifications.validated(name, value) == expected


@pytest.mark.parametrize(
    ("name", "value", "problem", "fix"),
    [
        ("erlang_cluster_port", "abc", "is not an integer", "give a number"),
        ("erlang_cluster_port", True, "is not an integer", "give a number"),
        ("erlang_cluster_port", 4370.0, "is not an integer", "give a number"),
        ("erlang_cluster_port", "43_70", "is not an integer", "give a number"),
        ("erlang_cluster_port", "\uff14\uff13\uff17\uff10", "is not an integer", "give a number"),
        ("erlang_cluster_port", [4370], "is not an integer", "give a number"),
        ("erlang_cluster_seconds", True, "is not a number", "give a number"),
        ("erlang_cluster_seconds", "nan", "is not a number", "give a number"),
        ("erlang_cluster_name", True, "is not a string", "give a string"),
        ("erlang_cluster_name", 1e3, "is not a string", "give a string"),
        ("erlang_cluster_name", "a\0b", "has characters that no name of a file can have", "write it anew"),
        ("erlang_cluster_name", "a\ud800b", "has characters that no name of a file can have", "write it anew"),
        ("erlang_cluster_name", ["a"], "is not a string", "give a string"),
        ("erlang_cluster_words", "a,b", "is not a list", "give a list"),
        ("erlang_cluster_words", [None], "has an element that is not a string", "give a list in which each is a string"),
        ("erlang_cluster_words", [True], "has an element that is not a string", "give a list in which each is a string"),
        ("erlang_cluster_words", [1.10], "has an element that is not a string", "give a list in which each is a string"),
        ("erlang_cluster_words", [["a"]], "has an element that is not a string", "give a list in which each is a string"),
        ("erlang_cluster_mapping", "a=b", "is not a mapping", "give a mapping"),
        ("erlang_cluster_discovery", "prt", "is not known", "choose port, map or epmd"),
        ("erlang_cluster_numbers", {"a": 1}, "is not a list", "give a list"),
        (
            "erlang_cluster_numbers",
            ["x"],
            "has an element that is not an integer",
            "give a list in which each is a number",
        ),
    ],
)
def test_values_that_do_not_fit(specifications: Specifications, name: str, value: t.Any, problem: str, fix: str) -> None:
    with pytest.raises(InputError) as raised:
        specifications.validated(name, value)
    assert (raised.value.problem, raised.value.fix) == (problem, fix)


def read(specifications: Specifications, **variables: t.Any) -> tuple[dict[str, t.Any], list[str]]:
    faults: list[InventoryFault] = []
    raw = {name: trust_as_template(value) if isinstance(value, str) else value for name, value in variables.items()}
    values = read_host("alpha", raw, specifications, DataLoader(), faults)
    return values, [str(fault) for fault in fold(faults)]


def test_a_host_has_defaults_and_templated_values(specifications: Specifications) -> None:
    values, faults = read(specifications, erlang_cluster_port="{{ base + 1 }}", base=4370)
    assert faults == []
    assert values.pop(CONNECTION) == "alpha port 22"
    assert values == {
        "erlang_cluster_port": 4371,
        "erlang_cluster_discovery": "port",
        "erlang_cluster_name": "erlang",
        "erlang_cluster_mapping": {},
    }


def test_a_variable_that_has_a_default_has_to_have_a_value(specifications: Specifications) -> None:
    _values, faults = read(specifications, erlang_cluster_name=None, erlang_cluster_words=None)
    assert faults == ["alpha: erlang_cluster_name has no value; give a string, or remove it."]


TOPOLOGY: dict[str, t.Any] = {"nodes": {"alpha": {"node": "guard@alpha"}}}


@pytest.mark.parametrize(
    ("topology", "variables", "sentences"),
    [
        (TOPOLOGY, {"erlang_node_sys_config": {"guard": {"node": "{{ erlang_cluster_node.node }}"}}}, []),
        (None, {"erlang_node_sys_config": {"guard": {"node": "{{ erlang_cluster_node.node }}"}}}, []),
        (
            None,
            {"erlang_node_vm_args": ["+P", "{{ erlang_survey.processors }}"]},
            ["alpha: erlang_node_vm_args cannot be worked out ('erlang_survey' is undefined); correct its template."],
        ),
        (
            TOPOLOGY,
            {"erlang_node_sys_config": {"guard": {"password": "secret", "node": "{{ nowhere }}"}}},
            ["alpha: erlang_node_sys_config cannot be worked out ('nowhere' is undefined); correct its template."],
        ),
        (None, {"erlang_node_vm_args": None}, ["alpha: erlang_node_vm_args has no value; give a list, or remove it."]),
        (None, {"erlang_node_sys_config": "secret"}, ["alpha: erlang_node_sys_config is not a mapping; give a mapping."]),
        (
            None,
            {"erlang_node_sys_config": {"guard": "{{ 'secret' }}"}, "erlang_node_vm_args": ["{{ '-name' }}"]},
            [
                "alpha: erlang_node_sys_config 'guard' is no mapping; give the parameters of the application and their values.",
                "alpha: erlang_node_vm_args '-name' is the role's own; use erlang_node_name and erlang_node_host.",
            ],
        ),
    ],
)
def test_variables_that_may_refer_to_the_topology(
    specifications: Specifications, topology: dict[str, t.Any] | None, variables: dict[str, t.Any], sentences: list[str]
) -> None:
    def trusted(value: t.Any) -> t.Any:
        if isinstance(value, dict):
            return {key: trusted(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [trusted(inner) for inner in value]
        return trust_as_template(value) if isinstance(value, str) else value

    faults: list[InventoryFault] = []
    check_deferred("alpha", trusted(variables), specifications, DataLoader(), topology, faults)
    assert sorted(str(fault) for fault in faults) == sentences


def test_faults_of_a_host_are_sentences(specifications: Specifications) -> None:
    values, faults = read(specifications, erlang_cluster_prot=1, erlang_cluster_discovery="prt", erlang_cluster_port="{{ nowhere }}")
    assert faults == [
        "alpha: erlang_cluster_prot is a variable that no role knows; the nearest one is erlang_cluster_port.",
        "alpha: erlang_cluster_port cannot be worked out ('nowhere' is undefined); correct its template.",
        "alpha: erlang_cluster_discovery 'prt' is not known; choose port, map or epmd.",
    ]
    assert (values["erlang_cluster_discovery"], values["erlang_cluster_port"]) == ("port", 4370), "what has a fault counts as its default"


def test_a_secret_is_not_shown(specifications: Specifications) -> None:
    for cookie in ({"se": "cret"}, "{{ 'secret' | nofilter }}"):
        _values, faults = read(specifications, erlang_cluster_cookie=cookie)
        assert len([fault for fault in faults if "erlang_cluster_cookie" in fault]) == len(faults)
        assert not any("cret" in fault for fault in faults)
