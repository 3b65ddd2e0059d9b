# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A backup of the cluster's directory, made or restored. Runs on the controller only."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import backup, files

_FILE, _PASSPHRASE = "erlang_cluster_backup_file", "erlang_cluster_backup_passphrase"
_ARGUMENTS = {
    "topology": {"type": "dict", "required": True},
    "state": {"type": "str", "choices": ["saved", "restored"], "required": True},
    "file": {"type": "path", "required": True},
    "passphrase": {"type": "str", "no_log": True},
}


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Makes the file of the backup where it is not that of the directory as it is, or brings back what the directory lacks."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _validation, given = self.validate_argument_spec(_ARGUMENTS)
        directory = Path(given["topology"]["cluster"]["directory"])
        path = Path((task_vars or {}).get("inventory_dir") or ".", given["file"]).resolve()
        passphrase = given["passphrase"] or str(self._templar.template((task_vars or {}).get(_PASSPHRASE) or ""))
        if not passphrase:
            raise AnsibleActionFail("%s has no value; set it, in a vault, as the backup is encrypted with it." % _PASSPHRASE)
        act = {"saved": self._saved, "restored": self._restored}[given["state"]]
        try:
            if path.is_relative_to(directory.resolve()):
                raise InputError("is in the directory that it is to keep (%s)" % directory, "choose another place")
            names = act(directory, path, passphrase)
        except InputError as error:
            raise AnsibleActionFail("%s '%s' %s; %s." % (_FILE, path, error.problem, error.fix)) from None
        except OSError as error:
            raise AnsibleActionFail("%s cannot be read or written on the controller (%s)." % (error.filename, error.strerror)) from None
        result.update(changed=bool(names), file=str(path), names=names)
        return result

    def _saved(self, directory: Path, path: Path, passphrase: str) -> list[str]:
        contents = backup.read(directory)
        if not contents:
            raise InputError(
                "would be empty, as %s holds nothing" % directory, "run the playbook site before, or correct erlang_cluster_directory"
            )
        archive = backup.packed(contents)
        # Another text of the same archive would be no other backup.
        if path.exists() and backup.decrypted(path.read_text(encoding="utf-8", errors="replace"), passphrase) == archive:
            return []
        if not self._task.check_mode:
            files.write(path, backup.encrypted(archive, passphrase))
        return sorted(contents)

    def _restored(self, directory: Path, path: Path, passphrase: str) -> list[str]:
        wanted = backup.unpacked(backup.decrypted(path.read_text(encoding="utf-8", errors="replace"), passphrase))
        strange = backup.strange(directory, wanted)
        if strange:
            problem = "is of another state of the cluster than %s, where %s differs, and would replace what may be newer" % (
                directory,
                strange[0],
            )
            raise InputError(problem, "move that directory away, if the backup is what you want")
        names = backup.missing(directory, wanted)
        if names and not self._task.check_mode:
            backup.restore(directory, wanted, names)
        return names
