# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A text file on the controller that need not be there."""

from __future__ import annotations

DOCUMENTATION = r"""
name: optional_file
author:
  - beam.tls_distribution contributors (@beam-tls-distribution)
version_added: 1.1.0
short_description: A text file on the controller that need not be there
description:
  - Returns the text of each file that exists, without white space around it and with one newline at its end. A file that does not exist has no entry.
  - A file that exists and cannot be read is an error.
options:
  _terms:
    description: Paths on the controller.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show the certificate of a CA, if it has been made
  ansible.builtin.debug:
    msg: "{{ lookup('beam.tls_distribution.optional_file', '/srv/cluster/ca.pem') }}"
"""

RETURN = r"""
_raw:
  description: The texts of the files that exist.
  type: list
  elements: str
"""

import typing as t
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    """See DOCUMENTATION."""

    def run(self, terms: list[str], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[str]:
        """The texts of the files that exist."""
        paths = [Path(str(term)) for term in terms]
        try:
            return [path.read_text(encoding="utf-8").strip() + "\n" for path in paths if path.is_file()]
        except (OSError, UnicodeDecodeError) as error:
            raise AnsibleError("A file on the controller cannot be read: %s." % error) from error
