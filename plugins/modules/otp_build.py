#!/usr/bin/python
# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: otp_build
short_description: Builds Erlang/OTP from source, once, into an archive on the controller
version_added: 1.1.0
author: "beam.tls_distribution contributors (@beam-tls-distribution)"
description:
  - Unpacks the source on the host, patches, configures, compiles, installs and packs it, and leaves the result in a cache on the controller,
    under a name that stands for all that it is made from. Where the cache has it already nothing is done.
  - The build runs in the background, in a session of its own. It goes on if the connection breaks or the controller is stopped, and the next
    run takes it up where it is. A build that was killed goes on with the first stage that is not through. One build runs on a host at a time.
  - At a terminal its progress is shown every few seconds; in a log each stage is a line.
  - After configure and before anything is compiled it fails if C(crypto), C(ssl) or another application that is needed would be left out, and
    says which header or library is missing.
extends_documentation_fragment:
  - beam.tls_distribution.attributes
  - beam.tls_distribution.attributes.changes
attributes:
  diff_mode:
    support: none
    details: What is made is an archive; its manifest is returned.
options:
  otp:
    description:
      - The recipe, as C(otp) of a node in the fact C(erlang_cluster_topology) has it with C(erlang_otp_source=build).
      - Keys are C(version), C(archive) (C(path) on the controller, C(sha256)), C(patches) (each C(name), C(path), C(sha256)), C(options) and C(environment).
    type: dict
    required: true
  platform:
    description: What the archive is for, C(id), C(version_id) and C(architecture). The module refuses to build on any other.
    type: dict
    required: true
  applications:
    description: Applications of OTP that the result has to have, besides those that TLS distribution needs.
    type: list
    elements: str
    default: []
  cache:
    description: Directory on the controller where the archive is left.
    type: path
    required: true
  directory:
    description: Directory on the host for the build. It needs 2 GB, and is empty again at the end.
    type: path
    default: /var/cache/erlang-otp
  jobs:
    description: How many jobs make runs side by side; 0 for one per processor.
    type: int
    default: 0
  step:
    description: Which part of the work is to be done on the host. The action plugin sets it.
    type: str
    choices: [begin, result, clean]
    default: begin
  sent:
    description: What the action plugin has sent to the host, a path for each SHA-256.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Build the node's OTP
  beam.tls_distribution.otp_build:
    otp: "{{ ansible_facts.erlang_cluster_topology.nodes[inventory_hostname].otp }}"
    platform: "{{ ansible_facts.erlang_survey.platform }}"
    cache: "{{ playbook_dir }}/otp"
"""

RETURN = r"""
archive:
  description: The archive on the controller. In check mode where it would be.
  returned: always
  type: str
  sample: /home/me/.cache/beam.tls_distribution/otp/27.3.4.19-0123456789ab.tar.gz
sha256:
  description: Its SHA-256.
  returned: when it is there
  type: str
manifest:
  description: What it was made from and what it is. The same for every build of the same recipe.
  returned: when it is there
  type: dict
seconds:
  description: How long each stage took.
  returned: when it was built
  type: dict
  sample: {unpack: 5.2, patch: 0.1, configure: 31.0, compile: 290.4, install: 6.1, pack: 3.3}
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.beam.tls_distribution.plugins.module_utils._building import recipe
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import building, survey


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "otp": {"type": "dict", "required": True},
            "platform": {"type": "dict", "required": True},
            "applications": {"type": "list", "elements": "str", "default": []},
            "cache": {"type": "path", "required": True},
            "directory": {"type": "path", "default": "/var/cache/erlang-otp"},
            "jobs": {"type": "int", "default": 0},
            "step": {"type": "str", "choices": ["begin", "result", "clean"], "default": "begin"},
            "sent": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    params = module.params
    build = building.Build(os.path.join(params["directory"], recipe.directory_name(params["otp"], params["platform"])))
    try:
        if params["step"] == "result":
            module.exit_json(changed=True, **build.result())
        if params["step"] == "clean":
            build.clean()
            module.exit_json(changed=True)
        building.check_platform(params["platform"], survey.platform())
        build.take_in(params["otp"], params["sent"])
        lacks = build.lacks(params["otp"])
        if lacks:
            module.exit_json(changed=False, lacks=lacks)
        jobs = params["jobs"] or os.cpu_count() or 1
        started = build.begin(params["otp"], params["platform"], jobs, params["applications"])
        module.exit_json(changed=True, lacks=[], started=started, directory=build.directory, status=build.status)
    except building.BuildError as error:
        module.fail_json(msg=error.problem)


if __name__ == "__main__":
    main()
