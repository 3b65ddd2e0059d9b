# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the action cluster_verify hands to the module node_verify."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.beam.tls_distribution.plugins.action import cluster_verify
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.topology import build
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.walls import NAMES
from variables import with_defaults

HOSTS = {
    name: {
        "erlang_cluster_directory": "/cluster",
        "erlang_cluster_name": "guard",
        "erlang_node_host": name + ".example.net",
        "erlang_node_addresses": ["198.18.1.1%d" % number],
    }
    for number, name in enumerate(("alpha", "bravo"))
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., tuple[dict[str, t.Any], dict[str, t.Any] | None]]:
    """Runs the action, and returns its result and the options that the module was given, if it was run."""

    def run(check: bool = False, **given: t.Any) -> tuple[dict[str, t.Any], dict[str, t.Any] | None]:
        calls: list[dict[str, t.Any]] = []

        def execute(module_name: str, module_args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
            assert module_name == "beam.tls_distribution.node_verify"
            calls.append(module_args)
            return {"edges": [], "walls": [], "changed": False}

        topology = build(with_defaults(HOSTS), lambda name: [], pytest.fail)
        action = object.__new__(cluster_verify.ActionModule)
        further = {
            "timeout": 5.0,
            "retry_seconds": 10.0,
            "host": None,
            "rotation": False,
            "passphrase": None,
        }
        arguments = {"topology": topology, "walls": list(NAMES), "authorities": [], **further}
        monkeypatch.setattr(ActionBase, "run", lambda *_arguments: {})
        monkeypatch.setattr(action, "validate_argument_spec", lambda _spec: (None, {**arguments, **given}), raising=False)
        monkeypatch.setattr(action, "_execute_module", execute, raising=False)
        action._task = types.SimpleNamespace(check_mode=check)
        result = action.run(None, {"inventory_hostname": "alpha"})
        return result, calls[0] if calls else None

    return run


def test_a_node_shows_a_certificate_of_its_own_host_that_nobody_trusts(asked: t.Any) -> None:
    result, options = asked()
    assert options["node"] == "guard@alpha.example.net" and "PRIVATE KEY" in options["foreign_certificate"]
    assert options["retry_seconds"] == 10.0 and result["walls"] == []
    assert "foreign_certificate" not in asked(walls=["plain"])[1]


def test_in_check_mode_nothing_is_tried_again(asked: t.Any) -> None:
    assert asked(check=True)[1]["retry_seconds"] == 0.0


def test_the_controller_is_skipped_without_a_wall_to_prove(asked: t.Any) -> None:
    assert asked(host="controller")[1]["walls"] == ["packet_filter"]
    result, options = asked(host="controller", walls=["plain", "foreign_ca"])
    assert options is None and result["skipped"] is True


def test_a_controller_without_cryptography_says_so(asked: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_verify.foreign, "CRYPTOGRAPHY_MISSING", ImportError("cryptography"))
    with pytest.raises(AnsibleActionFail, match="cryptography is missing"):
        asked()
    assert asked(walls=["plain"])[1] is not None
