# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a node is held to, as its own files say it: the files and TLS settings that it brings to its connections, the names of its
cluster's nodes, its flags.

Whoever connects in the place of a node (verification, watch, the modules that ask nodes, the control command) learns from here
with what. Files are read by what is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster import layout
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import node_settings
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.node_settings import (
    Arguments,
    Entry,
    Side,
    TlsOptions,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.tls import Credentials

OPTIONS, ARGUMENTS, TABLE, SYSTEM = "tls_options", "vm_args", "peers", "sys_config"
"""The node's configuration files, by their keys in its layout."""

Texts = Callable[[Sequence[str]], Mapping[str, str]]
"""Returns the text of those of the files, by their paths, that can be read."""


class Configuration(NamedTuple):
    """What the files of a node's directory say; None for a file that cannot be read or is not what a node reads.

    ``options_file`` is the path of the TLS options, which the flags may name elsewhere. ``read`` are the paths of the files
    that were read; ``problems`` says, by path, why a file is not what a node reads.
    """

    directory: str
    options_file: str
    arguments: Arguments | None
    options: TlsOptions | None
    entries: Sequence[Entry] | None
    read: Sequence[str]
    problems: Mapping[str, str]

    def path(self, key: str) -> str:
        """Return the path of a file of the directory, by its key in the layout."""
        return layout.configuration(self.directory)[key]

    def side(self, side: str) -> Side:
        """Return what the TLS options say of a side, ``server`` or ``client``."""
        said: Side = getattr(self.options, side) if self.options is not None else Side()
        return said

    def credentials(self, side: str, usual: Credentials) -> Credentials:
        """Return what the node brings to a side of its connections; what its files leave out is as in ``usual``."""
        return node_settings.credentials(self.side(side), usual)


def read(directory: str, texts: Texts) -> Configuration:
    """Return what the files of a directory of configuration say."""
    places = layout.configuration(directory)
    arguments, table, system = (places[key] for key in (ARGUMENTS, TABLE, SYSTEM))
    found = dict(texts([arguments, table, system]))
    problems: dict[str, str] = {}
    flags = _said(found, arguments, node_settings.arguments, problems)
    options = (flags and flags.options) or places[OPTIONS]
    found.update(texts([options]))
    said = _with_revoked(_said(found, options, node_settings.tls_options, problems), texts, found, problems)
    entries = _said(found, table, node_settings.peer_entries, problems)
    _said(found, system, node_settings.check_system, problems)
    return Configuration(directory, options, flags, said, entries, list(found), problems)


def _with_revoked(options: TlsOptions | None, texts: Texts, found: dict[str, str], problems: dict[str, str]) -> TlsOptions | None:
    """Return the options with what the files of revoked keys say that they name."""
    if options is None:
        return None
    named = list(dict.fromkeys(side.revoked_file for side in options if side.revoked_file is not None))
    found.update(texts(named) if named else {})
    read = {path: _said(found, path, node_settings.revoked, problems) for path in named}
    return TlsOptions(*(side.with_revoked(read.get(side.revoked_file or "")) for side in options))


def _said(texts: Mapping[str, str], path: str, reader: Callable[[str], Any], problems: dict[str, str]) -> Any:
    try:
        return reader(texts[path]) if path in texts else None
    except node_settings.SettingsError as error:
        problems[path] = str(error)
        return None
