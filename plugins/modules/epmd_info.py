#!/usr/bin/python
# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: epmd_info
short_description: Ask an epmd which nodes are registered with it
version_added: 1.0.0
author: "beam.tls_distribution contributors (@beam-tls-distribution)"
description:
  - Speaks the protocol of epmd, Erlang's port mapper. No C(erl) and no C(epmd) command is started.
extends_documentation_fragment:
  - beam.tls_distribution.attributes
  - beam.tls_distribution.attributes.looks
options:
  host:
    description: Where epmd listens.
    type: str
    default: 127.0.0.1
  port:
    description: The port of epmd.
    type: int
    default: 4369
  name:
    description: The part of a node name before the V(@). If given, epmd is also asked for what it knows of that node.
    type: str
  timeout:
    description: Seconds that each question may take.
    type: float
    default: 5.0
seealso:
  - name: EPMD Protocol
    description: Section of the ERTS User's Guide.
    link: https://www.erlang.org/doc/apps/erts/erl_dist_protocol.html
"""

EXAMPLES = r"""
- name: Nodes registered with the epmd of this host
  beam.tls_distribution.epmd_info:
  register: epmd

- name: Where the node guard of alpha listens
  beam.tls_distribution.epmd_info:
    host: alpha.example.net
    name: guard
"""

RETURN = r"""
epmd_port:
  description: The port epmd says that it listens on.
  returned: success
  type: int
  sample: 4369
names:
  description: The registered names, and the port each node listens on.
  returned: success
  type: dict
  sample: {guard: 4370}
node:
  description: What epmd knows of O(name), null if it does not know it.
  returned: when O(name) is given
  type: dict
  contains:
    name: {description: The name., type: str, returned: always}
    port: {description: The port the node listens on., type: int, returned: always}
    hidden: {description: Whether it registered as a hidden node., type: bool, returned: always}
    highest_version: {description: The highest version of the distribution protocol it speaks., type: int, returned:
      always}
    lowest_version: {description: The lowest one., type: int, returned: always}
fault:
  description: What is wrong, why, and what to do about it.
  returned: failure
  type: dict
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import options
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.epmd_client import EpmdFault, ask


def main() -> None:
    """Entry point."""
    spec: dict[str, dict[str, Any]] = {
        "host": {"type": "str", "default": "127.0.0.1"},
        "port": {"type": "int", "default": options.EPMD_PORT},
        "name": {"type": "str"},
        "timeout": {"type": "float", "default": 5.0},
    }
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    params = module.params
    try:
        port = options.checked_port(params["port"], "port")
        result = ask(params["host"], port, params["name"], options.checked_timeout(params["timeout"]))
    except options.OptionError as error:
        module.fail_json(msg=str(error))
    except EpmdFault as error:
        module.fail_json(msg=str(error), fault=error.fault.as_result())
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
