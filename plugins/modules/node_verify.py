#!/usr/bin/python
# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_verify
short_description: Prove this host's edges, the walls of every node, and what its own node says
version_added: 1.0.0
author: "beam.tls_distribution contributors (@beam-tls-distribution)"
description:
  - In one process, side by side, connects to every peer as the node would, tries what every node must refuse, asks the
    running node of this host about its peers, and looks for what is wrong with that node without asking it. No C(erl)
    is started.
  - An edge is tried with what the node itself would use. The files that its TLS options file names for the client's side
    go before O(certfile) and O(cacertfile), and a file that its account cannot read counts as unreadable.
  - A wall counts as held only if the same host can make a correct connection to the same node; otherwise nothing is
    proven, and RV(walls[].held) is null.
  - Faults and fallen walls are results, not failures of the task; the action M(beam.tls_distribution.mesh_report)
    finds the causes for all hosts together.
  - In check mode a host without O(certfile) is one that nothing has been set up on yet. It proves nothing, and the task counts as skipped.
extends_documentation_fragment:
  - beam.tls_distribution.distribution
  - beam.tls_distribution.distribution.peers
  - beam.tls_distribution.attributes
  - beam.tls_distribution.attributes.looks
options:
  node:
    description:
      - The full name of this host's node, V(NAME@HOST).
      - A host that is no peer has none. It proves the walls V(packet_filter) and V(epmd) only.
    type: str
  host:
    description: What this host is called in RV(walls). The host part of O(node), or the name the host has for itself,
      by default.
    type: str
  address:
    description: Addresses of this host's own node. The loopback addresses are tried first. What the host part resolves
      to by default.
    type: list
    elements: str
  port:
    description: The port this host's own node listens on.
    type: int
    default: 4370
  unit:
    description: The systemd unit of the node. V(erlang-NAME.service) by default.
    type: str
  account:
    description: The account that the node runs as.
    type: str
    default: merl
  authorities:
    description:
      - The CAs that the node is to trust, each in PEM form. Whatever else it trusts is a fault.
      - While one CA takes the place of another, both are given. Without any, the bundle is taken as it is.
    type: list
    elements: str
  walls:
    description:
      - The walls to try, each by who is to be refused.
      - >-
        V(plain), a distribution client that does not speak TLS; V(no_certificate), a TLS client that shows no
        certificate; V(foreign_ca), a TLS client with a certificate of another CA; V(wrong_cookie), a peer's
        certificate with a wrong cookie; V(wrong_name), a peer's certificate with another host's node name;
        V(local_account), an account of a peer's host that is neither root nor a node's; V(packet_filter), a host that
        is no peer, at the distribution port; V(epmd), a host that is no peer, at the port mapper.
      - By default V(packet_filter) without O(node), all others but V(local_account) and V(epmd) with it.
    type: list
    elements: str
    choices: [plain, no_certificate, foreign_ca, wrong_cookie, wrong_name, local_account, packet_filter, epmd]
  packet_filter_check:
    description:
      - The command that ends with 0 if this host's packet filter is as it was loaded, and says what is wrong otherwise.
      - Without it, the packet filter is not looked at.
    type: list
    elements: str
    version_added: 1.1.0
  walls_at:
    description:
      - The nodes whose walls are tried, by their full names; all of them by default. V(local_account), V(packet_filter) and
        V(epmd) are tried at all of O(peers).
      - A node writes every attempt to its log, and what one host proves of it the next one proves again.
    type: list
    elements: str
    version_added: 1.1.0
  foreign_certificate:
    description:
      - A certificate for the host part of O(node) with its private key, in PEM form, issued by a CA the cluster does
        not know. The wall V(foreign_ca) needs it.
      - It is written to a private file on the host, which is gone when the module ends.
    type: str
  wrong_cookie:
    description: The cookie of the wall V(wrong_cookie). Random by default.
    type: str
  reset_counts:
    description: Whether the packet filter on the way answers with TCP resets. A closed port does so too, so that a
      reset proves nothing otherwise.
    type: bool
    default: false
  running:
    description: Whether the running node of this host is asked about its peers.
    type: bool
    default: true
  retry_seconds:
    description: How long an edge that failed for a reason that may pass is tried again, as when the mesh has just been
      started.
    type: float
    default: 10.0
"""

EXAMPLES = r"""
- name: Prove alpha's part of the mesh
  beam.tls_distribution.node_verify:
    node: guard@alpha.example.net
    foreign_certificate: "{{ foreign_certificate }}"
    peers:
      - node: guard@bravo.example.net
      - node: guard@carol.example.net

- name: Prove from outside that nobody else gets through
  beam.tls_distribution.node_verify:
    walls: [packet_filter]
    peers:
      - node: guard@bravo.example.net
        address: [198.51.100.7]
"""

RETURN = r"""
node:
  description: This host's node, null if it has none.
  returned: success
  type: str
edges:
  description: One entry per peer, as M(beam.tls_distribution.node_ping) returns it.
  returned: success
  type: list
  elements: dict
walls:
  description: One entry per node (the own one included) and wall.
  returned: success
  type: list
  elements: dict
  contains:
    from: {description: The host that tried., type: str, returned: always}
    to: {description: The node that had to refuse., type: str, returned: always}
    wall: {description: The wall., type: str, returned: always}
    held: {description: Whether it held; null if nothing was proven., type: bool, returned: always}
    stage: {description: The stage the attempt ended at., type: str, returned: always}
    detail: {description: What the other side answered., type: str, returned: always}
running:
  description: What the running node of this host says; null if it was not asked.
  returned: success
  type: dict
  contains:
    node: {description: The node., type: str, returned: always}
    otp_release: {description: The OTP release., type: str, returned: always}
    uptime: {description: Seconds since it started., type: float, returned: always}
    memory: {description: Bytes the runtime system has allocated., type: int, returned: always}
    peers: {description: The visible nodes it is connected with., type: list, elements: str, returned: always}
    ok: {description: Whether it answered., type: bool, returned: always}
    net_ticktime: {description: Seconds without a sign of life after which a peer is given up., type: int,
      returned: always}
    hidden_peers: {description: The hidden nodes it is connected with., type: list, elements: str, returned: always}
    fault: {description: "What is wrong (id, host, cause, remedy, names); null if nothing is.", type: dict, returned: always}
findings:
  description: What is wrong with this host's own node, as the host sees it; consequences of a fault are left out.
  returned: success
  type: list
  elements: dict
  contains:
    id: {description: The fault in the catalogue., type: str, returned: always}
    host: {description: The host part of the node where the remedy is., type: str, returned: always}
    cause: {description: What it comes from., type: str, returned: always}
    remedy: {description: What to do., type: str, returned: always}
    names: {description: What its sentences were filled in with., type: dict, returned: always}
    peer: {description: The node that it concerns alone; null if it concerns all., type: str, returned: always}
facts:
  description: Public facts of the node's certificates, trust bundles and TLS versions, which
    M(beam.tls_distribution.mesh_report) compares with those of other hosts; null if this host has no node.
  returned: success
  type: dict
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import options, walls
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.verification import verify
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.commands import run
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.node import Host


def main() -> None:
    """Entry point."""
    spec = {
        "node": {"type": "str"},
        "host": {"type": "str"},
        "address": {"type": "list", "elements": "str"},
        "port": {"type": "int", "default": options.PORT},
        "peers": options.peers(),
        "unit": {"type": "str"},
        "account": {"type": "str", "default": "merl"},
        "authorities": {"type": "list", "elements": "str"},
        "walls": {"type": "list", "elements": "str", "choices": list(walls.NAMES)},
        "walls_at": {"type": "list", "elements": "str"},
        "packet_filter_check": {"type": "list", "elements": "str"},
        "foreign_certificate": {"type": "str", "no_log": True},
        "wrong_cookie": {"type": "str", "no_log": True},
        "reset_counts": {"type": "bool", "default": False},
        "running": {"type": "bool", "default": True},
        "retry_seconds": {"type": "float", "default": 10.0},
        **options.discovery(),
        **options.node_files(),
    }
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    node = module.params["node"]
    try:
        certfile = options.usual_credentials(node, module.params, "node").certfile if node else None
        if module.check_mode and certfile and not os.path.exists(certfile):
            module.exit_json(changed=False, skipped=True, msg="There is no node yet (no %s)." % certfile)
        result = verify(module.params, Host(run))
    except options.OptionError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
