#!/usr/bin/python
# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: otp_install
short_description: Has an Erlang/OTP installed beside others, and current
version_added: 1.1.0
author: "beam.tls_distribution contributors (@beam-tls-distribution)"
description:
  - Unpacks an archive of OTP beside those that are there, fits it to its place, has it start C(crypto) and C(ssl), and only then gives it its name.
  - Makes the link C(current) point to it in one step. What was current before stays, so that the way back is another run with its name.
  - The archive is sent to the host only if the OTP is not there yet.
  - Older ones are removed. One that a process runs from is kept.
extends_documentation_fragment:
  - beam.tls_distribution.archive
  - beam.tls_distribution.attributes
  - beam.tls_distribution.attributes.changes
options:
  name:
    description: Name of the OTP, a directory below O(prefix).
    type: str
    required: true
  prefix:
    description: Directory in which OTPs lie side by side.
    type: path
    default: /opt/erlang/otp
  archive:
    description: Archive on the controller, as M(beam.tls_distribution.otp_build) leaves it. Not needed where the OTP is installed.
    type: path
  keep:
    description: How many OTPs are kept besides the current one; those that were current last.
    type: int
    default: 2
"""

EXAMPLES = r"""
- name: Have an OTP installed and current
  beam.tls_distribution.otp_install:
    name: 27.3.4.19-0123456789ab
    archive: /home/me/.cache/beam.tls_distribution/otp/27.3.4.19-0123456789ab.tar.gz

- name: Go back to the one before
  beam.tls_distribution.otp_install:
    name: 27.3.4.18-ba9876543210
"""

RETURN = r"""
before:
  description: The name that was current; null if none was.
  returned: always
  type: str
installed:
  description: Whether the OTP was unpacked, or would be in check mode.
  returned: always
  type: bool
removed:
  description: Names of those that were removed, or would be.
  returned: always
  type: list
  elements: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._host import archive_module, commands, installing


def main() -> None:
    """Entry point."""
    options: dict[str, dict[str, Any]] = {
        "name": {"type": "str", "required": True},
        "prefix": {"type": "path", "default": installing.PREFIX},
        "keep": {"default": 2},
    }
    archive_module.main(options, _installed)


def _installed(params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """Has the OTP installed and current, or says what would change. Returns the module's result; raises InstallError."""
    asked = installing.Asked(params["prefix"], params["name"], params["sent"], params["sha256"], params["keep"])
    result = installing.announce(asked) if check else installing.install(asked, commands.run)
    diff = installing.describe(result, asked)
    return {"changed": bool(diff or result.removed), "diff": diff, **result._asdict()}


if __name__ == "__main__":
    main()
