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
from ansible_collections.beam.tls_distribution.plugins.module_utils.cluster.faults import Fault, InputError, fold
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.inventory import read_host
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.specifications import Specifications

OPTIONS: dict[str, t.Any] = {
    "erlang_cluster_port": {"type": "int", "default": 4370},
    "erlang_cluster_discovery": {"type": "str", "default": "port", "choices": ["port", "map", "epmd"]},
    "erlang_cluster_cookie": {"type": "str", "no_log": True},
    "erlang_cluster_numbers": {"type": "list", "elements": "int"},
    "erlang_cluster_name": {"type": "str", "default": "erlang"},
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
    ],
)
def test_values_take_the_type_of_their_specification(
    specifications: Specifications, name: str, value: t.Any, expected: t.Any
) -> None:
    assert specifications.validated(name, value) == expected


@pytest.mark.parametrize(
    ("name", "value", "problem", "fix"),
    [
        ("erlang_cluster_port", "abc", "is not an integer", "give a number"),
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
def test_values_that_do_not_fit(
    specifications: Specifications, name: str, value: t.Any, problem: str, fix: str
) -> None:
    with pytest.raises(InputError) as raised:
        specifications.validated(name, value)
    assert (raised.value.problem, raised.value.fix) == (problem, fix)


def read(specifications: Specifications, **variables: t.Any) -> tuple[dict[str, t.Any], list[str]]:
    faults: list[Fault] = []
    raw = {name: trust_as_template(value) if isinstance(value, str) else value for name, value in variables.items()}
    values = read_host("alpha", raw, specifications, DataLoader(), faults)
    return values, [str(fault) for fault in fold(faults)]


def test_a_host_has_defaults_and_templated_values(specifications: Specifications) -> None:
    values, faults = read(specifications, erlang_cluster_port="{{ base + 1 }}", base=4370)
    assert faults == []
    assert values == {"erlang_cluster_port": 4371, "erlang_cluster_discovery": "port", "erlang_cluster_name": "erlang"}


def test_faults_of_a_host_are_sentences(specifications: Specifications) -> None:
    values, faults = read(
        specifications, erlang_cluster_prot=1, erlang_cluster_discovery="prt", erlang_cluster_port="{{ nowhere }}"
    )
    assert faults == [
        "alpha: erlang_cluster_prot is a variable that no role knows; the nearest one is erlang_cluster_port.",
        "alpha: erlang_cluster_port cannot be worked out ('nowhere' is undefined); correct its template.",
        "alpha: erlang_cluster_discovery 'prt' is not known; choose port, map or epmd.",
    ]
    assert values["erlang_cluster_discovery"] is None


def test_a_secret_is_not_shown(specifications: Specifications) -> None:
    for cookie in ({"se": "cret"}, "{{ 'secret' | nofilter }}"):
        _values, faults = read(specifications, erlang_cluster_cookie=cookie)
        assert len([fault for fault in faults if "erlang_cluster_cookie" in fault]) == len(faults)
        assert not any("cret" in fault for fault in faults)
