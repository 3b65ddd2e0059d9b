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
attributes:
  check_mode:
    details: An owner, a group or a part that does not exist yet is taken as one that will. Validators are not run.
  diff_mode:
    details: The content of secret files, of generations and of files made of parts is not shown.
options:
  directories:
    description: Directories that have to be there, made in this order. Missing parents are made with mode V(0755).
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The directory.
        type: str
        required: true
      owner:
        description: The user who owns it. Left as it is by default.
        type: str
      group:
        description: The group it belongs to. Left as it is by default.
        type: str
      mode:
        description:
          - The mode, as an octal number in quotes that begins with a zero.
          - Left as it is by default, and V(0755) for a new directory.
        type: str
  files:
    description: Files with their whole content, put into place in this order.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The file.
        type: str
        required: true
      owner:
        description: The user who owns it. Left as it is by default.
        type: str
      group:
        description: The group it belongs to. Left as it is by default.
        type: str
      mode:
        description:
          - The mode, as an octal number in quotes that begins with a zero.
          - Left as it is by default, and V(0644) for a new file.
        type: str
      content:
        description: The text of the file.
        type: str
      secret_content:
        description: The text of the file, which is shown nowhere.
        type: str
      base64_content:
        description: The bytes of the file in base64, for what is no text. They are shown nowhere.
        type: str
      parts:
        description: What the file is put together from, on the host. The result is shown nowhere.
        type: list
        elements: dict
        suboptions:
          path:
            description: A file of the host.
            type: str
          content:
            description: A text.
            type: str
      hidden_lines:
        description:
          - A regular expression. Lines of O(files[].content) that match it, and such lines in the file as it was, are not shown in a difference.
        type: str
      summary:
        description:
          - What the file is, in a few words, for one whose text nobody wants to read in a difference, such as a program.
          - A difference shows one line with it, the length of the file and the beginning of its SHA-256 in place of the text. Only for
            O(files[].content) and O(files[].base64_content).
        type: str
        version_added: 1.1.0
      generation:
        description:
          - A line C(ACTION SHA256 PATH) for each file whose change means that a program has to do something, and a line
            C(ACTION SHA256 -) for each text. They are shown nowhere.
          - A program that starts writes the same lines with the digests of what it finds. RV(outdated) is what it has to do yet.
        type: dict
        suboptions:
          running:
            description: Where the program keeps its lines.
            type: str
            required: true
          actions:
            description: What a program may have to do, and what for.
            type: list
            elements: dict
            required: true
            suboptions:
              name:
                description: The name of the action.
                type: str
                required: true
              paths:
                description: Files, of this set or of the host, whose contents count.
                type: list
                elements: str
                default: []
              text:
                description: A text that stands for anything else that counts.
                type: str
                default: ""
  links:
    description: Symbolic links.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The link.
        type: str
        required: true
      target:
        description: What it points to.
        type: str
        required: true
  absent:
    description: Paths that must not be there. Directories go with all they hold.
    type: list
    elements: str
    default: []
  validators:
    description: Commands that have to approve of files before they are put into place.
    type: list
    elements: dict
    default: []
    suboptions:
      command:
        description: A command and its arguments, to which the staged files are added. It ends with 0 if they are fit for use.
        type: list
        elements: str
        required: true
      paths:
        description: The files of the set that it checks. It is called once, with those that change.
        type: list
        elements: str
        required: true
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
