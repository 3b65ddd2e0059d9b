#!/usr/bin/python
# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: release_install
short_description: Has an OTP release unpacked in a directory of its own
version_added: 1.1.0
author: "beam.tls_distribution contributors (@beam-tls-distribution)"
description:
  - Sends a release archive of the controller to the host and unpacks it beside its place, which it takes in one step.
    So a directory that is there is complete, and one that is there is not touched.
  - Older ones beside it may be removed when it is installed.
  - All of it belongs to root, whatever the archive says, and none of it leads out of the directory.
extends_documentation_fragment:
  - beam.tls_distribution.attributes
  - beam.tls_distribution.attributes.changes
options:
  path:
    description: Directory that holds this release and nothing else. Those above it are made where they are missing.
    type: path
    required: true
  archive:
    description: Archive on the controller (tar, packed by gzip, bzip2, xz or not at all).
    type: path
    required: true
  sha256:
    description: SHA-256 of the archive. Without one that of the archive as it is found is taken.
    type: str
  keep:
    description:
      - How many others are kept beside it when it is installed, the newest. By default all are.
      - Nothing is removed by a run that installs nothing.
    type: int
  used_by:
    description:
      - Patterns of files on the host, such as boot scripts. A release is kept if one of them names its directory, followed by a slash.
    type: list
    elements: str
    default: []
  sent:
    description: Where the action plugin has put the archive on the host.
    type: path
"""

EXAMPLES = r"""
- name: Have this version of the application on the host
  beam.tls_distribution.release_install:
    path: /opt/erlang/apps/guard/1.0.0
    archive: files/guard-1.0.0.tar.gz
    keep: 2
    used_by: [/opt/erlang/nodes/*/boot/*.script]
"""

RETURN = r"""
path:
  description: The directory.
  returned: always
  type: str
removed:
  description: Directories that were removed, or would be.
  returned: always
  type: list
  elements: str
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.beam.tls_distribution.plugins.module_utils.host import releases, staging


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "archive": {"type": "path", "required": True},
            "sha256": {"type": "str"},
            "keep": {"type": "int"},
            "used_by": {"type": "list", "elements": "str", "default": []},
            "sent": {"type": "path"},
        },
        supports_check_mode=True,
    )
    path, sent, keep = os.path.normpath(module.params["path"]), module.params["sent"], module.params["keep"]
    lacks = not releases.is_there(path)
    removed = releases.outdated(path, keep, module.params["used_by"]) if lacks and keep is not None else []
    if lacks and not module.check_mode:
        if sent is None:
            module.fail_json(msg="%s: the archive was not sent; the module is used through its action plugin of the same name." % path)
        try:
            releases.install(path, sent, module.params["sha256"])
            releases.remove(removed)
        except staging.StagingError as error:
            module.fail_json(msg="%s." % error)
    diff = releases.describe(path, module.params["archive"], removed) if lacks else []
    module.exit_json(changed=lacks, path=path, removed=removed, diff=diff)


if __name__ == "__main__":
    main()
