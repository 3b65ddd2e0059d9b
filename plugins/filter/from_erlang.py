# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter from_erlang: the text of Erlang terms as plain data."""

from __future__ import annotations

DOCUMENTATION = r"""
name: from_erlang
author:
  - "beam.tls_distribution contributors (@beam-tls-distribution)"
version_added: 1.0.0
short_description: Read Erlang terms as data
description:
  - Reads the text of Erlang terms, as C(file:consult/1) does, into the data that P(beam.tls_distribution.to_erlang#filter) writes.
  - >-
    The atoms C(true), C(false) and C(undefined) become V(true), V(false) and V(null), any other atom C({"$atom": "x"}); a list of pairs with
    different atoms in front becomes a mapping; tuples, binaries and maps become C({"$tuple": [...]}), C({"$binary": "text"}) or
    C({"$base64": "..."}), and C({"$map": [[key, value], ...]}).
positional: form
options:
  _input:
    description: The text.
    type: str
    required: true
  form:
    description: What the text holds.
    type: str
    default: term
    choices:
      term: One term; the dot behind it may be left out.
      terms: Any number of terms that end with a dot each; the result is a list.
seealso:
  - plugin: beam.tls_distribution.to_erlang
    plugin_type: filter
"""

EXAMPLES = r"""
- name: The tick time in a configuration file
  ansible.builtin.debug:
    msg: "{{ (lookup('ansible.builtin.file', 'sys.config') | beam.tls_distribution.from_erlang).kernel.net_ticktime }}"

- name: The applications of a release
  ansible.builtin.debug:
    msg: "{{ (lookup('ansible.builtin.file', 'guard.rel') | beam.tls_distribution.from_erlang)['$tuple'][3] }}"
"""

RETURN = r"""
_value:
  description: The data.
  type: raw
"""

from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import tagged, term_parser, terms


def from_erlang(text: Any, form: str = "term") -> Any:
    """The data that the terms in ``text`` stand for. Raises ``AnsibleFilterError``, which names line and column of the fault."""
    if not isinstance(text, str):
        raise AnsibleFilterError(f"from_erlang: the input should be text, not {type(text).__name__}")
    try:
        if form == "term":
            return tagged.to_tagged(term_parser.loads(str(text)))
        if form == "terms":
            return [tagged.to_tagged(term) for term in term_parser.consult(str(text))]
    except terms.TermError as error:
        raise AnsibleFilterError(f"from_erlang: {error}") from error
    raise AnsibleFilterError(f"from_erlang: there is no form {form!r}; choose term or terms")


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name and function of each filter."""
        return {"from_erlang": from_erlang}
