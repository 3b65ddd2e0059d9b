#!/usr/bin/python
# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_call
short_description: Call a function of a running node
version_added: 1.0.0
author: "beam.tls_distribution contributors (@beam-tls-distribution)"
description:
  - Connects to a running node as a hidden node and calls any exported function there. No C(erl) is started.
  - The node spawns a process for the call, as C(erpc:call/4) has it; a node that does not offer this is asked through C(rex), as
    C(rpc:call/4) does. What the function prints goes to the standard output of the node.
  - Arguments and result are terms in the tagged form of this collection, the same that C(sys.config) settings are
    written in. Every term has such a form, and a result can be handed back as an argument.
  - A result of more than 16 MiB in external term format, or of more than 64 MiB in memory, is refused.
extends_documentation_fragment:
  - beam.tls_distribution.distribution
  - beam.tls_distribution.distribution.target
attributes:
  check_mode:
    description: Can run in check mode without changing anything.
    support: partial
    details: The function is called only if O(read_only=true), as what it does is not known here; otherwise RV(result)
      is null.
  diff_mode:
    description: Will return details on what has changed.
    support: none
    details: What a function changes is not known here.
  idempotent:
    description: When run twice in a row, the second run changes nothing.
    support: none
    details: The function is called each time.
  platform:
    description: Target operating systems the module runs on.
    support: full
    platforms: posix
options:
  module:
    description: The module of the function.
    type: str
    required: true
  function:
    description: The function.
    type: str
    required: true
  arguments:
    description:
      - The arguments, as a list of tagged terms.
      - >-
        V(true), V(false) and V(null) are the atoms C(true), C(false) and C(undefined), a number is a number, a string an Erlang
        string, a list a list, and a mapping a list of pairs with atoms as keys.
      - >-
        What YAML has no word for is a mapping with one key: C({"$atom": "name"}), C({"$tuple": [...]}), C({"$binary": "text"}),
        C({"$base64": "..."}) for a binary of any bytes, C({"$map": [[key, value], ...]}), C({"$bits": ["base64", bits in the last byte]}),
        C({"$improper": [[items], tail]}), C({"$fun": "module:function/arity"}), and C({"$integer": "16#ff"}) for an integer of more than
        3900 digits.
      - >-
        What a node tells of itself comes as C({"$pid": [node, number, serial, creation]}), C({"$port": [node, number, creation]}),
        C({"$ref": [node, creation, words...]}) and C({"$fun": [module, "base64"]}), and is understood by it when it comes back.
    type: list
    elements: raw
    default: []
  read_only:
    description: States that the function changes nothing. Then the task reports no change, and calls it in check mode
      too.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: What applications run
  beam.tls_distribution.node_call:
    node: guard@alpha.example.net
    module: application
    function: which_applications
    read_only: true
  register: applications

- name: Call a node whose configuration is somewhere else
  beam.tls_distribution.node_call:
    node: rabbit@alpha.example.net
    configuration: /etc/rabbitmq/distribution
    cookie_file: /var/lib/rabbitmq/.erlang.cookie
    module: erlang
    function: nodes
    read_only: true

- name: Let the node of this host connect to bravo
  beam.tls_distribution.node_call:
    node: guard@alpha.example.net
    module: net_kernel
    function: connect_node
    arguments:
      - {"$atom": guard@bravo.example.net}

- name: The process that writes the log
  beam.tls_distribution.node_call:
    node: guard@alpha.example.net
    module: erlang
    function: whereis
    arguments:
      - {"$atom": logger}
    read_only: true
  register: logger

- name: How many messages wait for it
  beam.tls_distribution.node_call:
    node: guard@alpha.example.net
    module: erlang
    function: process_info
    arguments:
      - "{{ logger.result }}"
      - {"$atom": message_queue_len}
    read_only: true
"""

RETURN = r"""
result:
  description: What the function returned, as a tagged term, in the form that O(arguments) has; null if it was not called.
  returned: success
  type: raw
  sample: {"$atom": pong}
fault:
  description: What is wrong (id, cause, remedy, and the names that these sentences hold).
  returned: failure
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import options
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.calling import CallFault, call_tagged
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.commands import run
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.node import Host


def main() -> None:
    """Entry point."""
    spec = {
        "module": {"type": "str", "required": True},
        "function": {"type": "str", "required": True},
        "arguments": {"type": "list", "elements": "raw", "default": []},
        "read_only": {"type": "bool", "default": False},
        **options.target(),
        **options.node_files(),
    }
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    params = module.params
    if module.check_mode and not params["read_only"]:
        module.exit_json(changed=True, result=None)
    try:
        prober = options.prober(params["from_node"] or params["node"], params, "from_node", Host(run).texts)
        result = call_tagged(prober, options.as_target(params), params)
    except options.OptionError as error:
        module.fail_json(msg=str(error))
    except CallFault as error:
        module.fail_json(msg=str(error), fault=error.fault.as_result())
    module.exit_json(changed=not params["read_only"], result=result)


if __name__ == "__main__":
    main()
