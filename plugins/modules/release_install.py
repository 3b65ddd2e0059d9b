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
    So a directory that is there is complete, and what is in one that is there is not touched.
  - Older ones beside it may be removed when it is installed.
  - All of it belongs to root, whatever the archive says, and none of it leads out of the directory.
extends_documentation_fragment:
  - beam.tls_distribution.archive
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
  group:
    description:
      - The group that may read the release besides root, as it may hold a cookie or passwords. By default all may.
      - It holds from the first moment on. One that was unpacked for all, and others beside it, are closed to them.
    type: str
  node:
    description:
      - Directory of the node that the release is for. Files of O(used_by) below it are its own. A release that belongs to another group is given
        to this one only if no other node uses it.
    type: path
"""

EXAMPLES = r"""
- name: Have this version of the application on the host
  beam.tls_distribution.release_install:
    path: /opt/erlang/apps/guard/1.0.0
    archive: files/guard-1.0.0.tar.gz
    keep: 2
    used_by: [/opt/erlang/nodes/*/generations/*/about.json]
    group: merl
    node: /opt/erlang/nodes/guard
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
closed:
  description: Directories that others could read until now.
  returned: always
  type: list
  elements: str
"""

import os
from collections.abc import Mapping
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._host import archive_module, releases


def main() -> None:
    """Entry point."""
    options: dict[str, dict[str, Any]] = {
        "path": {"type": "path", "required": True},
        "archive": {"required": True},
        "used_by": {"type": "list", "elements": "str", "default": []},
        "group": {"type": "str"},
        "node": {"type": "path"},
    }
    archive_module.main(options, _installed)


def _installed(params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """Has the release installed, or says what would change. Returns the module's result; raises StagingError."""
    path, keep = os.path.normpath(params["path"]), params["keep"]
    readers = releases.Readers(params["group"], tuple(params["used_by"]), params["node"] and os.path.normpath(params["node"]))
    lacks = not releases.is_there(path)
    removed = releases.outdated(path, keep, params["used_by"]) if lacks and keep is not None else []
    closed = [other for other in releases.open_to_others(path, readers) if other not in removed]
    if lacks and not check:
        releases.install(path, archive_module.sent(params, path), params["sha256"], readers.group)
        releases.remove(removed)
    if closed and not check:
        releases.close(closed, params["group"])
    diff = releases.describe(path, params["archive"] if lacks else "", removed, closed)
    return {"changed": lacks or bool(closed), "path": path, "removed": removed, "closed": closed, "diff": diff}


if __name__ == "__main__":
    main()
