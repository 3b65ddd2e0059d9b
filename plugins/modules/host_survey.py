#!/usr/bin/python
# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_survey
short_description: Everything the roles decide on, read from a host in one round trip
version_added: 1.0.0
author: "beam.tls_distribution contributors (@beam-tls-distribution)"
description:
  - Reads the platform, the account, the OTP installed, the node's certificate, small public files, units of systemd and the state of the packet filter.
  - No runtime is started, nothing is changed, and no private key and no secret is part of the answer.
extends_documentation_fragment:
  - beam.tls_distribution.attributes
  - beam.tls_distribution.attributes.looks
options:
  account:
    description: The account to look at.
    type: str
  certificate:
    description: A PEM file with a private key and its certificate. The certificate is returned, and whether the key is its own.
    type: str
  files:
    description: Public files whose text is returned.
    type: list
    elements: str
    default: []
  exists:
    description: Paths of which is told whether they exist.
    type: list
    elements: str
    default: []
  leftovers:
    description: Patterns of a shell for files that a run may have left behind. Told is which there are, and how old each is.
    type: list
    elements: str
    default: []
  digests:
    description: Files of which the SHA-256 is told.
    type: list
    elements: str
    default: []
  units:
    description: Units of systemd.
    type: list
    elements: str
    default: []
  nodes:
    description: Directory below which the nodes of this collection have their configuration, a directory each.
    type: str
  applications:
    description: Applications of OTP. Told are the versions of these, of what a node that speaks TLS boots in any case, and of what all of them need.
    type: list
    elements: str
    default: []
  sets:
    description: Sets of files by a name of your choice, as beam.tls_distribution.file_set takes them. Told is whether each is as wanted.
    type: dict
    default: {}
  otp_roots:
    description: Directories in which an OTP may be installed, in order of preference. The first that holds one is used, V(/usr/lib/erlang) if none is given.
    type: list
    elements: str
  otp_prefix:
    description: Directory in which OTPs lie side by side, all of which are told of.
    type: str
  needs:
    description:
      - What roles need on the host, by name, V(otp) with the applications that it is to have, V(nft) and V(cryptography) with an empty list.
        Told is what of it is missing.
    type: dict
    default: {}
    version_added: 1.1.0
  questions:
    description:
      - Any of the other options, in as many mappings as you like, such as one of each role. Of lists each item is asked once, mappings are joined,
        and what is one text must be the same for all.
    type: list
    elements: dict
    default: []
    version_added: 1.1.0
  firewall_check:
    description: The command that ends with 0 if the packet filter in the kernel is the one that was loaded last.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Look at the host
  beam.tls_distribution.host_survey:
    account: merl
    certificate: /etc/erlang/guard/node.pem
    units: [erlang-guard.service]

- name: Say which OTP there is
  ansible.builtin.debug:
    msg: "{{ ansible_facts.erlang_survey.otp.version }}"
"""

RETURN = r"""
ansible_facts:
  description: Facts of the host.
  returned: always
  type: dict
  contains:
    erlang_survey:
      description: The answers.
      returned: always
      type: dict
      contains:
        platform:
          description:
            - ID, ID_LIKE and VERSION_ID of os-release, architecture, version of Python, whether it has cryptography.
            - C(user_groups) is whether a new account gets a group of its own.
          type: dict
          returned: always
        account:
          description:
            - Whether it exists, its group, home and shell, whether it is locked, further groups, places that let it use sudo.
            - C(own_group) is whether there is a group of its name.
          type: dict
          returned: always
        otp: {description: "The OTP found, as beam.tls_distribution.otp_info returns it; null if there is none.", type: dict, returned: always}
        packages:
          description: What of O(needs) is missing, each with C(for), the applications that OTP lacks, and C(names) of packages, null where they are not known.
          type: dict
          returned: always
        certificate:
          description: Key C(pem), the text of all certificates, C(key_matches), and C(labels) of all parts; null if there is no such file.
          type: dict
          returned: always
        boots: {description: "Name to version of O(applications) and what they need, as far as OTP has them.", type: dict, returned: always}
        otps:
          description: All OTPs there are, as M(beam.tls_distribution.otp_info) returns them; empty unless O(otp_prefix) is given.
          type: list
          returned: always
        files: {description: Path to text; null for a file that is not there., type: dict, returned: always}
        exists: {description: Path to whether it is there., type: dict, returned: always}
        leftovers: {description: Path to the seconds since it was changed., type: dict, returned: always}
        digests: {description: "Path to the SHA-256 in hexadecimal; null for a file that is not there.", type: dict, returned: always}
        sets: {description: "Name to whether beam.tls_distribution.file_set would change nothing.", type: dict, returned: always}
        units: {description: "Unit to C(load), C(active), C(enabled), C(needs_reload) and C(wanted_by).", type: dict, returned: always}
        nodes:
          description:
            - The nodes that have a configuration below O(nodes), whatever their names.
            - Of each C(name), C(node), C(port), names of C(peers), its C(units), C(active) and C(enabled) of its service, and directories of C(mnesia).
            - C(about) is the text in which what the node started with says what it is, C(listens) the port that it listens on since then; null where
              there is none.
          type: list
          returned: always
        firewall: {description: "Path of C(nft), other C(managers) of the packet filter, and whether it is C(right).", type: dict, returned: always}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import commands, questions, survey


def main() -> None:
    """Entry point."""
    paths = {"type": "list", "elements": "str", "default": []}
    options = {
        "account": {"type": "str"},
        "certificate": {"type": "str"},
        "files": dict(paths),
        "exists": dict(paths),
        "leftovers": dict(paths),
        "digests": dict(paths),
        "units": dict(paths),
        "nodes": {"type": "str"},
        "applications": dict(paths),
        "sets": {"type": "dict", "default": {}},
        "needs": {"type": "dict", "default": {}},
        "firewall_check": dict(paths),
        "otp_roots": {"type": "list", "elements": "str"},
        "otp_prefix": {"type": "str"},
    }
    module = AnsibleModule(
        argument_spec={**options, "questions": {"type": "list", "elements": "dict", "default": []}}, supports_check_mode=True
    )
    own = {name: module.params[name] for name in options}
    try:
        asked = questions.merged(options, [own, *module.params["questions"]])
        facts = survey.survey(asked, commands.run)
    except (questions.QuestionError, survey.SurveyError) as error:
        module.fail_json(msg="%s." % error)
    module.exit_json(changed=False, ansible_facts={"erlang_survey": facts})


if __name__ == "__main__":
    main()
