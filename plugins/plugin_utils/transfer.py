# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of the controller on their way to a host."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import files


def sent(action: ActionBase, paths: t.Mapping[str, str]) -> dict[str, str]:
    """Sends files: digest -> path here. Returns digest -> path there, in the task's own directory, which is removed with it."""
    there = {}
    for digest, path in paths.items():
        target = action._connection._shell.join_path(action._connection._shell.tmpdir, digest)
        try:
            there[digest] = action._transfer_file(path, target)
        except OSError as error:
            raise AnsibleActionFail("%s cannot be sent (%s)" % (path, error.strerror)) from error
    if there:
        # Nothing of it is run, so that an account that owns it is asked nothing more.
        action._fixup_perms2([action._connection._shell.tmpdir, *there.values()], execute=False)
    return there


def run_with_archive(
    action: ActionBase, module: str, arguments: t.Mapping[str, t.Any], archive: str, task_vars: dict[str, t.Any] | None
) -> dict[str, t.Any]:
    """Sends an archive and runs a module, whose options ``sent`` and ``sha256`` tell where it lies there and what its digest is.

    A ``sha256`` that is among the arguments has to be that of the archive.
    """
    digest = files.sha256(archive)
    wanted = arguments.get("sha256") or digest
    if wanted != digest:
        raise AnsibleActionFail(
            "%s has the SHA-256 %s, and not %s; give the digest of this archive, or the archive of that digest" % (archive, digest, wanted)
        )
    with_directory(action)
    try:
        there = sent(action, {digest: archive})
        result: dict[str, t.Any] = action._execute_module(
            module, {**arguments, "sent": there[digest], "sha256": digest}, task_vars=task_vars
        )
        return result
    finally:
        without_directory(action)


def with_directory(action: ActionBase) -> None:
    """Makes the task's directory on the host, for what is sent; it is removed by :func:`without_directory`."""
    if not action._connection._shell.tmpdir:
        action._make_tmp_path()


def without_directory(action: ActionBase) -> None:
    """Removes the task's directory on the host."""
    action._remove_tmp_path(action._connection._shell.tmpdir)
