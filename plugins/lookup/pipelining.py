# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether modules are piped to hosts: as the user's configuration says, and else yes."""

from __future__ import annotations

DOCUMENTATION = r"""
name: pipelining
author:
  - beam.tls_distribution contributors (@beam-tls-distribution)
version_added: 1.1.0
short_description: Whether the user's configuration has pipelining on
description:
  - Returns what ansible.cfg or the environment says of the option C(pipelining) of ssh connections, and true where they say nothing.
  - Ansible's own default is false, as hosts whose sudoers has C(requiretty) need it to be.
options: {}
"""

EXAMPLES = r"""
- name: A default that inventory, configuration and command line can change
  ansible.builtin.set_fact:
    fast: "{{ lookup('beam.tls_distribution.pipelining') }}"
"""

RETURN = r"""
_raw:
  description: Whether modules are to be piped.
  type: list
  elements: bool
"""

import typing as t

from ansible import constants
from ansible.plugins.loader import connection_loader
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    """See DOCUMENTATION."""

    def run(self, terms: list[str], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[bool]:
        """One answer."""
        connection_loader.get("ssh", class_only=True)  # Its options are known once it was loaded.
        value, origin = constants.config.get_config_value_and_origin("pipelining", plugin_type="connection", plugin_name="ssh")
        return [True if origin == "default" else bool(value)]
