#!/usr/bin/python
# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_ping
short_description: How far a connection to each peer gets, and why no further
version_added: 1.0.0
author: "beam.tls_distribution contributors (@beam-tls-distribution)"
description:
  - Speaks TLS and Erlang's distribution handshake itself, with any number of peers side by side. No C(erl) is started.
  - For every peer it tells the stage reached (resolve, connect, tls, handshake, cookie), TLS version, cipher, how long
    the certificate is valid and
    what took how long; and for every failure one cause and one remedy.
  - It connects as a hidden node of this host under a name of its own and leaves at once, so that the application on the
    peer does not notice.
extends_documentation_fragment:
  - beam.tls_distribution.distribution
  - beam.tls_distribution.distribution.peers
  - beam.tls_distribution.attributes
  - beam.tls_distribution.attributes.looks
options:
  node:
    description: The full name of this host's node, V(NAME@HOST). Its files are used, and its host part is what the
      certificate must carry.
    type: str
    required: true
  fail_on_fault:
    description: Whether the task fails if any peer could not be reached.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Reach bravo and carol the way the node does
  beam.tls_distribution.node_ping:
    node: guard@alpha.example.net
    peers:
      - node: guard@bravo.example.net
      - node: guard@carol.example.net

- name: Reach bravo as a node does whose configuration is somewhere else
  beam.tls_distribution.node_ping:
    node: rabbit@alpha.example.net
    configuration: /etc/rabbitmq/distribution
    cookie_file: /var/lib/rabbitmq/.erlang.cookie
    peers:
      - node: rabbit@bravo.example.net
"""

RETURN = r"""
edges:
  description: One entry per peer, in the order given.
  returned: always
  type: list
  elements: dict
  contains:
    from: {description: This host's node., type: str, returned: always}
    to: {description: The peer., type: str, returned: always}
    ok: {description: Whether every stage was passed., type: bool, returned: always}
    stage: {description: "The stage reached: resolve, connect, tls, handshake or cookie.", type: str, returned: always}
    address: {description: The address that was tried last., type: str, returned: always}
    port: {description: The port that was tried., type: int, returned: always}
    tls_version: {description: The version of TLS., type: str, returned: always}
    cipher: {description: The cipher suite., type: str, returned: always}
    certificate_days_left: {description: Days until the peer's certificate expires., type: float, returned: always}
    certificate_subject: {description: Subject of the peer's certificate., type: str, returned: always}
    certificate_excess: {description: What the peer's certificate allows beyond being the node of its host; null if nothing.,
      type: str, returned: always}
    peer_name: {description: The node name that the peer gave itself., type: str, returned: always}
    peer_otp: {description: The peer's OTP release; null as the handshake does not tell., type: str, returned: always}
    milliseconds: {description: "What resolve, connect, tls, handshake and round_trip took, and total.", type: dict,
      returned: always}
    fault: {description: "What is wrong (id, cause, remedy, and the names that these sentences hold); null if nothing is.", type: dict, returned: always}
  sample:
    - from: guard@alpha.example.net
      to: guard@bravo.example.net
      ok: true
      stage: cookie
      address: 198.51.100.7
      port: 4370
      tls_version: TLSv1.3
      cipher: TLS_AES_256_GCM_SHA384
      certificate_days_left: 89.9
      certificate_subject: CN=bravo.example.net
      peer_name: guard@bravo.example.net
      peer_otp: null
      milliseconds: {resolve: 0.1, connect: 0.4, tls: 3.1, handshake: 0.9, round_trip: 0.4, total: 4.9}
      fault: null
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import options, probe
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.commands import run
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.node import Host


def main() -> None:
    """Entry point."""
    spec = {
        "node": {"type": "str", "required": True},
        "fail_on_fault": {"type": "bool", "default": True},
        "peers": options.peers(),
        **options.discovery(),
        **options.node_files(),
    }
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    params = module.params
    try:
        prober = options.prober(params["node"], params, "node", Host(run).texts)
        peers = options.as_peers(params["peers"], options.asked_epmd_port(params))
    except options.OptionError as error:
        module.fail_json(msg=str(error))
    edges = probe.probe(params["node"], prober, peers)
    results = [edge.result for edge in edges]
    sentences = ["%s: %s %s" % (edge.result["to"], edge.fault.cause, edge.fault.remedy) for edge in edges if edge.fault]
    if sentences and params["fail_on_fault"]:
        module.fail_json(msg="\n".join(sentences), edges=results)
    module.exit_json(changed=False, edges=results)


if __name__ == "__main__":
    main()
