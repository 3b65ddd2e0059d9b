# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the workers of Ansible would each load for themselves, loaded once in the process that they are forked from.

Ansible forks a worker for each task of each host. What a plugin loads there is gone with it: the options of the ssh connection alone, which every worker
reads to know how to reach its host, are a tenth of a second.
"""

from __future__ import annotations

import functools

from ansible.plugins.loader import become_loader, connection_loader, shell_loader
from ansible_collections.beam.tls_distribution.plugins.plugin_utils import bundle

_PLUGINS = ((connection_loader, "ssh"), (shell_loader, "sh"), (become_loader, "sudo"))
"""What a host is usually reached by, by the names that Ansible itself asks for. Whoever is reached in another way loses no more than these take once."""


@functools.cache
def preload() -> None:
    """Loads it, the first time that it is called in a process."""
    for loader, name in _PLUGINS:
        loader.get(name, class_only=True)
    for module in bundle.PROGRAMS.values():
        bundle.program(module)
