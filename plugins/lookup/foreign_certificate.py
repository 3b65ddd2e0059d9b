# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A certificate that nobody trusts, made on the controller and kept nowhere."""

from __future__ import annotations

DOCUMENTATION = r"""
name: foreign_certificate
author:
  - beam.tls_distribution contributors (@beam-tls-distribution)
version_added: 1.0.0
short_description: A certificate of a throwaway CA
description:
  - Makes a CA, and a certificate and key that it issues for a host, and forgets the CA at once. Nothing is written
    anywhere.
  - M(beam.tls_distribution.node_verify) proves with it that certificates of another CA are refused, even where the
    name in them is right.
options:
  _terms:
    description: Host parts of node names, one certificate each.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Prove that another CA's certificate is refused
  beam.tls_distribution.node_verify:
    node: guard@alpha.example.net
    peers: [{node: guard@bravo.example.net}]
    foreign_certificate: "{{ lookup('beam.tls_distribution.foreign_certificate', 'alpha.example.net') }}"
"""

RETURN = r"""
_raw:
  description: Certificate and private key in one PEM text, one for each host.
  type: list
  elements: str
"""

import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import foreign


class LookupModule(LookupBase):
    """See DOCUMENTATION."""

    def run(self, terms: list[str], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[str]:
        """One PEM text for each host."""
        if foreign.CRYPTOGRAPHY_MISSING is not None:
            raise AnsibleError(foreign.WITHOUT_CRYPTOGRAPHY)
        return [foreign.certificate(str(host)) for host in terms]
