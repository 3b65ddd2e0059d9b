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
  - All of it belongs to root, whatever the archive says, and none of it leads out of the directory.
attributes:
  check_mode:
    description: Can run in check mode and say what would change, without changing it.
    support: full
  diff_mode:
    description: Will return details on what has changed.
    support: full
  idempotent:
    description: When run twice in a row, the second run changes nothing.
    support: full
  platform:
    description: Target operating systems the module runs on.
    support: full
    platforms: posix
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
  sent:
    description: Where the action plugin has put the archive on the host.
    type: path
"""

EXAMPLES = r"""
- name: Have this version of the application on the host
  beam.tls_distribution.release_install:
    path: /opt/erlang/apps/guard/1.0.0
    archive: files/guard-1.0.0.tar.gz
"""

RETURN = r"""
path:
  description: The directory.
  returned: always
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.beam.tls_distribution.plugins.module_utils.host import releases, staging


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "archive": {"type": "path", "required": True},
            "sha256": {"type": "str"},
            "sent": {"type": "path"},
        },
        supports_check_mode=True,
    )
    path, sent = module.params["path"], module.params["sent"]
    lacks = not releases.is_there(path)
    if lacks and not module.check_mode:
        if sent is None:
            module.fail_json(msg="%s: the archive was not sent; the module is used through its action plugin of the same name." % path)
        try:
            releases.install(path, sent, module.params["sha256"])
        except staging.StagingError as error:
            module.fail_json(msg="%s." % error)
    module.exit_json(changed=lacks, path=path, diff=releases.describe(path, module.params["archive"]) if lacks else [])


if __name__ == "__main__":
    main()
