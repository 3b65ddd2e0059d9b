# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OTP releases on a host, each in a directory of its own.

Source: OTP "SASL: release handling", ``systools:make_tar`` (a release is an archive of ``lib`` and ``releases``, with or without ``erts-*``).
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from ansible_collections.beam.tls_distribution.plugins.module_utils.host import staging


def is_there(path: str) -> bool:
    """Whether a release is installed there; a directory that is there is whole."""
    return os.path.isdir(path)


def install(path: str, archive: str, sha256: str | None) -> None:
    """Unpacks an archive with the digest ``sha256`` to ``path``, which is not there. Raises :class:`staging.StagingError`."""
    parent = os.path.dirname(path)
    try:
        staging.remove_leftovers(parent)
    except OSError as error:
        raise staging.StagingError("%s cannot be made (%s)" % (parent, error.strerror)) from error
    with staging.unpacked(archive, sha256, path):
        pass


def describe(path: str, archive: str) -> Sequence[dict[str, str]]:
    """The difference between before and after, as Ansible shows it."""
    return [{"before_header": path, "after_header": path, "before": "", "after": "what %s holds\n" % os.path.basename(archive)}]
