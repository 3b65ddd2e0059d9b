# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Further arguments of the emulator: those that are the role's own, and those that would end the node or lead its start astray.

Sources: erl(1), init(3) and the erts User's Guide, "erl"; kernel(6).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.configuration import KERNEL
from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import Problem

LONGEST = 100_000

_ROLE = "is the role's own"
_DISTRIBUTION = (_ROLE, "remove it: distribution is over TLS, with the files that the role writes")
_DISCOVERY = (_ROLE, "use erlang_cluster_discovery")
_PORT = (_ROLE, "use erlang_node_listen_port")
_BOOT = (_ROLE, "use erlang_app_release or erlang_app_applications")
_ENDS = ("has erl do something else than run a node", "remove it")
_SUPERVISED = (_ROLE, "remove it: systemd starts the node, again if need be; see erlang_node_unit_settings")
OWN: dict[str, tuple[str, str]] = {
    "-name": (_ROLE, "use erlang_node_name and erlang_node_host"),
    "-sname": (_ROLE, "use erlang_node_name and erlang_node_host"),
    "-setcookie": (_ROLE, "use erlang_cluster_cookie"),
    "-nocookie": (_ROLE, "use erlang_cluster_cookie"),
    "-proto_dist": _DISTRIBUTION,
    "-no_epmd": _DISCOVERY,
    "-ssl_dist_opt": (_ROLE, "use erlang_node_tls_versions"),
    "-ssl_dist_optfile": (_ROLE, "use erlang_node_tls_versions"),
    "-epmd_module": _DISCOVERY,
    "-start_epmd": _DISCOVERY,
    "-epmd": _DISCOVERY,
    "-epmd_args": _DISCOVERY,
    "-epmd_port": (_ROLE, "use erlang_cluster_epmd_port"),
    "-erl_epmd_port": _PORT,
    "-dist_listen": ("keeps peers from connecting to the node", "remove it"),
    "-hidden": ("keeps the node out of the mesh", "remove it"),
    "-boot": _BOOT,
    "-boot_var": _BOOT,
    "-mode": _BOOT,
    "-loader": _BOOT,
    "-hosts": _BOOT,
    "-id": _BOOT,
    "-path": (_ROLE, "use erlang_app_code_paths"),
    "-pa": (_ROLE, "use erlang_app_code_paths"),
    "-config": (_ROLE, "use erlang_node_sys_config"),
    "-configfd": (_ROLE, "use erlang_node_sys_config"),
    "-args_file": ("reads further arguments from a file, which are not checked", "give them here"),
    "-env": (_ROLE, "use erlang_node_environment"),
    "-noinput": (_ROLE, "remove it"),
    "-detached": _SUPERVISED,
    "-heart": _SUPERVISED,
    "-remsh": _ENDS,
    "-version": _ENDS,
    "-emu_args_exit": _ENDS,
    "-make": _ENDS,
    "-man": _ENDS,
    "-compile": _ENDS,
    "-install": _ENDS,
    "-service_event": _ENDS,
    "-extra": ("ends the flags of the node", "give the application its settings by erlang_node_sys_config"),
    "--": ("has what follows ignored", "remove it"),
    "+V": _ENDS,
}
"""Arguments that are not the user's: why, and what to use instead."""
_PATTERNS = ((re.compile(r"-beam_tls_"), (_ROLE, "remove it")),)


def problems(arguments: Any) -> Iterator[Problem]:
    """What is wrong with further arguments of the emulator, one item for each."""
    if not isinstance(arguments, Sequence) or isinstance(arguments, (str, bytes)):
        yield Problem(arguments, "is no list", "give one item for each argument, such as ['+P', '2097152']")
        return
    application, parameters = "", 0
    for number, item in enumerate(arguments):
        wrong = plain_text(item)
        if wrong is not None:
            yield Problem(item, *wrong)
            continue
        text = str(item)
        begins = is_flag(text)
        if number == 0 and not begins:
            yield Problem(text, "belongs to no flag", "begin with a flag, such as +P or -kernel")
        if begins:
            application, parameters = text[1:] if text.startswith("-") else "", 0
            yield from _of_flag(text)
        elif application == "kernel":
            parameters += 1
            if parameters % 2 and text in KERNEL:
                yield Problem("-kernel %s" % text, *KERNEL[text])


def _of_flag(text: str) -> Iterator[Problem]:
    reason = OWN.get(text) or next((why for pattern, why in _PATTERNS if pattern.match(text)), None)
    if reason is not None:
        yield Problem(text, *reason)
    elif re.search(r"\s", text) or len(text) == 1:
        yield Problem(text, "is no flag", "give a flag and each of its values an item of its own")


def is_flag(text: str) -> bool:
    """Whether an argument begins a flag, of the emulator or of Erlang, whatever is before it."""
    return text[:1] in ("-", "+")


def plain_text(item: Any) -> tuple[str, str] | None:
    """What keeps an item from being an argument: no text or integer, empty, control characters, too long. None if nothing does."""
    if isinstance(item, bool) or not isinstance(item, (str, int)):
        return ("is no text", "put it in quotes")
    text = str(item)
    if not text:
        return ("is empty", "remove it")
    if re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", text):
        return ("has line ends or other control characters", "write it on one line")
    if len(text) > LONGEST:
        return ("is longer than %d characters" % LONGEST, "put it into a file")
    return None
