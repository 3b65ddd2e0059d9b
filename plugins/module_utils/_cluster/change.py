# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be done to a node for it to run what is wanted: its class, why, and with which generation.

The classes: a node has nothing to do, it reloads files while it runs, it is started as it does not run, it is restarted in its turn, or it is
looked at again, as a run was interrupted before it was found healthy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

NONE, RELOAD, START, RESTART, CHECK = "none", "reload", "start", "restart", "check"

UP = ("active", "reloading")
"""States of a service that is up (systemctl(1))."""

CLASSES = {
    NONE: "runs what is wanted",
    RELOAD: "reloads files while it runs",
    START: "does not run, and is started",
    RESTART: "is restarted in its turn",
    CHECK: "is looked at again in its turn",
}
"""What each class means, as the rest of a sentence that begins with the node."""

WOULD = {
    NONE: "would be left alone",
    RELOAD: "would reload its files",
    START: "would be started",
    RESTART: "would be restarted in its turn",
    CHECK: "would be looked at again in its turn",
}
"""The same of a run in check mode."""

IN_TURN = (RESTART, CHECK)
"""The classes of nodes that have their turn one after the other."""


_ABOUT = "about.json"
_DIFFERS = {
    "sys.config": "its settings (sys.config)",
    "vm.args": "its flags (vm.args)",
    "inet_tls.conf": "its TLS options (inet_tls.conf)",
    "environment": "its environment",
    "unit": "its unit",
    "erl": "the runtime that it starts",
    "boot": "what it boots",
    "src": "the collection's modules in it",
    _ABOUT: "what it reads once of the cluster: its port, or how nodes are found",
}


class Change(NamedTuple):
    """What a node has to do: its class, the reasons (a few words each), the generation that it is to run, the one that it goes back to, and the files that it
    has to reload before anything else.

    ``back`` is None where there is none; it is the one that ran until now, or else the last other one that was found healthy.
    """

    kind: str
    reasons: tuple[str, ...]
    generation: int | None
    back: int | None
    reload: tuple[str, ...] = ()

    def as_result(self) -> dict[str, Any]:
        """The same as data of a module's result."""
        return {
            "class": self.kind,
            "reasons": list(self.reasons),
            "generation": self.generation,
            "back": self.back,
            "reload": list(self.reload),
        }


def described(names: Sequence[str]) -> tuple[str, ...]:
    """Return what differs in a few words each, from the names of what differs in a generation."""
    found = [_DIFFERS.get(name.partition("/")[0], name) for name in names if name != _ABOUT]
    return tuple(dict.fromkeys(found or [_DIFFERS[_ABOUT] for _name in names[:1]]))


def change(service: Mapping[str, Any], generation: Mapping[str, Any], reload: Sequence[str], settled: bool) -> Change:
    """Return what has to be done.

    ``service`` is what the survey says of the node's unit, ``generation`` what ``_host/generations.py`` found (its State, and ``differs``, the names
    of what is not as in the generation that a start would use), ``reload`` the files that a running node has yet to reload, ``settled`` whether the
    node has been up for long enough to be taken for healthy.
    """
    wanted = generation["prepared"] or generation["current"]
    active = service["active"] in UP
    differs = described(generation["differs"])
    back = generation["running"] if active and generation["running"] not in (None, wanted) else generation["former"]
    if not active:
        return Change(START, (), wanted, back)
    if not generation["right"]:
        return Change(RESTART, differs or ("the unit",), wanted, back, tuple(reload))
    if not generation["runs"]:
        return Change(RESTART, ("it runs an earlier generation, or files that were changed since",), wanted, back, tuple(reload))
    if not generation["proven"] and not settled and generation["former"] is not None:
        return Change(CHECK, ("a run that ended before it was found healthy",), wanted, back, tuple(reload))
    return Change(RELOAD if reload else NONE, tuple(reload), wanted, back, tuple(reload))
