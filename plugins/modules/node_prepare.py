#!/usr/bin/python
# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make a node's host ready for what is wanted, while the node runs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_prepare
short_description: Make a node's host ready for what is wanted, while the node runs
version_added: 1.0.0
description:
  - What a node reads only when it starts is a generation, a directory of its own. Where the one that a start would use is not what is wanted, another is made
    whole beside it; the node that runs, and its next start, are left alone. What was changed by hand in one that is as wanted is put back.
  - Then the files that a running node reloads are put into place, all of them or none.
  - RV(change) says what the node has to do. M(beam.tls_distribution.node_generation) tries a generation and has the next start use it.
  - Called by M(beam.tls_distribution.node_files), which works out all of it.
author:
  - "beam.tls_distribution contributors (@beam-tls-distribution)"
extends_documentation_fragment:
  - beam.tls_distribution.attributes
  - beam.tls_distribution.attributes.changes
  - beam.tls_distribution.file_set
attributes:
  check_mode:
    details: An owner, a group or a part that does not exist yet is taken as one that will. Validators are not run, and nothing is compiled.
  diff_mode:
    details: The content of secret files is not shown. Paths of a generation are shown as those of the current one.
options:
  layout:
    description: Where everything of the node is, as C(erlang_cluster_node.layout) has it.
    type: dict
    required: true
  account:
    description: The node's account.
    type: str
    required: true
  read:
    description: Those of the files whose path begins with C(@GENERATION@/), which make up the generation, that the node reads when it starts.
    type: list
    elements: str
    required: true
  erl:
    description: The runtime's command. The generation has a link to where it is, past all links.
    type: path
    required: true
  modules:
    description: What boots, and what modules and boot script are made from.
    type: dict
    required: true
    suboptions:
      key:
        description: Stands for all that they are made from. They are made anew if it is another.
        type: str
        required: true
      applications:
        description: OTP applications to boot besides kernel, stdlib, crypto, public_key, ssl and those that these need.
        type: list
        elements: str
        default: []
      libraries:
        description: Directories of applications besides OTP's own.
        type: list
        elements: path
        default: []
      starts:
        description: How applications start (C(permanent), C(transient), C(temporary), C(load), C(none)) where it is not permanently.
        type: dict
        default: {}
      release:
        description: The release, where it boots itself.
        type: dict
        suboptions:
          path:
            description: Where it is unpacked.
            type: str
            required: true
          directory:
            description: The directory that the node runs it from.
            type: str
            required: true
          name:
            description: Its name.
            type: str
            required: true
          version:
            description: Its version.
            type: str
            required: true
          kind:
            description: What made it.
            type: str
            choices: [systools, mix, relx]
            required: true
          control:
            description: The node's control command.
            type: path
            required: true
          arguments:
            description: Arguments of the mesh, which stand behind its own.
            type: list
            elements: str
            required: true
          run:
            description: The text of the program that runs it.
            type: str
            required: true
          environment:
            description: The text of its C(env.sh).
            type: str
seealso:
  - module: beam.tls_distribution.node_files
  - module: beam.tls_distribution.node_generation
  - module: beam.tls_distribution.file_set
"""

EXAMPLES = r"""
- name: Make a generation of the node
  beam.tls_distribution.node_prepare:
    layout: "{{ erlang_cluster_node.layout }}"
    account: merl
    erl: /usr/lib/erlang/bin/erl
    files:
      - path: "@GENERATION@/vm.args"
        content: "-name guard@alpha.example.net\n"
      - path: "@GENERATION@/unit"
        content: "{{ lookup('ansible.builtin.template', 'node.service.j2') }}"
    read: ["@GENERATION@/vm.args", "@GENERATION@/unit"]
    modules:
      key: "1"
"""

RETURN = r"""
changed_paths:
  description: The paths that differed from what is wanted.
  returned: success
  type: list
  elements: str
  sample: [/opt/erlang/nodes/guard/current/vm.args]
change:
  description: What the node has to do.
  returned: success
  type: dict
  contains:
    class:
      description:
        - V(none), V(reload) files while it runs, V(start) as it does not run, V(restart) in its turn, or V(check) as a run ended between its restart
          and the finding that it is healthy.
      type: str
      sample: restart
    reasons:
      description: What differs, a few words each.
      type: list
      elements: str
      sample: [sys.config]
    generation:
      description: The generation that it is to run.
      type: int
      sample: 8
    back:
      description: The generation that it goes back to if it is not healthy with that one, null where there is none.
      type: int
      sample: 7
unread:
  description: Whether systemd has to read its units again.
  returned: success
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import (
    boot,
    commands,
    file_arguments,
    files,
    generations,
    own_boot,
    preparation,
)


def main() -> None:
    """Entry point."""
    text, texts = {"type": "str", "required": True}, {"type": "list", "elements": "str", "required": True}
    release = {
        **dict.fromkeys(("path", "directory", "name", "version", "run"), text),
        "kind": {"type": "str", "choices": ["systools", "mix", "relx"], "required": True},
        "control": {"type": "path", "required": True},
        "arguments": texts,
        "environment": {"type": "str"},
    }
    modules = {
        "key": {"type": "str", "required": True, "no_log": False},
        "applications": {"type": "list", "elements": "str", "default": []},
        "libraries": {"type": "list", "elements": "path", "default": []},
        "starts": {"type": "dict", "default": {}},
        "release": {"type": "dict", "options": release},
    }
    module = AnsibleModule(
        argument_spec={
            **file_arguments.specification(),
            "layout": {"type": "dict", "required": True},
            "account": text,
            "read": texts,
            "erl": {"type": "path", "required": True},
            "modules": {"type": "dict", "required": True, "options": modules},
        },
        supports_check_mode=True,
    )
    params, made = module.params, module.params["modules"]
    places = generations.places_of(params["layout"])
    asked = boot.Asked(
        "",
        tuple(made["applications"]),
        tuple(made["libraries"]),
        made["key"],
        made["starts"],
        own_boot.Release(**made["release"]) if made["release"] else None,
    )
    try:
        own, live = generations.parted(file_arguments.wanted(params, module.check_mode, generations.PLACE))
        access = file_arguments.access(
            {"path": places.generations, "owner": "root", "group": params["account"], "mode": "0750"}, module.check_mode
        )
        wanted = generations.Wanted(own, tuple(params["read"]), asked, params["erl"], access)
        outcome = preparation.prepare(places, params["layout"]["service"], wanted, live, commands.run, module.check_mode)
    except (generations.GenerationError, files.FileSetError, OSError) as error:
        module.fail_json(msg=str(error))
    result = outcome.result
    module.exit_json(
        changed=bool(result.differences),
        changed_paths=result.changed_paths,
        change=outcome.change.as_result(),
        unread=outcome.unread,
        diff=result.diff,
    )


if __name__ == "__main__":
    main()
