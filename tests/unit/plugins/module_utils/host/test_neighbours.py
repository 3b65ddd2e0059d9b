# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.beam.tls_distribution.plugins.module_utils._host import neighbours

STATE = {"active": "active", "enabled": "enabled"}


def made(root, name, **files):
    """The configuration of a node."""
    place = root / "etc" / name
    place.mkdir(parents=True)
    for file, text in files.items():
        (place / file.replace("_", ".", 1)).write_text(text)
    return str(root / "etc")


def test_a_node_is_read_from_its_files(tmp_path):
    units = tmp_path / "system"
    units.mkdir()
    home = tmp_path / "home"
    (home / "Mnesia.guard@alpha").mkdir(parents=True)
    (units / "erlang-guard.service").write_text("[Service]\nWorkingDirectory=%s\n" % home)
    (units / "erlang-guard-watch.timer").write_text("")
    table = '{listen_port,4370}.\n{epmd,false}.\n{peer,\'guard@bravo\',"198.18.2.10",4370}.\n{peer, guard@carol, "x", 1}.\n'
    etc = made(tmp_path, "guard", vm_args="# Made by Ansible\n-sname\nguard@alpha\n-proto_dist\ninet_tls\n", peers_config=table)
    made(tmp_path, "empty")
    made(tmp_path, "odd name", vm_args="-name x@y")
    assert neighbours.names(etc) == ["guard"] and neighbours.names(str(tmp_path / "none")) == []
    assert neighbours.read(etc, "guard", STATE, str(units)) == {
        "name": "guard", "node": "guard@alpha", "port": 4370, "peers": ["guard@bravo", "guard@carol"], "active": "active", "enabled": "enabled",
        "units": ["erlang-guard.service", "erlang-guard-watch.timer"], "mnesia": [str(home / "Mnesia.guard@alpha")], "about": None, "listens": None,
    }  # fmt: skip


def test_a_patched_runtime_has_its_port_elsewhere(tmp_path):
    etc = made(tmp_path, "g", vm_args="-name g@a.b", peers_config="{listen_port,0}.\n", sys_config="[{kernel,[{inet_ssl_port,4390}]}].\n")
    assert neighbours.read(etc, "g", {}, str(tmp_path))["port"] == 4390


def test_what_cannot_be_read_is_no_node(tmp_path):
    for name, text in (("a", "-name 'a@b"), ("b", "-proto_dist inet_tls"), ("c", "-name '$(reboot)@x'")):
        etc = made(tmp_path, name, vm_args=text)
        assert neighbours.read(etc, name, STATE, str(tmp_path)) is None


def test_what_a_node_started_with_is_what_its_unit_wrote_down(tmp_path):
    """A run that ended behind the switch leaves a link to a generation that the node does not run."""
    generations, running = tmp_path / "generations", tmp_path / "running"
    for number in ("7", "8"):
        (generations / number).mkdir(parents=True)
        (generations / number / "about.json").write_text(number)
    places = {"generations": str(generations), "about": str(generations / "8" / "about.json"), "running_generation": str(running)}
    assert neighbours.about(places) == "8"
    digest = "0" * 64
    running.write_text(f"restart {digest} {generations}/7/sys.config\nrestart {digest} {generations}/7/unit\nreload {digest} /etc/x\n")
    assert neighbours.about(places) == "7"
    running.write_text(f"restart {digest} {generations}/7/sys.config\nrestart {digest} {generations}/8/unit\n")
    assert neighbours.about(places) is None
    running.write_text(f"restart {digest} {generations}/9/sys.config\n")
    assert neighbours.about(places) is None
