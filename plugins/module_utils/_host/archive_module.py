# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules have in common that unpack an archive which their action plugin has sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.beam.tls_distribution.plugins.module_utils._host import staging

_OPTIONS: dict[str, dict[str, Any]] = {
    "archive": {"type": "path"},
    "keep": {"type": "int"},
    "sent": {"type": "path"},
    "sha256": {"type": "str"},
}


def main(options: Mapping[str, Mapping[str, Any]], act: Callable[[Mapping[str, Any], bool], dict[str, Any]]) -> None:
    """Runs a module. ``options`` are its own, and what it says more of the common ones (``archive``, ``keep``, ``sent``, ``sha256``).

    ``act`` is given the parameters and whether it is check mode, returns the result, and raises :class:`staging.StagingError`.
    """
    specification = {name: {**_OPTIONS.get(name, {}), **options.get(name, {})} for name in [*options, *_OPTIONS]}
    module = AnsibleModule(argument_spec=specification, supports_check_mode=True)
    try:
        module.exit_json(**act(module.params, module.check_mode))
    except staging.StagingError as error:
        module.fail_json(msg="%s." % error)


def sent(params: Mapping[str, Any], place: str) -> str:
    """Where the archive lies on this host. Raises :class:`staging.StagingError` where nobody sent it."""
    if params["sent"] is None:
        raise staging.StagingError("%s: the archive was not sent; the module is used through its action plugin of the same name" % place)
    return str(params["sent"])
