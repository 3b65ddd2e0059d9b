#!/usr/bin/python
# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: file_set
short_description: Files, directories and links that change together, all of them or none
version_added: 1.0.0
author: "beam.tls_distribution contributors (@beam-tls-distribution)"
description:
  - Brings directories, files, symbolic links and absences to the wanted state in one call.
  - Every file that differs is staged beside its target, with its final owner and mode, and checked by validators.
    Then all are renamed into place. If anything fails, the old state is put back and nothing has changed.
  - What a run that was killed left behind is removed by the next.
extends_documentation_fragment:
  - beam.tls_distribution.attributes
  - beam.tls_distribution.attributes.changes
  - beam.tls_distribution.file_set
attributes:
  check_mode:
    details: An owner, a group or a part that does not exist yet is taken as one that will. Validators are not run.
  diff_mode:
    details: The content of secret files, of generations and of files made of parts is not shown.
"""

EXAMPLES = r"""
- name: Settings of the node, checked by its own runtime
  beam.tls_distribution.file_set:
    directories:
      - path: /etc/erlang/guard
        owner: root
        group: merl
        mode: "0750"
    files:
      - path: /etc/erlang/guard/sys.config
        content: "{{ settings | beam.tls_distribution.to_erlang }}"
        group: merl
        mode: "0640"
      - path: /var/lib/merl/guard/.erlang.cookie
        secret_content: "{{ cookie }}"
        owner: merl
        group: merl
        mode: "0400"
    validators:
      - command: [erl, -noinput, -eval, "{ok, _} = file:consult(hd(init:get_plain_arguments())), halt()", -extra]
        paths: [/etc/erlang/guard/sys.config]
"""

RETURN = r"""
changed_paths:
  description: The paths that differed from what is wanted.
  returned: always
  type: list
  elements: str
  sample: [/etc/erlang/guard/sys.config]
outdated:
  description: The names of the actions of generations that running programs have to take, as what they read is not what is there now.
  returned: always
  type: list
  elements: str
  sample: [reload]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import commands, file_arguments, files


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=file_arguments.specification(), supports_check_mode=True)
    try:
        want = file_arguments.wanted(module.params, module.check_mode)
        result = files.apply(want, commands.run, module.check_mode)
    except files.FileSetError as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=bool(result.differences), changed_paths=result.changed_paths, outdated=file_arguments.outdated(want), diff=result.diff
    )


if __name__ == "__main__":
    main()
