# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter to_erlang: plain data as the text of Erlang terms."""

from __future__ import annotations

DOCUMENTATION = r"""
name: to_erlang
author:
  - "beam.tls_distribution contributors (@beam-tls-distribution)"
version_added: 1.0.0
short_description: Write data as Erlang terms
description:
  - Turns YAML or JSON data into the text of Erlang terms, correctly quoted and escaped, with a layout that is always the same.
  - >-
    V(true), V(false) and V(null) become the atoms C(true), C(false) and C(undefined); a number stays a number; a string becomes an Erlang
    string; a list becomes a list; a mapping becomes a property list with atoms as keys, in the order given.
  - >-
    What YAML has no word for is a mapping with one key: C({"$atom": "x"}), C({"$tuple": [...]}), C({"$binary": "text"}),
    C({"$base64": "..."}) (a binary of any bytes), C({"$map": [[key, value], ...]}), C({"$bits": ["base64", bits in the last byte]}),
    C({"$improper": [[items], tail]}) and C({"$fun": "module:function/arity"}).
positional: form
options:
  _input:
    description: The data.
    type: raw
    required: true
  form:
    description: What the text is for.
    type: str
    default: term
    choices:
      term: One term that ends with a dot, as C(sys.config) is and C(file:consult/1) reads.
      terms: The input is a list, and each of its items is a term that ends with a dot.
      expression: One term on one line without a dot, for a command line or an expression.
  comment:
    description: Text put on top as a comment; not for V(form=expression).
    type: str
    default: ""
seealso:
  - plugin: beam.tls_distribution.from_erlang
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write a configuration file
  ansible.builtin.copy:
    content: "{{ settings | beam.tls_distribution.to_erlang(comment='Written by Ansible') }}"
    dest: /etc/example/sys.config
    mode: "0644"
  vars:
    settings:
      kernel:
        net_ticktime: 60
        logger_level: {$atom: notice}
  # %% Written by Ansible
  # [{kernel, [{net_ticktime, 60}, {logger_level, notice}]}].

- name: An expression
  ansible.builtin.debug:
    msg: "{{ {'$tuple': [{'$atom': 'ok'}, 'text', {'$binary': 'data'}]} | beam.tls_distribution.to_erlang('expression') }}"
  # {ok, "text", <<"data">>}
"""

RETURN = r"""
_value:
  description: The text.
  type: str
"""

from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import tagged, term_writer, terms


def to_erlang(value: Any, form: str = "term", comment: str = "") -> str:
    """The text of the terms that ``value`` stands for. Raises ``AnsibleFilterError``, which says where in it the fault is."""
    try:
        term = tagged.from_tagged(value)
        if form == "term":
            return term_writer.dumps_file([term], comment)
        if form == "expression":
            return term_writer.dumps(term)
        if form == "terms" and isinstance(term, list):
            return term_writer.dumps_file(term, comment)
    except terms.TermError as error:
        raise AnsibleFilterError(f"to_erlang: {error}") from error
    if form == "terms":
        raise AnsibleFilterError("to_erlang: form=terms wants a list of terms")
    raise AnsibleFilterError(f"to_erlang: there is no form {form!r}; choose term, terms or expression")


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name and function of each filter."""
        return {"to_erlang": to_erlang}
