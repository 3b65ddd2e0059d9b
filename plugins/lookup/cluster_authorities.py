# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CAs of a cluster, from its directory on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_authorities
author:
  - beam.tls_distribution contributors (@beam-tls-distribution)
version_added: 1.1.0
short_description: The CAs of a cluster, from its directory on the controller
description:
  - Returns the certificates of the CAs that the nodes of a cluster have to trust, as they are at this moment. That is one, two while the CA is rotated,
    and none as long as there is none.
  - Each is a text in PEM that ends with one newline. A file that exists and cannot be read is an error.
options:
  _terms:
    description: The cluster's directory on the controller.
    type: list
    elements: str
    required: true
  which:
    description:
      - V(trust) is those that nodes have to trust, V(signs) the one that issues certificates.
      - V(lists) is the file with the lists of revoked certificates of the CAs of the directory instead.
      - V(revoked_keys) are the SHA-256 digests, in hexadecimal, of the public keys of revoked certificates instead.
    type: str
    choices: [trust, signs, lists, revoked_keys]
    default: trust
  signing:
    description:
      - Who signs, as C(cluster.signing) of the fact C(erlang_cluster_topology) has it.
      - The CAs in the files that it names are returned as well, and those of the directory only where V(private_ca) signs.
    type: dict
  text:
    description: Whether all of them are returned as one text, which is empty where there is none.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show what nodes have to trust
  ansible.builtin.debug:
    msg: "{{ lookup('beam.tls_distribution.cluster_authorities', '/srv/cluster', text=true) }}"
"""

RETURN = r"""
_raw:
  description: The certificates.
  type: list
  elements: str
"""

import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import authorities, revocations
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers import trust_files

_ASKED: dict[str, t.Callable[[authorities.Places], list[str]]] = {
    "trust": authorities.trusted,
    "signs": authorities.signs,
    "lists": authorities.lists,
    "revoked_keys": revocations.keys,
}


class LookupModule(LookupBase):
    """See DOCUMENTATION."""

    def run(self, terms: list[str], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[str]:
        """What is asked for, a text each."""
        asked = _ASKED[kwargs.get("which", "trust")]
        try:
            found = [text for term in terms for text in asked(layout.cluster(str(term)))]
            if kwargs.get("signing") is not None:
                found = trust_files.of_cluster(kwargs["signing"], found)
            return ["".join(found)] if kwargs.get("text") else found
        except InputError as error:
            raise AnsibleError(authorities.OF_DIRECTORY % (error.problem, error.fix)) from error
