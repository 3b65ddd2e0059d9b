# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An OTP is built on a host, with its progress shown here, and its archive fetched. See the module of the same name."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shlex
import typing as t
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.beam.tls_distribution.plugins.module_utils._building import recipe, status
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import files, transfer

display = Display()

# Read when the plugin is loaded: a task's own process has no terminal any more.
_ON_TERMINAL = os.isatty(1)
_SECONDS = 5
_PATIENCE = 3

# Waits on the builder until the build ends, a few seconds at most, so that its end is seen at once and asking costs next to nothing.
_ASK = "flock --shared --timeout %d %s true; echo $?; date +%%s; cat %s"

_MODULE = "beam.tls_distribution.otp_build"


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Builds what the cache does not have."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        arguments = dict(self._task.args)
        self._host = self._task.delegate_to or variables["inventory_hostname"]
        name = recipe.directory_name(arguments["otp"], arguments["platform"])
        archive = Path(arguments["cache"]) / (name + ".tar.gz")
        result.update(changed=False, archive=str(archive))
        if archive.exists():
            return {**result, **_cached(archive)}
        if self._task.check_mode:
            result.update(changed=True, msg="%s would build OTP %s" % (self._host, name))
            display.display(result["msg"])
            return result
        archive.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._locked(archive.with_name(archive.name + ".lock")):
            if archive.exists():
                return {**result, **_cached(archive)}
            self._title = "%s: OTP %s" % (self._host, arguments["otp"]["version"])
            transfer.with_directory(self)
            try:
                begun = self._begin(arguments, variables)
                found = self._watch(begun["directory"], begun["status"])
                self._take(arguments, variables, archive)
            finally:
                transfer.without_directory(self)
        return {**result, **_cached(archive), "changed": True, "seconds": found["seconds"]}

    def _module(self, arguments: dict[str, t.Any], variables: dict[str, t.Any], **step: t.Any) -> dict[str, t.Any]:
        answer: dict[str, t.Any] = self._execute_module(_MODULE, {**arguments, **step}, task_vars=variables)
        if answer.get("failed"):
            said = answer.get("msg") or answer.get("module_stderr") or "the module ended without a word"
            raise AnsibleActionFail("%s: %s" % (self._host, said))
        return answer

    def _begin(self, arguments: dict[str, t.Any], variables: dict[str, t.Any]) -> dict[str, t.Any]:
        """Has the build begin or go on, with what it lacks sent first."""
        answer = self._module(arguments, variables, step="begin")
        if answer["lacks"]:
            otp = arguments["otp"]
            paths = {file["sha256"]: file["path"] for file in [otp["archive"], *otp["patches"]]}
            there = transfer.sent(self, {digest: paths[digest] for digest in answer["lacks"]})
            answer = self._module(arguments, variables, step="begin", sent=there)
        if not answer["started"]:
            display.display("%s is being built there already" % self._title)
        return answer

    def _watch(self, directory: str, path: str) -> status.Status:
        """Shows the progress until the build is done. Raises AnsibleActionFail if it fails or is no more."""
        known: dict[str, float] | None = None
        lost = 0
        while True:
            running, now, found = self._ask(directory, path)
            if found is None:
                lost += 1
                if lost > _PATIENCE:
                    raise AnsibleActionFail("%s: the progress of the build cannot be read; run again to take it up" % self._host)
                continue
            lost = 0
            if known is not None:
                for line in status.finished(found, known):
                    display.display("%s, %s" % (self._title, line))
            elif found["seconds"]:
                display.display("%s goes on behind %s" % (self._title, list(found["seconds"])[-1]))
            known = dict(found["seconds"])
            if found["state"] == "failed":
                raise AnsibleActionFail(status.failure(found, self._host))
            if found["state"] == "done":
                return found
            if not running:
                raise AnsibleActionFail(
                    "%s: the build ended in the stage %s without a word (it was killed, or the host was restarted); run again to have it go on"
                    % (self._host, found["stage"])
                )
            if _ON_TERMINAL:
                display.display("%s, %s" % (self._title, status.line(found, now)))

    def _ask(self, directory: str, path: str) -> tuple[bool, float, status.Status | None]:
        """Whether the build runs, the builder's clock, and its status, if it can be read."""
        command = _ASK % (_SECONDS, shlex.quote(os.path.join(directory, "lock")), shlex.quote(path))
        answer = self._low_level_execute_command(command)
        try:
            code, now, content = answer["stdout_lines"]
            return int(code) != 0, float(now), json.loads(content)
        except ValueError:
            return False, 0.0, None

    def _take(self, arguments: dict[str, t.Any], variables: dict[str, t.Any], archive: Path) -> None:
        """Fetches the archive into the cache, its description first: an archive that is there is whole and described."""
        answer = self._module(arguments, variables, step="result")
        display.display("%s, fetching the archive" % self._title)
        described = {"sha256": answer["sha256"], "manifest": json.loads(answer["manifest"])}
        with files.beside(archive) as staged:
            self._connection.fetch_file(answer["archive"], str(staged))
            if files.sha256(staged) != answer["sha256"]:
                raise AnsibleActionFail("%s: the archive that was fetched is not the one that was built; run again" % self._host)
            files.write(archive.with_name(archive.name + ".json"), json.dumps(described, indent=2) + "\n")
        self._module(arguments, variables, step="clean")

    @contextlib.contextmanager
    def _locked(self, path: Path) -> t.Iterator[None]:
        """One run at a time fills a place of the cache, whoever started it on this controller."""
        with path.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                display.display("%s: another run on this controller has the same OTP built; waiting for it" % self._host)
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _cached(archive: Path) -> dict[str, t.Any]:
    described: dict[str, t.Any] = json.loads(archive.with_name(archive.name + ".json").read_text())
    return described
