# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's inventory, as a user would write it: what is the lab's own is how hosts are reached."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lab.network import inside
from lab.settings import CACHE, HOSTS, NETWORKS, OUTSIDERS, RUN

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


def inventory(guard: Path) -> dict[str, object]:
    """The inventory with the example's release ``guard``."""
    children = {
        network.name: {
            "hosts": {
                host.name: {
                    "ansible_host": host.management,
                    "erlang_node_host": host.fqdn,
                    "erlang_node_addresses": [host.address],
                }
                for host in HOSTS
                if host.network == network.name
            }
        }
        for network in NETWORKS
    }
    reached = {
        "ansible_user": "root",
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_ssh_private_key_file": str(RUN / "ssh" / "id_ed25519"),
        "ansible_ssh_common_args": "-F %s -o ControlPath=%s/%%C" % (RUN / "ssh" / "config", RUN / "ssh"),
    }
    settings = {
        "erlang_cluster_name": "guard",
        "erlang_app_release": str(guard),
        "erlang_otp_cache": str(CACHE / "otp"),
        "erlang_node_sys_config": {"guard": {"password": SECRETS["password"], "keys": [{"$binary": SECRETS["line"]}]}},
        "erlang_node_environment": {"GUARD_TOKEN": SECRETS["GUARD_TOKEN"], "GUARD_KEY": SECRETS["GUARD_KEY"]},
        # Nodes that tests kill are back the sooner.
        "erlang_node_unit_settings": {"Service": {"RestartSec": 1}},
    }
    outsiders = {
        outsider.name: {"ansible_connection": "local", "ansible_python_interpreter": str(RUN / ("python-" + outsider.name))}
        for outsider in OUTSIDERS
    }
    return {
        "erlang": {"vars": {**reached, **settings}, "children": children},
        "erlang_outsiders": {"hosts": outsiders},
    }


def write(guard: Path) -> None:
    """Writes the inventory, and the interpreters by which outsiders act in their own networks."""
    for outsider in OUTSIDERS:
        wrapper = RUN / ("python-" + outsider.name)
        wrapper.write_text('#!/bin/sh\nexec %s %s "$@"\n' % (" ".join(inside(outsider.name)), sys.executable))
        wrapper.chmod(0o755)
    FILE.write_text(json.dumps(inventory(guard), indent=2) + "\n")
