# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The signer ``command``: whatever signs elsewhere, by a command on the controller that is handed a request and returns a chain.

The request comes in PEM on its standard input; ``ERLANG_NODE``, ``ERLANG_HOST`` and ``ERLANG_DAYS`` in its environment say what for. The chain is what it
writes to its standard output, in PEM. No shell is between. What it says on its standard error is told only if it fails, and then a little of it.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import typing as t

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import checks
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import InputError
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import certificates, secrets
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers import trust_files
from ansible_collections.beam.tls_distribution.plugins.plugin_utils.signers.contract import Asked, Inventory, Kind, SignerError

COMMAND, TIMEOUT = "erlang_certs_command", "erlang_certs_command_timeout"
LONGEST_SAID = 400
"""Characters of what a command says that are told, the last ones."""
_READ = 16 * 1024
_SECRET_NAMES = re.compile(r"TOKEN|PASS|SECRET|KEY|CREDENTIAL|AUTH", re.IGNORECASE)
_PRIVATE = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)


class Command(t.NamedTuple):
    """A command that signs. A signer, see ``contract.py``."""

    arguments: list[str]
    timeout: int
    trusted: str

    def trust(self) -> str:
        """The roots in PEM."""
        return self.trusted

    def sign(self, asked: Asked) -> str:
        """What the command answered. Raises SignerError if it cannot be started, takes too long, or fails."""
        program = os.path.basename(self.arguments[0])
        wanted = asked.wanted
        told = {"ERLANG_NODE": wanted.node, "ERLANG_HOST": wanted.host, "ERLANG_DAYS": str(wanted.days)}
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as said:
            given.write(asked.request.encode("ascii", "replace"))
            given.seek(0)
            try:
                process = subprocess.Popen(
                    self.arguments, stdin=given, stdout=answer, stderr=said, env={**os.environ, **told}, start_new_session=True
                )
            except OSError as error:
                raise SignerError("erlang_certs_command: %s cannot be run on the controller (%s)" % (program, error.strerror)) from None
            try:
                code = process.wait(self.timeout)
            except subprocess.TimeoutExpired:
                raise SignerError(
                    "erlang_certs_command: %s did not end within %d s, and was stopped%s" % (program, self.timeout, _said(said))
                ) from None
            finally:
                # What it started itself goes with it.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            if code:
                ended = "was killed by signal %d" % -code if code < 0 else "ended with status %d" % code
                raise SignerError("erlang_certs_command: %s %s for %s%s" % (program, ended, wanted.node, _said(said)))
            answer.seek(0)
            return answer.read(certificates.LONGEST_PEM + 1).decode("ascii", "replace")


def _said(stream: t.IO[bytes]) -> str:
    """The end of what a command said, as the rest of a sentence: nothing in it that is not printed, nor what the environment has that may be secret."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - _READ))
    text = _PRIVATE.sub(secrets.INSTEAD, stream.read(_READ).decode("utf-8", "replace"))
    text = secrets.without(text, [value for name, value in os.environ.items() if _SECRET_NAMES.search(name)])
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return ", and said: %s" % plain[-LONGEST_SAID:] if plain else ", and said nothing"


def opened(options: t.Mapping[str, t.Any]) -> Command:
    """The command by ``command``, ``timeout`` and ``trust``. Raises SignerError if there is none."""
    if not options.get("command"):
        raise SignerError("erlang_certs_command is not set; give the command that signs")
    try:
        return Command([str(each) for each in options["command"]], options["timeout"], trust_files.read(options["trust"]))
    except InputError as error:
        raise SignerError("erlang_certs_trust_files %s; %s" % (error.problem, error.fix)) from None


def read(inventory: Inventory) -> dict[str, t.Any]:
    """The command with the path of its program, and its time."""
    arguments = [str(each) for each in inventory.values.get(COMMAND) or ()]
    found: dict[str, t.Any] = {"command": arguments, "timeout": inventory.values[TIMEOUT]}
    if not arguments:
        inventory.add(COMMAND, None, "has no value", "give the command that signs, and its arguments, an item each")
        return found
    program = inventory.path(arguments[0]) if "/" in arguments[0] else shutil.which(arguments[0])
    if program is None or not os.path.isfile(program) or not os.access(program, os.X_OK):
        inventory.add(
            COMMAND,
            arguments[0],
            "is no program on the controller that can be run",
            "install it there, or correct its path or its permissions",
        )
        return found
    return {**found, "command": [program, *arguments[1:]]}


SIGNER = Kind(
    name="command",
    summary="has whatever signs elsewhere do it, by a command on the controller.",
    opened=opened,
    read=read,
    specification="""\
erlang_certs_command:
  description:
    - Command on the controller that signs, and its arguments. It is run once for each certificate, without a shell.
    - It gets a certificate request in PEM on its standard input, and C(ERLANG_NODE), C(ERLANG_HOST) and C(ERLANG_DAYS) in its environment. It writes the
      certificate in PEM to its standard output, and behind it the CAs that lead to a root in O(erlang_certs_trust_files).
    - The arguments stand in the list of processes, so that they are no place for secrets. Its environment is that of Ansible.
  type: list
  elements: str
  default: []
erlang_certs_command_timeout:
  description: Seconds after which that command is stopped.
  type: int
  default: 60
""",
    checks={COMMAND: checks.ARGUMENTS, TIMEOUT: checks.seconds(3600)},
)
"""This signer."""
