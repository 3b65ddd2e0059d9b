#!/usr/bin/python
# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_traffic
short_description: See which connections leave this host, and which arrive
version_added: 1.0.0
author: "beam.tls_distribution contributors (@beam-tls-distribution)"
description:
  - Connects to ports that do not answer, and counts what crosses this host's interfaces meanwhile. Run on all hosts in one task, it
    tells whether a connection is dropped on the host it comes from, on the way, or on the host it goes to;
    M(beam.tls_distribution.mesh_report) compares the answers.
  - Only the heads of the first packet of a TCP connection and of the answer to it are looked at, and only addresses and
    counts are returned.
extends_documentation_fragment:
  - beam.tls_distribution.attributes
  - beam.tls_distribution.attributes.looks
options:
  port:
    description: The port that this host's node listens on.
    type: int
    default: 4370
  connect_to:
    description: The places to connect to, again and again.
    aliases: [knock]
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: An address.
        type: str
        required: true
      port:
        description: A TCP port.
        type: int
        required: true
  seconds:
    description: How long to watch.
    type: float
    default: 3.0
"""

EXAMPLES = r"""
- name: See where connections from here to bravo end
  beam.tls_distribution.node_traffic:
    connect_to:
      - address: 198.51.100.7
        port: 4370
"""

RETURN = r"""
sent:
  description: Connections that left this host for O(connect_to). None where interfaces cannot be watched, as
    without root.
  returned: success
  type: list
  elements: dict
  contains:
    address: {description: The far end., type: str, returned: always}
    port: {description: Its port., type: int, returned: always}
    asked: {description: First packets that left., type: int, returned: always}
    answered: {description: Answers that arrived., type: int, returned: always}
arrived:
  description: Connections that arrived at O(port), by the address they come from.
  returned: success
  type: list
  elements: dict
  contains:
    address: {description: The far end., type: str, returned: always}
    port: {description: The port here., type: int, returned: always}
    asked: {description: First packets that arrived., type: int, returned: always}
    answered: {description: Answers that left., type: int, returned: always}
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import options, repeated_connections
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.network import Network
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.traffic import Traffic, counted


def main() -> None:
    """Entry point."""
    place = {"address": {"type": "str", "required": True}, "port": {"type": "int", "required": True}}
    spec = {
        "port": {"type": "int", "default": options.PORT},
        "connect_to": {"type": "list", "elements": "dict", "default": [], "options": place, "aliases": ["knock"]},
        "seconds": {"type": "float", "default": 3.0},
    }
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    places = [(wanted["address"], wanted["port"]) for wanted in module.params["connect_to"]]
    try:
        end = time.monotonic() + options.checked_timeout(module.params["seconds"], "seconds")
        traffic = Traffic(options.checked_port(module.params["port"], "port"))
    except options.OptionError as error:
        module.fail_json(msg=str(error))
    except OSError:
        module.exit_json(changed=False, sent=None, arrived=None)
    repeated_connections.connect(Network(), places, end)
    traffic.until(end)
    traffic.close()
    module.exit_json(changed=False, sent=counted(traffic.sent, places), arrived=counted(traffic.arrived))


if __name__ == "__main__":
    main()
