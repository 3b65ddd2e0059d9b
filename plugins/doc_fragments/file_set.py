# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of the modules that are given a set of files."""

from __future__ import annotations


class ModuleDocFragment:
    """A set of files, directories and links."""

    DOCUMENTATION = r"""
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
          - A program that starts writes the same lines with the digests of what it finds. What it has to do yet is among what the module returns.
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
