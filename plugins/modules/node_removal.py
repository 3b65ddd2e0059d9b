#!/usr/bin/python
# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_removal
short_description: Takes a node of this collection off its host
version_added: 1.1.0
author: "beam.tls_distribution contributors (@beam-tls-distribution)"
description:
  - Stops and disables the node and its watch, unloads its packet filter with the rules that it has in other tables' chains, and removes its
    configuration, code, units, metrics and control command, the releases that no other node of the host names, and the account with its home if nobody
    else uses them.
  - Other nodes of the host stay untouched, and so does what this collection did not make. What stays is said (RV(kept)).
  - A removal that was interrupted is gone on with by the next. A host that has nothing of the node is left as it is.
extends_documentation_fragment:
  - beam.tls_distribution.attributes
  - beam.tls_distribution.attributes.changes
attributes:
  diff_mode:
    description: The paths and units that go.
options:
  name:
    description: The part of the node's name before the C(@).
    type: str
    required: true
  account:
    description: The account that the node runs as.
    type: str
    required: true
  home:
    description: The home of that account.
    type: path
    required: true
  data:
    description:
      - Whether the data that the node wrote are kept or removed.
      - What is kept gets a name that no node uses, C(NAME.decommissioned-TIME), belongs to root, and loses the cluster's cookie.
    type: str
    choices: [keep, remove]
    default: keep
"""

EXAMPLES = r"""
- name: Remove the node
  beam.tls_distribution.node_removal:
    name: guard
    account: merl
    home: /var/lib/merl
"""

RETURN = r"""
active:
  description: Whether the node's service ran before.
  returned: always
  type: bool
removed:
  description: What went, in the order in which it went.
  returned: success
  type: list
  elements: str
  sample: ["erlang-guard.service, which is stopped", /etc/erlang/guard]
kept:
  description: What is still there of what has to do with the node, each with the reason.
  returned: success
  type: list
  elements: str
  sample: ["/var/lib/merl/guard.decommissioned-20261127T210000, the data of the node"]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import removal


def main() -> None:
    """Entry point."""
    spec = {
        "name": {"type": "str", "required": True},
        "account": {"type": "str", "required": True},
        "home": {"type": "path", "required": True},
        "data": {"type": "str", "choices": ["keep", "remove"], "default": "keep"},
    }
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    params = module.params
    node = removal.NodeToRemove(params["name"], params["account"], params["home"], params["data"] == "remove")
    active = removal.is_active(node)
    try:
        done = removal.remove(node, module.check_mode)
    except removal.RemovalError as error:
        module.fail_json(msg=str(error), active=active)
    diff = {
        "before": "".join(line + "\n" for line in done.gone),
        "after": "",
        "before_header": params["name"],
        "after_header": params["name"],
    }
    module.exit_json(changed=bool(done.gone), active=active, removed=done.gone, kept=done.kept, diff=diff if done.gone else [])


if __name__ == "__main__":
    main()
