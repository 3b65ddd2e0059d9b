# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A trial boot of a generation: its runtime, its flags and its configuration, as the node's account, in the sandbox of its unit, without
distribution and without its applications. So what the runtime refuses is known while the old node runs.

Sources: erl(1), init(3) (``-args_file``, ``-boot``, ``-config``), systemd-run(1).
"""

from __future__ import annotations

import glob
import json
import os
import shlex
from collections.abc import Sequence
from typing import NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._host.commands import Runner
from ansible_collections.beam.tls_distribution.plugins.module_utils._host.generations import ABOUT, UNIT
from ansible_collections.beam.tls_distribution.plugins.module_utils._system import sandbox

SECONDS = 30
"""Seconds that a trial may take."""

# Flags of erl and init that a trial leaves out, each with what is behind it: they distribute the node, or start what only the node may start.
_LEFT_OUT = frozenset(
    [
        "-name",
        "-sname",
        "-setcookie",
        "-proto_dist",
        "-ssl_dist_optfile",
        "-ssl_dist_opt",
        "-epmd_module",
        "-start_epmd",
        "-epmd_port",
        "-erl_epmd_port",
        "-dist_listen",
        "-beam_tls_peers",
        "-beam_tls_runtime",
        "-boot",
        "-s",
        "-run",
        "-eval",
        "-heart",
    ]
)
_LAST = ("-extra", "--")
_SET_HERE = ("User=", "Group=", "WorkingDirectory=", "PrivateTmp=", "RuntimeMaxSec=")
# Out only when what was configured is in force: a log handler that cannot be is taken away again without an end of the boot.
_ASKED = (
    "Wanted = [Id || {handler, Id, _, _} <- application:get_env(kernel, logger, [])],"
    "Lacking = Wanted -- logger:get_handler_ids(),"
    'Lacking =:= [] orelse io:format(standard_error, "kernel parameter logger: these handlers could not be added: ~tp~n", [Lacking]),'
    "halt(min(length(Lacking), 1))."
)


class Outcome(NamedTuple):
    """How a trial ended: whether the boot was a good one, and what was said in it, which may hold what is secret."""

    good: bool
    said: str


def attempt(directory: str, account: str, home: str, run: Runner) -> Outcome:
    """Boots the generation in a directory."""
    with open(os.path.join(directory, UNIT), encoding="utf-8") as stream:
        confined = [line for line in sandbox.properties(stream.read()) if not line.startswith(_SET_HERE)]
    with open(os.path.join(directory, "vm.args"), encoding="utf-8") as stream:
        given = arguments(stream.read())
    argv = ["systemd-run", "--quiet", "--pipe", "--wait", "--collect", "--service-type=exec"]
    argv += ["--property=" + line for line in confined]
    # What the running node writes to, its logs above all, is not for a trial: it has empty directories in their place, which go with it.
    argv += ["--property=TemporaryFileSystem=%s:mode=0777" % path for path in written(confined, home)]
    argv += ["--property=User=" + account, "--property=Group=" + account, "--property=PrivateTmp=yes", "--property=WorkingDirectory=/tmp"]
    argv += ["--property=RuntimeMaxSec=%d" % SECONDS, "--property=EnvironmentFile=" + os.path.join(directory, "environment")]
    argv += ["--setenv=HOME=" + home, "--setenv=LANG=C.UTF-8", "--setenv=ERL_CRASH_DUMP=/dev/null", "--setenv=ERL_CRASH_DUMP_SECONDS=0"]
    if "-config" not in given:
        given += ["-config", os.path.join(directory, "sys.config")]
    paths = ["-pa", *code] if (code := code_path(directory)) else []
    outcome = run([*argv, os.path.join(directory, "erl"), "-boot", "start_clean", "-noinput", *paths, *given, "-eval", _ASKED])
    return Outcome(outcome.code == 0, "\n".join(part for part in (outcome.out, outcome.err) if part))


def code_path(directory: str) -> list[str]:
    """The directories of code of the release that a generation in a directory names: what is configured may name modules in it."""
    with open(os.path.join(directory, ABOUT), encoding="utf-8") as stream:
        release = str(json.load(stream).get("release", ""))
    return sorted(glob.glob(os.path.join(glob.escape(release), "lib", "*", "ebin"))) if release else []


def written(properties: Sequence[str], home: str) -> list[str]:
    """The directories that the unit lets the node write to, its home first."""
    named = [line.partition("=")[2] for line in properties if line.startswith("ReadWritePaths=")]
    paths = [path.lstrip("-+") for value in named for path in shlex.split(value)]
    return list(dict.fromkeys([home, *(path for path in paths if path.startswith("/"))]))


def arguments(text: str) -> list[str]:
    """The arguments of a file for ``-args_file`` (a flag or value a line, quoted as a shell takes it) that a trial boots with."""
    found = [word for line in text.splitlines() for word in shlex.split(line, comments=True)]
    end = next((place for place, word in enumerate(found) if word in _LAST), len(found))
    kept: list[str] = []
    left_out = False
    for word in found[:end]:
        if is_flag(word):
            left_out = word in _LEFT_OUT
        if not left_out:
            kept.append(word)
    return kept


def is_flag(word: str) -> bool:
    """Whether an argument begins a flag, of the runtime or of init."""
    return word[:1] in ("-", "+") and len(word) > 1 and not word[1:2].isdigit()
