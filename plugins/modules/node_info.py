#!/usr/bin/python
# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_info
short_description: What a running node says of itself and of its connections
version_added: 1.0.0
author: "beam.tls_distribution contributors (@beam-tls-distribution)"
description:
  - Connects to a running node as a hidden node and asks it. No C(erl) is started, and no code is loaded on the node.
extends_documentation_fragment:
  - beam.tls_distribution.distribution
  - beam.tls_distribution.distribution.target
  - beam.tls_distribution.attributes
  - beam.tls_distribution.attributes.looks
"""

EXAMPLES = r"""
- name: The node of this host
  beam.tls_distribution.node_info:
    node: guard@alpha.example.net
  register: guard

- name: A node whose configuration is somewhere else
  beam.tls_distribution.node_info:
    node: rabbit@alpha.example.net
    configuration: /etc/rabbitmq/distribution
    cookie_file: /var/lib/rabbitmq/.erlang.cookie

- name: TLS version of each of its connections
  ansible.builtin.debug:
    msg: "{{ guard.running.connections | items2dict(key_name='node', value_name='tls_version') }}"

- name: Connections of less than a minute, with who opened them
  ansible.builtin.debug:
    msg: "{{ item.node }} {{ item.direction }} {{ item.age }} s ago"
  loop: "{{ guard.running.connections | selectattr('age') | selectattr('age', 'lt', 60) }}"
"""

RETURN = r"""
running:
  description: What the node says.
  returned: always
  type: dict
  contains:
    node: {description: The node., type: str, returned: always}
    ok: {description: Whether it answered., type: bool, returned: always}
    fault: {description: "What is wrong (id, cause, remedy, and the names that these sentences hold); null if nothing is.", type: dict, returned: always}
    otp_release: {description: The OTP release., type: str, returned: always, sample: "27"}
    erts_version: {description: The version of the runtime system., type: str, returned: success}
    uptime: {description: Seconds since the node started., type: float, returned: always}
    memory: {description: Bytes the runtime system has allocated., type: int, returned: always}
    memory_by_type: {description: Bytes by type of memory., type: dict, returned: success}
    peers: {description: The visible nodes it is connected with., type: list, elements: str, returned: always}
    applications: {description: Running applications and their versions., type: dict, returned: success}
    listening: {description: Addresses and ports it listens on for peers., type: list, elements: dict, returned:
      success}
    connections:
      description: Its connections.
      returned: success
      type: list
      elements: dict
      contains:
        node: {description: The other node., type: str, returned: always}
        state: {description: State of the connection., type: str, returned: always}
        type: {description: Whether it is normal or hidden., type: str, returned: always}
        direction: {description: "Who opened it: V(opened) if the node did, V(accepted) if the other one did; null if that
          cannot be told.", type: str, returned: always, sample: accepted}
        age: {description: "Seconds since it was opened. The runtime keeps no such time, so that this is null for a node that
          does not run the module C(beam_tls_connections) of the role P(beam.tls_distribution.erlang_node#role).", type: float,
          returned: always}
        address: {description: Address of the other end., type: str, returned: always}
        port: {description: Port of the other end., type: int, returned: always}
        own_address: {description: Address of the node's own end., type: str, returned: always}
        own_port: {description: Port of the node's own end., type: int, returned: always}
        messages_in: {description: Packets received., type: int, returned: always}
        messages_out: {description: Packets sent., type: int, returned: always}
        tls_version: {description: The version of TLS; null if the connection has none or OTP does not tell., type: str,
          returned: always}
        cipher: {description: The cipher suite., type: str, returned: always}
        certificate_subject: {description: Subject of the other end's certificate., type: str, returned: always}
        certificate_names: {description: Names and addresses the certificate is for., type: list, elements: str, returned: always}
        certificate_days_left: {description: Days until it expires., type: float, returned: always}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import options, running
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.commands import run
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.node import Host


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec={**options.target(), **options.node_files()}, supports_check_mode=True)
    params = module.params
    try:
        prober = options.prober(params["from_node"] or params["node"], params, "from_node", Host(run).texts)
        peer = options.as_target(params)
    except options.OptionError as error:
        module.fail_json(msg=str(error))
    told = running.ask_all(prober, peer, params["call_timeout"])
    if not told["ok"]:
        module.fail_json(msg="%s: %s %s" % (peer.node, told["fault"]["cause"], told["fault"]["remedy"]), running=told)
    module.exit_json(changed=False, running=told)


if __name__ == "__main__":
    main()
