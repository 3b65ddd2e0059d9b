# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation that the modules of the distribution share."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of a node's own files, of peers, and of how they are found."""

    DOCUMENTATION = r"""
options:
  configuration:
    description:
      - The directory of the node's configuration on the host, with V(inet_tls.conf), V(vm.args), V(peers.config) and V(sys.config).
        What the node's TLS options say of the client's side (certificate, key, trust bundle, TLS versions) is what is
        brought to connections.
      - V(/etc/erlang/NAME) by default, where V(NAME) is the part of the node name before the V(@).
    type: path
  certfile:
    description:
      - The node's certificate and private key, in one PEM file on the host.
      - By default what the node's TLS options name; where they name none, V(node.pem) in O(configuration).
    type: path
  cacertfile:
    description:
      - The trust bundle on the host, in PEM form.
      - By default what the node's TLS options name; where they name none, V(ca.pem) in O(configuration).
    type: path
  cookie_file:
    description:
      - The file on the host that holds the cookie. It is read there; the cookie never travels and is in no output.
      - V(/var/lib/merl/NAME/.erlang.cookie) by default.
    type: path
  tls_minimum_version:
    description:
      - The lowest version of TLS that is accepted.
      - By default the node's TLS options say which versions are; where they do not, V(TLSv1.3) alone is.
    type: str
    choices: [TLSv1.2, TLSv1.3]
  timeout:
    description: Seconds that one attempt may take, from name resolution to the proof of the cookie.
    type: float
    default: 5.0
"""

    PEERS = r"""
options:
  peers:
    description: The nodes to connect to.
    type: list
    elements: dict
    required: true
    suboptions:
      node:
        description: The full node name, V(NAME@HOST).
        type: str
        required: true
      name:
        description: The part of the node name before the V(@). Where it is given, O(peers[].host) has to be the host part.
        type: str
        version_added: 1.1.0
      host:
        description:
          - The host part of the node name, to which O(peers[].node) is held where O(peers[].name) is given.
          - Without O(peers[].name), what to connect to if no O(peers[].address) is given. The host part of the node name by default.
        type: str
      address:
        description: The addresses to connect to, in order of preference.
        type: list
        elements: str
      port:
        description: The port the node listens on. Its epmd is asked instead where O(discovery=epmd).
        type: int
        default: 4370
  discovery:
    description:
      - How peers are found.
      - V(port), every node listens on a port that is known, at the address its host part resolves to.
      - V(map), a table gives address and port of each.
      - V(epmd), the peer's epmd tells the port.
    type: str
    choices: [port, map, epmd]
    default: port
  epmd_port:
    description: The port of epmd.
    type: int
    default: 4369
"""

    TARGET = r"""
options:
  node:
    description: The full name of the running node, V(NAME@HOST).
    type: str
    required: true
  from_node:
    description:
      - The full name of a node of this host, whose files are used.
      - O(node) itself by default, as the node is mostly one of this host.
    type: str
  address:
    description:
      - The addresses the node is reached at, in order of preference.
      - The loopback addresses and then the host part of the name by default; the host part alone where O(from_node) is
        another node.
    type: list
    elements: str
  port:
    description: The port the node listens on.
    type: int
    default: 4370
  call_timeout:
    description: Seconds that the node may take to answer once the connection stands.
    type: float
    default: 30.0
"""
