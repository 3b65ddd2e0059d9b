#!/usr/bin/python
# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: boot_script
short_description: Compiles a node's own modules and makes its boot script from the versions installed
version_added: 1.0.0
author: "beam.tls_distribution contributors (@beam-tls-distribution)"
description:
  - Compiles C(src/*.erl) of a directory into C(ebin), and makes C(boot/start_ssl_clean.boot), by which a node has C(ssl) and all
    that it needs before distribution starts.
  - Versions and dependencies are read from what is installed; C(systools) makes the script. All files change together or not at all.
  - Nothing is done as long as O(key) is the one of the last time.
extends_documentation_fragment:
  - beam.tls_distribution.attributes
  - beam.tls_distribution.attributes.changes
attributes:
  check_mode:
    details: Only the key is compared, so that it works where OTP is not installed yet.
  diff_mode:
    details: Compiled modules are named and not shown.
options:
  erl:
    description: The command of the OTP that will run the node.
    type: path
    required: true
  directory:
    description: The directory that holds C(src), and will hold C(ebin) and C(boot).
    type: path
    required: true
  applications:
    description: Applications that the node starts, besides those that TLS distribution needs. Dependencies are found.
    type: list
    elements: str
    default: []
  libraries:
    description: C(lib) directories that hold applications which OTP has not.
    type: list
    elements: path
    default: []
  starts:
    description: How some of the applications start, by their names, where it is not V(permanent). See rel(4) of SASL.
    type: dict
    default: {}
  release:
    description:
      - A release that boots itself, such as one of C(mix release) or rebar3. The node gets a directory that looks like it, with boot files that
        load its own modules as well, which a node in embedded mode needs.
      - Without it, what an earlier one had is removed.
    type: dict
    suboptions:
      path:
        description: Where the release is unpacked.
        type: path
        required: true
      directory:
        description: Where the node has it.
        type: path
        required: true
      name:
        description: Its name, as its C(.rel) has it.
        type: str
        required: true
      version:
        description: Its version, as its C(.rel) has it.
        type: str
        required: true
      kind:
        description: What made it.
        type: str
        choices: [systools, mix, relx]
        required: true
      control:
        description: The control command of the node, which C(bin/NAME) hands over to.
        type: path
        required: true
      arguments:
        description: The arguments of the emulator that come behind those of the release.
        type: list
        elements: str
        required: true
      run:
        description: The text of the program that runs commands of the release.
        type: str
        required: true
      environment:
        description: The text of the file C(env.sh) that takes the place of the release's own.
        type: str
  key:
    description: A digest of all that the result is made from, such as the OTP found and the modules' source.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Boot with ssl and mnesia
  beam.tls_distribution.boot_script:
    erl: /usr/lib/erlang/bin/erl
    directory: /opt/erlang/nodes/guard
    applications: [mnesia]
    key: "{{ [ansible_facts.erlang_survey.otp, sources] | to_json | hash('sha256') }}"
"""

RETURN = r"""
changed_paths:
  description: The paths that differed from what is wanted. In check mode that of the key alone.
  returned: always
  type: list
  elements: str
  sample: [/opt/erlang/nodes/guard/ebin/beam_tls_epmd.beam]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import boot, commands, files, own_boot


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "erl": {"type": "path", "required": True},
            "directory": {"type": "path", "required": True},
            "applications": {"type": "list", "elements": "str", "default": []},
            "libraries": {"type": "list", "elements": "path", "default": []},
            "starts": {"type": "dict", "default": {}},
            "release": {
                "type": "dict",
                "options": {
                    "path": {"type": "path", "required": True},
                    "directory": {"type": "path", "required": True},
                    "name": {"type": "str", "required": True},
                    "version": {"type": "str", "required": True},
                    "kind": {"type": "str", "choices": ["systools", "mix", "relx"], "required": True},
                    "control": {"type": "path", "required": True},
                    "arguments": {"type": "list", "elements": "str", "required": True},
                    "run": {"type": "str", "required": True},
                    "environment": {"type": "str"},
                },
            },
            "key": {"type": "str", "required": True, "no_log": False},
        },
        supports_check_mode=True,
    )
    params = module.params
    asked = boot.Asked(
        params["directory"],
        tuple(params["applications"]),
        tuple(params["libraries"]),
        params["key"],
        params["starts"],
        own_boot.Release(**params["release"]) if params["release"] else None,
    )
    current = boot.current_key(asked.directory)
    if current == asked.key:
        module.exit_json(changed=False, changed_paths=[], diff=[])
    if module.check_mode:
        result = boot.announce(asked, current)
    else:
        try:
            result = boot.make(params["erl"], asked, commands.run)
        except (boot.BootError, files.FileSetError) as error:
            module.fail_json(msg=str(error))
    module.exit_json(changed=bool(result.differences), changed_paths=result.changed_paths, diff=result.diff)


if __name__ == "__main__":
    main()
