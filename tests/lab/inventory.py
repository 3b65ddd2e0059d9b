# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's inventory, as a user would write it: what is the lab's own is how hosts are reached."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from lab.network import inside
from lab.settings import CACHE, HOSTS, OUTSIDERS, PORT, RUN, Host, Network, networks

FILE = RUN / "inventory.yml"
SECRETS = {
    "password": 'p4ssw0rd-of-sys.config "quoted" \\ größe',
    "line": "one-l1ne-of-sys.config\nand another-l1ne-of-it",
    "GUARD_TOKEN": "t0ken-of-the-environment 'a' \"b\" $HOME `id` \\n %n # größe",
    "GUARD_KEY": "f1rst-line-of-a-key\nExecStartPre=+/bin/touch /root/made-by-a-value\n\tl4st-line-of-a-key\\\n",
}
"""What must not be seen in any output, nor by other accounts: two in the node's configuration, two in its environment."""

SECRET_PARTS = [
    "p4ssw0rd-of-sys.config",
    "one-l1ne-of-sys.config",
    "another-l1ne-of-it",
    "t0ken-of-the-environment",
    "f1rst-line-of-a-key",
    "l4st-line-of-a-key",
]
"""Parts of them that are nowhere else, and that no output breaks in two."""


def inventory(guard: Path, hosts: Sequence[Host] = HOSTS) -> dict[str, object]:
    """The inventory of a lab of these hosts, with the example's release ``guard``."""
    reached = {
        "ansible_user": "root",
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_ssh_private_key_file": str(RUN / "ssh" / "id_ed25519"),
        "ansible_ssh_common_args": "-F %s -o ControlPath=%s/%%C" % (RUN / "ssh" / "config", RUN / "ssh"),
    }
    children = {}
    outsiders: dict[str, dict[str, object]] = {
        outsider.name: {"ansible_connection": "local", "ansible_python_interpreter": str(RUN / ("python-" + outsider.name))}
        for outsider in OUTSIDERS
    }
    for network in networks(hosts):
        members = [host for host in hosts if host.network == network.name]
        if network.kind == "dial_out":
            outsiders.update({host.name: {**reached, "ansible_host": host.management} for host in members})
        else:
            children[network.name] = {"hosts": {host.name: _variables(host, network) for host in members}}
    settings = {
        "erlang_cluster_name": "guard",
        "erlang_app_release": str(guard),
        "erlang_otp_cache": str(CACHE / "otp"),
        "erlang_node_sys_config": {"guard": {"password": SECRETS["password"], "keys": [{"$binary": SECRETS["line"]}]}},
        "erlang_node_environment": {"GUARD_TOKEN": SECRETS["GUARD_TOKEN"], "GUARD_KEY": SECRETS["GUARD_KEY"]},
        # Nodes that tests kill are back the sooner.
        "erlang_node_unit_settings": {"Service": {"RestartSec": 1}},
        # So is the next node's turn: what a node of the example shows after three seconds, it shows after thirty.
        "erlang_rollout_settle": 3,
        # What tests see of connections and packets is what they do themselves; those of the watch turn it on.
        "erlang_verify_watch": False,
    }
    if any(host.forwarded for host in hosts):
        # The nodes behind one address are told apart by their ports, which only a table can say.
        settings["erlang_cluster_discovery"] = "map"
    return {
        "erlang": {"vars": {**reached, **settings}, "children": children},
        "erlang_outsiders": {"hosts": outsiders},
    }


def _variables(host: Host, network: Network) -> dict[str, object]:
    """The variables of a host of a network."""
    found: dict[str, object] = {"ansible_host": host.management, "erlang_node_host": host.fqdn, "erlang_node_addresses": [host.address]}
    if network.kind == "translated":
        found.update(
            erlang_node_addresses=[network.router],
            erlang_node_sources=[network.router],
            erlang_node_port=host.forwarded,
            erlang_node_listen_port=PORT,
        )
    return found


def write(guard: Path, hosts: Sequence[Host]) -> None:
    """Writes the inventory, and the interpreters by which outsiders act in their own networks."""
    for outsider in OUTSIDERS:
        wrapper = RUN / ("python-" + outsider.name)
        wrapper.write_text('#!/bin/sh\nexec %s %s "$@"\n' % (" ".join(inside(outsider.name)), sys.executable))
        wrapper.chmod(0o755)
    FILE.write_text(json.dumps(inventory(guard, hosts), indent=2) + "\n")
