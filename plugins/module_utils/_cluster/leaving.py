# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a node is asked to do at some moment, whether that failed, and how a node leaves its cluster for good."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ERROR = {"$atom": "error"}
_KILL_AFTER = "--kill-after=5"


def left_out(topology: Mapping[str, Any], inventory: str) -> bool:
    """Whether a host has no part in a run, as it was taken out of the cluster, or as the cluster has no nodes any more."""
    return inventory in topology["leaving"] or not topology["nodes"]


def hook(given: Mapping[str, Any] | None, seconds: int) -> dict[str, Any]:
    """Return what a variable such as ``erlang_decommission_leave`` or ``erlang_rollout_before`` says a node is to be asked: ``asked`` if anything, ``call``
    (module, function, arguments), ``command`` (of coreutils' timeout(1), with ``seconds``) and ``tasks`` (the path of a file), all but one of which are
    empty. A call goes before a command. ``does`` is which of the three it is, as yes or no each, and ``given`` what is said of
    ``call`` and ``command`` as it stands, as lists.
    """
    given = given or {}
    call, command = list(given.get("call") or ()), list(given.get("command") or ())
    found: dict[str, Any] = {"call": {}, "command": [], "tasks": given.get("tasks") or ""}
    if call:
        module, function, *arguments = call
        found["call"] = {"module": module, "function": function, "arguments": arguments[0] if arguments else []}
    elif command:
        found["command"] = ["timeout", _KILL_AFTER, str(seconds), *command]
    does = {kind: bool(what) for kind, what in found.items()}
    return {**found, "asked": any(does.values()), "does": does, "given": {"call": call, "command": command}}


def refused(answer: Mapping[str, Any]) -> bool:
    """Return whether a call failed: whether it did not come to an end, or ended with ``error`` or a tuple that begins with it.

    ``answer`` is the result of ``node_call``. Source: Erlang's programming rules, which have functions return ``{error, Reason}``.
    """
    if answer.get("failed"):
        return True
    result = answer.get("result")
    if isinstance(result, Mapping) and "$tuple" in result:
        result = next(iter(result["$tuple"]), None)
    return isinstance(result, Mapping) and dict(result) == _ERROR


def steps(found: Mapping[str, Any], asked: Mapping[str, Any], check_mode: bool) -> dict[str, bool]:
    """Return what is to be done with a host that leaves: ``unreached`` (it is taken out without being reached) or ``remove`` (its node goes),
    and before it ``leave`` by ``call`` or ``command``, or ``announce`` in check mode.

    ``found`` is what ``node_removal`` found in check mode, ``asked`` what :func:`hook` returned.
    """
    reached = not found.get("unreachable")
    leave = bool(reached and asked["asked"] and found.get("active"))
    return {
        "unreached": not reached,
        "remove": reached,
        "leave": leave,
        "announce": leave and check_mode,
        "call": leave and not check_mode and bool(asked["call"]),
        "command": leave and not check_mode and bool(asked["command"]),
    }
