# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parts of the lab that need no host."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from lab import inventory, lifecycle, network, settings, testing

NORTH, WEST, MOBILE = settings.NETWORKS[0], *settings.FURTHER_NETWORKS


def test_suites_take_turns() -> None:
    assert settings.cycled(["bookworm", "trixie", "forky"]) == {
        "alpha": "bookworm",
        "bravo": "trixie",
        "carol": "forky",
        "dave": "bookworm",
    }
    assert settings.oldest(["forky", "bookworm", "trixie"]) == "bookworm"
    with pytest.raises(SystemExit, match="no suite 'woody'"):
        settings.cycled(["woody"])


def test_a_host_that_is_not_there() -> None:
    with pytest.raises(SystemExit, match="no host 'zoe'; there are alpha"):
        settings.host("zoe")


@pytest.mark.parametrize("parts", [["nonsense"], ["unit", "nonsense"], ["unit", "mesh"], ["molecule", "nonsense"]])
def test_a_part_of_the_tests_that_is_not_there(parts: list[str]) -> None:
    with pytest.raises(SystemExit, match="no part '%s' of the tests; parts are unit" % parts[-1]):
        testing.test(parts)


def test_routers_drop_unless_there_is_a_plan() -> None:
    closed = network.router(NORTH, "")
    assert "policy drop" in closed and "jump" not in closed
    opened = network.router(NORTH, "# comment\nchain erlang_guard {\n    ip saddr 198.18.1.10 accept\n}\n")
    assert "jump erlang_guard" in opened and opened.index("chain erlang_guard") < opened.index("chain forward")


def test_a_router_whose_hosts_only_dial_out_knows_nothing_of_the_plan() -> None:
    rules = network.router(MOBILE, "chain erlang_guard {\n    ip saddr 198.18.1.10 accept\n}\n")
    assert "erlang_guard" not in rules and 'iifname "inside" accept' in rules and "policy drop" in rules


def test_each_host_behind_a_translation_has_a_port_of_the_router() -> None:
    rules = network.translation(WEST, settings.hosts(16))
    assert "ip daddr 198.18.0.14 tcp dport 4371 dnat to 198.18.4.10:4370" in rules
    assert "ip daddr 198.18.0.14 tcp dport 4372 dnat to 198.18.4.20:4370" in rules
    assert "ip saddr 198.18.4.0/24 snat to 198.18.0.14" in rules


@pytest.mark.parametrize("nodes", [4, 16, settings.MOST_NODES])
def test_no_address_twice_and_none_outside_the_lab(nodes: int) -> None:
    addresses = [plug.address for plug in network.plugs(settings.hosts(nodes))]
    assert len(addresses) == len(set(addresses)) == len({settings.address6(address) for address in addresses})
    assert all(address.startswith(("198.18.", "198.19.")) for address in addresses)
    assert all(settings.address6(address).startswith(("2001:db8:18:", "2001:db8:19:")) for address in addresses)


def test_a_lab_of_more_than_four_nodes_has_one_host_more() -> None:
    assert settings.hosts(4) == settings.HOSTS
    sixteen = settings.hosts(16)
    assert sixteen[:4] == settings.HOSTS and len(sixteen) == 17 and sixteen[-1] == settings.MOBILE


def test_what_is_translated_is_known_to_nobody_else() -> None:
    routes = {(plug.namespace, route) for plug in network.plugs(settings.hosts(16)) for route, _router in plug.routes}
    assert "198.18.4.0/24" not in {route for _namespace, route in routes}
    assert {("stranger", "198.18.5.0/24"), ("router-north", "198.18.5.0/24")} <= routes


def test_inventory_has_every_host_in_its_network() -> None:
    made = inventory.inventory(Path("/guard-1.0.0.tar.gz"))
    children = made["erlang"]["children"]  # type: ignore[index]
    assert {name: sorted(group["hosts"]) for name, group in children.items()} == {
        "north": ["alpha"],
        "south": ["bravo"],
        "east": ["carol", "dave"],
    }


def test_inventory_of_hosts_behind_a_translation_and_of_one_that_only_dials_out() -> None:
    made = inventory.inventory(Path("/guard-1.0.0.tar.gz"), settings.hosts(16))
    erlang, outsiders = made["erlang"], made["erlang_outsiders"]
    assert erlang["vars"]["erlang_cluster_discovery"] == "map"  # type: ignore[index]
    frank = erlang["children"]["west"]["hosts"]["frank"]  # type: ignore[index]
    assert frank == {
        "ansible_host": "198.19.0.16",
        "erlang_node_host": "frank.example.net",
        "erlang_node_addresses": ["198.18.0.14"],
        "erlang_node_sources": ["198.18.0.14"],
        "erlang_node_port": 4372,
        "erlang_node_listen_port": 4370,
    }
    assert sum(len(group["hosts"]) for group in erlang["children"].values()) == 16  # type: ignore[index]
    assert set(outsiders["hosts"]) == {"stranger", "neighbour", "mobile"}  # type: ignore[index]
    assert outsiders["hosts"]["mobile"]["ansible_host"] == "198.19.0.99"  # type: ignore[index]


def test_variables_among_options() -> None:
    assert lifecycle.variables(["--diff", "-e", "a=1", "--extra-vars=b=2", "--limit", "x"]) == ["-e", "a=1", "--extra-vars=b=2"]


def test_jobs_go_side_by_side_in_labs_of_their_own(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    meeting = threading.Barrier(2, timeout=10)
    labs: dict[str, str] = {}

    def shown(argv: list[str], environment: dict[str, str], prefix: str) -> tuple[int, list[str]]:
        job = argv[-1]
        labs[job] = environment["BEAM_LAB"]
        assert prefix.endswith(job + " | ")
        if job in ("mesh", "faults"):
            meeting.wait()
        return (1, ["broken", "FAILED tests/a.py::b - because"]) if job == "unit" else (0, ["9 passed, 1 failed", "3 passed, 0 failed"])

    monkeypatch.setattr(testing, "_run_shown", shown)
    monkeypatch.setattr(testing, "LANES", 2)
    assert testing.test(["unit", "lint", "molecule", "mesh", "faults"]) == 1
    assert set(labs) == {"unit", "lint", "mesh", "faults"} and labs["mesh"] != labs["faults"]
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == "9 passed, 1 failed"
    assert said[-2] == "unit | FAILED tests/a.py::b - because"
    assert [line.split()[0] for line in said[-6:-2]] == ["unit", "lint", "molecule", "molecule"]


def test_failures_are_shown_again() -> None:
    shown = "  │ "
    lines = [
        shown + "=========== test session starts ===========",
        shown + "tests/a.py .F",
        shown + "=========== FAILURES ===========",
        shown + "E   assert 1 == 2",
        shown + "=========== short test summary info ===========",
        shown + "FAILED tests/a.py::b - because",
        shown + "=========== 1 failed, 1 passed in 0.2s ===========",
        "mypy on the lab                                    FAILED 1.3 s",
        "decoders under damaged input                       ok 1.3 s",
        "lab: networks, routers and firewalls ...           0.1 s",
        "lab: alpha did not come up",
    ]
    assert testing.failures(lines) == [lines[2], lines[3], lines[5], lines[7], lines[10]]


def test_one_job_goes_here_and_now(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[list[str]] = []
    monkeypatch.setattr(testing, "_run_shown", lambda argv, environment: (begun.append(argv[-2:]), (0, ["3 passed, 0 failed"]))[1])
    assert testing.test(["lint", "lint"]) == 0
    assert begun == [[str(settings.CHECKOUT / "tests" / "ground" / "run"), "lint"]]


def test_a_job_that_cannot_be_begun_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    def shown(argv: list[str], environment: dict[str, str], prefix: str) -> tuple[int, list[str]]:
        if argv[-1] == "unit":
            raise OSError("no process left")
        return 0, ["3 passed, 0 failed"]

    monkeypatch.setattr(testing, "_run_shown", shown)
    with pytest.raises(OSError, match="no process left"):
        testing.test(["unit", "lint"])


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("  │ ============================= 11 passed in 41.67s", True),
        ("=== 1 failed, 2 passed, 2 errors in 179.95s (0:02:59) ===", True),
        ("========== test session starts ==========", False),
        ("12 passed, 0 failed", False),
    ],
)
def test_sum_of_pytest_in_what_molecule_says(line: str, found: bool) -> None:
    assert bool(testing._PYTEST.search(line)) is found


def test_a_part_that_tests_nothing_has_failed() -> None:
    assert testing._outcome(0, testing.Sum(0, 0)) == testing.Sum(0, 1)
    assert testing._outcome(1, testing.Sum(5, 0)) == testing.Sum(5, 1)
    assert testing._outcome(0, testing.Sum(5, 0)) == testing.Sum(5, 0)
