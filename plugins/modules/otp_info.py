#!/usr/bin/python
# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: otp_info
short_description: The Erlang/OTP that is installed on a host
version_added: 1.0.0
author: "beam.tls_distribution contributors (@beam-tls-distribution)"
description:
  - Reads release, versions and applications of the OTP in the first directory that holds one, which is the current one, and of all others
    that there are, and tells of each whether it is patched. No runtime is started.
extends_documentation_fragment:
  - beam.tls_distribution.host
  - beam.tls_distribution.attributes
  - beam.tls_distribution.attributes.looks
"""

EXAMPLES = r"""
- name: Look for OTP
  beam.tls_distribution.otp_info:
  register: found

- name: Look for all OTPs
  beam.tls_distribution.otp_info:
    otp_roots: [/opt/erlang/otp/current, /usr/lib/erlang]
    otp_prefix: /opt/erlang/otp

- name: Insist on TLS
  ansible.builtin.assert:
    that:
      - found.otp is not none
      - found.otp.applications.ssl is defined
"""

RETURN = r"""
otp:
  description: What was found; null if there is no OTP.
  returned: always
  type: dict
  contains:
    root: {description: The directory of OTP., type: str, returned: always}
    erl: {description: The command that starts it., type: str, returned: always}
    release: {description: The major version., type: str, returned: always}
    version: {description: The version of OTP., type: str, returned: always}
    erts: {description: The version of the runtime system., type: str, returned: always}
    origin:
      description: C(package) if the distribution's packages brought it, C(build) if this collection built it, else C(other).
      type: str
      returned: always
    applications: {description: Names and versions of the applications., type: dict, returned: always}
    inet_ssl_port: {description: Whether ssl carries the patch of that name., type: bool, returned: always}
    crypto_library: {description: The library crypto is linked with; null where it is part of crypto., type: str, returned: always}
  sample:
    root: /usr/lib/erlang
    erl: /usr/lib/erlang/bin/erl
    release: "27"
    version: 27.3.4.1
    erts: 15.2.7
    origin: package
    applications: {crypto: 5.5.3, kernel: 10.2.7, ssl: 11.2.12, stdlib: 6.2.2}
    inet_ssl_port: false
    crypto_library: libcrypto.so.3
otps:
  description: All that were found, in O(otp_roots) and below O(otp_prefix), each as in RV(otp) and with C(current), whether it is that one.
  returned: always
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import otp


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "otp_roots": {"type": "list", "elements": "str", "default": ["/usr/lib/erlang"]},
            "otp_prefix": {"type": "str"},
        },
        supports_check_mode=True,
    )
    roots = module.params["otp_roots"]
    found = otp.find(roots)
    otps = otp.survey(module.params["otp_prefix"], roots)
    module.exit_json(changed=False, otp=found.as_result() if found else None, otps=otps)


if __name__ == "__main__":
    main()
