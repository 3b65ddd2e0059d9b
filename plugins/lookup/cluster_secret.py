# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A secret of the cluster, as the user gives it or as its directory on the controller has it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_secret
author:
  - beam.tls_distribution contributors (@beam-tls-distribution)
version_added: 1.1.0
short_description: A secret of the cluster
description:
  - Returns what the user gives in a variable of the host, and otherwise the content of the file in the cluster's directory on the controller, at this moment.
  - The topology has to be there.
options:
  _terms:
    description: V(cookie) is C(erlang_cluster_cookie), V(ca_passphrase) is C(erlang_certs_ca_passphrase).
    type: list
    elements: str
    required: true
  missing:
    description: What is returned where there is no such file. It is an error if this is not given.
    type: str
"""

EXAMPLES = r"""
- name: A cookie file
  ansible.builtin.copy:
    content: "{{ lookup('beam.tls_distribution.cluster_secret', 'cookie') }}"
    dest: /root/.erlang.cookie
    mode: "0400"
  no_log: true
"""

RETURN = r"""
_raw:
  description: The secrets.
  type: list
  elements: str
"""

import os
import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import secrets


class LookupModule(LookupBase):
    """See DOCUMENTATION."""

    def run(self, terms: list[str], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[str]:
        """The secrets, a text each."""
        known = variables or {}
        places = known["ansible_facts"]["erlang_cluster_topology"]["cluster"]["layout"]
        return [secrets.given(self._templar, known, secrets.VARIABLES[term]) or self._stored(places[term], **kwargs) for term in terms]

    def _stored(self, path: str, missing: str | None = None) -> str:
        if missing is not None and not os.path.isfile(path):
            return missing
        try:
            return str(self._loader.get_text_file_contents(path).rstrip())
        except AnsibleError as error:
            raise AnsibleError("Unable to access the file %r." % path) from error
