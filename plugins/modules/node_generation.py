#!/usr/bin/python

# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Try a generation of a node, switch to it, and keep it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_generation
short_description: Try a generation of a node, have the next start use it, and write down that it is good
version_added: 1.0.0
description:
  - A generation is a directory with everything that a node reads only when it starts. M(beam.tls_distribution.node_files) makes one where it differs from
    what is current; this module does what comes then, a step each.
author:
  - "beam.tls_distribution contributors (@beam-tls-distribution)"
extends_documentation_fragment:
  - beam.tls_distribution.attributes
  - beam.tls_distribution.attributes.changes
options:
  state:
    description:
      - V(tried) boots the files of the generation without distribution and without the node's applications, as the account and in the sandbox of the unit.
      - V(current) has the next start of the node use it, and systemd forget how often the node was started. The node that runs is left alone.
      - V(proven) writes down that the node runs it and was found healthy, and removes generations that are not needed any more.
    type: str
    choices: [tried, current, proven]
    required: true
  number:
    description: The generation; where there is none, the former one, which is the last other one that was proven.
    type: int
  layout:
    description: Where everything of the node is, as C(erlang_cluster_node.layout) has it.
    type: dict
    required: true
  account:
    description: The node's account.
    type: str
    required: true
  keep:
    description: How many generations are kept that ran and were found healthy, besides the current one. One at least is.
    type: int
    default: 2
seealso:
  - module: beam.tls_distribution.node_files
"""

EXAMPLES = r"""
- name: Have the next start use generation 7
  beam.tls_distribution.node_generation:
    state: current
    number: 7
    layout: "{{ erlang_cluster_node.layout }}"
    account: merl
"""

RETURN = r"""
number:
  description: The generation.
  returned: success
  type: int
  sample: 7
before:
  description: The generation that a start used before, null where there was none.
  returned: success
  type: int
  sample: 6
former:
  description: The last other generation that ran and was found healthy, null where there is none.
  returned: success
  type: int
  sample: 6
waiting:
  description:
    - The last generation that was made behind the one that a start uses and was not found healthy, null where there is none. It waits for the
      node's turn, or the node went back from it.
  returned: success
  type: int
about:
  description: What the generation that the node started with (C(running)) and this one (C(number)) say of themselves, as texts; null each where there is none.
  returned: success
  type: dict
good:
  description: Whether the trial ended well.
  returned: state is V(tried)
  type: bool
said:
  description: What the runtime said in the trial, which may hold what is secret.
  returned: state is V(tried)
  type: str
removed:
  description: Generations that were removed.
  returned: state is V(proven)
  type: list
  elements: int
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import commands, generations, neighbours, trial


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["tried", "current", "proven"], "required": True},
            "number": {"type": "int"},
            "layout": {"type": "dict", "required": True},
            "account": {"type": "str", "required": True},
            "keep": {"type": "int", "default": 2},
        },
        supports_check_mode=True,
    )
    params = module.params
    places = generations.places_of(params["layout"])
    found = generations.state(places, None)
    number = params["number"] if params["number"] is not None else found.former
    if number is None:
        module.fail_json(msg="%s has no former generation that ran and was found healthy" % places.generations)
        return
    if number not in generations.numbers(places) and not module.check_mode:
        module.fail_json(msg="%s is not there" % places.directory(number))
    about = {"running": neighbours.about(params["layout"]), "number": neighbours.about_of(params["layout"], number)}
    waiting = None if found.current is None else generations.waiting(places, found.current)
    former = generations.former(places, number)
    result = {"number": number, "before": found.current, "former": former, "waiting": waiting, "about": about}
    try:
        steps = {"tried": _tried, "current": _current, "proven": _proven}
        result.update(steps[params["state"]](module, places, number))
    except (generations.GenerationError, OSError) as error:
        module.fail_json(msg=str(error), **result)
    module.exit_json(**result)


def _tried(module: AnsibleModule, places: generations.Places, number: int) -> dict[str, object]:
    if module.check_mode or generations.is_tried(places, number):
        return {"changed": False, "good": True, "said": ""}
    outcome = trial.attempt(places.directory(number), module.params["account"], module.params["layout"]["home"], commands.run)
    if outcome.good:
        generations.mark_tried(places, number)
    return {"changed": False, "good": outcome.good, "said": outcome.said}


def _current(module: AnsibleModule, places: generations.Places, number: int) -> dict[str, object]:
    if module.check_mode:
        return {"changed": generations.current_number(places) != number, "changed_paths": []}
    changed = generations.switch(places, number, commands.run)
    # That others had the node started too often is no reason for systemd not to start it now. A pattern matches no unit without being an error.
    commands.run(["systemctl", "reset-failed", module.params["layout"]["unit"] + ".servic[e]"])
    return {"changed": bool(changed), "changed_paths": changed}


def _proven(module: AnsibleModule, places: generations.Places, number: int) -> dict[str, object]:
    gone = generations.outdated(places, module.params["keep"])
    if module.check_mode:
        return {"changed": bool(gone), "removed": gone}
    generations.mark_proven(places, number)
    generations.remove(places, gone)
    left = generations.left_from_before(places)
    for path in left:
        generations.remove_path(path)
    return {"changed": bool(gone or left), "removed": gone}


if __name__ == "__main__":
    main()
