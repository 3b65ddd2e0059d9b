# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The answers of all hosts, as one report: on the terminal, as JSON, as a page. Runs on the controller only."""

from __future__ import annotations

import datetime
import json
import os
import typing as t
from pathlib import Path

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.color import stringc
from ansible.utils.display import Display
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.walls import NAMES
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import collection
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.report import files, model, page, table

display = Display()

# Read when the plugin is loaded: a task's own process has no terminal any more.
_ON_TERMINAL = os.isatty(1)
_WIDTH_OF_LOGS = 160

CONTROLLER = "controller"


class ActionModule(ActionBase):
    """See the documentation of the module of the same name."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Joins the answers, prints and writes the report, and fails if anything in it did.

        Never ``changed``: a report is a log of what was seen at a time, and no state of any host.
        """
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(
            {
                "topology": {"type": "dict", "required": True},
                "answers": {"type": "str", "required": True},
                "watched": {"type": "str"},
                "outsiders": {"type": "list", "elements": "str", "default": []},
                "controller_answer": {"type": "dict"},
                "walls": {"type": "list", "elements": "str", "choices": list(NAMES), "default": list(NAMES)},
                "directory": {"type": "path"},
                "stopped": {"type": "list", "elements": "str", "default": []},
            }
        )
        variables = task_vars or {}
        report = self._report(arguments, variables)
        paths = [] if self._task.check_mode or not arguments["directory"] else _write(report, _place(arguments["directory"], variables))
        _print(report, paths[-1] if paths else "")
        # A failure here ends the run, so that what stopped before has to be said with it.
        said = [] if report["ok"] else arguments["stopped"]
        result.update(changed=False, failed=not report["ok"], msg="\n".join([report["summary"], *said]), paths=paths)
        return result

    def _report(self, arguments: dict[str, t.Any], variables: dict[str, t.Any]) -> model.Report:
        topology, outsiders = arguments["topology"], list(arguments["outsiders"])
        asked = set(variables.get("ansible_play_hosts_all") or [])
        hosts = [name for name in [*topology["nodes"], *outsiders] if name in asked]
        answers = {name: _registered(variables["hostvars"], name, arguments["answers"]) for name in hosts}
        watched = {name: _registered(variables["hostvars"], name, arguments["watched"]) for name in hosts} if arguments["watched"] else {}
        if not outsiders and arguments["controller_answer"]:
            outsiders = [CONTROLLER]
            asked.add(CONTROLLER)
            answers[CONTROLLER] = arguments["controller_answer"]
        question = model.Question(topology, asked, outsiders, arguments["walls"], self._task.check_mode, collection.version())
        return model.build(question, answers, datetime.datetime.now(datetime.timezone.utc), watched)


def _registered(hostvars: t.Any, host: str, name: str) -> model.Answer:
    """What a host's task registered under a name, nothing if it did not come to that."""
    try:
        found = hostvars.raw_get(host).get(name)
    except AttributeError:
        found = None
    return found if isinstance(found, dict) else {}


def _place(directory: str, variables: dict[str, t.Any]) -> Path:
    return Path(os.path.join(variables.get("inventory_dir") or os.getcwd(), os.path.expanduser(directory)))


def _write(report: model.Report, directory: Path) -> list[str]:
    texts = {"report.json": json.dumps(report, indent=1) + "\n", "report.html": page.page(report)}
    try:
        return files.write(directory, texts)
    except OSError as error:
        fix = "Correct its permissions, or set erlang_verify_report_directory to a directory that you may write to."
        raise AnsibleActionFail(
            "The report cannot be written to %s on the controller (%s). %s" % (directory, error.strerror, fix)
        ) from error


def _print(report: model.Report, html: str) -> None:
    width = display.columns if _ON_TERMINAL else max(display.columns, _WIDTH_OF_LOGS)
    colours = {
        table.GOOD: constants.COLOR_OK,
        table.BAD: constants.COLOR_ERROR,
        table.QUIET: constants.COLOR_SKIP,
    }
    lines = [
        "".join(stringc(span.text, colours[span.style]) if span.style in colours else span.text for span in line).rstrip()
        for line in table.render(report, width, html)
    ]
    display.display("\n%s\n" % "\n".join(lines))
