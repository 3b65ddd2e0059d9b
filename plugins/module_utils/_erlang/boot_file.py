# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Boot files, changed without touching what they start: terms ``{script, {Name, Version}, Commands}`` in the external term format.

Source: SASL ``script(4)``; ERTS User's Guide, "External Term Format"; init(3) (``-mode embedded``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang import etf_decoder, etf_encoder
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.etf_format import EtfError
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import Atom

_KERNEL_LOADED = (Atom("progress"), Atom("kernel_load_completed"))


class BootFileError(ValueError):
    """Why something is no boot file that can be changed, as the rest of a sentence that begins with the file."""


def with_modules(content: bytes, directory: str, modules: Sequence[str]) -> bytes:
    """Return a boot file that loads ``modules`` from ``directory`` as well, before distribution starts, and is the same in all else.

    In embedded mode a node loads what its boot file names and nothing more, whatever its code path is. Raises BootFileError.
    """
    name, commands = _read(content)
    place = commands.index(_KERNEL_LOADED) + 1 if _KERNEL_LOADED in commands else 0
    if not place:
        raise BootFileError("does not say when the kernel is loaded")
    loaded = [(Atom("path"), [directory]), (Atom("primLoad"), [Atom(module) for module in modules])]
    return etf_encoder.encode((Atom("script"), name, commands[:place] + loaded + commands[place:]))


def directories(content: bytes) -> list[str]:
    """Return the directories that a boot file names, variables as they stand there (``$ROOT/lib/kernel-10.2.7/ebin``). Raises BootFileError."""
    _name, commands = _read(content)
    named = [path for command in commands if command[0] == Atom("path") for path in command[1]]
    return list(dict.fromkeys(named))


def _read(content: bytes) -> tuple[Any, list[Any]]:
    try:
        tag, name, commands = etf_decoder.decode_whole(content)
    except (EtfError, TypeError, ValueError):
        raise BootFileError("is no boot file") from None
    if tag != Atom("script") or not isinstance(commands, list) or not all(isinstance(command, tuple) and command for command in commands):
        raise BootFileError("is no boot file")
    return name, commands
