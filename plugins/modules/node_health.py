#!/usr/bin/python

# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wait until a node is healthy, and see that it stays so."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_health
short_description: Wait until the node of a host is healthy, and see that it stays so
version_added: 1.0.0
description:
  - A node is healthy if its service is up, if it answers as a member of its cluster, if it is connected with the nodes that are named, and if the
    user's own check of it is true.
  - Fails if that does not come about in time, or if it does not stay so for O(settle) seconds. A service that ends after it was up, also one that systemd
    starts again, is not waited for.
  - Runs on the host of the node, and asks it over the loopback.
author:
  - "beam.tls_distribution contributors (@beam-tls-distribution)"
extends_documentation_fragment:
  - beam.tls_distribution.attributes
  - beam.tls_distribution.attributes.looks
  - beam.tls_distribution.distribution
  - beam.tls_distribution.distribution.target
options:
  unit:
    description: The node's service.
    type: str
    required: true
  peers:
    description: Names of nodes that it has to be connected with.
    type: list
    elements: str
    default: []
  settle:
    description: Seconds for which all of it has to stay so.
    type: float
    default: 30
  wait:
    description: Seconds within which all of it has to come about.
    type: float
    default: 120
  check_call:
    description:
      - The user's own check, as a function in the node and its arguments (C([module, function, [arguments]]), in the form that
        M(beam.tls_distribution.node_call) has). It has to return V(true).
    type: list
    elements: raw
    default: []
  check_command:
    description: The user's own check, as a command on the host, which root runs. Its exit code has to be 0.
    type: list
    elements: str
    default: []
seealso:
  - module: beam.tls_distribution.node_info
  - module: beam.tls_distribution.node_generation
"""

EXAMPLES = r"""
- name: Wait until the node is healthy
  beam.tls_distribution.node_health:
    node: guard@alpha.example.net
    unit: erlang-guard.service
    peers:
      - guard@bravo.example.net
    check_call: [guard, ready, []]
"""

RETURN = r"""
reason:
  description: Why the node is not healthy, as the rest of a sentence that begins with it; empty if it is.
  returned: always
  type: str
  sample: is not connected with guard@bravo.example.net
up:
  description: Whether its service was up, and stayed so since it was first seen up.
  returned: always
  type: bool
connected:
  description: The nodes that it was connected with when it was asked last.
  returned: always
  type: list
  elements: str
seconds:
  description: Seconds that it took.
  returned: always
  type: float
  sample: 31.2
"""

import time
from collections.abc import Collection
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import options, running
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.calling import CallFault, call_tagged
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import commands, health
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.node import Host


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "unit": {"type": "str", "required": True},
            "peers": {"type": "list", "elements": "str", "default": []},
            "settle": {"type": "float", "default": 30.0},
            "wait": {"type": "float", "default": 120.0},
            "check_call": {"type": "list", "elements": "raw", "default": []},
            "check_command": {"type": "list", "elements": "str", "default": []},
            **options.target(),
            **options.node_files(),
        },
        supports_check_mode=True,
    )
    params = module.params
    if params["check_call"] and len(params["check_call"]) != 3:
        module.fail_json(msg="check_call: write a module, a function and a list of arguments")
    try:
        prober = options.prober(params["from_node"] or params["node"], params, "from_node", Host(commands.run).texts)
        peer = options.as_target(params)
        timeout = options.checked_timeout(params["call_timeout"], "call_timeout")
    except options.OptionError as error:
        module.fail_json(msg=str(error))

    def connected() -> Collection[str]:
        told = running.ask(prober, peer, timeout)
        if not told["ok"]:
            raise health.Unanswered("does not answer its own host: %s" % told["fault"]["cause"])
        return [*told["peers"], *told["hidden_peers"]]

    asked = health.Asked(
        lambda: health.service(params["unit"], commands.run),
        connected,
        lambda: _objection(prober, peer, params) if not module.check_mode else "",
    )
    outcome = health.wait(asked, params["peers"], params["wait"], params["settle"], health.Clock(time.monotonic, time.sleep))
    result = {**outcome._asdict(), "connected": list(outcome.connected), "changed": False}
    if outcome.reason:
        module.fail_json(msg="%s %s." % (params["node"], outcome.reason), **result)
    module.exit_json(**result)


def _objection(prober: Any, peer: Any, params: dict[str, Any]) -> str:
    """What the user's own check has against the node; empty if nothing."""
    if params["check_call"]:
        called, function, arguments = params["check_call"]
        told = "%s:%s/%d" % (called, function, len(arguments))
        call = {"module": str(called), "function": str(function), "arguments": arguments, "call_timeout": params["call_timeout"]}
        try:
            answer = call_tagged(prober, peer, call)
        except (CallFault, options.OptionError) as error:
            return "fails its check %s: %s" % (told, error)
        if answer is not True:
            return "fails its check %s, which does not return true" % told
    if params["check_command"]:
        done = commands.run(params["check_command"], params["call_timeout"])
        if done.code != 0:
            return "fails its check %s, which ended with %d" % (params["check_command"][0], done.code)
    return ""


if __name__ == "__main__":
    main()
